"""Orders: each act one that the order allowed, its cards doing what the act says, and the customers and mails that follow."""

import struct

from .custody import NOBODY
from .events import Reader, order as order_of
from .reservations import ORDERED, grant_of
from .rules import BITS
from .words import (ACTS, DELIVERED, FULFILMENTS, MAILS, MARK, PAYMENTS, REGULAR, REVIEWS, SHIPPING, STOCK, VERSION, WAYS,
                    id_text)  # fmt: skip

CUSTOMER_RECORD = struct.Struct(">16sIB3xII16s16s32s")
MAIL = struct.Struct(">BBHB3xQ16s")
MAIL_PLACE = struct.Struct(">BQQI")
SENT, DEFERRED, GIVEN_UP, DROPPED, AGAIN, CARD_SENT = range(1, 7)
RECEIVED, LOW_STOCK, MARKETING, CARD = 1, 8, 9, 10

# By act: who, and from where on each axis to where (None: stays), what the cards do, which mail.
CLERK, SHOP, REVIEWER = BITS["clerk"], BITS["storefront"] | BITS["clerk"], BITS["reviewer"]
RULES = [
    ("approve", REVIEWER, "pending", "unpaid declined authorised paid", "held", ("approved", None, None), None, None),
    ("deny", REVIEWER, "pending", "unpaid declined authorised", "held", ("denied", None, "cancelled"), "released", "denied"),
    ("deny", REVIEWER, "pending", "paid", "held", ("denied", "refunded", "cancelled"), "released", "denied"),
    ("record-payment", CLERK, "pending approved", "unpaid declined", "held", (None, "paid", None), None, None),
    ("decline", CLERK, "pending approved", "unpaid", "held", (None, "declined", None), None, "declined"),
    ("change-card", SHOP, "pending approved", "unpaid declined", "held", ("reviewed", "unpaid", None), None, "payment-card"),
    ("change-method", SHOP, "pending approved", "unpaid declined", "held", ("reviewed", "unpaid", None), None, None),
    ("open-payment", 0, "approved", "paying", "held", (None, None, None), None, None),
    ("take-payment", 0, "approved", "paying", "held", (None, "paid", None), None, None),
    ("decline-payment", 0, "approved", "paying", "held", (None, "declined", None), None, "declined"),
    ("refund", 0, "pending approved denied pardoned", "paid refunded", "held delivered shipped returned cancelled deleted", (None, None, None), None, None),
    ("lose-refund", 0, "pending approved denied pardoned", "paid refunded", "held delivered shipped returned cancelled deleted", (None, None, None), None, "refund-lost"),
    ("reseal-card", 0, "pending approved", "unpaid declined", "held", (None, None, None), None, None),
    ("cancel", SHOP, "pending approved", "unpaid declined authorised", "held", (None, None, "cancelled"), "released", "cancelled"),
    ("cancel", CLERK, "pending approved", "paid", "held", (None, "refunded", "cancelled"), "released", "cancelled"),
    ("ship", CLERK, "approved", "paid", "held", (None, None, "shipped"), "dispensed", "shipped"),
    ("pardon", REVIEWER, "denied", "unpaid declined authorised paid refunded", "cancelled", ("pardoned", None, None), None, None),
    ("delete", BITS["administrator"], "approved", "refunded", "returned", (None, None, "deleted"), "reinventoried", None),
    ("take-back", CLERK, "approved", "paid", "delivered shipped", (None, None, None), "returned", "credited"),
]  # fmt: skip


