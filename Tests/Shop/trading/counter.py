"""One counter of the shop: its customers and orders, and what the rules say of each. Nobody else touches them."""
import string
import uuid

from auditing.orders import RULES

ACTS = {"approve": "approve", "deny": "deny", "record-payment": "payment", "decline": "decline", "cancel": "cancel",
        "take-back": "return", "ship": "ship", "change-card": "card",
        "pardon": "pardon"}  # fmt: skip
ROLES = {"web": 2, "desk": 4, "reviewer": 8}
PRICES = {"ACME": 950, "NOVA": 2400}


class Customer:
    def __init__(self, name, number):
        self.id, self.number, self.version = str(uuid.uuid4()), number, 0
        self.mailbox = f"{name}-{number}@example.com"
        self.approved, self.card = 0, None


class Order:
    """An order as it must be. `lines` are (product, count, discount, condition)."""

    def __init__(self, customer, lines, card, device, way, shipping):
        self.id, self.customer, self.lines, self.card, self.device, self.way = (
            str(uuid.uuid4()), customer, lines, card, device, way)
        self.shipping = shipping
        self.version, self.review, self.payment, self.fulfilment = 1, "pending", "unpaid", "held"
        self.suspicions, self.mails = [], ["received"]
        self.total = shipping + sum(PRICES[sku] * count - discount for sku, count, discount, _ in lines)
        self.paid = self.credited = 0
        self.with_customer = [0 for _ in lines]
        self.came_back = False

    def standing(self):
        return {"version": self.version, "review": self.review, "payment": self.payment, "fulfilment": self.fulfilment,
                "total_minor": self.total, "paid_minor": self.paid, "credited_minor": self.credited,
                "suspicions": self.suspicions, "delivery": self.way}  # fmt: skip


