"""What is done in a shop, each flow from its beginning to its end: its first part is prepared, and after `yield` its server may
be killed between any two steps. What a flow asks is answered as if nothing had happened, and what it says that it wants, is so
in the end."""
import time
import uuid

PRICES = {"ACME": 950, "NOVA": 2400}
CARD, OTHER_CARD = "4111111111111111", "5555555555554444"
PICTURES = [b"\x89PNG\r\n\x1a\n" + bytes([number]) * 3000 for number in range(2)]
PASSWORDS = ["correct horse battery", "staple battery horse"]


class Order:
    """An order as it must be."""

    def __init__(self, shop, lines, customer=None, by="web", is_posted=False, **more):
        self.shop, self.id, self.lines = shop, str(uuid.uuid4()), lines
        self.customer = customer or Customer(shop)
        self.delivered = [0 for _ in lines]
        self.intents = self.refunded = 0
        self.wanted = {}
        shop.orders.append(self)
        body = {"customer": self.customer.id, "delivery": "post" if is_posted else "mail",
                "lines": [{"sku": sku, "count": count, "condition": condition} for sku, count, condition in lines]}  # fmt: skip
        self.told(shop.ask(by, "PUT", f"/orders/{self.id}", body | more, (200, 201)))
        self.mailed("Your order is here")

    def act(self, by, what, method="POST", mail=None, becomes=None, delivered=None, **body):
        self.told(self.shop.ask(by, method, f"/orders/{self.id}/{what}", {"version": self.wanted["version"]} | body))
        if becomes:
            self.must_be(*becomes)
        if delivered is not None:
            self.delivered = delivered
        if mail:
            self.mailed(mail)

    def told(self, order):
        self.wanted = {name: order[name] for name in ("version", "review", "payment", "fulfilment", "paid_minor", "credited_minor")}

    def must_be(self, review, payment, fulfilment):
        standing = tuple(self.wanted[axis] for axis in ("review", "payment", "fulfilment"))
        if standing != (review, payment, fulfilment):
            raise AssertionError(f"order {self.id} must be {review}, {payment}, {fulfilment}; it is {', '.join(standing)}")

    def mailed(self, subject):
        self.shop.wanted_mails[self.customer.mailbox, subject] += 1

    def settle(self, review, payment, fulfilment, delivered=None, intents=0, refunded=0):
        """Waits for what the gateway brings about."""
        give_up = time.monotonic() + 60
        while True:
            order = self.shop.ask("desk", "GET", f"/orders/{self.id}")
            if (order["review"], order["payment"], order["fulfilment"], order["refunded_minor"]) == (
                    review, payment, fulfilment, refunded):
                break
            if time.monotonic() > give_up:
                raise AssertionError(f"order {self.id} must become {review}, {payment}, {fulfilment}; it is {order}")
            time.sleep(0.02)
        self.told(order)
        self.intents, self.refunded = intents, refunded
        if delivered:
            self.delivered = delivered


class Customer:
    def __init__(self, shop, consents=False):
        self.shop, self.id, self.version, self.consents = shop, str(uuid.uuid4()), 0, consents
        self.mailbox = f"c-{self.id[:13]}@example.com"
        shop.mailboxes.add(self.mailbox)
        self.define("Ada Example")

    def define(self, name):
        body = {"version": self.version, "name": name, "email": self.mailbox, "consents": self.consents,
                "addresses": [["1 Main Street", "Springfield"]], "calls": [{"country": "MX", "known_from": "checkout"}]}  # fmt: skip
        told = self.shop.ask("web", "PUT", f"/customers/{self.id}", body)
        self.version += 1
        assert (told["version"], told["name"]) == (self.version, name), told


def card(number=CARD):
    return {"number": number, "expiry": "2099-07"}


def fresh(name):
    return f"{name}-{uuid.uuid4().hex[:12]}"


def approved(order):
    order.act("reviewer", "approve", becomes=("approved", "unpaid", "held"))


def paid(order, delivered):
    order.act("desk", "payment", authorisation="A-17", becomes=("approved", "paid", "delivered"), delivered=delivered, mail="Your cards")


