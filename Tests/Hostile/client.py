"""A client written from protocol.md alone: frames and bodies, also such as no client should send, and a connection."""
import hashlib
import hmac
import secrets
import socket
import struct

import rig

HELLO, AUTHENTICATE, PING = 1, 2, 3
RESERVE, VEND, DISPENSE, CONFIRM, EXTEND, RELEASE, REVERSE, REPRINT, LOOK_UP = 16, 17, 18, 19, 20, 21, 22, 24, 48
FRAME = ">IBBBBI"


class Closed(Exception):
    """The server has closed the connection."""


def frame(operation, body=b"", length=None, version=1, status=0, flags=0, number=1):
    return struct.pack(FRAME, 12 + len(body) if length is None else length, version, operation, status, flags, number) + body


def hello(magic=b"PINV", lowest=1, highest=1, method=1, name=b"till", name_length=None):
    length = len(name) if name_length is None else name_length
    return magic + bytes([lowest, highest, method, length]) + secrets.token_bytes(32) + name


def new_id():
    return secrets.token_bytes(16)


def line(product=1, count=1, discount=0, tax=0, condition=0, reserved=bytes(7)):
    return struct.pack(">IIQQB", product, count, discount, tax, condition) + reserved


def vend(sale, cashier=0, tender=0, reserved=bytes(3), **what):
    return sale + struct.pack(">IB", cashier, tender) + reserved + line(**what)


def reserve(sale, hold=60, lines=None, count=None, byte=b"\0", last=bytes(4)):
    lines = [line()] if lines is None else lines
    count = len(lines) if count is None else count
    return sale + struct.pack(">IIB", hold, 0, 0) + byte + struct.pack(">H", count) + last + b"".join(lines)


def reprint(sale, first=0, count=0, reserved=0):
    return sale + struct.pack(">IHH", first, count, reserved)


class Answer:
    def __init__(self, header, body):
        self.length, _, self.operation, self.status, self.flags, self.number = struct.unpack(FRAME, header)
        self.body = body
        self.sequence, self.time = struct.unpack_from(">QQ", body)
        self.subject = self.detail = None
        if self.status:
            self.subject, self.detail, _ = struct.unpack(">QQI", body[16:])

    @property
    def is_repeat(self):
        return self.flags == 1

    @property
    def part(self):
        """Of a delivery: first index, next index, total, card count, print count."""
        return struct.unpack_from(">IIIHH", self.body, 40)

    @property
    def state(self):
        return self.body[56]

    def __str__(self):
        return f"{self.status} ({self.subject}, {self.detail}){' repeat' if self.is_repeat else ''}"


class Connection:
    def __init__(self, server, actor=None, is_proved=True):
        self.socket = socket.create_connection(server.address, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if actor is None:
            return
        asked = frame(HELLO, hello(name=actor.encode()))
        self.socket.sendall(asked)
        header = self.exactly(12)
        digest = hashlib.sha256(asked + header + self.exactly(struct.unpack_from(">I", header)[0] - 12)).digest()
        key = server.key(actor)
        self.proof = hmac.new(key, b"PINVAULT-1-CLIENT" + digest + bytes(32), "sha256").digest()
        if is_proved:
            answer = self.ask(AUTHENTICATE, self.proof)
            theirs = hmac.new(key, b"PINVAULT-1-SERVER" + digest + bytes(32), "sha256").digest()
            if answer.status or not hmac.compare_digest(answer.body[16:48], theirs):
                raise rig.Failure("the server's proof is wrong")

    def exactly(self, count):
        data = b""
        try:
            while len(data) < count:
                part = self.socket.recv(count - len(data))
                if not part:
                    raise Closed
                data += part
        except ConnectionError:
            raise Closed from None
        return data

    def receive(self):
        header = self.exactly(12)
        return Answer(header, self.exactly(struct.unpack_from(">I", header)[0] - 12))

    def ask(self, operation, body=b"", **header):
        self.socket.sendall(frame(operation, body, **header))
        return self.receive()

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True
