#!/usr/bin/env python3
"""Damages a data directory in every way that the auditor says it would notice, and has it notice.

    damages.py DIRECTORY

Each case changes a copy: bytes, the journal's events (with lengths, checks and chain made right again, and the dumps
folded anew from what the events then say, so that nothing but the one claim is broken), or the dumps. The auditor must
end with 1, name the place, and find wrong exactly the checks that the case is against.
"""
import contextlib
import hashlib
import io
import json
import os
import shutil
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))), "Scripts")
sys.path.insert(0, SCRIPTS)

from auditing import dumps, program, state  # noqa: E402
from auditing.books import Books  # noqa: E402
from auditing.events import Event  # noqa: E402
from auditing.findings import Findings  # noqa: E402
from auditing.journal import BLOCK_HEADER, PAGE, Journal  # noqa: E402
from auditing.words import KINDS  # noqa: E402

NUMBERS = {name: number for number, name in KINDS.items()}
DAY = 86_400_000


class Case:
    """What is changed, by name: the events, the dumped tables, or files."""

    def __init__(self, name, checks, place, events=None, tables=None, files=None, options=()):
        self.name, self.checks, self.place = name, set(checks.split(",")), place
        self.events, self.tables, self.files, self.options = events, tables, files, options


# Making damage.


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


# Changing events.


def change(kind, offset, data, which=0, wanted=lambda event: True):
    """Writes bytes into an event of a kind, at an offset or where it says so."""
    def apply(store, blocks):
        place, event = [found for found in store.events(kind) if wanted(found[1])][which]
        at = offset(event) if callable(offset) else offset
        new = data(event, store) if callable(data) else data
        old = blocks[place[0]][1][place[1]]
        blocks[place[0]][1][place[1]] = old[:at] + new + old[at + len(new):]

    return apply


def both(*changes):
    def apply(store, blocks):
        for each in changes:
            each(store, blocks)

    return apply


def append(make, later=0):
    """Puts an event of a block of its own behind the last."""
    def apply(store, blocks):
        blocks.append([blocks[-1][0] + later, [make(store)]])

    return apply


def head(kind, actor):
    return struct.pack(">BBHI", NUMBERS[kind], 1, 0, actor)


NEW_ID = bytes(15) + b"\x99"


def actor(store, name):
    return next(number for number, record in store.books.actor_records.items() if name.encode() in record[:20])


def first_stock(store, product=2, condition=0):
    """A piece of stock: its first card, its lot, what placed it."""
    for first, piece in store.books.custody.pieces:
        known = store.books.custody.lot(piece[3])
        if piece[1] == 0 and piece[2] == condition and known[1] == product:
            return first, piece[3], piece[4]
    raise AssertionError("the fixture has no such stock")


def vend(store, id=NEW_ID, who="till", condition=0, first=None, lot=None, placed_by=None, price=None, count=1, asked=1):
    """A sale that is as it should be, but for what is given."""
    product = 2
    known = store.books.products[product]
    price = known["price"] if price is None else price
    if first is None:
        first, lot, placed_by = first_stock(store, product, condition)
    line = struct.pack(">IIB3xIQQQ", product, asked, condition, known["currency"], price, 0, 0)
    piece = struct.pack(">HHIQII", 0, 0, lot, first, count, 0)
    number = who if isinstance(who, int) else actor(store, who)
    return (head("vended", number) + id + struct.pack(">QIIBBHIII", 0, 0, 0, 0, 0, 1, 0, 1, 0) + line + piece
            + placed_by.to_bytes(8, "big"))  # fmt: skip


def in_state(number, vended=None):
    """The id of a reservation in a state."""
    def find(store):
        for id, record in store.books.ids.items():
            if record[0] == 1 and record[1] == number and record[38:40] != bytes(2) and vended in (None, record[2]):
                return id
        raise AssertionError(f"the fixture has no reservation in state {number}")

    return find


HELD, CONFIRMED, RELEASED = in_state(1), in_state(3), in_state(4)
DELIVERED = in_state(2)


def moves_of(store, id, neighbours=True):
    """The moves of all that an id holds, as an end would make them."""
    moves = []
    for first, piece in store.books.custody.pieces:
        if piece[5] == id:
            left, right = store.books.custody.neighbours(first, piece[0], piece[3], piece[2])
            left, right = (left or (0, 0), right or (0, 0)) if neighbours else ((0, 0), (0, 0))
            moves.append(struct.pack(">QIIQQQQQBB6x", first, piece[0], piece[3], piece[4], left[1], left[0], right[1],
                                     right[0], piece[1], piece[2]))  # fmt: skip
    return moves


