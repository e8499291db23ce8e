#!/usr/bin/env python3
"""A point-of-sale terminal for PinVault, written from protocol.md alone, with the standard library alone.

It sells one card: connects, proves itself, checks the server's proof, vends, prints a receipt, confirms. What it has asked
for is in a journal file before it is sent, so that whatever breaks, the next start finishes what this one began. So is the
store's id: where it is another, sales were forgotten, and the terminal stops.

    terminal.py --server localhost:7468 --actor till-17 --key-file till-17.key --product 7
    terminal.py --server pins.example.com:7468 --tls --ca ca.pem --actor till-17 --key-file till-17.key --product 7

PINVAULT_SERVER, PINVAULT_ACTOR and PINVAULT_KEY_FILE stand in for the first three options.
Exit codes: 0 sold, 1 refused (standard error says why), 2 outcome unknown: start it again and it finds out, 3 another store:
tell the operator, who says with --store that this is the one now.
"""
import argparse
import datetime
import hashlib
import hmac
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import time
import uuid

HELLO, AUTHENTICATE, VEND, CONFIRM, REVERSE = 1, 2, 17, 19, 22
DONE, ID_REUSED, NOT_YOURS, UNKNOWN_ID, WRONG_STATE, FINAL, CARD_DAMAGED, FIRST_RETRY = 0, 18, 19, 32, 42, 44, 48, 64
STATES = {1: "held", 2: "delivered", 3: "confirmed", 4: "released", 5: "expired", 6: "reversed", 7: "quarantined"}
NEVER = 0xFFFFFFFF
ANSWER_SECONDS = 60


class Refused(Exception):
    def __init__(self, status, subject, detail, retry_after):
        super().__init__(f"status {status}, subject {subject}, detail {detail}")
        self.status, self.subject, self.detail, self.retry_after = status, subject, detail, retry_after


class OtherStore(Exception):
    """The store is not the one that this terminal knows."""


