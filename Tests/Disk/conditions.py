"""What befalls a real server from outside: a disk that is full or read-only, too few descriptors, a clock that is set.

Each takes the options and the template of `faults` and raises `Failed`, or `LeftOut` where this machine does not let it.
"""
import contextlib
import errno
import os
import resource
import shutil
import socket
import struct
import subprocess
import time

import rig as rigs
from rig import Failed, vend

OUT_OF_STOCK, STORAGE_FULL = 40, 65
DAY = 24 * 3600
# What serve wants to be free, and a little more.
ROOM_BYTES = 640 << 20


class LeftOut(Exception):
    """This machine does not let the test be made; the text says what it lacks."""


@contextlib.contextmanager
def mounted(path, *words):
    os.makedirs(path, exist_ok=True)
    ended = subprocess.run(["mount", *words, path], capture_output=True, text=True)
    if ended.returncode != 0:
        raise LeftOut(f"mount: {ended.stderr.strip()}")
    try:
        yield
    finally:
        # Busy for a moment after its last user has gone.
        for _ in range(100):
            if subprocess.run(["umount", path], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            subprocess.run(["umount", "--lazy", path], check=True)


def fill(path, leaving):
    """Takes space until so many bytes are free."""
    free = os.statvfs(path).f_bavail * os.statvfs(path).f_frsize
    with open(f"{path}/filler", "ab") as file:
        try:
            os.posix_fallocate(file.fileno(), file.tell(), max(free - leaving, 0) + 1)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            zeros = bytes(1 << 16)
            with contextlib.suppress(OSError):
                while leaving == 0:
                    os.write(file.fileno(), zeros)


def expect(what, found, *wanted):
    if found not in wanted:
        raise Failed(f"{what}: {found}, and not {' or '.join(map(str, wanted))}")


def recovers(rig, told):
    """Starts the server, asks for each sale again, and verifies the directory."""
    rig.serve()
    connection = rig.connect()
    rigs.confirm_told(connection, told)
    expect("a sale after it all", vend(connection, {}), None, OUT_OF_STOCK)
    rig.stop()
    rig.run("verify", "--data", f"{rig.root}/vault")


def one_line(rig, *statuses):
    """Waits for a server that ends by itself: with one of these statuses, and one line."""
    status = rig.server.wait(timeout=rigs.PATIENCE_SECONDS)
    expect("the server's status", status, *statuses)
    lines = [line for line in rig.server_log().splitlines() if line.startswith("pinvault: ")]
    if len(lines) != 1:
        raise Failed(f"it did not end with one clear line: {rig.server_log()[-500:]}")
    return lines[0]


# Disks


def full_disk(options, template):
    """Under what is kept free, changes are refused and looking works; with more room again, selling goes on by itself."""
    rig = rigs.Rig(options.binaries, options.work, "full", is_recorded=False)
    with mounted(rig.root, "-t", "tmpfs", "-o", "size=800m", "tmpfs"):
        fill_from(template, rig)
        rig.serve()
        connection, told = rig.connect(), {}
        expect("a sale with room", vend(connection, told), None)
        fill(rig.root, ROOM_BYTES - (1 << 20))
        wait_until(lambda: vend(connection, {}) == STORAGE_FULL, "changes are refused")
        rig.ask("admin", "stock")
        ended = rig.ask("admin", "import", "--sku", "SKU-2", f"{rig.outside}/more.csv", wanted=75)
        expect("lines of the import", len(ended.stderr.splitlines()), 1)
        os.unlink(f"{rig.root}/filler")
        wait_until(lambda: vend(connection, told) is None, "selling goes on")
        rig.ask("admin", "import", "--sku", "SKU-2", f"{rig.outside}/more.csv")
        rig.stop()
        # Another program takes all there is, at once: the server may stop, and keeps what it told.
        rig.serve()
        clients = rigs.Clients(rig, 2, changers=2)
        time.sleep(0.2)
        fill(rig.root, 0)
        time.sleep(1.5)
        clients.is_stopping = True
        clients.wait()
        if rig.server.poll() is None:
            rig.terminate()
        status = rig.server.wait(timeout=rigs.PATIENCE_SECONDS)
        if status != 0:
            one_line(rig, 75)
        if rig.serve(wanted=False):
            expect("a sale on a disk that is full to the last byte", vend(rig.connect(), {}), STORAGE_FULL)
            rig.stop(wanted=None)
        else:
            one_line(rig, 74, 75)
        os.unlink(f"{rig.root}/filler")
        recovers(rig, told | clients.told)
        rig.end()


def import_that_fills(options, template):
    """The disk fills while an import runs: it is refused as a whole, and the same file can be imported afterwards."""
    rig = rigs.Rig(options.binaries, options.work, "filling", is_recorded=False)
    with mounted(rig.root, "-t", "tmpfs", "-o", "size=800m", "tmpfs"):
        fill_from(template, rig)
        rigs.write_cards(f"{rig.outside}/many.csv", 10_000, 30_000)
        rig.serve()
        fill(rig.root, ROOM_BYTES + (3 << 20))
        ended = rig.ask("admin", "import", "--sku", "SKU-2", f"{rig.outside}/many.csv", wanted=75)
        expect("lines of the import", len(ended.stderr.splitlines()), 1)
        rig.ask("admin", "stock")
        os.unlink(f"{rig.root}/filler")
        wait_until(lambda: vend(rig.connect(), {}) is None, "selling goes on")
        rig.ask("admin", "import", "--sku", "SKU-2", f"{rig.outside}/many.csv")
        rig.stop()
        rig.run("verify", "--data", f"{rig.root}/vault")
        rig.end()


def read_only_disk(options, template):
    """The file system finds itself damaged and turns read-only, as ext4 does; the server stops, and comes back after."""
    image = f"{options.work}/ext4"
    with open(image, "wb") as file:
        file.truncate(900 << 20)
    made = subprocess.run(["mkfs.ext4", "-q", "-F", image], capture_output=True, text=True) if shutil.which(
        "mkfs.ext4") else None
    if made is None or made.returncode != 0:
        raise LeftOut("no mkfs.ext4")
    rig = rigs.Rig(options.binaries, options.work, "read-only", is_recorded=False)
    told = {}
    with mounted(rig.root, "-o", "loop,errors=remount-ro", image):
        device = os.stat(rig.root).st_dev
        name = os.path.basename(os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"))
        trigger = f"/sys/fs/ext4/{name}/trigger_fs_error"
        if not os.access(trigger, os.W_OK):
            raise LeftOut(f"no {trigger}")
        fill_from(template, rig)
        subprocess.run(["sync", "-f", rig.root], check=True)
        rig.serve()
        connection = rig.connect()
        expect("a sale with a disk that is well", vend(connection, told), None)
        with open(trigger, "w", encoding="ascii") as file:
            file.write("a test")
        for _ in range(1000):
            try:
                status = vend(connection, told)
            except OSError:
                break
            expect("a sale", status, None, 64, 65, 66, 67)
        one_line(rig, 74)
        if rig.serve(wanted=False):
            raise Failed("the server started on a disk that cannot be written")
        one_line(rig, 74)
    # A copy: another mount namespace may still have the old one, read-only, under the same device.
    well = f"{image}.well"
    subprocess.run(["cp", "--sparse=always", image, well], check=True)
    checked = subprocess.run(["e2fsck", "-fy", well], capture_output=True, text=True)
    if checked.returncode > 1:
        raise Failed(f"e2fsck ended with {checked.returncode}: {checked.stdout[-300:]}{checked.stderr[-300:]}")
    with mounted(rig.root, "-o", "loop", well):
        recovers(rig, told)
        rig.end()
    os.unlink(image)
    os.unlink(well)


def fill_from(template, rig):
    shutil.copytree(template.root, rig.root, dirs_exist_ok=True)
    for file in ["till.key", "more.csv"]:
        shutil.copy(f"{template.outside}/{file}", rig.outside)


def wait_until(is_so, what):
    give_up = time.monotonic() + rigs.PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > give_up:
            raise Failed(f"it did not come to pass that {what}")
        time.sleep(0.05)


# Descriptors


def too_few_descriptors(options, template):
    """With hardly any, it does not start, and says so; with few, it serves whom it can, and the others when it can again."""
    rig = template.copy(options, "descriptors", recorded=False)
    for limit in (8, 20, 60, 95):
        if rig.serve(wanted=False, limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))):
            raise Failed(f"it started with {limit} descriptors")
        line = one_line(rig, 64)
        if "open files" not in line:
            raise Failed(f"with {limit} descriptors: {line}")
    rig.serve(limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96)))
    connection, told, others = rig.connect(), {}, []
    expect("a sale", vend(connection, told), None)
    for _ in range(120):
        others.append(socket.create_connection(("127.0.0.1", rig.port)))
    for _ in range(5):
        expect("a sale while all descriptors are taken", vend(connection, told), None)
    for other in others:
        other.close()

    def serves_another():
        try:
            return vend(rig.connect(), told) is None
        except OSError:
            return False

    wait_until(serves_another, "a new connection is served")
    rig.stop()
    recovers(rig, told)
    rig.end()