def end(kind, state_number, who=0, id=HELD, keep=None, neighbours=True):
    def make(store):
        moves = moves_of(store, id(store), neighbours)[:keep]
        number = actor(store, who) if who else 0
        return (head(kind, number) + id(store) + bytes([state_number]) + bytes(7) + struct.pack(">II", len(moves), 0)
                + b"".join(moves))  # fmt: skip

    return make


def opened(id, first, count, is_print, is_reprint=0):
    told = struct.pack(">IIBB6x", first, count, is_print, is_reprint)
    return lambda store: head("opened", actor(store, "till")) + id(store) + told


def move_at(field, index=0):
    """Where a field of one of the moves of an event begins."""
    return lambda event: len(event.data) - 64 * (len(event.facts["moves"]) - index) + field


def sold_card(store):
    """A card that is delivered: itself, its lot, what placed it."""
    for first, piece in store.books.custody.pieces:
        if piece[1] == 3:
            return first, piece[3], piece[4]
    raise AssertionError("the fixture has no delivered card")


def double_sale(store):
    first, lot, placed_by = sold_card(store)
    return vend(store, first=first, lot=lot, placed_by=placed_by)


def shifted(delta):
    def apply(store, blocks):
        blocks[-1][0] += delta

    return apply


# Changing dumps.


def entry(table, edit, which=0, payload=False, wanted=lambda key, value: True):
    """Edits one entry of a dumped table: gives the entries that stand there instead."""
    def apply(store, entries, sealed):
        chosen = sealed if payload else entries
        places = [place for place, (name, key, value) in enumerate(chosen) if name == table and wanted(key, value)]
        place = places[which]
        _, key, value = chosen[place]
        chosen[place:place + 1] = [(table, *pair) for pair in edit(key, value)]
        chosen.sort(key=lambda item: item[:2])
        return entries, sealed

    return apply


def gone(key, value):
    return []


def flipped(at):
    return lambda key, value: [(key, value[:at] + bytes([value[at] ^ 1]) + value[at + 1:])]


def at_key(delta, size=8):
    """A second entry whose key is another number."""
    return lambda key, value: [
        (key, value), ((int.from_bytes(key[:size], "big") + delta).to_bytes(size, "big") + key[size:], value)]


# Changing files.


def byte(offset, number=1):
    def apply(store, directory):
        path = os.path.join(directory, "journal", f"{number:08}.journal")
        with open(path, "r+b") as file:
            file.seek(offset)
            old = file.read(1)
            file.seek(offset)
            file.write(bytes([old[0] ^ 0x20]))

    return apply


def leave_pin(store, directory):
    with open(os.path.join(directory, "server.log"), "wb") as file:
        file.write(b"x" * 5000 + b"PIN-A-1000077" + b" was not found")
    with open(os.path.join(directory, "..", "pins"), "w", encoding="ascii") as file:
        file.write("".join(f"PIN-A-{1_000_000 + number}\n" for number in range(200)))


def result_size(event):
    return int.from_bytes(event.data[28:32], "big")


def in_order(offset):
    """Where a field of the order is in the event of its change."""
    return lambda event: 32 + int.from_bytes(event.data[24:28], "big") + offset


def order_held(store):
    """The id of an order whose cards are held."""
    return next(id for id, record in store.books.orders.items() if record[22] == 1)


def leave_segment_out(store, directory):
    os.remove(os.path.join(directory, "journal", "00000002.journal"))


def cut_tail(store, blocks):
    del blocks[-1]


