#!/usr/bin/env python3
"""Reads the journal of a PinVault data directory (or of a backup) and prints each event as one JSON line.

Written from docs/formats.md alone, with nothing but the standard library, so that an auditor need not trust the program
that wrote the journal. It checks every segment's header, and every block's length, check, chain, sequence and time.

    read_journal.py [--check] DIRECTORY

Prints the events to standard output and the head to standard error; --check prints no events. Ends with status 0 when
the journal is whole up to its end, 1 when something is damaged, 2 when it is not a journal at all. A block that a crash
has torn at the very end is not told from damage: start the store once, and it will be.
"""

import hashlib
import json
import os
import re
import struct
import sys

PAGE = 4096
BLOCK_HEADER = struct.Struct(">IIQQ8s32s")


class Damage(Exception):
    """Something in the journal is not what the format says."""


# The chain: segments and blocks.


class Segment:
    """A segment file whose header has been checked."""

    def __init__(self, path, number):
        self.path = path
        with open(path, "rb") as file:
            self.bytes = file.read()
        if len(self.bytes) < PAGE:
            raise Damage(f"{path}: too short for a segment")
        magic, version, self.largest_block, self.store_id, found, size, check = struct.unpack(
            ">8sII16sQQ8s", self.bytes[:56]
        )
        if magic != b"PINVJRNL" or hashlib.sha256(self.bytes[:48]).digest()[:8] != check:
            raise Damage(f"{path}: the header is wrong")
        if version != 1:
            raise Damage(f"{path}: journal format {version} is not known")
        if found != number or size != len(self.bytes) or any(self.bytes[56:PAGE]):
            raise Damage(f"{path}: the header does not belong to this file")


class Journal:
    def __init__(self, directory):
        self.segments = []
        names = sorted(n for n in os.listdir(directory) if re.fullmatch(r"[0-9]{8,}\.journal", n))
        for name in sorted(names, key=lambda name: int(name.split(".")[0])):
            self.segments.append((os.path.join(directory, name), int(name.split(".")[0])))
        if not self.segments:
            raise Damage(f"{directory}: there is no segment")
        self.sequence = self.time = self.blocks = 0
        self.chain = None

    def events(self):
        """Yields (sequence, time, bytes) of every event, checking all on the way."""
        store = None
        ended = None
        expected = self.segments[0][1]
        for path, number in self.segments:
            if number != expected:
                raise Damage(f"{path}: a segment before this one is missing")
            expected += 1
            segment = Segment(path, number)
            shape = (segment.store_id, segment.largest_block, len(segment.bytes))
            if store is None:
                store = shape
                if number == 1:
                    self.chain = hashlib.sha256(segment.store_id).digest()
            elif store != shape:
                raise Damage(f"{path}: the segment belongs to another journal")
            offset = PAGE
            while True:
                room = len(segment.bytes) - offset
                if room < 68 or segment.bytes[offset : offset + 4] == bytes(4):
                    break
                if ended:
                    raise Damage(f"{path}: there is something beyond the end, {ended}")
                yield from self.block(segment, offset)
                offset += int.from_bytes(segment.bytes[offset : offset + 4], "big")
            if any(segment.bytes[offset:]):
                raise Damage(f"{path}: what must be zero after byte {offset} is not")
            # A segment without blocks is a spare: no later one may have any.
            if offset == PAGE:
                ended = path

    def block(self, segment, offset):
        where = f"{segment.path}: block at byte {offset}"
        size, count, first, time, check, previous = BLOCK_HEADER.unpack_from(segment.bytes, offset)
        if not 68 <= size <= min(segment.largest_block, len(segment.bytes) - offset):
            raise Damage(f"{where}: the length is impossible")
        block = segment.bytes[offset : offset + size]
        digest = hashlib.sha256(block[:24] + bytes(8) + block[32:]).digest()
        if digest[:8] != check:
            raise Damage(f"{where}: the check does not match")
        if self.chain is None:
            # The first segment there is is not the first there was: the chain is taken from here on.
            self.sequence, self.chain = first - 1, previous
        if previous != self.chain:
            raise Damage(f"{where}: it does not follow the block before")
        if count < 1 or first != self.sequence + 1 or time < self.time:
            raise Damage(f"{where}: the sequence or the time goes wrong")
        at = 64
        for index in range(count):
            if at + 4 > size:
                raise Damage(f"{where}: the events do not fill it")
            length = int.from_bytes(block[at : at + 4], "big")
            if at + 4 + length > size:
                raise Damage(f"{where}: the events do not fill it")
            yield first + index, time, block[at + 4 : at + 4 + length]
            at += 4 + length
        if at != size:
            raise Damage(f"{where}: the events do not fill it")
        self.chain, self.sequence, self.time = digest, first + count - 1, time
        self.blocks += 1


