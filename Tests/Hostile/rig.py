"""A store of its own, served, a till that sells from it, and frames as others may send them."""
import importlib.util
import json
import os
import secrets
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import types
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = importlib.util.spec_from_file_location("terminal", os.path.join(ROOT, "docs/examples/terminal.py"))
terminal = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(terminal)

PING, LOOK_UP = 3, 48


class Server:
    """A store of its own, served, with a till and an actor that has gone bad."""

    def __init__(self, binary, is_secured, *more):
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="pinvault-hostile.")
        self.run("init", "--data", "vault")
        arguments = ["serve", "--data", "vault", "--master-key", "vault.master-key", "--port", "0", "--status-port", "0",
                     *more]
        if is_secured:
            self.make_certificate()
            arguments += ["--certificate", "server.pem", "--certificate-key", "server.key"]
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([binary] + arguments, cwd=self.folder, stderr=log, stdout=log)
        address = self.wait_for("vault/address")
        self.port, self.is_secured = address["port"], is_secured
        self.status_port = self.find_status_port()
        self.address = ("127.0.0.1", self.port)
        for name in ("till", "mallory"):
            self.admin("actor", "add", name, "--role", "terminal")
        self.admin(
            "product", "add", "--sku", "A", "--name", "A", "--vendor", "V", "--currency", "USD", "--face-value", "10",
            "--price", "10")
        with open(os.path.join(self.folder, "cards.csv"), "w", encoding="ascii") as cards:
            cards.write("serial,pin,expires\n")
            for number in range(20_000):
                cards.write(f"S{number},{(number * 2654435761) % 10**12:012},\n")
        self.admin("import", "--sku", "A", "cards.csv")

    def run(self, *arguments, **environment):
        done = subprocess.run(
            [self.binary, *arguments], cwd=self.folder, env={**os.environ, **environment}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"pinvault {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def admin(self, *arguments):
        environment = {
            "PINVAULT_SERVER": f"localhost:{self.port}", "PINVAULT_ACTOR": "admin", "PINVAULT_KEY_FILE": "vault.admin.key"}
        more = ["--tls", "on", "--tls-roots", "server.pem"] if self.is_secured else []
        return self.run(*arguments, *more, **environment)

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
             "server.key", "-out", "server.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1"], cwd=self.folder, check=True, capture_output=True)

    def wait_for(self, name):
        for _ in range(3000):
            try:
                with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                    return json.load(file)
            except (OSError, ValueError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        sys.exit("the server does not start:\n" + self.log())

    def find_status_port(self):
        words = self.log().split("status-port=")
        return int(words[1].split()[0].strip('"')) if len(words) > 1 else None

    def office_port(self):
        return int(self.log().split("the back office listens")[1].split("port=")[1].split()[0].strip('"'))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self, actor):
        options = types.SimpleNamespace(
            server=f"127.0.0.1:{self.port}", tls=self.is_secured, ca=os.path.join(self.folder, "server.pem"), actor=actor,
            key_file=os.path.join(self.folder, f"{actor}.key"))
        return terminal.Connection(options)

    def key(self, actor):
        return terminal.read_key(os.path.join(self.folder, f"{actor}.key"))

    def memory(self):
        """Anonymous memory in KiB: what the server itself holds."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/metrics", timeout=60) as page:
            lines = page.read().decode().splitlines()
        return next(int(float(line.split()[1])) for line in lines if line.startswith(f"pinvault_{name} "))

    def failed_proofs(self):
        """What the journal tells of proofs that failed."""
        events = map(json.loads, self.admin("events").splitlines())
        return [event for event in events if event["kind"] == "proofs-failed"]

    def lines(self):
        """Lines of the log that attackers can cause."""
        return sum(1 for line in self.log().splitlines() if "info authenticated" not in line)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


class Till:
    """Sells cards one after another, now and then over a new connection, and notes how long each took."""

    def __init__(self, server):
        self.server = server
        self.connection = server.connect("till")

    def sell(self, count):
        took = []
        for number in range(count):
            start = time.monotonic()
            if number % 10 == 9:
                self.connection.socket.close()
                self.connection = self.server.connect("till")
            sale = terminal.new_id()
            body = sale + struct.pack(">IB3x", 0, 1) + struct.pack(">IIQQB7x", 1, 1, 0, 0, 0)
            answer = self.connection.ask(terminal.VEND, body)[2]
            if struct.unpack_from(">H", answer, 52)[0] != 1:
                raise Failure("a sale gave no card")
            self.connection.ask(terminal.CONFIRM, sale)
            took.append((time.monotonic() - start) * 1000)
        return took


class Failure(Exception):
    pass


def settled(server, descriptors):
    """Waits until the server has let go of what the attackers held; it may take the time limit of strangers."""
    for _ in range(150):
        if server.descriptors() <= descriptors + 2:
            return
        time.sleep(0.1)
    raise Failure(f"{server.descriptors()} descriptors stay, of {descriptors}")


def frame(operation, body=b"", length=None, number=1, version=1, status=0, flags=0):
    return struct.pack(">IBBBBI", 12 + len(body) if length is None else length, version, operation, status, flags, number) + body


def hello(name=b"till"):
    return frame(1, b"PINV" + struct.pack(">BBBB", 1, 1, 1, len(name)) + secrets.token_bytes(32) + name)
