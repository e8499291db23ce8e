"""The steps whose calls fail in turn: the store that each begins with, and one run of the program under the shim."""
import os
import shutil
import struct
import threading

import rig as rigs
from rig import Failed

STEPS = ["serve", "init", "rekey", "backup", "restore", "verify"]


class Template:
    """A store to begin each case with: two products, a terminal, cards, and a journal near the end of its segment."""

    def __init__(self, options):
        rig = rigs.Rig(options.binaries, options.work, "template", is_recorded=False)
        rig.run("init", "--data", f"{rig.root}/vault", "--segment-bytes", str(rigs.SEGMENT_BYTES))
        rig.serve()
        try:
            for number in (1, 2):
                rig.ask("admin", "product", "add", "--sku", f"SKU-{number}", "--name", "Card", "--vendor", "Vendor",
                        "--currency", "USD", "--face-value", "10.00")
            rig.ask("admin", "actor", "add", "till", "--role", "terminal")
            rigs.write_cards(f"{rig.outside}/cards.csv", 0, 200)
            rig.ask("admin", "import", "--sku", "SKU-1", f"{rig.outside}/cards.csv")
            connection = rig.connect("admin")
            while end_of_journal(rig.root) < rigs.SEGMENT_BYTES - 12_000:
                connection.ask(41, rigs.define_body(instructions="x" * 240))
            rig.stop()
        finally:
            rig.end()
        rig.run("backup", "--data", f"{rig.root}/vault", "--to", f"{rig.root}/backup")
        self.root, self.outside = rig.root, rig.outside
        rigs.write_cards(f"{rig.outside}/more.csv", 1000, 60)

    def copy(self, options, name, recorded=True):
        """A rig whose record begins with all of the template, durable."""
        rig = rigs.Rig(options.binaries, options.work, name, is_recorded=recorded)
        os.rmdir(rig.root)
        shutil.copytree(self.root, rig.root)
        for file in ["till.key", "more.csv"]:
            shutil.copy(f"{self.outside}/{file}", rig.outside)
        return rig


def end_of_journal(root):
    """Where the blocks of the first segment end."""
    with open(f"{root}/vault/journal/00000001.journal", "rb") as file:
        data = file.read()
    place = 4096
    while place + 4 <= len(data) and (size := struct.unpack_from(">I", data, place)[0]):
        place += size
    return place


def sell_and_keep(rig):
    """What is done with a server whose disk fails somewhere; every answer is kept, and nothing is held against it."""
    told = {}
    clients = []

    def attempt(what):
        try:
            what()
        except (OSError, rigs.terminal.Refused, struct.error):
            pass

    def sales():
        connection = rig.connect()
        for _ in range(4):
            attempt(lambda: rigs.vend(connection, told))
        sale = rigs.terminal.new_id()
        attempt(lambda: connection.ask(rigs.terminal.VEND, rigs.vend_body(sale)))
        attempt(lambda: connection.ask(rigs.terminal.REVERSE, sale))

    def changes():
        connection = rig.connect("admin")
        for _ in range(15):
            attempt(lambda: connection.ask(41, rigs.define_body(instructions="y" * 240)))

    attempt(sales)
    for words in [("import", "--sku", "SKU-2", f"{rig.outside}/more.csv"), ("verify",),
                  ("backup", "--data", f"{rig.root}/vault", "--to", f"{rig.root}/backup-live")]:
        if rig.server.poll() is None:
            ended = rig.ask("admin", *words, wanted=None)
            if ended.returncode < 0:
                raise Failed(f"{words[0]} was ended by signal {-ended.returncode}")
    for _ in range(2):
        clients.append(threading.Thread(target=attempt, args=(changes,), daemon=True))
        clients[-1].start()
    attempt(sales)
    for client in clients:
        client.join(rigs.PATIENCE_SECONDS)
        if client.is_alive():
            raise Failed("a client was never answered")
    return told


def run_serve(rig, fault):
    told = {}
    if rig.serve(fault=fault, wanted=False):
        told = sell_and_keep(rig)
        if rig.server.poll() is None:
            rig.terminate()
        rig.server.wait(timeout=rigs.PATIENCE_SECONDS)
    said = rig.server_log()
    lines = [line for line in said.splitlines() if line.startswith("pinvault: ")]
    return rig.server.returncode, lines, said, told


def run_tool(rig, step, fault):
    vault = ["--data", f"{rig.root}/vault"]
    words = {
        "init": ["init", "--data", f"{rig.root}/new", "--segment-bytes", str(rigs.SEGMENT_BYTES)],
        "rekey": ["rekey", *vault, "--master-key", f"{rig.root}/vault.master-key", "--new-master-key",
                  f"{rig.root}/vault.master-key-2"],
        "backup": ["backup", *vault, "--to", f"{rig.root}/backup-2"],
        "restore": ["restore", "--from", f"{rig.root}/backup", "--data", f"{rig.root}/restored"],
        "verify": ["verify", *vault],
    }[step]
    ended = rig.run(*words, fault=fault, wanted=None)
    return ended.returncode, ended.stderr.splitlines(), ended.stderr + ended.stdout, {}


def run_step(rig, step, fault=None):
    if step == "serve":
        return run_serve(rig, fault)
    return run_tool(rig, step, fault)


def run_tool_well(rig, step):
    status, _, said, _ = run_tool(rig, step, None)
    if status != 0:
        raise Failed(f"{step} again, without a fault, ended with {status}: {said[-300:]}")
