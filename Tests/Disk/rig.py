"""The program under the disk shim: the tool, the server and its clients, in a directory that is thrown away."""
import os
import secrets
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import record

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "docs", "examples"))
import terminal  # noqa: E402

SEGMENT_BYTES = (1 << 20) + (1 << 16)
PATIENCE_SECONDS = 120


class Failed(Exception):
    """Something is not as it must be; the text says what."""


def compile_shim(directory):
    sources = [f"{HERE}/shim/{name}" for name in sorted(os.listdir(f"{HERE}/shim")) if name.endswith(".c")]
    shim = f"{directory}/shim.so"
    compiler = shutil.which("cc") or shutil.which("clang") or "cc"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", shim, *sources, "-ldl", "-lpthread"],
        check=True)
    return shim


def work_directory():
    """In memory if there is room for it: the real disk's syncs are not what is measured here."""
    memory = "/dev/shm"
    has_room = os.path.isdir(memory) and shutil.disk_usage(memory).free > 3 << 30 and "TMPDIR_ON_DISK" not in os.environ
    return os.path.realpath(tempfile.mkdtemp(prefix="pinvault-disk.", dir=memory if has_room else None))


class Rig:
    def __init__(self, binaries, work, name="root", is_recorded=True):
        self.tool = f"{binaries}/pinvault"
        self.work = work
        self.root = f"{work}/{name}"
        self.outside = f"{work}/{name}.outside"
        os.makedirs(self.root)
        os.makedirs(self.outside)
        self.shim = f"{work}/shim.so"
        if not os.path.exists(self.shim):
            compile_shim(work)
        self.record = f"{self.outside}/record" if is_recorded else None
        self.server = None
        self.connections = []
        self.clock = None
        self.counts = None

    def environment(self, fault=None, **others):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PINVAULT_")}
        environment.update(LD_PRELOAD=self.shim, PINVAULT_DISK_ROOT=self.root, **others)
        if self.record:
            environment["PINVAULT_DISK_RECORD"] = self.record
        environment["PINVAULT_DISK_KILL"] = f"{self.outside}/kill"
        if fault:
            environment["PINVAULT_DISK_FAULT"] = fault
        if self.counts:
            environment["PINVAULT_DISK_FAULT_COUNTS"] = self.counts
        if self.clock:
            environment["PINVAULT_DISK_CLOCK"] = self.clock
        return environment

    def note(self, text):
        if self.record:
            record.note(self.record, text)

    def run(self, *words, fault=None, wanted=0, **others):
        """Runs the tool to its end; gives back its status and what it said on standard error."""
        ended = subprocess.run(
            [self.tool, *words], cwd=self.root, env=self.environment(fault, **others), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS)
        if wanted is not None and ended.returncode != wanted:
            raise Failed(f"pinvault {' '.join(words)} ended with {ended.returncode}: {ended.stderr.strip()}")
        return ended

    def ask(self, actor, *words, wanted=0):
        """Runs the tool as a client of the server, which is not recorded, to its end."""
        asking = self.begin_asking(actor, *words)
        try:
            said, errors = asking.communicate(timeout=PATIENCE_SECONDS)
        finally:
            asking.kill()
        if wanted is not None and asking.returncode != wanted:
            raise Failed(f"pinvault {' '.join(words)} ended with {asking.returncode}: {errors.strip()}")
        return subprocess.CompletedProcess(words, asking.returncode, said, errors)

    def begin_asking(self, actor, *words):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PINVAULT_")}
        environment.update(
            PINVAULT_SERVER=f"127.0.0.1:{self.port}", PINVAULT_ACTOR=actor, PINVAULT_KEY_FILE=self.key_file(actor))
        return subprocess.Popen(
            [self.tool, *words], cwd=self.outside, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def key_file(self, actor):
        return f"{self.root}/vault.admin.key" if actor == "admin" else f"{self.outside}/{actor}.key"

    def serve(self, key="vault.master-key", data="vault", fault=None, arguments=(), wanted=True, limits=None, **others):
        """Starts the server and waits until it serves; False when it ended instead, if that may be."""
        address = f"{self.root}/{data}/address"
        self.log = f"{self.outside}/server.log"
        with open(self.log, "ab") as log:
            self.log_start = log.tell()
            self.server = subprocess.Popen(
                [self.tool, "serve", "--data", f"{self.root}/{data}", "--master-key", f"{self.root}/{key}", "--port", "0",
                 "--no-status", *arguments], cwd=self.outside, env=self.environment(fault, **others),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=limits)
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            # The log, and not the file `address`: one may be left from before, or fail to be written.
            line = next((line for line in self.server_log().splitlines() if "listening" in line), None)
            if line is not None:
                self.port = int(line.partition(" port=")[2].split()[0])
                return True
            if self.server.poll() is not None or time.monotonic() > give_up:
                if wanted:
                    raise Failed(f"the server did not start: {self.server_log()}")
                return False
            time.sleep(0.01)

    def server_log(self):
        with open(self.log, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def stop(self, wanted=0):
        """Stops the server in good order and gives back its status."""
        self.terminate()
        status = self.server.wait(timeout=PATIENCE_SECONDS)
        if wanted is not None and status != wanted:
            raise Failed(f"the server ended with {status}: {self.server_log()}")
        return status

    def terminate(self):
        """Tells the server to stop, and hangs up: it waits five seconds for clients that do not."""
        self.server.terminate()
        for connection in self.connections:
            connection.socket.close()
        self.connections = []

    def kill(self):
        """Has the server kill itself, with signal 9, at its next call."""
        with open(f"{self.outside}/kill", "wb"):
            pass
        status = self.server.wait(timeout=PATIENCE_SECONDS)
        os.unlink(f"{self.outside}/kill")
        if status != -signal.SIGKILL:
            raise Failed(f"the server ended with {status}: {self.server_log()}")

    def end(self):
        if self.server is not None and self.server.poll() is None:
            self.server.kill()
            self.server.wait()

    def connect(self, actor="till"):
        options = type("Options", (), {
            "server": f"127.0.0.1:{self.port}", "actor": actor, "key_file": self.key_file(actor), "tls": False})
        self.connections.append(terminal.Connection(options))
        return self.connections[-1]


def write_cards(path, first, count):
    """A vendor's file; each PIN begins with its serial, so that a wrong one shows."""
    with open(path, "w", encoding="ascii") as file:
        print("serial,pin", file=file)
        for number in range(first, first + count):
            print(f"{number:09},{number:09}{secrets.randbelow(10 ** 5):05}", file=file)


def vend_body(sale, product=1, count=1):
    return sale + struct.pack(">IB3x", 0, 1) + struct.pack(">IIQQB7x", product, count, 0, 0, 0)


def define_body(product=1, sku="SKU-1", instructions="Dial."):
    name, vendor, sku, instructions = b"Card", b"Vendor", sku.encode(), instructions.encode()
    lengths = struct.pack(">BBBBx", len(sku), len(name), len(vendor), len(instructions))
    return (terminal.new_id() + struct.pack(">QQI4sIHB", 1000, 900, product, b"\0USD", 0, 0, 0) + lengths + sku + name
            + vendor + instructions)


def reserve_body(sale, hold_seconds, product=1):
    return sale + struct.pack(">IIBxH4x", hold_seconds, 0, 0, 1) + struct.pack(">IIQQB7x", product, 1, 0, 0, 0)


def sold(answer):
    """The card of a vend's answer, and its PIN."""
    serial_length, pin_length = answer[126], answer[127]
    return struct.unpack_from(">Q", answer, 112)[0], answer[128 + serial_length:][:pin_length]


def vend(connection, told, product=1):
    """Sells a card and notes it in `told`; None, or the status of the refusal."""
    sale = terminal.new_id()
    try:
        _, _, answer = connection.ask(terminal.VEND, vend_body(sale, product))
    except terminal.Refused as refusal:
        return refusal.status
    told[sale] = product, sold(answer)
    return None


def confirm_told(connection, told):
    """Asks for each sale again: it must be the same, and marked as told before."""
    for sale, (product, cards) in told.items():
        try:
            _, frame, answer = connection.ask(terminal.VEND, vend_body(sale, product))
        except terminal.Refused as refusal:
            raise Failed(f"a sale that was told is refused now: {refusal}") from refusal
        if not frame[7] & 1 or sold(answer) != cards:
            raise Failed(f"a sale that was told is another now, or forgotten: card {cards[0]}")


class Clients:
    """Many terminals at once, each selling until told to stop or cut off. `told` has each sale's product, card and PIN."""

    def __init__(self, rig, count, sales=None, changers=0):
        self.rig, self.sales = rig, sales
        self.told, self.lost, self.refused = {}, [], []
        self.is_stopping = False
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.sell, daemon=True) for _ in range(count)]
        self.threads += [threading.Thread(target=self.change, daemon=True) for _ in range(changers)]
        for thread in self.threads:
            thread.start()

    def sell(self):
        asked = 0
        try:
            connection = self.rig.connect()
            while not self.is_stopping and asked != self.sales:
                self.vend(connection, terminal.new_id(), 1 + asked % 2)
                asked += 1
        except OSError:
            pass

    def vend(self, connection, sale, product):
        with self.lock:
            self.lost.append(sale)
        try:
            _, _, answer = connection.ask(terminal.VEND, vend_body(sale, product))
            with self.lock:
                self.told[sale] = product, sold(answer)
        except terminal.Refused as refusal:
            with self.lock:
                self.refused.append(refusal.status)
            time.sleep(0.01)
        with self.lock:
            self.lost.remove(sale)

    def change(self):
        """Fills the journal: each change of a product is an event of a kilobyte."""
        count = 0
        try:
            connection = self.rig.connect("admin")
            while not self.is_stopping:
                try:
                    connection.ask(41, define_body(instructions=f"{count:06}" + "x" * 230))
                except terminal.Refused as refusal:
                    self.refused.append(refusal.status)
                    time.sleep(0.01)
                count += 1
        except OSError:
            pass

    def wait(self):
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)
            if thread.is_alive():
                raise Failed("a client was never answered")

    def stop(self):
        self.is_stopping = True
        self.wait()
