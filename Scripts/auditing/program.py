"""Audits a PinVault data directory, or a backup, without PinVault: the journal, beside what mdb_dump tells.

    audit [options] DIRECTORY      proves what the store says of itself, and prints what was proved
    audit --events DIRECTORY       prints every event of the journal as one JSON line, and the head to standard error

Written from docs/formats.md alone, with Python's standard library alone. It needs Debian's lmdb-utils for mdb_dump,
or dumps made elsewhere. It changes nothing and needs no key. Nobody may serve from the directory meanwhile: stop the
server, or audit a backup. A block that a crash has torn at the very end is not told from damage: start the store once.

Ends with 0 when all is proved, 1 when something is wrong, 2 when it could not look.
"""

import argparse
import contextlib
import fcntl
import json
import os
import sys
import time

from . import clear_text, dumps
from .books import Books
from .events import Event
from .findings import Findings
from .journal import Damage, Journal
from .lines import event_line
from .payload import PayloadAudit
from .state import CHECKPOINT, StateAudit, balance
from .words import id_text

SOUND, WRONG, COULD_NOT_LOOK = 0, 1, 2


def parser():
    parser = argparse.ArgumentParser(
        prog="audit", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", metavar="DIRECTORY")
    parser.add_argument("--events", action="store_true", help="print the events, and check the chain alone")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument("--head", metavar="N[:CHAIN]", help="a head noted elsewhere: it must be in the journal")
    parser.add_argument("--state-dump", metavar="FILE", help="what `mdb_dump -a DIRECTORY/state` wrote")
    parser.add_argument("--payload-dump", metavar="FILE", help="what `mdb_dump -a DIRECTORY/payload` wrote")
    parser.add_argument("--journal-only", action="store_true", help="do not look at the tables")
    parser.add_argument("--pins", metavar="FILE", help="known PINs, one a line: none may stand in any file")
    parser.add_argument("--search", metavar="PATH", action="append", default=[], help="look for the PINs here, too")
    return parser


class CannotLook(Exception):
    """There is nothing to be audited here, or not now."""


def run(options):
    try:
        journal = Journal(journal_folder(options.directory))
        if options.events:
            return print_events(journal)
        with unserved(options.directory):
            return Audit(options, journal).run()
    except (CannotLook, OSError) as problem:
        print(f"audit: {problem}", file=sys.stderr)
        return COULD_NOT_LOOK
    except Damage as damage:
        print(damage, file=sys.stderr)
        return WRONG


def journal_folder(directory):
    folder = os.path.join(directory, "journal")
    if not os.path.isdir(folder):
        raise CannotLook(f"{directory}: not a data directory")
    return folder


def print_events(journal):
    out = sys.stdout.buffer
    try:
        for block in journal.blocks():
            for sequence, data in enumerate(block.events, block.first):
                out.write(event_line(Event(sequence, block.time, data)).encode() + b"\n")
    finally:
        out.flush()
    chain = (journal.chain or b"").hex()
    print(f"{journal.sequence} events, {journal.block_count} blocks, chain {chain}", file=sys.stderr)
    return SOUND


@contextlib.contextmanager
def unserved(directory):
    """Holds the directory's lock together with other readers, so that no server works there meanwhile."""
    path = os.path.join(directory, "lock")
    if not os.path.exists(path):
        yield
        return
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotLook(f"{directory}: a server works here. Stop it, or audit a backup")
        yield


class Audit:
    def __init__(self, options, journal):
        self.options, self.journal = options, journal
        self.findings = Findings()
        self.books = Books(self.findings)
        self.heads = {}
        self.balance = []

    def run(self):
        if not self.journal.is_whole:
            raise CannotLook("the first segments of the journal are not there: put those that were archived beside it")
        start = time.monotonic()
        self.note_heads()
        checkpoint = None if self.options.journal_only else self.checkpoint()
        if self.read_journal(checkpoint):
            self.books.check_holders()
            self.balance = balance(self.findings, self.books.custody)
            self.tell_what_was_read()
            if checkpoint is not None:
                self.check_payload()
        if self.options.pins:
            self.search_pins()
        self.report(time.monotonic() - start)
        return SOUND if self.findings.is_sound else WRONG

    # Heads.

    def note_heads(self):
        """Heads known from elsewhere, by sequence: what was asked for, and what a backup says of itself."""
        if self.options.head:
            sequence, _, chain = self.options.head.partition(":")
            try:
                self.heads[int(sequence)] = (bytes.fromhex(chain) or None, "the head that was given")
            except ValueError:
                raise CannotLook(f"{self.options.head}: a head is a sequence, a colon, and 64 hexadecimal digits")
        path = os.path.join(self.options.directory, "backup")
        if os.path.isfile(path):
            with open(path, encoding="ascii") as file:
                self.backup = dict(line.split(" ", 1) for line in file.read().splitlines())
            self.heads[int(self.backup["sequence"])] = (bytes.fromhex(self.backup["chain"]), "the backup's head")

    backup = None

    def check_head(self, block):
        chain, name = self.heads.pop(block.last, (None, None))
        if chain and chain != block.hash:
            self.findings.problem("head", block.where, f"{name} has another chain hash")

    def check_ends(self):
        for sequence, (_, name) in self.heads.items():
            self.findings.problem("head", f"event {self.journal.sequence}", f"the journal ends; {name} is {sequence}")
        if self.backup and int(self.backup["sequence"]) != self.journal.sequence:
            self.findings.problem("head", f"event {self.journal.sequence}", "the backup's journal goes on")

    # The journal.

    def read_journal(self, checkpoint):
        """Enters every event. False if what is there cannot be read to its end."""
        enter = self.books.enter
        if checkpoint == ():  # Nothing was ever checkpointed.
            self.compare_state()
        try:
            for block in self.journal.blocks():
                for sequence, data in enumerate(block.events, block.first):
                    try:
                        event = Event(sequence, block.time, data)
                    except Damage as damage:
                        self.findings.problem("events", block.where, str(damage))
                        return False
                    enter(event)
                if block.last in self.heads:
                    self.check_head(block)
                if checkpoint and checkpoint[0] == block.last:
                    self.check_checkpoint(checkpoint, block)
                    self.compare_state()
                    checkpoint = None
        except Damage as damage:
            self.findings.problem("chain", f"after event {self.journal.sequence}", str(damage))
            return False
        if checkpoint:
            text = f"the state's checkpoint, event {checkpoint[0]}, is no block's end"
            self.findings.problem("head", f"event {self.journal.sequence}", text)
        self.check_ends()
        return True

    def tell_what_was_read(self):
        look, books = self.findings.look, self.books
        look("chain", f"{self.journal.segment_count:,} segments, {self.journal.block_count:,} blocks, head "
             f"{self.journal.sequence}:{self.journal.chain.hex()}")
        for name in ("events", "actors"):
            look(name, f"{books.event_count:,} events")
        look("numbering", f"{len(books.products):,} products, {len(books.actor_records):,} actors, "
             f"{len(books.purchases):,} purchases, {len(books.custody.lots):,} lots")
        for name in ("custody", "placing", "disclosure"):
            look(name, f"{books.next_card - 1:,} card ids in {len(books.custody.pieces.packed):,} pieces")
        for name in ("ids", "states", "prices"):
            look(name, f"{len(books.ids):,} ids")
        look("orders", f"{len(books.orders):,} orders of {len(books.customers):,} customers, "
             f"{len(books.mails):,} mails that wait")
        look("purchasing", f"{len(books.purchase_orders):,} purchase orders, {len(books.receipts):,} receipts, "
             f"{len(books.sheets):,} sheets of products and vendors")
        look("limits", f"{len(books.takings):,} actors that took something")
        look("approvals", f"{books.approvals.checked_count:,} events that may need one")
        look("balance", f"{len(self.balance):,} products and conditions")
        look("head", f"event {self.journal.sequence}")

    # The tables.

    def checkpoint(self):
        """What the state says of itself; an empty tuple when there is no state yet."""
        value = next((value for _, _, value in self.dumped("state", "meta")), None)
        return CHECKPOINT.unpack(value) if value else ()

    def dumped(self, name, table=None):
        """The entries of an environment, from a dump or by mdb_dump; of one table, where that is asked for."""
        path = getattr(self.options, f"{name}_dump")
        if path:
            with open(path, "rb") as file:
                yield from dumps.entries(file, table)
            return
        environment = os.path.join(self.options.directory, name)
        if not os.path.exists(os.path.join(environment, "data.mdb")):
            return
        lock = os.path.join(environment, "lock.mdb")
        had_lock = os.path.exists(lock)
        try:
            yield from dumps.dump(environment, table)
        except FileNotFoundError:
            raise CannotLook("mdb_dump is not installed: it is in Debian's lmdb-utils")
        finally:
            if not had_lock:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(lock)

    def check_checkpoint(self, checkpoint, block):
        _, chain, moment, segment, offset, end_segment, end = checkpoint
        if (chain, moment) != (block.hash, block.time):
            self.findings.problem("head", block.where, "the state's checkpoint names another block")
        if (segment, offset, end_segment, end) != (block.segment, block.offset, block.segment, block.end):
            self.findings.problem("head", block.where, "the state's checkpoint lies elsewhere")

    def compare_state(self):
        try:
            StateAudit(self.findings, self.books).run(self.dumped("state"))
        except Damage as damage:
            self.findings.problem("tables", "state", str(damage))

    def check_payload(self):
        try:
            PayloadAudit(self.findings, self.books, self.journal.id).run(self.dumped("payload"))
        except Damage as damage:
            self.findings.problem("cards", "payload", str(damage))

    def search_pins(self):
        pins = clear_text.read_pins(self.options.pins)
        if not pins:
            raise CannotLook(f"{self.options.pins}: there is no PIN in it")
        clear_text.search(self.findings, pins, [self.options.directory, *self.options.search])

    # The report.

    def report(self, seconds):
        if self.options.json:
            chain = (self.journal.chain or b"").hex()
            print(json.dumps({
                "sound": self.findings.is_sound, "head_sequence": self.journal.sequence, "head_chain": chain,
                "store": id_text(self.books.store_id), "checks": self.findings.as_object(), "balance": self.balance,
                "seconds": round(seconds, 1),
            }, indent=2))  # fmt: skip
            return
        print(self.findings.as_text())
        if self.balance:
            print()
            print_table(self.balance)
        wrong = sum(bool(count) for count in self.findings.counts.values())
        print(f"\n{'All of it is so.' if not wrong else f'{wrong} of these are WRONG.'}  ({seconds:.1f} s)")


def print_table(rows):
    """Rows of one shape as columns; numbers to the right."""
    texts = [list(rows[0])]
    texts += [[f"{value:,}" if isinstance(value, int) else value for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts)]
    for row in texts:
        print("  ".join(text.ljust(width) if index == 1 else text.rjust(width)
                        for index, (text, width) in enumerate(zip(row, widths))))  # fmt: skip
