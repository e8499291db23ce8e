"""Events: their bytes as facts, every field checked to be one that the format allows."""

import struct

from .journal import Damage
from .purchasing import purchase_order_changed, sheet_defined
from .rules import APPROVABLE
from .words import (ACT, ACTOR, ACTS, APPROVED_REQUEST, CARDS_PER_DAY, CONDITIONS, COUNT, EXPIRED, EXTENTS, KEY, KINDS,
                    CREDENTIAL, CREDENTIALS, CUSTOMER, DOCUMENT, FULFILMENTS, LAST_FIELD, LIMITS, MAIL_OUTCOMES, MAILS, OPERATION, ORDER, PAYMENTS, PLACES, MARKS, WAYS,
                    QUARANTINED, REASON, RELEASED, REVERSED, REVIEWS, ROLES, STATES, TENDERS, WITHOUT_ID)  # fmt: skip

EVENT_HEAD = struct.Struct(">BBHI")
MOVE = struct.Struct(">QIIQQQQQBB6s")
GRANT = struct.Struct(">QIIBBHIII")
LINE = struct.Struct(">IIB3sIQQQ")
SLICE = struct.Struct(">HHIQII")


class Event:
    """An event with what it says. Facts are numbers as they stand there, ids 16 bytes, texts decoded."""

    __slots__ = ("sequence", "time", "kind", "actor", "id", "data", "facts")

    def __init__(self, sequence, time, data):
        self.sequence, self.time, self.data = sequence, time, data
        if len(data) < 8:
            raise Damage(f"event {sequence}: it is cut short")
        self.kind, version, zero, self.actor = EVENT_HEAD.unpack_from(data)
        if self.kind not in KINDS or version != 1:
            raise Damage(f"event {sequence}: kind {self.kind}, version {version} is not known")
        reader = Reader(data, 8)
        try:
            if zero:
                raise Damage("what must be zero is not")
            self.id = None if self.kind in WITHOUT_ID else reader.take(16)
            self.facts = FACTS[self.kind](reader)
            if reader.at != len(data):
                raise Damage("something follows the last field")
            if self.kind == 81 and self.facts["cards"]:
                self.facts["cards"] = Event(sequence, time, self.facts["cards"])
                if self.facts["cards"].kind not in (16, 18, 22, 25, 32):
                    raise Damage("an order's cards do what they cannot")
        except (Damage, struct.error) as problem:
            text = problem if isinstance(problem, Damage) else "it is cut short"
            raise Damage(f"event {sequence}, {KINDS[self.kind]}: {text} (byte {reader.at})")

    @property
    def name(self):
        return KINDS[self.kind]

    def __str__(self):
        return f"event {self.sequence}, {self.name}"


class Reader:
    """Reads the fields of one event in turn."""

    __slots__ = ("data", "at")

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise Damage("it is cut short")
        part = self.data[self.at:end]
        self.at = end
        return part

    def fields(self, layout):
        values = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return values

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
            raise Damage("what must be zero is not")

    def text(self):
        return decoded(self.take(self.u8()))

    def flag(self):
        value = self.u8()
        if value > 1:
            raise Damage("a flag is neither 0 nor 1")
        return value == 1

    def currency(self):
        return checked_currency(self.u32())

    def extent(self):
        first, count = self.u64(), self.u32()
        check_extent(first, count)
        return first, count

    def moves(self):
        """A list of (first, count, lot, placed by, left's placed by, left's first, right's, right's last, place,
        condition)."""
        count = self.u32()
        self.zeros(4)
        moves = list(MOVE.iter_unpack(self.take(count * MOVE.size)))
        for first, count, _, _, left_by, left, right_by, right, place, condition, zero in moves:
            check_extent(first, count)
            if (left_by == 0) != (left == 0) or (right_by == 0) != (right == 0):
                raise Damage("a neighbour in stock is half there")
            if left >= first or 0 < right < first + count:
                raise Damage("a neighbour in stock is not beside the cards that move")
            if place >= len(PLACES) or condition >= len(CONDITIONS) or any(zero):
                raise Damage("a move names something that does not exist")
        return moves

    def change(self):
        """The request's fields as (number, bytes), and the reader of its result."""
        request_size, result_size = self.u32(), self.u32()
        request, fields = Reader(self.take(request_size)), []
        while request.at < request_size:
            number = request.u8()
            if number > LAST_FIELD:
                raise Damage("a request has a field that does not exist")
            fields.append((number, request.take(request.u16())))
        return fields, Reader(self.take(result_size))