class Connection:
    """One session: frames out, frames in, one at a time."""

    def __init__(self, options):
        host, _, port = options.server.rpartition(":")
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        binding = bytes(32)
        if options.tls:
            context = ssl.create_default_context(cafile=options.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            self.socket = context.wrap_socket(self.socket, server_hostname=host.strip("[]"))
            binding = hashlib.sha256(self.socket.getpeercert(binary_form=True)).digest()
        self.frame_bytes = 65_536
        self.number = 0
        self.begin(options.actor.encode(), read_key(options.key_file), binding)

    def begin(self, name, key, binding):
        nonce = secrets.token_bytes(32)
        asked, answered, body = self.ask(HELLO, b"PINV" + struct.pack(">BBBB", 1, 1, 1, len(name)) + nonce + name)
        self.store = str(uuid.UUID(bytes=body[16:32]))
        self.frame_bytes = struct.unpack_from(">I", body, 64)[0]
        digest = hashlib.sha256(asked + answered).digest()

        def proof(side):
            return hmac.new(key, b"PINVAULT-1-" + side + digest + binding, hashlib.sha256).digest()

        _, _, body = self.ask(AUTHENTICATE, proof(b"CLIENT"))
        if not hmac.compare_digest(body[16:48], proof(b"SERVER")):
            raise ConnectionError("this server does not have our key: not the one we know")

    def ask(self, operation, body):
        """Sends one request; gives back its frame, the answer's frame and the answer's body."""
        self.number += 1
        frame = struct.pack(">IBBBBI", 12 + len(body), 1, operation, 0, 0, self.number) + body
        self.socket.sendall(frame)
        header = self.read(12)
        length, version, echoed, status, flags, number = struct.unpack(">IBBBBI", header)
        if version != 1 or not 28 <= length <= self.frame_bytes:
            raise ConnectionError("not a frame of this protocol")
        answer = self.read(length - 12)
        if status != DONE:
            raise Refused(status, *struct.unpack_from(">QQI", answer, 16))
        if echoed != operation or number != self.number:
            raise ConnectionError("an answer to something else")
        return frame, header + answer, answer

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the server closed the connection")
            data += part
        return data


def read_key(path):
    """The last word of the key file: 64 hexadecimal digits."""
    with open(path, encoding="ascii") as file:
        key = bytes.fromhex(file.read().split()[-1])
    if len(key) != 32:
        sys.exit(f"{path}: not a key file")
    return key


def new_id():
    """A UUID of version 7: 48 bits of milliseconds, then random bits."""
    high = int(time.time() * 1000) << 16 | 0x7000 | secrets.randbits(12)
    return struct.pack(">QQ", high & (1 << 64) - 1, 1 << 63 | secrets.randbits(62))


class Journal:
    """Of which store what was asked and how far it got, on disk before it goes any further."""

    def __init__(self, path):
        self.path = path
        self.store, self.sales = None, {}
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                self.store, self.sales = json.load(file)

    def know(self, store):
        self.store = store
        self.save()

    def write(self, key, step, body=None):
        entry = self.sales.setdefault(key, {"body": body})
        entry["step"] = step
        self.save()

    def remove(self, key):
        del self.sales[key]
        self.save()

    def save(self):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            json.dump([self.store, self.sales], file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(self.path + ".new", self.path)
        folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


class Terminal:
    def __init__(self, options):
        self.options = options
        self.journal = Journal(options.journal)
        self.connection = None

    def connect(self):
        """A session with the store that this terminal knows, which is the first that it came to."""
        connection = Connection(self.options)
        if self.journal.store is None:
            self.journal.know(connection.store)
        elif connection.store != self.journal.store:
            raise OtherStore(
                f"the store is {connection.store}, and was {self.journal.store}: it was restored without its last sales. "
                f"Tell the operator; --store {connection.store} goes on with it")
        return connection

    def ask(self, operation, body):
        """Asks until there is an answer that will stay the same; every request here may be sent twice.

        Gives back the answer's body, and whether the request may have arrived more than once.
        """
        pause, tries, give_up = 1, 0, time.monotonic() + self.options.patience
        while True:
            try:
                if self.connection is None:
                    self.connection = self.connect()
                tries += 1
                return self.connection.ask(operation, body)[2], tries > 1
            except Refused as refusal:
                if refusal.status < 8:
                    self.connection = None
                if refusal.status < FIRST_RETRY:
                    refusal.sent_twice = tries > 1
                    raise
                if time.monotonic() > give_up:
                    raise OSError("the server is too busy") from refusal
                time.sleep(refusal.retry_after / 1000)
            except ssl.SSLCertVerificationError:
                raise
            except OSError as error:
                self.connection = None
                if time.monotonic() + pause > give_up:
                    raise
                print(f"{error}; trying again in {pause} s", file=sys.stderr)
                time.sleep(pause * (0.75 + secrets.randbelow(500) / 1000))
                pause = min(pause * 2, 60)

    def sell(self, product):
        sale = new_id()
        line = struct.pack(">IIQQB7x", product, 1, 0, 0, 0)
        body = sale + struct.pack(">IB3x", self.options.cashier, 1) + line
        self.journal.write(sale.hex(), "asked", body.hex())
        try:
            self.vend(sale, body, is_duplicate=False)
        except Refused as refusal:
            # The sale may stand: an earlier copy may have been, or be, sold; of a damaged card it is certain.
            is_own = refusal.status not in (ID_REUSED, NOT_YOURS)
            if is_own and (refusal.sent_twice or refusal.status == CARD_DAMAGED):
                self.reverse(sale)
            else:
                self.journal.remove(sale.hex())
            raise

    def vend(self, sale, body, is_duplicate):
        answer, _ = self.ask(VEND, body)
        count, = struct.unpack_from(">H", answer, 52)
        if count == 0:
            print(f"sale {sale.hex()} is {STATES[answer[56]]}: nothing to print", file=sys.stderr)
            self.reverse(sale)
            return
        self.journal.write(sale.hex(), "delivered")
        print_receipt(self.options.actor, answer, is_duplicate)
        self.journal.write(sale.hex(), "printed")
        self.confirm(sale)

    def confirm(self, sale):
        try:
            self.ask(CONFIRM, sale)
        except Refused as refusal:
            if refusal.status not in (ID_REUSED, NOT_YOURS, UNKNOWN_ID, WRONG_STATE):
                raise
            print(f"sale {sale.hex()} was printed but not confirmed: {refusal}. Tell the operator.", file=sys.stderr)
        self.journal.remove(sale.hex())

    def reverse(self, sale):
        self.journal.write(sale.hex(), "reversing")
        try:
            answer, _ = self.ask(REVERSE, sale)
            print(f"sale {sale.hex()} is {STATES[answer[24]]}", file=sys.stderr)
        except Refused as refusal:
            if refusal.status != FINAL:
                raise
            print(f"sale {sale.hex()} stands: it is final", file=sys.stderr)
        self.journal.remove(sale.hex())

    def recover(self):
        """Finishes what an earlier run began: nobody waits any more for what was not delivered."""
        for key, entry in list(self.journal.sales.items()):
            sale = bytes.fromhex(key)
            if entry["step"] == "printed":
                self.confirm(sale)
            elif entry["step"] == "delivered":
                try:
                    self.vend(sale, bytes.fromhex(entry["body"]), is_duplicate=True)
                except Refused as refusal:
                    if refusal.status != WRONG_STATE:
                        raise
                    self.reverse(sale)
            else:
                self.reverse(sale)


def print_receipt(terminal, answer, is_duplicate):
    """Prints a vend's answer: one line, so every offset up to the serial is fixed."""
    dispensed_at, = struct.unpack_from(">Q", answer, 32)
    print_count, = struct.unpack_from(">H", answer, 54)
    price, face_value, discount = struct.unpack_from(">QQQ", answer, 64)
    currency = answer[105:108].decode()
    name_length, instructions_length = answer[109], answer[110]
    expiry, = struct.unpack_from(">I", answer, 120)
    serial_length, pin_length = answer[126], answer[127]
    texts = [answer[128:][:serial_length]]
    for length in (pin_length, name_length, instructions_length):
        start = 128 + sum(len(text) for text in texts)
        texts.append(answer[start:start + length])
    serial, pin, name, instructions = (text.decode() for text in texts)
    moment = datetime.datetime.fromtimestamp(dispensed_at / 1000).strftime("%Y-%m-%d %H:%M:%S")
    day = "never" if expiry == NEVER else (datetime.date(1970, 1, 1) + datetime.timedelta(expiry)).isoformat()
    rows = [
        f"{name}  {amount(face_value, currency)}",
        f"Terminal   {terminal}",
        f"Time       {moment}",
        f"Reference  {answer[16:32].hex()[-12:]}",
        f"Serial     {serial}",
        f"PIN        {' '.join(pin[start:start + 4] for start in range(0, len(pin), 4))}",
        f"Expires    {day}",
        f"Paid       {amount(price - discount, currency)}",
    ] + instructions.splitlines()
    if is_duplicate:
        rows.insert(0, f"DUPLICATE {print_count}")
    width = max(len(row) for row in rows)
    print("+-" + "-" * width + "-+")
    for row in rows:
        print(f"| {row:<{width}} |")
    print("+-" + "-" * width + "-+", flush=True)


def amount(minor, currency):
    digits = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}.get(currency, 2)
    text = str(minor).rjust(digits + 1, "0")
    return f"{text[:len(text) - digits]}{'.' if digits else ''}{text[len(text) - digits:]} {currency}"


def main():
    parser = argparse.ArgumentParser(description="Sells one card.")
    parser.add_argument("--server", default=os.environ.get("PINVAULT_SERVER", "localhost:7468"))
    parser.add_argument("--actor", default=os.environ.get("PINVAULT_ACTOR"))
    parser.add_argument("--key-file", default=os.environ.get("PINVAULT_KEY_FILE"))
    parser.add_argument("--product", type=int, help="the product's number; without it only an earlier run is finished")
    parser.add_argument("--cashier", type=int, default=0)
    parser.add_argument("--journal", default="terminal-journal.json", help="where unfinished sales are kept")
    parser.add_argument("--store", help="the id of the store that this is now, as the operator says")
    parser.add_argument("--patience", type=int, default=30, help="seconds after which to give up")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--ca", help="certificate authority of the server, PEM")
    options = parser.parse_args()
    if not options.actor or not options.key_file:
        parser.error("--actor and --key-file are needed")
    terminal = Terminal(options)
    if options.store:
        terminal.journal.know(options.store)
    try:
        terminal.recover()
        if options.product:
            terminal.sell(options.product)
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 1
    except OtherStore as other:
        print(other, file=sys.stderr)
        return 3
    except OSError as error:
        print(f"{error}: start again to finish", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