# The clock


def clock_is_set(options, template):
    """A running server's time goes on as it did; a start far from the last event is refused until it is told to accept it."""
    rig = template.copy(options, "clock", recorded=False)
    rig.clock = f"{rig.outside}/clock"

    def set_clock(seconds):
        with open(rig.clock, "r+b" if os.path.exists(rig.clock) else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def stamp(connection):
        sale = rigs.terminal.new_id()
        _, _, answer = connection.ask(rigs.terminal.VEND, rigs.vend_body(sale))
        return struct.unpack_from(">Q", answer, 8)[0]

    set_clock(0)
    rig.serve()
    connection = rig.connect()
    begin, begun = stamp(connection), time.monotonic()
    held = rigs.terminal.new_id()
    connection.ask(16, rigs.reserve_body(held, 600))
    last = begin
    for step in (-DAY, 365 * DAY, -2 * 365 * DAY, 0, 365 * DAY):
        set_clock(step)
        now = stamp(connection)
        passed = (time.monotonic() - begun) * 1000
        if now < last or abs(now - begin - passed) > 2000:
            raise Failed(f"the clock was set by {step} s, and the store's time went {now - begin} ms in {passed:.0f} ms")
        last = now
    # Its hold is as long as it was: it can still be dispensed.
    connection.ask(18, held)
    rig.stop()
    for step, word in [(365 * DAY, "ahead"), (-DAY, "behind")]:
        set_clock(step)
        if rig.serve(wanted=False):
            raise Failed(f"it started with a clock that is {word}")
        line = one_line(rig, 75)
        if word not in line or "--accept-clock" not in line:
            raise Failed(line)
    rig.serve(arguments=["--accept-clock"])
    now = stamp(rig.connect())
    if now < last:
        raise Failed("stamps went back after a start with a clock set back")
    rig.stop()
    set_clock(0)
    rig.serve()
    rig.stop()
    rig.run("verify", "--data", f"{rig.root}/vault")
    rig.end()


ALL = [full_disk, import_that_fills, read_only_disk, too_few_descriptors, clock_is_set]