def check_extent(first, count):
    if first < 1 or count < 1 or first + count >= 1 << 64:
        raise Damage("an extent of cards is impossible")


def checked_currency(code):
    letters = code.to_bytes(4, "big")
    if letters[0] or not all(65 <= letter <= 90 for letter in letters[1:]):
        raise Damage("a currency is not three letters")
    return code


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Damage("a text is not UTF-8")


def ends(result):
    if result.at != len(result.data):
        raise Damage("a result has another size")


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


def reason(fields):
    return decoded(field(fields, REASON))


def granted(data, at, line_count, slice_count):
    """Lines as (product, count, condition, currency, price, discount, tax), slices as (line, lot, first, count)."""
    lines, slices = [], []
    for _ in range(line_count):
        product, count, condition, zero, currency, price, discount, tax = LINE.unpack_from(data, at)
        at += LINE.size
        if condition > 2 or any(zero):
            raise Damage("a line names something that does not exist")
        lines.append((product, count, condition, checked_currency(currency), price, discount, tax))
    for _ in range(slice_count):
        line, zero, lot, first, count, more_zero = SLICE.unpack_from(data, at)
        at += SLICE.size
        if zero or more_zero or line >= line_count:
            raise Damage("a slice belongs to no line, or what must be zero is not")
        check_extent(first, count)
        slices.append((line, lot, first, count))
    return lines, slices


def grant(reader):
    deadline, cashier, hold, tender, zero, line_count, more, slice_count, rest = reader.fields(GRANT)
    if zero or more or rest:
        raise Damage("what must be zero is not")
    if tender >= len(TENDERS) or not line_count:
        raise Damage("a grant has no line, or a tender that does not exist")
    lines, slices = granted(reader.data, reader.at, line_count, slice_count)
    reader.at += line_count * LINE.size + slice_count * SLICE.size
    placed = struct.unpack(f">{slice_count}Q", reader.take(8 * slice_count))
    return {"deadline": deadline, "cashier": cashier, "hold": hold, "tender": tender, "lines": lines,
            "slices": slices, "placed_by": placed}  # fmt: skip


def actor_defined(reader):
    fields, result = reader.change()
    named = result.u32()
    replaces = replaced(result, {})["replaces"]
    start = reader.at
    actor, roles, revoked, name = reader.u32(), reader.u16(), reader.flag(), reader.text()
    actor_limits = limits(reader)
    has_old_key, old_key_ends = reader.flag(), reader.u64()
    reader.take((1 + has_old_key) * (8 + 60))  # The numbers and the wrapped keys.
    is_new, key_change = not any(field(fields, ACTOR)), field(fields, KEY)
    if len(key_change) != 9 or key_change[0] > 3 or (key_change[0] < 2 and any(key_change[1:])):
        raise Damage("the keys of an actor are changed in no way there is")
    if actor_limits["record"] != field(fields, LIMITS) or (old_key_ends and not has_old_key):
        raise Damage("an actor is not what its request says")
    if named != actor or roles >> len(ROLES):
        raise Damage("an actor is not what its result says")
    return {"request": fields, "actor": actor, "roles": roles, "is_revoked": revoked, "name": name,
            "is_new": is_new, "has_new_key": is_new or key_change[0] in (1, 2), "limits": actor_limits,
            "has_old_key": has_old_key, "old_key_ends": old_key_ends, "replaces": replaces,
            "renews_key": key_change[0] == 1,
            "record": reader.data[start:reader.at]}  # fmt: skip


