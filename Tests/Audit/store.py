"""A sound store to make damaged copies of, and what the auditor says of one."""
import contextlib
import hashlib
import io
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "Scripts"))

from auditing import dumps, program, state  # noqa: E402
from auditing.books import Books  # noqa: E402
from auditing.events import Event  # noqa: E402
from auditing.findings import Findings  # noqa: E402
from auditing.journal import BLOCK_HEADER, PAGE, Journal  # noqa: E402


class Case:
    """What is changed, by name: the events, the dumped tables, or files."""

    def __init__(self, name, checks, place, events=None, tables=None, files=None, options=()):
        self.name, self.checks, self.place = name, set(checks.split(",")), place
        self.events, self.tables, self.files, self.options = events, tables, files, options


class Store:
    """The undamaged directory: its blocks, its dumps, and what is in it."""

    def __init__(self, directory):
        self.directory = directory
        journal = Journal(os.path.join(directory, "journal"))
        self.blocks = [[block.time, list(block.events)] for block in journal.blocks()]
        with open(journal.paths[0][1], "rb") as file:
            self.header = file.read(PAGE)
        self.chain, self.sequence = journal.chain, journal.sequence
        self.state = list(dumps.dump(os.path.join(directory, "state")))
        self.payload = list(dumps.dump(os.path.join(directory, "payload")))
        self.books = self.folded(self.blocks)

    @staticmethod
    def folded(blocks):
        books, sequence = Books(Findings()), 0
        for time, events in blocks:
            for data in events:
                sequence += 1
                books.enter(Event(sequence, time, data))
        return books

    def events(self, kind=None):
        """(place in the blocks, event) of each event of a kind."""
        sequence = 0
        for number, (time, events) in enumerate(self.blocks):
            for index, data in enumerate(events):
                sequence += 1
                event = Event(sequence, time, data)
                if kind is None or event.name == kind:
                    yield (number, index), event


def write_journal(folder, header, blocks, first_sequence=1):
    """Blocks as segments, with lengths, checks and chain as they must be; gives the last block's place and hash."""
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    segment_size, largest = int.from_bytes(header[40:48], "big"), int.from_bytes(header[12:16], "big")
    chain = hashlib.sha256(header[16:32]).digest()
    sequence, number, offset, file, place = first_sequence, 0, 0, None, None
    for time, events in blocks:
        body = b"".join(len(data).to_bytes(4, "big") + data for data in events) + b"\xff"
        size = 64 + len(body)
        assert size <= largest
        if file is None or offset + size > segment_size:
            number, offset = number + 1, PAGE
            file = open(os.path.join(folder, f"{number:08}.journal"), "w+b")
            fields = header[:32] + number.to_bytes(8, "big") + header[40:48]
            file.write(fields + hashlib.sha256(fields).digest()[:8])
            file.truncate(segment_size)
        block = BLOCK_HEADER.pack(size, len(events), sequence, time, bytes(8), chain) + body
        chain = hashlib.sha256(block).digest()
        file.seek(offset)
        file.write(block[:24] + chain[:8] + block[32:])
        file.flush()
        place = (sequence + len(events) - 1, chain, time, number, offset, number, offset + size)
        sequence, offset = sequence + len(events), offset + size
    return place


def write_dump(path, entries):
    """Entries as mdb_dump writes them."""
    tables = {}
    for table, key, value in entries:
        tables.setdefault(table, []).append((key, value))
    with open(path, "w", encoding="ascii") as file:
        for table in sorted(tables):
            integer = table in ("custody", "cards")
            file.write(f"VERSION=3\nformat=bytevalue\ndatabase={table}\ntype=btree\nmapsize=1048576\nmaxreaders=126\n")
            file.write(("integerkey=1\n" if integer else "") + "db_pagesize=4096\nHEADER=END\n")
            for key, value in tables[table]:
                key = key[::-1] if integer and sys.byteorder == "little" else key
                file.write(f" {key.hex()}\n {(value + dumps.checksum(key, value)).hex()}\n")
            file.write("DATA=END\n")


def run(store, case, folder):
    """The auditor's exit status and report on a damaged copy."""
    directory = os.path.join(folder, "copy")
    shutil.copytree(store.directory, directory, ignore=shutil.ignore_patterns("*.mdb"))
    blocks = [[time, list(events)] for time, events in store.blocks]
    entries, payload = list(store.state), list(store.payload)
    if case.events:
        changed = case.events(store, blocks)
        place = write_journal(os.path.join(directory, "journal"), store.header, blocks, changed or 1)
        books = Store.folded(blocks)
        entries = [(table, key, value) for table in state.TABLES for key, value in state.expected(books, table)]
        entries.append(("meta", b"head", state.CHECKPOINT.pack(*place)))
    if case.tables:
        entries, payload = case.tables(store, entries, payload)
    if case.files:
        case.files(store, directory)
    write_dump(os.path.join(folder, "state.dump"), entries)
    write_dump(os.path.join(folder, "payload.dump"), payload)
    wanted = [option.format(store=store, folder=folder) for option in case.options]
    for name in ("state", "payload"):
        wanted += [f"--{name}-dump", os.path.join(folder, f"{name}.dump")]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = program.run(program.parser().parse_args(["--json", *wanted, directory]))
    return status, json.loads(out.getvalue() or "null") or {"checks": [], "error": err.getvalue()}