CASES = [
    # The chain.
    Case("a byte of a block", "chain", "check does not match", files=byte(4096 + 70)),
    Case("a byte of a length", "chain", "length is impossible", files=byte(4096)),
    Case("a byte of a header", "chain", "header is wrong", files=byte(8)),
    Case("a byte behind the header", "chain", "does not belong", files=byte(4000)),
    Case("a segment is missing", "chain", "is missing", files=leave_segment_out),
    Case("a time that goes back", "chain", "time goes wrong", events=shifted(-400 * DAY)),
    Case("a sequence that begins late", "chain", "sequence", events=lambda store, blocks: 2),
    Case("the last block cut off", "head", "the journal ends", events=cut_tail,
         options=["--head", "{store.sequence}"]),  # fmt: skip
    Case("another chain than was noted", "head", "another chain hash",
         options=["--head", "{store.sequence}:" + "ab" * 32]),  # fmt: skip
    Case("a checkpoint of another block", "head", "names another block",
         tables=entry("meta", lambda key, value: [(key, value[:8] + bytes(32) + value[40:])])),  # fmt: skip
    Case("a checkpoint that lies elsewhere", "head", "lies elsewhere",
         tables=entry("meta", lambda key, value: [(key, value[:-1] + bytes([value[-1] ^ 1]))])),  # fmt: skip
    Case("a checkpoint past the end", "head", "is no block's end",
         tables=entry("meta", lambda key, value: [(key, (1 << 40).to_bytes(8, "big") + value[8:])])),  # fmt: skip
    # Events.
    Case("a kind that does not exist", "events", "is not known",
         files=lambda store, directory: rewritten(store, directory, bytes([15, 1]))),  # fmt: skip
    Case("a version that does not exist", "events", "is not known",
         files=lambda store, directory: rewritten(store, directory, bytes([20, 2]))),  # fmt: skip
    Case("a product that is not the one asked for", "events", "what was asked",
         events=change("product-defined", lambda event: len(event.data) - 4, b"\x09")),  # fmt: skip
    Case("a withdrawal that says another number of cards", "events", "another number",
         events=change("withdrawn", lambda event: 39 + int.from_bytes(event.data[24:28], "big"), b"\7")),  # fmt: skip
    # Actors.
    Case("a sale by nobody", "actors", "does not exist", events=append(lambda store: vend(store, who=77))),
    Case("a sale by a keeper of stock", "actors", "has no role", events=append(lambda store: vend(store, who="root"))),
    Case("a sale by the store itself", "actors", "by itself", events=append(lambda store: vend(store, who=0))),
    Case("used cards sold by a terminal", "actors", "may not sell used",
         events=append(lambda store: vend(store, condition=1))),  # fmt: skip
    # Numbers.
    Case("two actors of one name", "numbering", "has this name",
         events=both(change("actor-defined", 42, b"root", wanted=lambda event: event.facts["name"] == "till"),
                     change("actor-defined", lambda event: event.data.rindex(b"till"), b"root",
                            wanted=lambda event: event.facts["name"] == "till"))),  # fmt: skip
    # Custody.
    Case("a card sold twice", "custody", "are said to be", events=append(double_sale)),
    Case("cards that were never given", "custody", "not together",
         events=append(lambda store: vend(store, first=1 << 40, lot=1, placed_by=9))),  # fmt: skip
    Case("more cards than the line has", "custody", "more or fewer", events=append(lambda store: vend(store, count=2))),
    Case("a hold that ends and keeps its cards", "custody", "does not move all",
         events=append(end("reversed", 6, "till", keep=0))),  # fmt: skip
    # Placing.
    Case("a sale of cards placed by another event", "placing", "were placed by",
         events=append(lambda store: vend(store, placed_by=3, first=first_stock(store)[0],
                                          lot=first_stock(store)[1]))),  # fmt: skip
    Case("a release that does not name its neighbours", "placing", "neighbours",
         events=append(end("reversed", 6, "till", neighbours=False))),  # fmt: skip
    Case("a neighbour placed by another event", "placing", "neighbours",
         events=change("released", move_at(40), b"\0\0\0\0\0\0\0\1",
                       wanted=lambda event: event.facts["moves"][0][6])),  # fmt: skip
    # Ids.
    Case("an id used twice", "ids", "was used before", events=append(lambda store: vend(store, id=RELEASED(store)))),
    Case("a change under an id used before", "ids", "was used before",
         events=change("shift-closed", 8, lambda event, store: RELEASED(store))),  # fmt: skip
    Case("a stranger who reverses", "ids", "belongs to actor", events=append(end("reversed", 6, "shop"))),
    Case("a confirmation of what never was", "ids", "is not the id",
         events=append(lambda store: head("confirmed", actor(store, "till")) + NEW_ID)),  # fmt: skip
    # States.
    Case("a confirmation of what was released", "states", "is released",
         events=append(lambda store: head("confirmed", actor(store, "till")) + RELEASED(store))),  # fmt: skip
    Case("an expiry before its time", "states", "has not passed", events=append(end("expired", 5))),
    Case("a reversal after the deadline", "states", "had passed", events=append(end("reversed", 6, "till"), 8 * DAY)),
    Case("forgotten too soon", "states", "too soon",
         events=append(lambda store: head("forgotten", 0) + CONFIRMED(store))),  # fmt: skip
    Case("a delivery reversed after a day", "states", "not be reversed any more",
         events=append(end("reversed", 7, "till", id=DELIVERED, neighbours=False), DAY)),  # fmt: skip
    # Disclosure.
    Case("a PIN told of what was only held", "disclosure", "was not sold", events=append(opened(HELD, 0, 1, 0))),
    Case("a PIN told of what was released", "disclosure", "was not sold", events=append(opened(RELEASED, 0, 1, 0))),
    Case("a print that is not counted", "disclosure", "not counted", events=append(opened(CONFIRMED, 0, 1, 0))),
    Case("a PIN told past the delivery", "disclosure", "not next", events=append(opened(CONFIRMED, 100, 1, 0))),
    Case("delivered cards that come back as they were", "disclosure,states,custody", "come back as regular",
         events=append(end("reversed", 6, "till", id=DELIVERED))),  # fmt: skip
    Case("a re-inventory without a reason", "disclosure", "no reason",
         events=change("reinventoried", lambda event: event.data.index(b"Siegel"),
                       lambda event, store: b" " * len(event.facts["reason"].encode()))),  # fmt: skip
    # Approvals.
    Case("a rule that was approved otherwise", "approvals", "needs a second person",
         events=change("approved", 32 + 23 + 3 + 7, b"\7")),  # fmt: skip
    Case("a rule that one person made", "approvals", "needs a second person",
         events=change("approval-rule-defined", 22, b"\x77")),  # fmt: skip
    # Failed proofs.
    Case("failed proofs under a name that nobody has", "actors", "does not exist",
         events=change("proofs-failed", 8, b"\0\0\0\x63")),  # fmt: skip
    Case("failed proofs that are none", "events", "no failed proofs", events=change("proofs-failed", 12, bytes(4))),
    Case("failed proofs that are still to come", "events", "some to come",
         events=change("proofs-failed", 16, b"\x7f")),  # fmt: skip
    # Orders.
    Case("an order that is approved out of turn", "orders", "does not bring it",
         events=change("order-changed", in_order(20), b"\3", wanted=lambda event: event.facts["act"] == 2)),
    Case("an order changed in a version that it did not see", "orders", "another version",
         events=change("order-changed", in_order(19), b"\x63", wanted=lambda event: event.facts["act"] == 7)),
    Case("a mail that nobody caused", "orders", "another mail",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event), b"\5",
                       wanted=lambda event: event.facts["act"] == 2)),
    Case("an order's cards released by hand", "orders,custody", "the order decides",
         events=append(lambda store: head("released", actor(store, "owner")) + order_held(store)
                       + bytes([4]) + bytes(7) + bytes(8))),  # fmt: skip
    Case("an order that nobody suspects", "orders", "on the fraud list",
         events=change("order-changed", in_order(23), b"\0", wanted=lambda event: event.facts["suspicions"])),
    Case("a mark that nobody put on the fraud list", "tables", "comes of no event",
         tables=entry("fraud", lambda key, value: [(key, value), (b"\1" + bytes(32), value)])),  # fmt: skip
    Case("a denial that spares a mark", "orders", "what it is known by",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event) - 1, b"\x63",
                       wanted=lambda event: event.facts["act"] == 3)),
    Case("an order paid with another amount", "prices", "its money",
         events=change("order-changed", in_order(79), b"\x63", wanted=lambda event: event.facts["act"] == 4)),
    Case("a mail tried that does not wait", "orders", "does not wait",
         events=change("mail-tried", 8, b"\x7f")),  # fmt: skip
    # Purchase orders.
    Case("a purchase order that receives more than came", "purchasing", "does not make this",
         events=change("purchase-order-changed", in_order(44 + 23), b"\x63", wanted=lambda event: event.facts["act"] == "receive")),
    Case("a purchase order approved in a version that it did not see", "purchasing", "another version",
         events=change("purchase-order-changed", in_order(19), b"\x63", wanted=lambda event: event.facts["act"] == "approve")),
    Case("a sheet of a vendor that is another", "numbering", "another, or not next",
         events=change("sheet-defined", in_order(4), b"\x07", wanted=lambda event: event.facts["sheet"] == 3)),
    Case("a receipt that nobody booked", "tables", "comes of no event",
         tables=entry("receipts", lambda key, value: [(key, value), (b"\0\0\0\x63", value)])),  # fmt: skip
    Case("stock that is low and does not say so", "tables", "is not what the journal folds to",
         tables=entry("levels", lambda key, value: [(key, value[:-1] + bytes([1 - value[-1]]))])),  # fmt: skip
    # Prices.
    Case("a price of its own", "prices", "another price", events=append(lambda store: vend(store, price=1))),
    Case("a credit too high", "prices", "the credit",
         events=change("returned", lambda event: 39 + int.from_bytes(event.data[24:28], "big"), b"\xff")),  # fmt: skip
    Case("a shift closed with other totals", "prices", "totals",
         events=change("shift-closed", lambda event: 32 + 14 + 4 + 3, b"\x63",
                       wanted=lambda event: event.facts["totals"])),  # fmt: skip
    # Limits.
    Case("a product that the actor may not sell", "limits", "may not sell this product",
         events=append(lambda store: vend(store, who="shop"))),  # fmt: skip
    Case("more cards than the actor may take", "limits", "cards in a day",
         events=append(lambda store: vend(store, who="kiosk", count=3, asked=3))),  # fmt: skip
    Case("more value than the actor may take", "limits", "more than 2600 USD",
         events=append(lambda store: vend(store, who="kiosk", count=2, asked=2))),  # fmt: skip
    Case("a look that does not count as a reprint", "disclosure,limits", "does not count",
         events=append(opened(CONFIRMED, 0, 1, 1))),  # fmt: skip
    # Balance, tiling, tables.
    Case("cards filed under another lot", "balance,tables", "were received",
         tables=entry("custody", lambda key, value: [(key, value[:6] + struct.pack(">I", 2) + value[10:])],
                      wanted=lambda key, value: value[4] == 3)),  # fmt: skip
    Case("a piece of custody is gone", "tiling,tables,balance", "in nobody's custody", tables=entry("custody", gone)),
    Case("a piece of stock is gone", "tiling,tables,balance", "in nobody's custody", tables=entry("stock", gone)),
    Case("a card in two places", "tiling,tables,balance", "in two places",
         tables=entry("custody", lambda key, value: [(key, struct.pack(">I", 1 + int.from_bytes(value[:4], "big"))
                                                      + value[4:])],
                      wanted=lambda key, value: value[4] == 3)),  # fmt: skip
    *[Case(f"an entry of {table} is gone", "tables", f"{table} ", tables=entry(table, gone))
      for table in state.TABLES if table not in ("custody", "stock", "deadlines")],
    *[Case(f"a byte of {table}", "tables", f"{table} ", tables=entry(table, flipped(at)))
      for table, at in [("actors", 20), ("counters", 3), ("custody", 17), ("ids", 20), ("levels", 11), ("lots", 60),
                        ("products", 8), ("purchases", 20), ("shifts", 20), ("stock", 15), ("vendors", 2)]],
    Case("an id that no event made", "tables", "comes of no event",
         tables=entry("ids", lambda key, value: [(key, value), (b"\xff" * 16, value)])),  # fmt: skip
    Case("a table that there is not", "tables", "does not know",
         tables=lambda store, entries, payload: (entries + [("notes", b"a", b"b")], payload)),  # fmt: skip
    Case("a deadline is gone", "deadlines", "is not there", tables=entry("deadlines", gone)),
    Case("a deadline too many", "deadlines", "comes of no event", tables=entry("deadlines", at_key(5))),
    # The payload.
    Case("a card without a row", "cards,indexes", "has no row", tables=entry("cards", gone, 7, payload=True)),
    Case("the last card without a row", "cards,indexes", "has no row", tables=entry("cards", gone, -1, payload=True)),
    Case("a row without a card", "cards", "never received", tables=entry("cards", at_key(1 << 30), -1, payload=True)),
    Case("a row cut short", "cards", "not a serial and a sealed PIN",
         tables=entry("cards", lambda key, value: [(key, value[:-13])], payload=True)),  # fmt: skip
    Case("another serial in a row", "indexes", "is not its own", tables=entry("cards", flipped(1), 3, payload=True)),
    Case("a serial is gone", "indexes", "serials, card", tables=entry("serials", gone, 5, payload=True)),
    Case("a fingerprint is gone", "indexes", "fingerprints, card", tables=entry("fingerprints", gone, 5, payload=True)),
    Case("a serial that leads to another card", "indexes", "is not its own",
         tables=entry("serials", flipped(7), 5, payload=True)),  # fmt: skip
    Case("a fingerprint that leads to another card", "indexes", "a second fingerprint",
         tables=entry("fingerprints", flipped(7), 5, payload=True)),  # fmt: skip
    Case("a fingerprint that leads nowhere", "indexes", "has no row",
         tables=entry("fingerprints", flipped(2), 5, payload=True)),  # fmt: skip
    Case("a serial of another vendor", "indexes", "another vendor",
         tables=entry("serials", lambda key, value: [(b"\0\0\0\2" + key[4:], value)], payload=True)),  # fmt: skip
    Case("a document changed", "documents", "not what the journal names",
         tables=lambda store, entries, payload: entry(
             "documents", flipped(30), payload=True, wanted=lambda key, value: key in store.books.documents)(
                 store, entries, payload)),  # fmt: skip
    Case("a document that was replaced and is there", "documents", "is not purged",
         tables=lambda store, entries, payload: entry(
             "documents", lambda key, value: [(key, value), (list(store.books.replaced)[-1], value)],
             payload=True)(store, entries, payload)),  # fmt: skip
    Case("a change that says it replaced another document", "documents", "is not what it says it did",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event) - 16, b"\x63",
                       wanted=lambda event: event.facts["replaces"])),
    Case("a revoked actor that keeps its password", "documents", "is not what it says it did",
         events=change("actor-defined", lambda event: in_order(0)(event) + result_size(event) - 16, b"\x63",
                       wanted=lambda event: event.facts["replaces"])),
    # Clear text.
    Case("a PIN in a log", "clear text", "byte 5000", files=leave_pin, options=["--pins", "{folder}/pins"]),
]