def limits(reader):
    """What an actor may do: the minute and the day each as (cards, reprints, value); 0 for what is not limited."""
    start = reader.at
    requests, currency, product_count = reader.u32(), reader.u32(), reader.u16()
    reader.zeros(2)
    minute, day = ((reader.u32(), reader.u32(), reader.u64()) for _ in range(2))
    products = [reader.u32() for _ in range(product_count)]
    if bool(currency) != bool(minute[2] or day[2]) or products != sorted(set(products)) or 0 in products:
        raise Damage("the limits of an actor are none that could be")
    if currency:
        checked_currency(currency)
    return {"requests": requests, "currency": currency, "minute": minute, "day": day, "products": products,
            "record": reader.data[start:reader.at]}  # fmt: skip


def product_defined(reader):
    fields, result = reader.change()
    named = result.u32()
    ends(result)
    start = reader.at
    facts = {"request": fields, "product": reader.u32(), "sku": reader.text(), "name": reader.text()}
    facts |= {"vendor_name": reader.text(), "currency": reader.currency(), "face_value": reader.u64()}
    facts |= {"price": reader.u64(), "instructions": reader.text(), "threshold": reader.u32()}
    facts |= {"validity": reader.u16(), "is_frozen": reader.flag(), "record": reader.data[start:reader.at]}
    if named != facts["product"]:
        raise Damage("a product is not what its result says")
    return facts


def stop(reader):
    fields, result = reader.change()
    ends(result)
    return {"request": fields, "reason": reason(fields), "product": reader.u32()}