# The words.

KINDS = {
    1: "store-created", 2: "store-restored", 3: "rekeyed", 4: "actor-defined", 5: "product-defined",
    6: "product-frozen", 7: "product-thawed", 8: "purchase-begun", 9: "purchase-committed",
    10: "purchase-abandoned", 11: "stock-quarantined", 16: "reserved", 17: "vended", 18: "dispensed", 19: "opened",
    20: "confirmed", 21: "extended", 22: "released", 23: "expired", 24: "reversed", 25: "returned",
    32: "reinventoried", 33: "settled", 34: "withdrawn", 48: "shift-closed", 49: "forgotten",
}  # fmt: skip
WITHOUT_ID = {"store-created", "store-restored", "rekeyed", "purchase-committed", "purchase-abandoned",
              "stock-quarantined"}  # fmt: skip
CONDITIONS = ["regular", "used", "quarantined"]
PLACES = ["stock", "loading", "reserved", "delivered", "quarantined", "void"]
TENDERS = ["unspecified", "cash", "card", "account", "voucher", "other"]
STATES = [None, "held", "delivered", "confirmed", "released", "expired", "reversed", "quarantined"]
ROLES = ["terminal", "storefront", "clerk", "reviewer", "stock-keeper", "accountant", "key-custodian", "auditor",
         "administrator"]  # fmt: skip
LAST_FIELD = 39
# Numbers of the fields of a request that are used here.
COUNT, EXTENTS, REASON, ACTOR, RENEWS_KEY = 4, 13, 14, 31, 36


def word(words, number):
    if number >= len(words) or words[number] is None:
        raise Damage("an event names something that does not exist")
    return words[number]


def day(days):
    """Days since 1970 as YYYY-MM-DD; None for no expiry."""
    era, rest = divmod(days + 719468, 146097)
    year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    date = rest - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return f"{era * 400 + year + (month <= 2):04}-{month:02}-{date:02}"


def moment(milliseconds):
    seconds, milliseconds = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86400)
    return f"{day(days)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}Z"


def moment_or_none(milliseconds):
    return moment(milliseconds) if milliseconds else None


# The events.