class Counter:
    """Does things at random, right and wrong, and compares every answer with what the rules say it must be."""

    def __init__(self, name, office, chance):
        self.name, self.office, self.chance = name, office, chance
        # Of each order that is denied and not pardoned the customer, and the marks that it put on the fraud list.
        self.customers, self.orders, self.denials = [], [], {}
        # All the payment cards that were ever told.
        self.cards = set()
        self.counts = {"done": 0, "refused": 0, "out of used stock": 0}

    def step(self):
        if not self.customers or self.chance.random() < 0.1:
            customer = Customer(self.name, len(self.customers))
            self.define(customer)
            self.customers.append(customer)
        elif self.chance.random() < 0.05:
            # Who it was before is purged, whenever the server is killed.
            self.define(self.chance.choice(self.customers))
        elif not self.orders or self.chance.random() < 0.25:
            self.submit()
        else:
            # Mostly what is young: old orders have come to their ends.
            recent = self.orders[-6:] if self.chance.random() < 0.8 else self.orders
            self.act(self.chance.choice(recent))

    def expect(self, what, answer, status, wanted):
        got, told = answer
        if got != status or any(told.get(key) != value for key, value in wanted.items()):
            raise AssertionError(f"{what}: expected {status} {wanted}, got {got} {told}")
        self.counts["done" if status < 300 else "refused"] += 1

    def define(self, customer):
        """Says who a customer is, for the first time or anew."""
        name = f"Customer {customer.number}, {customer.version}"
        body = {"version": customer.version, "name": name, "email": customer.mailbox}
        customer.version += 1
        is_barred = any(denied is customer for denied, _ in self.denials.values())
        self.expect("a customer", self.office.ask("web", "PUT", f"/customers/{customer.id}", body), 200,
                    {"version": customer.version, "name": name, "is_barred": is_barred})  # fmt: skip

    def card(self):
        """One of few cards of this counter, so that they meet again."""
        body = f"4{sum(map(ord, self.name)) % 1000:03}{int.from_bytes(self.name.encode()[-2:], 'big'):07}{self.chance.randrange(6):04}"
        number = body + str(luhn(body))
        self.cards.add(number)
        return number

    def submit(self):
        chance, customer = self.chance, self.chance.choice(self.customers)
        is_used = chance.random() < 0.15
        lines = []
        for _ in range(chance.choice([1, 1, 2, 3])):
            sku, count = chance.choice(sorted(PRICES)), chance.randint(1, 4)
            lines.append((sku, count, chance.choice([0, 0, 50]), "used" if is_used else "regular"))
        order = Order(customer, lines, chance.choice([None, self.card()]), chance.choice([None, f"{self.name} {chance.randrange(9)}"]),
                      chance.choice(["mail", "mail", "post"]), chance.choice([0, 495]))  # fmt: skip
        body = {"customer": customer.id, "shipping_minor": order.shipping, "delivery": order.way,
                "lines": [{"sku": sku, "count": count, "discount_minor": discount, "condition": condition}
                          for sku, count, discount, condition in lines]}  # fmt: skip
        if order.card:
            body["card"] = {"number": order.card, "expiry": "2099-05"}
        if order.device:
            body["device"] = order.device
        actor = "desk" if is_used else chance.choice(["web", "desk"])
        answer = self.office.ask(actor, "PUT", f"/orders/{order.id}", body)
        if any(denied is customer for denied, _ in self.denials.values()):
            return self.expect("an order of somebody barred", answer, 403, {"type": "urn:pinvault:problem:barred"})
        if is_used and answer[0] == 409 and answer[1]["type"].endswith("insufficient-stock"):
            self.counts["out of used stock"] += 1
            return None
        order.suspicions = self.suspicions(order)
        order.review = self.reviewed(order)
        self.expect(f"{actor} submits {body}", answer, answer[0] if answer[0] in (200, 201) else 201, order.standing())
        order.submitted_by = actor
        self.orders.append(order)

    def suspicions(self, order):
        listed = {mark for _, marks in self.denials.values() for mark in marks}
        return [kind for kind, mark in self.marks(order) if mark and (kind, mark) in listed]

    def marks(self, order):
        return [("email", order.customer.mailbox), ("device", order.device), ("card", order.card)]

    def reviewed(self, order):
        customer = order.customer
        is_trusted = customer.approved and customer.card == order.card and not order.suspicions
        return "approved" if is_trusted else "pending"

    def act(self, order):
        chance = self.chance
        # Half of the time what comes next, so that orders come to their ends; else anything.
        act = chance.choice(self.next(order) if chance.random() < 0.5 else sorted(ACTS))
        actor = chance.choice(["desk", "desk", "reviewer", "web"])
        if act in ("approve", "deny") and chance.random() < 0.7:
            actor = "reviewer"
        version = order.version if chance.random() < 0.9 else max(1, order.version - 1)
        body, card, path = {"version": version}, None, f"/orders/{order.id}/{ACTS[act]}"
        if act in ("deny", "decline", "cancel", "pardon"):
            body["reason"] = "".join(chance.choices(string.ascii_letters, k=9))
        if act == "record-payment":
            body["authorisation"] = f"A-{chance.randrange(10**6)}"
        if act == "ship":
            body |= {"carrier": "ACME Parcels", "tracking_number": str(chance.randrange(10**6))}
        if act == "change-card":
            card = self.card()
            body["card"] = {"number": card, "expiry": "2099-01"}
        answer = self.office.ask(actor, "PUT" if act == "change-card" else "POST", path, body)
        refusal, row = self.judged(order, act, actor, version)
        if refusal:
            status, problem = refusal
            return self.expect(f"{actor} does {act} to {order.standing()}", answer, status, {"type": f"urn:pinvault:problem:{problem}"})
        self.change(order, act, row, card)
        self.expect(f"{actor} does {act}", answer, 200, order.standing())

    def next(self, order):
        if order.fulfilment in ("delivered", "shipped"):
            return ["take-back"]
        if order.fulfilment != "held":
            return ["pardon"] if order.review == "denied" else sorted(ACTS)
        if order.payment == "paid" and order.review == "approved":
            return ["ship"]
        return ["approve"] if order.review == "pending" and order.payment == "paid" else ["record-payment", "approve"]

    def judged(self, order, act, actor, version):
        """Why an act is refused, or the row of the rules that lets it pass."""
        rows = [row for row in RULES if row[0] == act]
        if not any(row[1] & ROLES[actor] for row in rows):
            return (403, "not-permitted"), None
        if actor == "web" and order.submitted_by != "web":
            return (403, "not-yours"), None
        if version != order.version:
            return (409, "stale-version"), None
        row = next((row for row in rows if order.review in row[2].split() and order.payment in row[3].split()
                    and order.fulfilment in row[4].split()), None)  # fmt: skip
        if row is None:
            return (409, "wrong-state"), None
        return (None, row) if row[1] & ROLES[actor] else ((403, "not-permitted"), None)

    def change(self, order, act, row, card):
        """What the act makes of the order."""
        review, payment, fulfilment = row[5]
        customer = order.customer
        order.version += 1
        if act == "change-card":
            order.card = card
            order.suspicions = self.suspicions(order)
            review = self.reviewed(order)
        order.review, order.payment = review or order.review, payment or order.payment
        order.fulfilment, mail = fulfilment or order.fulfilment, row[7]
        if act == "record-payment":
            order.paid = order.total
        if act == "approve":
            customer.approved, customer.card = customer.approved + 1, order.card
        if act == "deny":
            self.denials[order.id] = customer, self.marks(order)
        if act == "pardon":
            del self.denials[order.id]
        if order.fulfilment == "cancelled":
            order.credited = order.paid
        is_due = (order.review, order.payment, order.fulfilment) == ("approved", "paid", "held") and order.way == "mail"
        if is_due:
            order.fulfilment, mail = "delivered", "delivery"
        if is_due or act == "ship":
            order.with_customer = [count for _, count, _, _ in order.lines]
        if act == "take-back":
            order.credited = sum(PRICES[sku] * count - discount for sku, count, discount, _ in order.lines)
            order.with_customer = [0 for _ in order.lines]
            order.payment, order.fulfilment, order.came_back = "refunded", "returned", True
        # What goes to the shop itself is looked at by itself.
        if mail and mail != "payment-card":
            order.mails.append(mail)


def luhn(digits):
    """The digit that makes it pass."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))]
    return -sum(number - 9 if number > 9 else number for number in doubled) % 10