class Orders:
    """The part of the books that is about orders. Mixed into `Books`."""

    def customer_defined(self, event):
        facts = event.facts
        before = self.customers.get(facts["customer"])
        _, version, _, approved, denied, card = before[:6] if before else (0, 0, 0, 0, 0, bytes(16))
        marks = [value for name, value in facts["request"] if name == MARK]
        wanted = (facts["customer"], version + 1, facts["consents"], approved, denied, card, *facts["document"], marks)
        seen = int.from_bytes(dict(facts["request"])[VERSION], "big")
        if customer_record(wanted) != facts["record"] or seen != version:
            self.findings.problem("orders", event, "a customer is not what this makes of one")
        if event.actor == 0 and (before is None or facts["consents"] or wanted[6:] != tuple(before[6:])):
            self.findings.problem("orders", event, "the store does no more to a customer by itself than end its consent")
        self.customers[facts["customer"]] = list(wanted)
        self.replace_documents(event, [before[6]] if before and before[6] != facts["document"][0] else [])
        self.name_document(event, facts["document"])

    def customer_records(self):
        return {id: customer_record(record) for id, record in self.customers.items()}

    def is_trusted(self, customer, facts):
        return customer[3] > 0 and customer[5] == facts["card"] and not facts["suspicions"]

    def marks(self, customer, facts):
        """What the fraud list would know an order by."""
        more = {3: facts["device"], 4: facts["card"]}
        return customer[8] + [bytes([kind]) + digest for kind, digest in more.items() if any(digest)]

    def fraud_list(self):
        """A mark is on it for each denial that put it there and is not pardoned."""
        return {mark + order: b"" for order, (_, marks) in self.denials.items() for mark in marks}

    def check_suspicions(self, event, customer):
        listed = {mark for _, marks in self.denials.values() for mark in marks}
        found = {mark[0] for mark in self.marks(customer, event.facts) if mark in listed}
        if event.facts["suspicions"] != sum(1 << (kind - 1) for kind in found):
            self.findings.problem("orders", event, "what of it is on the fraud list is not what it says")

    def order_changed(self, event):
        facts = event.facts
        before = self.orders.get(facts["order"])
        before = order_of(Reader(before)) if before else None
        seen = int.from_bytes(dict(facts["request"])[VERSION], "big")
        if seen != (before["version"] if before else 0) or facts["version"] != seen + 1:
            self.findings.problem("orders", event, "it changes another version than the one it saw")
        customer = self.customers.get(facts["customer"])
        if customer is None:
            self.findings.problem("orders", event, "its customer is not known")
            return
        if facts["act"] == 1:
            self.check_submitted(event, customer)
        elif before:
            self.check_act(event, before, customer)
        else:
            self.findings.problem("orders", event, f"order {id_text(facts['order'])} was never submitted")
        self.orders[facts["order"]] = facts["record"]
        changes_card = before and ACTS[facts["act"]] in ("change-card", "change-method", "reseal-card") and any(before["card_document"][0])
        self.replace_documents(event, [before["card_document"][0]] if changes_card else [])
        if any(facts["card_document"][0]):
            self.name_document(event, facts["card_document"])
        if cards := facts["cards"]:
            self.of_order = event
            self.entries[cards.kind](cards)
            if cards.kind == 32:
                self.approvals.check(cards)
            if facts["act"] == 8:
                self.custody.bring_back(cards.facts["moves"], facts["order"])
            self.of_order = None
        if facts["act"] == 1 and (record := self.ids.get(facts["order"])):
            self.ids[facts["order"]] = record[:2] + bytes([record[2] | ORDERED]) + record[3:]
        if facts["act"] == 2:
            customer[3], customer[5] = customer[3] + 1, facts["card"]
        elif facts["act"] == 3:
            self.denials[facts["order"]] = facts["customer"], self.marks(customer, facts)
            if facts["denied"] != self.denials[facts["order"]][1]:
                self.findings.problem("orders", event, "what it puts on the fraud list is not what it is known by")
        elif facts["act"] == 10:
            self.denials.pop(facts["order"], None)
        customer[4] = sum(of == facts["customer"] for of, _ in self.denials.values())
        if facts["mail"]:
            self.mails[event.sequence, 0] = [facts["mail"], 0, 0, 0, event.time, facts["order"]]

    def check_submitted(self, event, customer):
        facts, cards = event.facts, event.facts["cards"]
        self.check_suspicions(event, customer)
        trusted = self.is_trusted(customer, facts)
        wanted = (2 if trusted else 1, PAYMENTS.index("paying") if trusted and facts["method"] else 1, 1)
        if (facts["review"], facts["payment"], facts["fulfilment"]) != wanted or facts["mail"] != 1:
            self.findings.problem("orders", event, "an order does not begin like this")
        if customer[4]:
            self.findings.problem("orders", event, "its customer is on the fraud list")
        if not cards or cards.kind != 16 or cards.id != facts["order"]:
            self.findings.problem("orders", event, "it does not reserve its cards")
            return
        lines = cards.facts["lines"]
        total = sum(line[1] * line[4] - line[5] for line in lines)
        request = dict(facts["request"])
        if facts["total"] != total + facts["shipping"] or request[SHIPPING] != facts["shipping"].to_bytes(8, "big"):
            self.findings.problem("prices", event, "its total is not what its lines and its shipping cost")
        if any(line[3] != facts["currency"] for line in lines) or facts["paid"] or facts["credited"]:
            self.findings.problem("prices", event, "its lines cost another currency, or it is paid before it is")
        if (facts["submitted_by"], facts["submitted"]) != (event.actor, event.time):
            self.findings.problem("orders", event, "it was submitted by another, or at another time")

    def check_act(self, event, before, customer):
        facts = event.facts
        act = ACTS[facts["act"]]
        review, payment, fulfilment = standing(before)
        row = next((row for row in RULES if row[0] == act and review in row[2].split() and payment in row[3].split()
                    and fulfilment in row[4].split()), None)  # fmt: skip
        if row is None or not (row[1] & self.roles.get(event.actor, 0) if row[1] else event.actor == 0):
            self.findings.problem("orders", event, f"{act} may not be done, or not by this actor")
            return
        becomes, cards, mail = row[5:]
        if act in ("change-card", "change-method"):
            self.check_suspicions(event, customer)
        trusted = self.is_trusted(customer, facts)
        review = ("approved" if trusted else "pending") if becomes[0] == "reviewed" else becomes[0] or review
        payment, fulfilment = becomes[1] or payment, becomes[2] or fulfilment
        if facts["method"] and (review, payment, fulfilment) == ("approved", "unpaid", "held"):
            payment = "paying"
        credited = facts["paid"] if fulfilment == "cancelled" else before["credited"]
        if (review, payment, fulfilment) == ("approved", "paid", "held") and WAYS[facts["way"]] == "mail":
            fulfilment, cards, mail = "delivered", "dispensed", "delivery"
        if act == "take-back" and event.facts["cards"]:
            credits, moves = event.facts["cards"].facts["credits"], event.facts["cards"].facts["moves"]
            credited += sum(amount for amount, _, _ in credits)
            if self.cards_of(facts["order"]) == sum(move[1] for move in moves):
                payment, fulfilment = "refunded", "returned"
        if act == "delete":
            cards = self.check_deleted(event)
        if standing(facts) != (review, payment, fulfilment):
            self.findings.problem("orders", event, f"{act} does not bring it where it stands")
        did = facts["cards"].name if facts["cards"] else None
        if did != cards or mail != MAILS[facts["mail"]]:
            self.findings.problem("orders", event, f"{act} does not do this with its cards, or causes another mail")
        paid = before["total"] if act in ("record-payment", "take-payment") else before["paid"]
        stays = ("customer", "submitted_by", "submitted", "currency", "total", "shipping", "device", "way")
        stays += () if act == "ship" else ("carrier", "tracking")
        changes = act in ("change-card", "change-method")
        stays += () if changes else ("suspicions", "method", "card")
        stays += () if changes or act in ("open-payment", "decline-payment", "lose-refund") else ("gateway_payment",)
        stays += () if act in ("refund", "lose-refund") else ("refunded",)
        stays += () if changes or act == "reseal-card" else ("card_document",)
        if act == "lose-refund" and not (before["gateway_payment"] and facts["refunded"] < before["refunded"]):
            self.findings.problem("prices", event, "it loses a refund that there was not")
        if act == "open-payment" and (before["gateway_payment"] or not facts["gateway_payment"]):
            self.findings.problem("orders", event, "it opens a payment that was open")
        if (changes or act in ("decline-payment", "lose-refund")) and facts["gateway_payment"]:
            self.findings.problem("orders", event, "it keeps a payment that is over")
        if act == "take-payment" and not before["gateway_payment"]:
            self.findings.problem("orders", event, "it takes a payment that was never opened")
        if act == "refund" and not before["refunded"] < facts["refunded"] <= min(facts["credited"], facts["paid"]):
            self.findings.problem("prices", event, "it gives back what is not credited")
        stays += () if act == "deny" else ("denied",)
        if facts["paid"] != paid or facts["credited"] != credited or any(facts[name] != before[name] for name in stays):
            self.findings.problem("prices", event, "its money is not what the act makes of it")

    def check_deleted(self, event):
        """All its cards lie in used stock, none was sold since its customer had it, and those that were regular when it had
        them are again. Gives the kind of the event that they move by."""
        cards, order = event.facts["cards"], event.facts["order"]
        lines, slices = grant_of(self.ids[order])
        regular = sum(count for line, _, _, count in slices if lines[line][2] == REGULAR)
        if (sum(move[1] for move in cards.facts["moves"]) if cards else 0) != regular:
            self.findings.problem("orders", event, "not all of its cards came back, or used ones become regular")
        for _, _, first, count in slices:
            if self.custody.brought_back(first, count) != {order}:
                self.findings.problem("orders", event, "a card of it was sold again")
            if sum(cards for _, cards in self.custody.held([(0, 0, first, count)], STOCK, NOBODY)) != count:
                self.findings.problem("orders", event, "a card of it is not in stock")
        return "reinventoried" if regular else None

    def cards_of(self, id):
        """How many cards are delivered under an id."""
        return sum(cards for _, cards in self.custody.held(grant_of(self.ids[id])[1], DELIVERED, id))

    def card_shown(self, event):
        record = self.orders.get(event.facts["order"])
        if record is None or order_of(Reader(record))["card_document"] != event.facts["document"]:
            self.findings.problem("orders", event, "it shows a payment card that the order does not have")
        # The store mails it to the shop's own certificate.
        if event.actor:
            self.check_reason(event)

    def customer_mailed(self, event):
        customer = self.customers.get(event.facts["customer"])
        if customer is None or not customer[2] or customer[4]:
            self.findings.problem("orders", event, "it goes to nobody, or to somebody who does not consent")
        self.name_document(event, event.facts["document"])
        self.mails[event.sequence, 0] = [MARKETING, 0, 0, 0, event.time, event.facts["customer"] + b"".join(event.facts["document"])]

    def mail_tried(self, event):
        facts = event.facts
        mail = self.mails.get((facts["cause"], facts["product"]))
        is_again, is_deferred, is_card = (facts["outcome"] == outcome for outcome in (AGAIN, DEFERRED, CARD_SENT))
        attempts = mail and (0 if is_again or is_card else mail[2] + 1)
        if facts["attempts"] != attempts or bool(mail[1]) != is_again or (facts["not_before"] != 0) != is_deferred:
            self.findings.problem("orders", event, "it tries a mail that does not wait, or counts it wrongly")
            return
        mail[1], mail[2], mail[4] = facts["outcome"] == GIVEN_UP, facts["attempts"], facts["not_before"] or event.time
        comes_to = {DROPPED: (MARKETING, CARD), CARD_SENT: () if mail[3] else (RECEIVED,)}.get(facts["outcome"])
        mail[3] |= is_card
        if (event.actor != 0) != is_again or comes_to is not None and mail[0] not in comes_to:
            self.findings.problem("orders", event, "it comes to what such a mail does not, or by this actor")
        if facts["outcome"] in (SENT, DROPPED):
            if mail[0] == MARKETING:
                # What it said is purged, as soon as its mark is gone.
                letter = mail[5][16:32]
                self.replaced[letter] = letter
            del self.mails[facts["cause"], facts["product"]]

    def payment_records(self):
        """The orders about which the gateway is to be asked."""
        orders = {id: order_of(Reader(record)) for id, record in self.orders.items()}
        return {id: b"" for id, order in orders.items() if PAYMENTS[order["payment"]] == "paying"
                or order["gateway_payment"] and order["refunded"] < min(order["credited"], order["paid"])}  # fmt: skip

    def review_records(self):
        """The orders about which a reviewer is to decide."""
        orders = {id: order_of(Reader(record)) for id, record in self.orders.items()}
        return {id: b"" for id, order in orders.items()
                if REVIEWS[order["review"]] == "pending" and FULFILMENTS[order["fulfilment"]] == "held"}  # fmt: skip

    def mail_records(self):
        return {cause.to_bytes(8, "big") + product.to_bytes(4, "big"): MAIL.pack(*mail[:5], mail[5][:16]) + mail[5][16:]
                for (cause, product), mail in self.mails.items()}  # fmt: skip

    def mail_places(self):
        """The line in which mails wait: those that were given up behind all others."""
        return {MAIL_PLACE.pack(mail[1], mail[4], cause, product): b"" for (cause, product), mail in self.mails.items()}

    def note_low_stock(self, event):
        """What the event did to stock that has a threshold: below it causes a mail, unless it was below before and has not
        been above since."""
        for product in self.custody.stock_changed:
            if product not in self.products:
                continue
            threshold = self.products[product]["threshold"]
            regular = self.custody.sums.get((product, REGULAR), [0])[STOCK]
            if self.low[product] and regular > threshold:
                self.low[product] = False
            elif not self.low[product] and regular < threshold:
                self.low[product] = True
                self.mails[event.sequence, product] = [LOW_STOCK, 0, 0, 0, event.time, bytes(16)]
        self.custody.stock_changed.clear()

    def replace_documents(self, event, documents):
        """Those that the event must say it replaced: they are purged, as soon as its mark is gone."""
        if event.facts["replaces"] != documents:
            self.findings.problem("documents", event, "what it replaced is not what it says it did")
        self.replaced |= {document: event.id for document in documents}

    def name_document(self, event, name):
        if self.documents.setdefault(name[0], name[1]) != name[1]:
            self.findings.problem("orders", event, f"document {id_text(name[0])} has another digest than before")


def customer_record(record):
    return CUSTOMER_RECORD.pack(*record[:8]) + bytes([len(record[8])]) + b"".join(record[8])


def standing(facts):
    return REVIEWS[facts["review"]], PAYMENTS[facts["payment"]], FULFILMENTS[facts["fulfilment"]]