class Reader:
    """Reads the fields of one event in turn."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Damage("an event is cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return int.from_bytes(self.take(2), "big")

    def u32(self):
        return int.from_bytes(self.take(4), "big")

    def u64(self):
        return int.from_bytes(self.take(8), "big")

    def zeros(self, count):
        if any(self.take(count)):
            raise Damage("what must be zero in an event is not")

    def id(self):
        digits = self.take(16).hex()
        return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])

    def text(self):
        return decoded(self.take(self.u8()))

    def currency(self):
        letters = self.take(4)
        if letters[0] or not re.fullmatch(rb"[A-Z]{3}", letters[1:]):
            raise Damage("a currency is not three letters")
        return letters[1:].decode()

    def extent(self):
        first, count = self.u64(), self.u32()
        if first < 1 or count < 1 or first + count >= 1 << 64:
            raise Damage("an extent of cards is impossible")
        return {"first": first, "count": count}

    def neighbour(self, far):
        placed_by, card = self.u64(), self.u64()
        if (placed_by == 0) != (card == 0):
            raise Damage("a neighbour in stock is half there")
        return {far: card, "placed_by": placed_by} if placed_by else None

    def moves(self):
        count = self.u32()
        self.zeros(4)
        moves = []
        for _ in range(count):
            move = self.extent()
            past = move["first"] + move["count"]
            move |= {"lot": self.u32(), "placed_by": self.u64()}
            move |= {"left": self.neighbour("first"), "right": self.neighbour("last")}
            if move["left"] and move["left"]["first"] >= move["first"]:
                raise Damage("a left neighbour is not on the left")
            if move["right"] and move["right"]["last"] < past:
                raise Damage("a right neighbour is not on the right")
            move |= {"from": word(PLACES, self.u8())}
            move |= {"condition": word(CONDITIONS, self.u8())}
            self.zeros(6)
            moves.append(move)
        return moves

    def change(self):
        """The request's fields as (number, bytes), and where the result must end."""
        request_size, result_size = self.u32(), self.u32()
        request, fields = Reader(self.take(request_size)), []
        while request.at < request_size:
            number = request.u8()
            if number > LAST_FIELD:
                raise Damage("a request has a field that does not exist")
            fields.append((number, request.take(request.u16())))
        return fields, self.at + result_size

    def end_result(self, end):
        if self.at != end:
            raise Damage("a result has another size")

    def result(self, end):
        if end < self.at:
            raise Damage("a result has another size")
        return self.take(end - self.at)


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Damage("a text is not UTF-8")


def field(fields, number):
    for found, value in fields:
        if found == number:
            return value
    raise Damage("a request lacks a field")


def asked(fields):
    extents = []
    for index, (number, value) in enumerate(fields):
        if number == EXTENTS:
            count = fields[index + 1] if index + 1 < len(fields) else (None, b"")
            if count[0] != COUNT or len(value) != 8 or len(count[1]) != 4:
                raise Damage("a request names an extent without its count")
            extents.append(Reader(value + count[1]).extent())
    return extents


def grant(reader):
    facts = {"deadline": moment_or_none(reader.u64())}
    cashier = reader.u32()
    facts |= {"hold_seconds": reader.u32(), "cashier": cashier, "tender": word(TENDERS, reader.u8())}
    reader.zeros(1)
    line_count = reader.u16()
    reader.zeros(4)
    slice_count = reader.u32()
    reader.zeros(4)
    lines, extents = [], []
    for _ in range(line_count):
        line = {"product": reader.u32(), "count": reader.u32(), "condition": word(CONDITIONS, reader.u8())}
        reader.zeros(3)
        currency = reader.currency()
        line |= {"unit_price_minor": reader.u64(), "currency": currency}
        lines.append(line | {"discount_minor": reader.u64(), "tax_minor": reader.u64()})
    for _ in range(slice_count):
        line = reader.u16()
        reader.zeros(2)
        lot = reader.u32()
        extents.append(reader.extent() | {"lot": lot, "placed_by": None, "from": "stock", "line": line})
        reader.zeros(4)
        if line >= line_count:
            raise Damage("a slice belongs to no line")
    for extent in extents:
        extent["placed_by"] = reader.u64()
    if not lines:
        raise Damage("a grant has no line")
    return facts | {"lines": lines, "extents": extents}


def actor_defined(reader):
    fields, end = reader.change()
    named = reader.u32()
    reader.end_result(end)
    actor, roles, revoked, name = reader.u32(), reader.u16(), reader.u8(), reader.text()
    reader.take(8 + 60)  # The number and the wrapped key.
    is_new = int.from_bytes(field(fields, ACTOR), "big") == 0
    renews = field(fields, RENEWS_KEY) == b"\1"
    if named != actor or roles >> len(ROLES):
        raise Damage("an actor is not what its result says")
    return {
        "defined_actor": actor, "name": name, "roles": [r for i, r in enumerate(ROLES) if roles >> i & 1],
        "is_revoked": revoked == 1, "has_new_key": is_new or renews,
    }  # fmt: skip