def purchase_begun(reader):
    fields, result = reader.change()
    named = result.u32()
    named_lots = [result.u32() for _ in range((len(result.data) - 4) // 4)]
    ends(result)
    vendor_name, start = reader.text(), reader.at
    facts = {"request": fields, "vendor_name": vendor_name, "purchase": reader.u32(), "state": reader.u8()}
    facts |= {"product": reader.u32(), "vendor": reader.u32(), "unit_cost": reader.u64(), "first_lot": reader.u32()}
    lot_count = reader.u16()
    facts |= {"begun_at": reader.u64(), "request_id": reader.take(16), "invoice": reader.text()}
    facts |= {"record": reader.data[start:reader.at], "lots": []}
    for _ in range(lot_count):
        start = reader.at
        lot, product, purchase, vendor, expiry = (reader.u32() for _ in range(5))
        first, count = reader.extent()
        reader.take(8 + 60)  # The number and the wrapped key.
        facts["lots"].append((lot, product, purchase, vendor, expiry, first, count, reader.data[start:reader.at]))
    if named != facts["purchase"] or facts["state"] != 1 or named_lots != [lot[0] for lot in facts["lots"]]:
        raise Damage("a purchase is not what its result says")
    return facts


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
    return {"opened_count": opened_count, "moves": reader.moves()}


def opened(reader):
    facts = {"first": reader.u32(), "count": reader.u32(), "is_print": reader.flag(), "is_reprint": reader.flag()}
    reader.zeros(6)
    return facts


def ended(*allowed):
    def read(reader):
        state = reader.u8()
        reader.zeros(7)
        if state >= len(STATES) or state not in allowed:
            raise Damage("a reservation ends in a state that it cannot end in")
        return {"state": state, "moves": reader.moves()}

    return read


def returned(reader):
    fields, result = reader.change()
    credits = []
    while result.at < len(result.data):
        amount, currency = result.u64(), result.currency()
        credits.append((amount, currency, result.u32()))
    return {"request": fields, "asked": asked(fields), "credits": credits, "reservation": reader.take(16),
            "moves": reader.moves()}  # fmt: skip


def stock_changed(reader):
    fields, result = reader.change()
    cards, approved_by = result.u64(), result.u64()
    ends(result)
    return {"request": fields, "asked": asked(fields), "reason": reason(fields), "cards": cards,
            "approved_by": approved_by, "moves": reader.moves()}  # fmt: skip


def settled(reader):
    fields, result = reader.change()
    cards = result.u64()
    ends(result)
    return {"request": fields, "reason": reason(fields), "cards": cards, "reservation": reader.take(16),
            "moves": reader.moves()}  # fmt: skip


def shift_closed(reader):
    fields, result = reader.change()
    facts = {"request": fields, "result": result.data, "shift": result.u32(), "opened": result.u64(), "totals": []}
    for _ in range(result.u16()):
        total = (result.currency(), result.u32(), result.u32(), result.u64(), result.u64(), result.u64())
        facts["totals"].append(total + (result.u32(), result.u32(), result.u64(), result.u32(), result.u64()))
    ends(result)
    return facts


def approved(reader):
    fields, result = reader.change()
    valid_until = result.u64()
    ends(result)
    operation, request = int.from_bytes(field(fields, OPERATION), "big"), field(fields, APPROVED_REQUEST)
    if operation not in APPROVABLE or len(request) != 16:
        raise Damage("an approval of what needs none")
    return {"request": fields, "operation": operation, "request_id": request, "valid_until": valid_until}


def approval_rule_defined(reader):
    fields, result = reader.change()
    ends(result)
    return {"request": fields, "cards_per_day": int.from_bytes(field(fields, CARDS_PER_DAY), "big")}


def proofs_failed(reader):
    return {"claimed_actor": reader.u32(), "count": reader.u32(), "since": reader.u64()}


def document(reader):
    """A document's name: its id and its digest."""
    return reader.take(16), reader.take(32)


def replaced(result, facts):
    """The record that a result is, without the documents that end it, which the change replaced."""
    record = result.data[:result.at]
    facts |= {"record": record, "replaces": [result.take(16) for _ in range((len(result.data) - result.at) // 16)]}
    ends(result)
    if bytes(16) in facts["replaces"]:
        raise Damage("it replaces a document that has no id")
    return facts


def marks(reader, most):
    """What the fraud list knows somebody by."""
    found = [reader.take(17) for _ in range(reader.u8())]
    if len(found) > most or any(not 0 < mark[0] < len(MARKS) for mark in found):
        raise Damage("a mark of a kind that does not exist, or too many")
    return found


def customer_defined(reader):
    fields, result = reader.change()
    facts = {"request": fields, "customer": result.take(16), "version": result.u32()}
    facts["consents"] = result.flag()
    result.zeros(3)
    facts |= {"approved_orders": result.u32(), "denied_orders": result.u32(), "approved_card": result.take(16), "document": document(result)}
    facts["marks"] = marks(result, 17)
    replaced(result, facts)
    if field(fields, CUSTOMER) != facts["customer"]:
        raise Damage("a customer is not what the request says")
    return facts


def order(reader):
    """An order as its record has it."""
    facts = {"order": reader.take(16), "version": reader.u32()}
    for axis, words in (("review", REVIEWS), ("payment", PAYMENTS), ("fulfilment", FULFILMENTS)):
        facts[axis] = reader.u8()
        if not 0 < facts[axis] < len(words):
            raise Damage("an order stands where no order can")
    facts["suspicions"] = reader.u8()
    if facts["suspicions"] > 15:
        raise Damage("an order is suspected of what there is not")
    facts |= {"customer": reader.take(16), "submitted_by": reader.u32(), "submitted": reader.u64()}
    facts |= {"currency": reader.currency(), "total": reader.u64(), "shipping": reader.u64(), "paid": reader.u64()}
    facts |= {"credited": reader.u64(), "card_document": document(reader), "card": reader.take(16)}
    if not any(facts["card_document"][0]) and any(facts["card_document"][1]):
        raise Damage("an order has half a payment card")
    facts |= {"device": reader.take(16), "way": reader.u8()}
    if not 0 < facts["way"] < len(WAYS):
        raise Damage("an order goes a way that there is not")
    return facts | {"authorisation": reader.text(), "carrier": reader.text(), "tracking": reader.text(),
                    "method": reader.text(), "gateway_payment": reader.text(), "refunded": reader.u64(),
                    "denied": marks(reader, 19)}  # fmt: skip


def order_changed(reader):
    fields, result = reader.change()
    facts = replaced(result, {"request": fields} | order(result))
    act = field(fields, ACT)
    if len(act) != 1 or not 0 < act[0] < len(ACTS) or field(fields, ORDER) != facts["order"]:
        raise Damage("an order is not what the request says")
    facts |= {"act": act[0], "reason": reason(fields) if act[0] in (3, 5, 7, 10, 11, 15) else None, "mail": reader.u8()}
    if facts["mail"] >= len(MAILS):
        raise Damage("a mail of a kind that does not exist")
    reader.zeros(3)
    facts["cards"] = reader.take(reader.u32()) or None
    return facts


def card_shown(reader):
    fields, result = reader.change()
    facts = {"request": fields, "order": field(fields, ORDER), "document": document(result), "reason": reason(fields)}
    ends(result)
    if len(facts["order"]) != 16:
        raise Damage("an id has 16 bytes")
    return facts


def mail_tried(reader):
    facts = {"cause": reader.u64(), "outcome": reader.u8()}
    reader.zeros(1)
    facts["product"] = reader.u32()
    if not 0 < facts["outcome"] < len(MAIL_OUTCOMES):
        raise Damage("a mail comes to what does not exist")
    return facts | {"attempts": reader.u16(), "not_before": reader.u64()}


def customer_mailed(reader):
    fields, result = reader.change()
    facts = {"request": fields, "customer": result.take(16), "document": document(result)}
    ends(result)
    if fields != [(CUSTOMER, facts["customer"]), (DOCUMENT, b"".join(facts["document"]))]:
        raise Damage("a letter is not what the request says")
    return facts


def credential_changed(reader):
    fields, result = reader.change()
    facts = {"request": fields, "credential": result.take(16), "owner": result.u32()}
    facts |= {"credential_kind": result.u8(), "is_ended": result.flag()}
    result.zeros(2)
    facts |= {"made": result.u64(), "ends": result.u64(), "document": document(result), "name": result.text()}
    replaced(result, facts)
    if not 0 < facts["credential_kind"] < len(CREDENTIALS):
        raise Damage("a credential of a kind that does not exist")
    asked = field(fields, CREDENTIAL) if facts["is_ended"] else field(fields, ACTOR)
    if asked != (facts["credential"] if facts["is_ended"] else facts["owner"].to_bytes(4, "big")):
        raise Damage("a credential is not what the request says")
    return facts


FACTS = {
    1: lambda reader: {"store_id": reader.take(16)}, 2: lambda reader: {"store_id": reader.take(16)},
    3: lambda reader: {"master_key_id": reader.take(8)}, 4: actor_defined, 5: product_defined, 6: stop, 7: stop,
    8: purchase_begun, 9: purchase_committed, 10: purchase_abandoned, 11: lambda reader: {"moves": reader.moves()},
    16: grant, 17: grant, 18: dispensed, 19: opened, 20: lambda reader: {},
    21: lambda reader: {"deadline": reader.u64()}, 22: ended(RELEASED), 23: ended(EXPIRED),
    24: ended(REVERSED, QUARANTINED), 25: returned, 32: stock_changed, 33: settled, 34: stock_changed,
    48: shift_closed, 49: lambda reader: {}, 64: approved, 65: approval_rule_defined, 66: proofs_failed,
    80: customer_defined, 81: order_changed, 82: card_shown, 83: mail_tried, 84: customer_mailed, 96: credential_changed, 88: sheet_defined,
    89: purchase_order_changed,
}  # fmt: skip