def catalogue(shop):
    yield
    sku = fresh("SKU")
    path = f"/products/{sku}"
    product = {"name": "New", "vendor": "Acme", "currency": "USD", "face_value_minor": 1000, "price_minor": 900}
    shop.ask("keeper", "PUT", path, product)
    shop.ask("keeper", "PUT", path, product | {"price_minor": 950, "low_stock_threshold": 3})
    for version, picture in enumerate(PICTURES):
        assert shop.ask("keeper", "PUT", f"{path}/picture?version={version}", picture)["version"] == version + 1
    assert not shop.ask("keeper", "POST", f"{path}/withdraw", {"reason": "recalled"})["is_on_sale"]
    assert shop.ask("keeper", "POST", f"{path}/offer", {"reason": "sound again"})["is_on_sale"]
    shop.later(lambda: shop.same("web", path, price_minor=950, low_stock_threshold=3, is_on_sale=True))


def rates(shop):
    yield
    sku = fresh("SKU")
    shop.ask("keeper", "PUT", f"/products/{sku}",
             {"name": "New", "vendor": "Acme", "currency": "USD", "face_value_minor": 1000, "price_minor": 900})  # fmt: skip
    rate = {"from": "US", "to": "MX", "line": "fixed", "per_minute_thousandths": 2000, "connection_minor": 0,
            "rounding_seconds": 60, "maintenance_minor": 0, "valid_from": "2026-01-01"}  # fmt: skip
    shop.ask("keeper", "PUT", f"/products/{sku}/rates", {"version": 0, "rates": [rate]})
    last = [rate | {"per_minute_thousandths": 2500}]
    shop.ask("keeper", "PUT", f"/products/{sku}/rates", {"version": 1, "rates": last})
    shop.later(lambda: shop.same("web", f"/products/{sku}/rates", version=2, rates=last))


def vendor(shop):
    yield
    path = f"/vendors/{fresh('Vendor')}"
    for version, contact in enumerate(["Ada", "Bob", "Eve"]):
        shop.ask("keeper", "PUT", path, {"version": version, "contact": contact, "email": "sales@example.com"})
    shop.later(lambda: shop.same("keeper", path, version=3, contact="Eve"))


def purchase(shop):
    """A purchase order of five cards: three come, one of them twice, one that was there before, and the rest never."""
    serials = [fresh("P") for _ in range(4)]
    shop.load("NOVA", serials[:1])
    yield
    path = f"/purchase-orders/{uuid.uuid4()}"
    lines = [{"sku": "NOVA", "count": 5, "unit_cost_minor": 2000}]
    shop.ask("accountant", "PUT", path, {"version": 0, "vendor": "Acme", "lines": lines})
    shop.ask("accountant", "POST", f"{path}/approve", {"version": 1})
    number = shop.load("NOVA", [*serials, serials[1]])
    told = shop.ask("keeper", "POST", f"{path}/receive", {"version": 2, "purchase": number})["lines"][0]
    assert (told["received"], told["refused"], told["short"]) == (3, 2, 2), told
    shop.ask("accountant", "POST", f"{path}/close", {"version": 3, "reason": "the rest is cancelled"})
    shop.later(lambda: shop.same("keeper", path, version=4, state="closed", receipts=[number]))


def customer(shop):
    yield
    ada = Customer(shop)
    ada.define("Ada Other")
    ada.define("Ada Third")
    shop.later(lambda: shop.same("desk", f"/customers/{ada.id}", version=3, name="Ada Third", email=ada.mailbox))


def password(shop):
    """Set, used, changed, no longer of use."""
    person = fresh("p")
    shop.server.tool("actor", "add", person, "--role", "clerk")
    yield
    for word in PASSWORDS:
        shop.ask("admin", "PUT", f"/actors/{person}/password", {"password": word})
        signed_in(shop, person, word)

    def check():
        shop.ask("admin", "POST", "/sign-in", {"name": person, "password": PASSWORDS[0]}, 401)
        signed_in(shop, person, PASSWORDS[1])

    shop.later(check)


