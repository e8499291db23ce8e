"""What a case changes: the journal's events, the entries of the dumped tables, or files."""
import os
import struct

from store import Store, write_journal

from auditing import state
from auditing.journal import Journal
from auditing.words import KINDS

NUMBERS = {name: number for number, name in KINDS.items()}
DAY = 86_400_000

# Events.


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


# Dumps.


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


# Files.


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