def lagging(store, entries, payload):
    """The dump of a state whose last checkpoint was some blocks ago, as a crash leaves it."""
    block = list(Journal(os.path.join(store.directory, "journal")).blocks())[-4]
    books = Store.folded(store.blocks[:-3])
    entries = [(table, key, value) for table in state.TABLES for key, value in state.expected(books, table)]
    place = (block.last, block.hash, block.time, block.segment, block.offset, block.segment, block.end)
    return entries + [("meta", b"head", state.CHECKPOINT.pack(*place))], payload


def rewritten(store, directory, beginning):
    """The journal with its last event begun by other bytes."""
    blocks = [[time, list(events)] for time, events in store.blocks]
    last = blocks[-1][1][-1]
    blocks[-1][1][-1] = beginning + last[len(beginning):]
    write_journal(os.path.join(directory, "journal"), store.header, blocks)


def judge(store, case):
    """What is wrong with what the auditor said; None if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        status, report = run(store, case, folder)
    found = {check["check"]: check["problems"] for check in report["checks"] if check["result"] == "WRONG"}
    if status != 1:
        return f"the auditor ended with {status}: {report}"
    if set(found) != case.checks:
        return f"found {found}"
    if not any(case.place in problem for problems in found.values() for problem in problems):
        return f"did not name {case.place!r}: {found}"
    return None


def main():
    store = Store(sys.argv[1])
    wanted = sys.argv[2:]
    failures = 0
    for case in [Case("a store that was killed", "", "", tables=lagging), Case("nothing", "", "")]:
        with tempfile.TemporaryDirectory() as folder:
            status, report = run(store, case, folder)
        if status != 0:
            print(f"{case.name}: the auditor ended with {status}: {report}", file=sys.stderr)
            return 1
    for case in CASES:
        if wanted and case.name not in wanted:
            continue
        if problem := judge(store, case):
            failures += 1
            print(f"NOT FOUND AS IT SHOULD BE: {case.name}: {problem}", file=sys.stderr)
    checks = {check for case in CASES for check in case.checks}
    unbroken = {check["check"] for check in report["checks"]} - checks
    if unbroken:
        print(f"nothing is against {', '.join(unbroken)}", file=sys.stderr)
    print(f"{len(CASES)} damages, {failures} not found as they should be")
    return 1 if failures or unbroken else 0


if __name__ == "__main__":
    sys.exit(main())