def revoked(shop):
    """Somebody with password, token and session is shut out: nothing of it is of use any more."""
    person = fresh("r")
    shop.server.tool("actor", "add", person, "--role", "clerk")
    shop.ask("admin", "PUT", f"/actors/{person}/password", {"password": PASSWORDS[0]})
    token = shop.ask("admin", "POST", "/tokens", {"name": "books", "days": 9, "actor": person}, 201)["token"]
    session = signed_in(shop, person, PASSWORDS[0])
    yield
    shop.tool("actor", "revoke", person)
    shop.ask("admin", "GET", "/products", status=401, bearer=token)
    shop.ask("admin", "GET", "/products", status=401, bearer=session)
    shop.ask("admin", "POST", "/sign-in", {"name": person, "password": PASSWORDS[0]}, 401)
    shop.later(lambda: shop.same_person(person, is_revoked=True, has_password=False))


def token(shop):
    """Made, used, ended. If its answer is lost with the server, it was told to nobody, and is made anew."""
    yield
    made = shop.ask("admin", "POST", "/tokens", {"name": fresh("t"), "days": 9, "actor": "desk"}, (200, 201))
    if "token" in made:
        shop.ask("desk", "GET", "/products", bearer=made["token"])
    assert shop.ask("admin", "DELETE", f"/tokens/{made['id']}")["is_ended"]
    if "token" in made:
        shop.later(lambda: shop.ask("desk", "GET", "/products", status=401, bearer=made["token"]))


def session(shop):
    """Whoever was signed in when the server died signs in again."""
    person = fresh("s")
    shop.server.tool("actor", "add", person, "--role", "clerk")
    shop.ask("admin", "PUT", f"/actors/{person}/password", {"password": PASSWORDS[0]})
    yield
    bearer, starts = signed_in(shop, person, PASSWORDS[0]), shop.server.starts
    shop.ask(person, "GET", "/products", status=(200, 401), bearer=bearer)
    shop.ask(person, "POST", "/sign-out", status=(204, 401), bearer=bearer)
    assert shop.server.starts <= starts + 1
    shop.later(lambda: shop.ask(person, "GET", "/products", status=401, bearer=bearer))


def signed_in(shop, person, word):
    return shop.ask("admin", "POST", "/sign-in", {"name": person, "password": word})["token"]


def first_order(shop):
    """Submitted, reviewed, its card looked at, paid, delivered; one card comes back, and is sold again as used."""
    ada = Customer(shop)
    yield
    order = Order(shop, [("ACME", 3, "regular")], ada, card=card())
    order.must_be("pending", "unpaid", "held")
    approved(order)
    assert shop.ask("desk", "POST", f"/orders/{order.id}/card/show", {"reason": "to charge it"})["number"] == CARD
    paid(order, [3])
    serials = shop.ask("desk", "GET", f"/orders/{order.id}")["serials"]
    order.act("desk", "return", serials=serials[:1], becomes=("approved", "paid", "delivered"), delivered=[2], mail="Your credit")
    assert order.wanted["credited_minor"] == 950
    again = Order(shop, [("ACME", 1, "used")], ada, by="desk", card=card())
    again.must_be("approved", "unpaid", "held")
    paid(again, [1])


def deleted(shop):
    """All comes back, and the order is deleted."""
    order = Order(shop, [("ACME", 2, "regular"), ("NOVA", 1, "regular")], card=card())
    approved(order)
    paid(order, [2, 1])
    yield
    order.act("desk", "return", becomes=("approved", "refunded", "returned"), delivered=[0, 0], mail="Your credit")
    order.act("admin", "delete", reason="entered twice", becomes=("approved", "refunded", "deleted"))


def denied(shop):
    """Denied, so that its customer is barred, and pardoned."""
    order = Order(shop, [("ACME", 1, "regular")], card=card(OTHER_CARD), device=fresh("device"))
    yield
    order.act("reviewer", "deny", reason="a stolen card", becomes=("denied", "unpaid", "cancelled"), mail="Your order was not accepted")
    shop.ask("web", "PUT", f"/orders/{uuid.uuid4()}", {"customer": order.customer.id, "lines": [{"sku": "ACME", "count": 1}]}, 403)
    order.act("reviewer", "pardon", reason="the bank erred", becomes=("pardoned", "unpaid", "cancelled"))
    shop.later(lambda: shop.same("desk", f"/customers/{order.customer.id}", is_barred=False))


