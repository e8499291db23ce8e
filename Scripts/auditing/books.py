"""The books: what the journal folds to, kept apart from the program, with every event checked as it is entered."""

import struct

from .approvals import Approvals
from .credentials import Credentials
from .custody import NOBODY, Custody
from .pieces import HOLDER
from .orders import Orders
from .purchasing import Purchasing
from .reservations import ACTOR, CHANGED, DISPENSED_AT, HEAD, IS_CHANGE, STATE, Reservations, due, grant_of
from .rules import APPROVABLE, FIRST_ADMINISTRATOR, OPERATIONS, ROLES_FOR, STORE_ITSELF
from .takings import Takings
from .words import (CONFIRMED, COUNT, DELIVERED, LOADING, LIMITS, QUARANTINE, QUARANTINED, REGULAR, RESERVATION, RESERVED,
                    SOLD, STATES, USED, VOID, cards_text, id_text)  # fmt: skip

SHIFT_TOTAL = struct.Struct(">IIIQQQIIQIQ")
TOTAL_MASKS = [0xFFFFFFFF if size == "I" else (1 << 64) - 1 for size in "IIQQQIIQIQ"]
COUNTERS = struct.Struct(">16sQIIIIIIB")


class Books(Reservations, Takings, Orders, Purchasing, Credentials):
    """The state as of the last event that was entered."""

    def __init__(self, findings):
        self.findings = findings
        self.custody = Custody(findings)
        self.ids = {}
        self.products, self.product_records, self.skus = {}, {}, {}
        self.actor_records, self.names, self.roles = {}, {}, {}
        # Purchases by number: the record, the events that ended and began it, its lots.
        self.vendors, self.purchases, self.lot_records, self.loaded = [], {}, {}, {}
        self.shifts, self.takings, self.limits = {}, {}, {}
        self.approvals = Approvals(findings, self.roles)
        self.next_card, self.loading, self.is_quarantining = 1, 0, False
        self.store_id = NOBODY
        # Orders as records, customers as fields, mails that wait by their cause, digests of documents by their ids, of each order that is
        # denied the customer and the marks; and the
        # order's event whose cards' event is being entered.
        # The documents that were replaced, with the change that did it.
        self.credentials, self.replaced = {}, {}
        self.orders, self.customers, self.mails, self.documents, self.denials, self.of_order = {}, {}, {}, {}, {}, None
        self.begin_purchasing()
        # By product: whether its stock fell below its threshold, and was not above it since.
        self.low = {}
        self.event_count = 0
        self.entries = {
            1: self.store_named, 2: self.store_restored, 3: lambda event: None, 4: self.actor_defined,
            5: self.product_defined, 6: self.stopped, 7: self.stopped, 8: self.purchase_begun,
            9: self.purchase_committed, 10: self.purchase_abandoned, 11: self.stock_quarantined, 16: self.granted,
            17: self.granted, 18: self.dispensed, 19: self.opened, 20: self.confirmed, 21: self.extended,
            22: self.ended, 23: self.ended, 24: self.ended, 25: self.returned, 32: self.reinventoried,
            33: self.settled, 34: self.withdrawn, 48: self.shift_closed, 49: self.forgotten,
            64: self.approvals.approved, 65: self.approvals.rule_defined, 66: self.proofs_failed,
            80: self.customer_defined,
            81: self.order_changed, 82: self.card_shown, 83: self.mail_tried, 84: self.customer_mailed,
            96: self.credential_changed, 88: self.sheet_defined,
            89: self.purchase_order_changed,
        }  # fmt: skip

    def enter(self, event):
        self.event_count += 1
        roles = self.roles.get(event.actor)
        if roles is None or not roles & ROLES_FOR.get(event.kind, 0):
            self.check_unusual(event)
        if OPERATIONS.get(event.kind) in APPROVABLE and event.actor:
            self.approvals.check(event)
        self.entries[event.kind](event)
        if self.custody.stock_changed:
            self.note_low_stock(event)
        if event.kind in OPERATIONS:
            self.keep_change(event)
            self.approvals.done(event.id)

    def check_unusual(self, event):
        """Who did it is no actor that may: the store itself does some things."""
        if event.actor:
            what = "has no role for it, or is revoked" if event.actor in self.actor_records else "does not exist"
            self.findings.problem("actors", event, f"actor {event.actor} {what}")
        elif event.kind not in STORE_ITSELF:
            self.findings.problem("actors", event, "the store does not do this by itself")
        elif event.kind == 4 and (self.actor_records or event.id != FIRST_ADMINISTRATOR):
            self.findings.problem("actors", event, "the store names no actor but the first")

    def keep_change(self, event):
        if event.id in self.ids:
            self.findings.problem("ids", event, f"{id_text(event.id)} was used before")
        sizes = int.from_bytes(event.data[24:28], "big") + int.from_bytes(event.data[28:32], "big")
        head = struct.pack(">BBHIQQ", IS_CHANGE, OPERATIONS[event.kind], 0, event.actor, event.sequence, event.time)
        self.ids[event.id] = head + event.data[24:32 + sizes]

    def check_request(self, event, *wanted):
        """That the request says the same as what came of it: (field, bytes) in order."""
        if event.facts["request"] != list(wanted):
            self.findings.problem("events", event, "what was asked is not what came of it")

    def check_reason(self, event):
        if not event.facts["reason"].strip() or event.actor not in self.actor_records:
            self.findings.problem("disclosure", event, "it has no reason, or no name under it")

    # The store.

    def store_named(self, event):
        if event.sequence != 1:
            self.findings.problem("numbering", event, "the store is created in its midst")
        self.store_id = event.facts["store_id"]

    def store_restored(self, event):
        self.store_id, self.is_quarantining = event.facts["store_id"], True

    def stock_quarantined(self, event):
        moves = event.facts["moves"]
        if not self.is_quarantining:
            self.findings.problem("states", event, "nothing was restored")
        if not moves:
            self.is_quarantining = False
        self.custody.check_no_neighbours(event, moves)
        for move in moves:
            _, piece = self.custody.pieces.find(move[0])
            holder = piece[HOLDER] if piece and move[8] == RESERVED else NOBODY
            self.custody.give(event, move, QUARANTINE, holder)
            record = self.ids.get(holder) if holder != NOBODY else None
            if record:
                head = list(HEAD.unpack_from(record))
                head[STATE], head[CHANGED] = QUARANTINED, event.sequence
                self.put_head(holder, head, record)

    def proofs_failed(self, event):
        facts = event.facts
        if facts["claimed_actor"] not in self.actor_records:
            self.findings.problem("actors", event, f"actor {facts['claimed_actor']}, who was claimed, does not exist")
        if not facts["count"] or facts["since"] > event.time:
            self.findings.problem("events", event, "it tells of no failed proofs, or of some to come")

    # Names.

    def actor_defined(self, event):
        facts = event.facts
        number, name = facts["actor"], facts["name"]
        self.check_request(
            event, (31, (0 if facts["is_new"] else number).to_bytes(4, "big")), (18, name.encode()),
            (24, facts["roles"].to_bytes(2, "big")), (2, bytes([facts["is_revoked"]])), facts["request"][-2],
            (LIMITS, facts["limits"]["record"]))
        # The store itself names the first one by its number.
        is_new = facts["is_new"] or event.actor == 0
        if is_new != (number not in self.actor_records) or number > len(self.actor_records) + 1 or not number:
            self.findings.problem("numbering", event, f"actor {number} is not next, or not known")
        if self.names.get(name, number) != number:
            self.findings.problem("numbering", event, f"actor {self.names[name]} has this name")
        self.names = {known: other for known, other in self.names.items() if other != number} | {name: number}
        self.actor_records[number] = facts["record"]
        self.limits[number] = facts["limits"]
        self.roles[number] = 0 if facts["is_revoked"] else facts["roles"]
        self.end_credentials(event)

    def product_defined(self, event):
        facts = event.facts
        number, sku = facts["product"], facts["sku"]
        old = self.products.get(number)
        self.check_request(
            event, (3, (number if old else 0).to_bytes(4, "big")), (17, sku.encode()), (18, facts["name"].encode()),
            (19, facts["vendor_name"].encode()), (20, facts["currency"].to_bytes(4, "big")),
            (21, facts["face_value"].to_bytes(8, "big")), (22, facts["price"].to_bytes(8, "big")),
            (23, facts["instructions"].encode()), (34, facts["threshold"].to_bytes(4, "big")),
            (35, facts["validity"].to_bytes(2, "big")))
        if old is None and number != len(self.products) + 1:
            self.findings.problem("numbering", event, f"product {number} is not next")
        stays = ("sku", "currency", "is_frozen")
        if self.skus.setdefault(sku, number) != number or (old and any(old[name] != facts[name] for name in stays)):
            self.findings.problem("numbering", event, f"product {number} has another's SKU, or what stays was changed")
        self.products[number] = facts
        # A new product's stock has not fallen yet.
        self.low.setdefault(number, True)
        self.custody.stock_changed.add(number)
        self.product_records[number] = facts["record"]

    def stopped(self, event):
        facts = event.facts
        number = facts["product"]
        self.check_request(event, (3, number.to_bytes(4, "big")), (14, facts["reason"].encode()))
        if number not in self.products:
            self.findings.problem("numbering", event, f"there is no product {number}")
            return
        self.products[number] = self.products[number] | {"is_frozen": event.kind == 6}
        self.product_records[number] = self.product_records[number][:-1] + bytes([event.kind == 6])

    # Purchases.

    def purchase_begun(self, event):
        facts = event.facts
        number, vendor, lots = facts["purchase"], facts["vendor"], facts["lots"]
        self.check_begun(event)
        if vendor == len(self.vendors) + 1:
            if facts["vendor_name"] in self.vendors:
                self.findings.problem("numbering", event, f"the vendor {facts['vendor_name']} has a number already")
            self.vendors.append(facts["vendor_name"])
        elif not 1 <= vendor <= len(self.vendors) or self.vendors[vendor - 1] != facts["vendor_name"]:
            self.findings.problem("numbering", event, f"vendor {vendor} is another, or not next")
        for index, lot in enumerate(lots):
            first, count = lot[5:7]
            if lot[0] != len(self.custody.lots) + 1 or first != self.next_card:
                self.findings.problem("numbering", event, f"lot {lot[0]}, {cards_text(first, count)}: not next")
            if lot[1:4] != (facts["product"], number, vendor) or lot[0] != facts["first_lot"] + index:
                self.findings.problem("numbering", event, f"lot {lot[0]} is of another purchase, product or vendor")
            self.custody.receive(lot, event.sequence)
            self.lot_records[lot[0]] = lot[7]
            self.next_card = first + count
        self.purchases[number] = [facts["record"], 0, event.sequence, lots]
        self.loading = number

    def check_begun(self, event):
        facts = event.facts
        product = self.products.get(facts["product"])
        if facts["purchase"] != len(self.purchases) + 1 or product is None:
            self.findings.problem("numbering", event, "the purchase is not next, or of no product")
        if self.loading:
            self.findings.problem("states", event, f"purchase {self.loading} is being loaded")
        if facts["begun_at"] != event.time or facts["request_id"] != event.id:
            self.findings.problem("events", event, "the purchase was begun at another time, or under another id")
        named = dict(facts["request"]).get(19, b"").decode() or (product or {}).get("vendor_name")
        lots = [(number, value) for lot in facts["lots"]
                for number, value in ((28, lot[4].to_bytes(4, "big")), (COUNT, lot[6].to_bytes(4, "big")))]  # fmt: skip
        vendor = (19, dict(facts["request"]).get(19, b""))
        self.check_request(
            event, (3, facts["product"].to_bytes(4, "big")), vendor, (25, facts["unit_cost"].to_bytes(8, "big")),
            (26, facts["invoice"].encode()), *lots)
        if named != facts["vendor_name"]:
            self.findings.problem("events", event, "the vendor is not the one that was asked, or the product's")

    def ending(self, event):
        """The lots of a purchase that an event ends, checked to be the one that is being loaded."""
        number = event.facts["purchase"]
        purchase = self.purchases.get(number)
        if purchase is None or number != self.loading:
            self.findings.problem("states", event, f"purchase {number} is not being loaded")
            return []
        if event.facts["begun_by"] != purchase[2]:
            self.findings.problem("placing", event, f"the purchase was begun by event {purchase[2]}")
        state = 2 if event.kind == 9 else 3
        self.purchases[number] = [purchase[0][:4] + bytes([state]) + purchase[0][5:], event.sequence, purchase[2],
                                  purchase[3]]  # fmt: skip
        self.loading = 0
        return purchase[3]

    def purchase_committed(self, event):
        lots = self.ending(event)
        loaded = event.facts["loaded"]
        if len(loaded) != len(lots):
            self.findings.problem("custody", event, "not every lot of the purchase is counted")
        holder = event.facts["purchase"].to_bytes(16, "big")
        for lot, cards in zip(lots, loaded):
            product, first, count = lot[1], lot[5], lot[6]
            if cards > count:
                self.findings.problem("custody", event, f"lot {lot[0]} has more cards than ids")
                cards = count
            if cards:
                move = (first, cards, lot[0], event.facts["begun_by"], 0, 0, 0, 0, LOADING, REGULAR)
                self.custody.put_back(event, move, REGULAR, holder=holder)
            self.custody.received[product] = self.custody.received.get(product, 0) + cards
            self.loaded[lot[0]] = cards
            self.void_unused(event, lot, first + cards, count - cards)

    def purchase_abandoned(self, event):
        for lot in self.ending(event):
            self.void_unused(event, lot, lot[5], lot[6])

    def void_unused(self, event, lot, first, count):
        if count:
            move = (first, count, lot[0], event.facts["begun_by"], 0, 0, 0, 0, LOADING, REGULAR)
            self.custody.give(event, move, VOID, NOBODY, holder=event.facts["purchase"].to_bytes(16, "big"))
            self.custody.unused[lot[1]] = self.custody.unused.get(lot[1], 0) + count

    # Returns and stock keeping.

    def returned(self, event):
        facts, id = event.facts, event.facts["reservation"]
        self.check_moved(event, (RESERVATION, id))
        record, head = self.known(event, id)
        if head is None:
            return
        self.expect(event, head, SOLD, CONFIRMED)
        lines, slices = grant_of(record)
        if facts["credits"] != self.credits(lines, slices, facts["moves"]):
            self.findings.problem("prices", event, "the credit is not what the cards were sold for")
        self.custody.check_neighbours(event, facts["moves"], USED)
        for move in facts["moves"]:
            self.custody.put_back(event, move, USED, holder=id)
        totals = self.shift_totals(event.actor)
        for amount, currency, cards in facts["credits"]:
            total = totals.setdefault(currency, [0] * 10)
            total[8] += cards
            total[9] += amount

    def check_moved(self, event, *fields_before):
        """That a change moves cards, only such as were asked for, and says how many."""
        facts = event.facts
        extents = [pair for first, count in facts.get("asked", ())
                   for pair in ((13, first.to_bytes(8, "big")), (COUNT, count.to_bytes(4, "big")))]  # fmt: skip
        reason = [(14, facts["reason"].encode())] if "reason" in facts else []
        self.check_request(event, *fields_before, *extents, *reason)
        cards = sum(move[1] for move in facts["moves"])
        if not cards or facts.get("cards", cards) != cards:
            self.findings.problem("events", event, "it moves another number of cards than it says")
        asked = facts.get("asked")
        for first, count in (move[:2] for move in facts["moves"] if asked):
            if sum(max(0, min(first + count, start + size) - max(first, start)) for start, size in asked) != count:
                self.findings.problem("events", event, f"{cards_text(first, count)} were not asked for")

    def reinventoried(self, event):
        self.check_moved(event)
        self.check_reason(event)
        moves = event.facts["moves"]
        self.custody.check_neighbours(event, moves, REGULAR)
        for move in moves:
            self.custody.put_back(event, move, REGULAR, cleared=True)

    def withdrawn(self, event):
        self.check_moved(event)
        self.check_reason(event)
        self.custody.check_no_neighbours(event, event.facts["moves"])
        for move in event.facts["moves"]:
            if move[8] in (LOADING, DELIVERED, VOID):
                self.findings.problem("custody", event, "it takes cards that are not for it to take")
            self.custody.give(event, move, VOID, event.id)

    def settled(self, event):
        id, moves = event.facts["reservation"], event.facts["moves"]
        self.check_moved(event, (RESERVATION, id))
        self.check_reason(event)
        record, head = self.known(event, id)
        if head is None:
            return
        self.expect(event, head, QUARANTINED)
        self.custody.check_no_neighbours(event, moves)
        lines, slices = grant_of(record)
        if sum(move[1] for move in moves) != sum(cards for _, cards in self.custody.held(slices, QUARANTINE, id)):
            self.findings.problem("custody", event, "it does not book all that the id has in quarantine")
        for move in moves:
            self.custody.give(event, move, DELIVERED, id, holder=id)
        self.count_settlement(head[ACTOR], lines, slices, moves)
        head[STATE], head[CHANGED] = CONFIRMED, event.sequence
        head[DISPENSED_AT] = head[DISPENSED_AT] or event.time
        self.put_head(id, head, record)

    # Shifts.

    def shift_totals(self, actor):
        return self.shifts.setdefault(actor, [1, 0, {}])[2]

    def shift_record(self, actor):
        number, opened, totals = self.shifts.get(actor, (1, 0, {}))
        packed = [SHIFT_TOTAL.pack(currency, *(value & mask for value, mask in zip(total, TOTAL_MASKS)))
                  for currency, total in totals.items()]  # fmt: skip
        return struct.pack(">IQH", number, opened, len(totals)) + b"".join(packed)

    def shift_closed(self, event):
        self.check_request(event)
        if event.facts["result"] != self.shift_record(event.actor):
            self.findings.problem("prices", event, "the shift's totals are not what the actor sold")
        self.shifts[event.actor] = [self.shifts.get(event.actor, (1,))[0] + 1, event.time, {}]

    # What it comes to.

    def check_holders(self):
        """At the end: cards that an id holds are cards it was granted, and its state says so."""
        states = {RESERVED: (1,), DELIVERED: (SOLD, CONFIRMED), QUARANTINE: (QUARANTINED,)}
        last, slices, state = None, (), 0
        for first, (count, place, _, _, _, holder, _) in self.custody.pieces:
            if place not in states or holder == NOBODY:
                continue
            if holder != last:
                record = self.ids.get(holder)
                if record is None or record[0] == IS_CHANGE:
                    self.findings.problem("custody", cards_text(first, count), f"held by {id_text(holder)}, not known")
                    continue
                last, (_, slices), state = holder, grant_of(record), record[1]
            if state not in states[place]:
                self.findings.problem(
                    "custody", cards_text(first, count), f"held by {id_text(holder)}, which is {STATES[state]}")
            if not any(start <= first and first + count <= start + cards for _, _, start, cards in slices):
                self.findings.problem(
                    "disclosure", cards_text(first, count), f"held by {id_text(holder)}, which was not granted them")

    def counters(self):
        return COUNTERS.pack(
            self.store_id, self.next_card, len(self.custody.lots) + 1, len(self.purchases) + 1, len(self.products) + 1,
            len(self.vendors) + 1, len(self.actor_records) + 1, self.loading, self.is_quarantining
        ) + self.approvals.counters()

    def deadlines(self):
        """The keys of the table of deadlines, in order."""
        keys = []
        for id, record in self.ids.items():
            if record[0] != IS_CHANGE and (time := due(HEAD.unpack_from(record))):
                keys.append(time.to_bytes(8, "big") + id)
        return sorted(keys)