def product_defined(reader):
    _, end = reader.change()
    named = reader.u32()
    reader.end_result(end)
    facts = {"product": reader.u32(), "sku": reader.text(), "name": reader.text(), "vendor_name": reader.text()}
    facts |= {"currency": reader.currency(), "face_value_minor": reader.u64(), "price_minor": reader.u64()}
    facts |= {"instructions": reader.text(), "low_stock_threshold": reader.u32()}
    facts |= {"minimum_validity_days": reader.u16(), "is_frozen": reader.u8() == 1}
    if named != facts["product"]:
        raise Damage("a product is not what its result says")
    return facts


def stop(reader):
    fields, end = reader.change()
    reader.end_result(end)
    return {"product": reader.u32(), "reason": decoded(field(fields, REASON))}


def purchase_begun(reader):
    _, end = reader.change()
    result = Reader(reader.result(end))
    named, lots = result.u32(), []
    named_lots = [result.u32() for _ in range((len(result.data) - 4) // 4)]
    vendor_name = reader.text()
    purchase, state, product, vendor, unit_cost = reader.u32(), reader.u8(), reader.u32(), reader.u32(), reader.u64()
    reader.u32()  # The first lot.
    lot_count = reader.u16()
    reader.u64()  # When it was begun: the event's time.
    reader.id()  # The change's id.
    invoice = reader.text()
    for _ in range(lot_count):
        lot = reader.u32()
        reader.take(12)  # Product, purchase and vendor once more.
        expiry = reader.u32()
        expiry = None if expiry == 0xFFFFFFFF else day(expiry)
        lots.append(reader.extent() | {"lot": lot, "expiry": expiry})
        reader.take(8 + 60)  # The number and the wrapped key.
    if named != purchase or state != 1 or named_lots != [lot["lot"] for lot in lots] or len(result.data) % 4:
        raise Damage("a purchase is not what its result says")
    return {
        "purchase": purchase, "product": product, "vendor": vendor, "vendor_name": vendor_name,
        "unit_cost_minor": unit_cost, "invoice": invoice, "lots": lots,
    }  # fmt: skip


def purchase_committed(reader):
    purchase, count, begun_by = reader.u32(), reader.u32(), reader.u64()
    return {"purchase": purchase, "begun_by": begun_by, "loaded": [reader.u32() for _ in range(count)]}


def purchase_abandoned(reader):
    purchase = reader.u32()
    reader.zeros(4)
    return {"purchase": purchase, "begun_by": reader.u64()}


def dispensed(reader):
    opened_count = reader.u32()
    reader.zeros(4)
    return {"opened_count": opened_count, "extents": reader.moves()}


def opened(reader):
    first, count, is_print = reader.u32(), reader.u32(), reader.u8()
    reader.zeros(7)
    if is_print > 1:
        raise Damage("a flag is neither 0 nor 1")
    return {"first_index": first, "count": count, "is_print": is_print == 1}


def ended(*allowed):
    def read(reader):
        state = word(STATES, reader.u8())
        reader.zeros(7)
        if state not in allowed:
            raise Damage("a reservation ends in a state that it cannot end in")
        return {"state": state, "extents": reader.moves()}

    return read


def returned(reader):
    fields, end = reader.change()
    credits = []
    while reader.at < end:
        amount, currency = reader.u64(), reader.currency()
        credits.append({"cards": reader.u32(), "amount_minor": amount, "currency": currency})
    reader.end_result(end)
    return {"reservation": reader.id(), "asked": asked(fields), "credits": credits, "extents": reader.moves()}


def stock_changed(reader):
    fields, end = reader.change()
    cards = reader.u64()
    reader.end_result(end)
    reason = decoded(field(fields, REASON))
    return {"asked": asked(fields), "reason": reason, "cards": cards, "extents": reader.moves()}


def settled(reader):
    fields, end = reader.change()
    cards = reader.u64()
    reader.end_result(end)
    reason = decoded(field(fields, REASON))
    return {"reservation": reader.id(), "reason": reason, "cards": cards, "extents": reader.moves()}


def shift_closed(reader):
    _, end = reader.change()
    facts = {"shift": reader.u32(), "opened": moment_or_none(reader.u64()), "totals": []}
    for _ in range(reader.u16()):
        total = {"currency": reader.currency(), "sales": reader.u32(), "cards": reader.u32()}
        total |= {"gross_minor": reader.u64(), "discount_minor": reader.u64(), "tax_minor": reader.u64()}
        total |= {"reversals": reader.u32(), "reversed_cards": reader.u32(), "reversed_minor": reader.u64()}
        facts["totals"].append(total | {"returned_cards": reader.u32(), "returned_minor": reader.u64()})
    reader.end_result(end)
    return facts


FACTS = {
    "store-created": lambda reader: {"store_id": reader.id()},
    "store-restored": lambda reader: {"store_id": reader.id()},
    "rekeyed": lambda reader: {"master_key_id": reader.take(8).hex()},
    "actor-defined": actor_defined, "product-defined": product_defined, "product-frozen": stop,
    "product-thawed": stop, "purchase-begun": purchase_begun, "purchase-committed": purchase_committed,
    "purchase-abandoned": purchase_abandoned, "stock-quarantined": lambda reader: {"extents": reader.moves()},
    "reserved": grant, "vended": grant, "dispensed": dispensed, "opened": opened, "confirmed": lambda reader: {},
    "extended": lambda reader: {"deadline": moment(reader.u64())}, "released": ended("released"),
    "expired": ended("expired"), "reversed": ended("reversed", "quarantined"), "returned": returned,
    "reinventoried": stock_changed, "withdrawn": stock_changed, "settled": settled, "shift-closed": shift_closed,
    "forgotten": lambda reader: {},
}  # fmt: skip


def event(sequence, time, data):
    """An event as the object that is printed."""
    reader = Reader(data)
    kind, version = reader.u8(), reader.u8()
    if kind not in KINDS or version != 1:
        raise Damage(f"event {sequence}: kind {kind}, version {version} is not known")
    try:
        reader.zeros(2)
        facts = {"sequence": sequence, "time": moment(time), "actor": reader.u32(), "kind": KINDS[kind]}
        facts["id"] = None if KINDS[kind] in WITHOUT_ID else reader.id()
        facts |= FACTS[KINDS[kind]](reader)
        if reader.at != len(data):
            raise Damage("something follows the last field")
    except Damage as damage:
        raise Damage(f"event {sequence}, {KINDS[kind]}: {damage} (byte {reader.at})")
    return facts


def main(arguments):
    is_check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + is_check:
        print(__doc__, file=sys.stderr)
        return 2
    directory = os.path.join(arguments[-1], "journal")
    if not os.path.isdir(directory):
        print(f"{arguments[-1]}: not a data directory", file=sys.stderr)
        return 2
    try:
        journal = Journal(directory)
        for sequence, time, data in journal.events():
            line = json.dumps(event(sequence, time, data), ensure_ascii=False, separators=(",", ":"))
            if not is_check:
                sys.stdout.buffer.write(line.encode() + b"\n")
    except Damage as damage:
        sys.stdout.flush()
        print(damage, file=sys.stderr)
        return 1
    sys.stdout.flush()
    print(f"{journal.sequence} events, {journal.blocks} blocks, chain {(journal.chain or b'').hex()}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