def paid_again(shop):
    """Declined, paid by another card, which is reviewed."""
    order = Order(shop, [("ACME", 2, "regular")], card=card())
    approved(order)
    yield
    order.act("desk", "decline", reason="no funds", becomes=("approved", "declined", "held"), mail="Your payment was declined")
    order.act("web", "card", method="PUT", card=card(OTHER_CARD), becomes=("pending", "unpaid", "held"))
    approved(order)
    paid(order, [2])


def cancelled(shop):
    order = Order(shop, [("ACME", 2, "regular")], card=card())
    yield
    order.act("web", "cancel", reason="changed their mind", becomes=("pending", "unpaid", "cancelled"), mail="Your order is cancelled")


def posted(shop):
    order = Order(shop, [("ACME", 1, "regular")], is_posted=True, card=card())
    approved(order)
    yield
    order.act("desk", "payment", authorisation="A-18", becomes=("approved", "paid", "held"))
    order.act("desk", "ship", carrier="ACME Parcels", tracking_number="AP-17", becomes=("approved", "paid", "shipped"),
              delivered=[1], mail="Your cards are on their way")  # fmt: skip
    followed = shop.ask("desk", "GET", f"/orders/{order.id}")["tracking_token"]
    shop.later(lambda: shop.same("desk", f"/track/{followed}", fulfilment="shipped", tracking_number="AP-17"))


def low_stock(shop):
    sku = fresh("LOW")
    shop.ask("keeper", "PUT", f"/products/{sku}", {"name": "Low", "vendor": "Acme", "currency": "USD", "face_value_minor": 1000,
                                                   "price_minor": 900, "low_stock_threshold": 4})  # fmt: skip
    shop.load(sku, [fresh("L") for _ in range(6)])
    yield
    shop.mailboxes.add("stock@example.com")
    Order(shop, [(sku, 3, "regular")])
    shop.wanted_mails["stock@example.com", f"Low stock: {sku}"] += 1


def letters(shop):
    """To two who consent and one who does not."""
    customers = [Customer(shop, consents) for consents in (True, False, True)]
    yield
    letter = {"customers": [customer.id for customer in customers], "subject": "New rates", "paragraphs": ["Cheaper."]}
    told = shop.ask("desk", "POST", "/mailings", letter)
    assert (told["mailed"], told["left_out"]) == (2, [customers[1].id]), told
    for reached in (customers[0], customers[2]):
        shop.wanted_mails[reached.mailbox, "New rates"] += 1


def gateway(shop):
    """Paid at once, delivered, and given back in two parts."""
    order = Order(shop, [("ACME", 2, "regular")], payment_method="pm_card_visa")
    yield
    order.act("reviewer", "approve")
    order.settle("approved", "paid", "delivered", [2], intents=1)
    order.mailed("Your cards")
    serials = shop.ask("desk", "GET", f"/orders/{order.id}")["serials"]
    order.act("desk", "return", serials=serials[:1], delivered=[1], mail="Your credit")
    order.settle("approved", "paid", "delivered", [1], intents=1, refunded=950)
    order.act("desk", "return", delivered=[0], mail="Your credit")
    order.settle("approved", "refunded", "returned", [0], intents=1, refunded=1900)


def gateway_again(shop):
    """Declined by the gateway, and paid by another method."""
    order = Order(shop, [("ACME", 1, "regular")], payment_method="pm_card_chargeCustomerFail")
    yield
    order.act("reviewer", "approve")
    order.settle("approved", "declined", "held")
    order.mailed("Your payment was declined")
    order.act("web", "method", method="PUT", payment_method="pm_card_visa", becomes=("pending", "unpaid", "held"))
    order.act("reviewer", "approve")
    order.settle("approved", "paid", "delivered", [1], intents=1)
    order.mailed("Your cards")


FLOWS = {flow.__name__.replace("_", "-"): flow for flow in [
    catalogue, rates, vendor, purchase, customer, password, revoked, token, session, first_order, deleted, denied, paid_again,
    cancelled, posted, low_stock, letters, gateway, gateway_again]}  # fmt: skip
