"""The attacks: what clients that mean harm do, a step at a time; whatever one leaves open is closed after it."""
import base64
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import struct
import threading
import time

from rig import Failure, LOOK_UP, PING, frame, hello

# The most that the server reads of one connection before the others have their turn.
LARGEST_TURN_BYTES = 4 * 65_536


class Attack:
    """Sockets that are never waited for."""

    def __init__(self, server, is_long):
        self.server, self.is_long = server, is_long
        self.sockets = []
        self.done = 0

    def open(self, port=None):
        made = socket.socket()
        made.setblocking(False)
        try:
            made.connect(("127.0.0.1", port or self.server.port))
        except BlockingIOError:
            pass
        self.sockets.append(made)
        return made

    def many(self, count, port=None):
        while len(self.sockets) < count:
            self.open(port)

    def send(self, made, data):
        """Sends what fits; a connection that was closed is replaced."""
        try:
            made.send(data)
            self.done += 1
        except BlockingIOError:
            pass
        except OSError:
            made.close()
            if made in self.sockets:
                self.sockets.remove(made)

    def close(self):
        for made in self.sockets:
            made.close()
        self.sockets = []

    def step(self):
        raise NotImplementedError

    def check(self):
        """What must hold when it is over, beside the server's state."""


class Dribble(Attack):
    """A byte at a time, of a hello that never ends."""
    name = "a byte at a time"

    def step(self):
        self.many(500 if self.is_long else 50)
        for made in list(self.sockets):
            self.send(made, b"\0")
        time.sleep(0.2)


class HalfOpen(Attack):
    """Connections that say nothing."""
    name = "idle strangers"
    counts = (200, 6000)

    def step(self):
        for made in list(self.sockets):
            try:
                if made.recv(1) == b"":
                    made.close()
                    self.sockets.remove(made)
            except BlockingIOError:
                pass
            except OSError:
                self.sockets.remove(made)
        self.many(self.counts[self.is_long])
        self.done = max(self.done, len(self.sockets))
        time.sleep(0.05)


class Greeted(HalfOpen):
    """Hello, and no proof."""
    name = "hello and no more"

    def open(self, port=None):
        made = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        made.sendall(hello())
        made.setblocking(False)
        self.sockets.append(made)


class Churn(Attack):
    """Connections that close as soon as they are there."""
    name = "connecting and leaving"

    def step(self):
        for _ in range(100):
            self.open()
            self.done += 1
        self.close()


class Garbage(Attack):
    """Frames of strangers that are none."""
    name = "frames that are none"
    frames = [
        frame(1, length=0), frame(1, length=11), frame(1, length=0xFFFFFFFF), frame(33, length=65_536), frame(17, length=65_537),
        frame(1, version=9), frame(1, status=1), frame(1, flags=0x80), frame(0), frame(255), frame(3), frame(82), hello()[:-1],
        secrets.token_bytes(4096), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(512), bytes(4096),
    ]

    def step(self):
        for content in self.frames:
            made = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            try:
                made.sendall(content)
                self.done += 1
            except OSError:
                pass
            self.sockets.append(made)
        if len(self.sockets) > 200:
            self.close()


class Guess(Attack):
    """Proofs under wrong keys, for the till's own name and for names that nobody has."""
    name = "guessing keys"

    def step(self):
        # Without waiting for answers: the server keeps them back, and a guesser would not wait either.
        for number in range(20):
            made = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
            made.sendall(hello(b"till" if number % 2 else b"nobody") + frame(2, secrets.token_bytes(32), number=2))
            self.sockets.append(made)
            self.done += 1
        if len(self.sockets) >= 400:
            self.close()

    def check(self):
        if "authentication failed" not in self.server.log():
            raise Failure("the log says nothing of failed proofs")
        told = self.server.failed_proofs()
        if len(told) != 1 or told[0]["count"] < 20:
            raise Failure(f"the journal tells of failed proofs {len(told)} times, and not once: {told[:3]}")


class Flood(Attack):
    """Somebody with a key who asks as fast as can be and takes no answer: his own system takes some megabytes of them."""
    name = "flooding with a key"
    receive_bytes = None

    def __init__(self, server, is_long):
        super().__init__(server, is_long)
        self.left = {}

    def step(self):
        if not self.sockets:
            for _ in range(8):
                made = self.server.connect("mallory").socket
                if self.receive_bytes:
                    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_bytes)
                made.setblocking(False)
                self.sockets.append(made)
        requests = b"".join(frame(PING, number=n) + frame(LOOK_UP, secrets.token_bytes(16), number=n) for n in range(500))
        for made in list(self.sockets):
            left = self.left.get(made) or requests
            try:
                self.left[made] = left[made.send(left):]
                self.done += 1
            except BlockingIOError:
                pass
        time.sleep(0.05)


class NeverRead(Flood):
    """The same, but nobody takes his answers."""
    name = "never reading answers"
    receive_bytes = 4096


class TalkOn(Attack):
    """Three strangers who were refused send on as fast as they can, and come again at once when they are closed."""
    name = "talking on"
    block = bytes(1 << 20)

    def step(self):
        for _ in range(20):
            self.many(3)
            for made in list(self.sockets):
                self.send(made, self.block)

    def check(self):
        count = self.server.metric("received_turn_largest_bytes")
        print(f"  at most {count / 1024:.0f} KiB read of one of them before the others had their turn")
        if count > LARGEST_TURN_BYTES:
            raise Failure(f"{count} bytes were read of one connection before the others had their turn")


class AskOn(TalkOn):
    """Somebody with a key asks without end, and takes every answer."""
    name = "asking on"
    pings = b"".join(frame(PING, number=n) for n in range(5000))
    left = b""

    def step(self):
        if not self.sockets:
            self.sockets = [self.server.connect("mallory").socket]
            self.sockets[0].setblocking(False)
        for _ in range(20):
            try:
                self.left = self.left or self.pings
                sent = self.sockets[0].send(self.left)
                self.left = self.left[sent:]
                self.done += sent // 12
                while self.sockets[0].recv(1 << 20):
                    pass
            except BlockingIOError:
                pass


class Overrun(Attack):
    """More requests at once than the window allows, with numbers used twice, and answers taken late."""
    name = "over the window"

    def step(self):
        connection = self.server.connect("mallory")
        count = 3000
        connection.socket.settimeout(60)
        sender = threading.Thread(target=connection.socket.sendall, args=(frame(LOOK_UP, bytes(15) + b"\1", number=7) * count,))
        sender.start()
        for _ in range(count):
            header = connection.read(12)
            if struct.unpack_from(">I", header, 8)[0] != 7:
                raise Failure("an answer has another number than its request")
            connection.read(struct.unpack_from(">I", header)[0] - 12)
        sender.join()
        connection.socket.close()
        self.done += count


class SlowStatus(Attack):
    """The status port: more headers that never end than it serves at once, or very long ones. Who asks is answered."""
    name = "slow and giant HTTP"

    def step(self):
        port = self.server.status_port
        self.many(400 if self.is_long else 100, port)
        for made in list(self.sockets):
            self.send(made, b"GET /metrics HTTP/1.1\r\nX: " if self.done < len(self.sockets) else b"y" * 16)
        for made in list(self.sockets[:20]):
            self.send(made, b"z" * 16_384)
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            asked.request("GET", "/health")
            if asked.getresponse().status != 200:
                raise Failure("the status port says that the store does not serve")
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"the status port does not answer: {error!r}") from error
        finally:
            asked.close()
        time.sleep(0.1)


class SlowOffice(Attack):
    """The back office: more requests that never end than it serves at once. Who asks is answered, who is known stays."""
    name = "slow HTTP to the back office"

    def __init__(self, server, is_long):
        super().__init__(server, is_long)
        self.clerk = None

    def step(self):
        port = self.server.office_port()
        self.clerk = self.clerk or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        proof = hmac.new(self.server.key("vault.admin"), b"pinvault-back-office-password-1", hashlib.sha256).hexdigest()
        known = {"Authorization": "Basic " + base64.b64encode(f"admin:{proof}".encode()).decode()}
        self.ask(self.clerk, known, 200)
        self.many(1000 if self.is_long else 300, port)
        for made in list(self.sockets):
            self.send(made, b"GET /actors HTTP/1.1\r\nX: " if self.done < len(self.sockets) else b"y" * 16)
        stranger = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.ask(stranger, {}, 401)
        stranger.close()
        self.ask(self.clerk, known, 200)

    def ask(self, connection, headers, status):
        try:
            connection.request("GET", "/actors", headers=headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"the back office does not answer: {error!r}") from error
        if answer.status != status:
            raise Failure(f"the back office answers {answer.status}")


class HalfTLS(HalfOpen):
    """TLS handshakes begun and never ended."""
    name = "half TLS handshakes"

    def __init__(self, server, is_long):
        super().__init__(server, is_long)
        # One for all: the roots of the system, which `create_default_context` reads, take longer than a handshake.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def open(self, port=None):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            self.context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        except ssl.SSLWantReadError:
            pass
        made = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        made.sendall(outgoing.read())
        made.setblocking(False)
        self.sockets.append(made)


CLEAR = [Dribble, HalfOpen, Greeted, Churn, Garbage, Guess, NeverRead, Flood, TalkOn, AskOn, Overrun, SlowStatus,
         SlowOffice]
SECURED = [HalfTLS, Dribble]
