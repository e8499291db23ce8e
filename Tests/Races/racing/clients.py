"""Clients that do all that clients may, in each other's way, over a line that breaks."""

import hashlib
import random
import threading
import time

from terminal import Refused

from .wire import FIRST_RETRY, Session

# How often each kind of actor does what.
EPISODES = {
    "terminal": {"sell": 6, "hold": 4, "collide": 4, "reverse_first": 1, "look": 2, "meddle": 2, "burst": 1},
    "storefront": {"hold": 6, "sell": 1, "collide": 3, "look": 2, "meddle": 1},
    "clerk": {"give_back": 5, "sell_used": 3, "sell": 1, "meddle": 4, "collide": 2, "look": 2},
    "stock-keeper": {"stop": 1, "change_price": 1, "take_away": 2, "put_back": 4, "settle": 4, "look": 3, "collide": 1},
}  # fmt: skip


class Race:
    """What clients share: where the line is, what was sold lately, and when it is over."""

    def __init__(self, notes, seed, products, cards):
        # Products as (SKU, currency, price at the beginning), numbered from 1.
        self.notes, self.seed, self.products, self.cards = notes, seed, products, cards
        self.prices = [(number, price) for number, (_, _, price) in enumerate(products, 1)]
        self.start, self.is_over = time.monotonic(), threading.Event()
        self.lock, self.recent = threading.Lock(), []
        # The store's time as last told, and when that was.
        self.clock = (0, 0.0)

    def remember(self, id):
        with self.lock:
            self.recent = self.recent[-60:] + [id]

    def shared_id(self):
        """An id that others choose, too, in the same fraction of a second."""
        return hashlib.sha256(f"{self.seed} {int((time.monotonic() - self.start) * 3)}".encode()).hexdigest()[:32]


class Client(threading.Thread):
    def __init__(self, race, number, actor, role, options):
        super().__init__(daemon=True)
        self.race, self.actor, self.role, self.options = race, actor, role, options
        self.random = random.Random(f"{race.seed}-client-{number}")
        self.session = self.failure = None
        # What was asked, and not answered for good: to be found out afterwards.
        self.unknown = {}

    def run(self):
        names, weights = zip(*EPISODES[self.role].items())
        try:
            while not self.race.is_over.is_set():
                getattr(self, self.random.choices(names, weights)[0])()
        except Exception as problem:  # told by the main thread, which then fails
            self.failure = problem
        self.hang_up()

    # Asking.

    def hang_up(self):
        if self.session:
            self.session.socket.close()
        self.session = None

    def once(self, operation, request):
        """Asks once. None if no answer came."""
        try:
            if self.session is None:
                self.session = Session(self.options)
        except (OSError, Refused) as problem:
            if isinstance(problem, Refused) and problem.status < FIRST_RETRY:
                raise
            time.sleep(0.03)
            return None
        number = self.race.notes.ask(self.actor, operation, request)
        key = (operation, request.get("id"), repr(request))
        self.unknown[key] = (operation, request)
        try:
            answer = self.session.exchange(operation, request)
        except OSError:
            self.hang_up()
            return None
        self.race.notes.told(number, answer)
        self.race.clock = (answer["time"] or self.race.clock[0], time.monotonic())
        if answer["status"] < FIRST_RETRY:
            del self.unknown[key]
        elif answer["status"] == 66:
            self.hang_up()
        else:
            time.sleep(min(answer["retry_after"], 50) / 1000)
        return answer

    def ask(self, operation, request, tries=6):
        """Asks until there is an answer that will stay; sometimes gives up, and leaves it unknown."""
        for _ in range(tries):
            answer = self.once(operation, request)
            if answer and answer["status"] < FIRST_RETRY:
                if "id" in request:
                    self.race.remember(request["id"])
                return answer
            if self.race.is_over.is_set():
                return None
        return None

    def new_id(self):
        return f"{int(time.time() * 1000):012x}7{self.random.getrandbits(76):019x}"

    def any_id(self):
        recent = self.race.recent
        return self.random.choice(recent) if recent else self.new_id()

    def line(self, used=False):
        product, price = self.random.choice(self.race.prices)
        count = self.random.choice([1, 1, 1, 2, 3])
        discount = self.random.choice([0, 0, self.random.randrange(price * count + 1), price * count])
        return [product, count, discount, self.random.randrange(50), 1 if used else 0]

    def vend_request(self, id=None, used=False):
        return {"id": id or self.new_id(), "cashier": self.random.randrange(3), "tender": self.random.randrange(6),
                "lines": [self.line(used)]}  # fmt: skip

    def reserve_request(self, id=None, used=False):
        lines = [self.line(used) for _ in range(self.random.choice([1, 1, 2, 3]))]
        hold = self.random.choice([1, 1, 2, 30])
        if self.role == "storefront" and self.random.random() < 0.2:
            hold = 0
        return self.vend_request(id) | {"hold": hold, "lines": lines}

    def reason(self):
        return self.random.choice(["a recall", "seal unbroken", "the drawer was counted"])

    def extents(self):
        first = self.random.randrange(1, self.race.cards)
        return [[first, min(self.random.choice([1, 3, 20]), self.race.cards - first + 1)]]

    # Episodes.

    def sell(self, request=None):
        request = request or self.vend_request()
        answer = self.ask("vend", request)
        if self.random.random() < 0.2:
            self.ask("vend", request)
        if answer is None or answer["status"]:
            if self.random.random() < 0.7:
                self.ask("reverse", {"id": request["id"]})
            return
        self.after_delivery(request["id"])

    def after_delivery(self, id):
        what = self.random.random()
        if what < 0.2:
            first, count = self.random.choice([0, 0, 0, 1, 9]), self.random.randrange(3)
            self.ask("reprint", {"id": id, "first": first, "count": count})
        if what < 0.55:
            self.ask("confirm", {"id": id})
        elif what < 0.8:
            self.ask("reverse", {"id": id})
        if self.random.random() < 0.1:
            self.ask(self.random.choice(["confirm", "reverse"]), {"id": id})

    def hold(self):
        request = self.reserve_request()
        id = request["id"]
        answer = self.ask("reserve", request)
        if answer is None or answer["status"]:
            return
        for _ in range(self.random.randrange(3)):
            what = self.random.choice(["extend", "extend", "look up", "reserve", "wait"])
            if what == "wait":
                time.sleep(self.random.random() * 1.2)
            elif what == "extend":
                self.ask("extend", {"id": id, "deadline": answer["time"] + self.random.choice([-5, 800, 3000, 10**10])})
            else:
                self.ask(what, request if what == "reserve" else {"id": id})
        what = self.random.choice(["dispense", "dispense", "dispense", "release", "reverse", "leave"])
        if what != "leave":
            answer = self.ask(what, {"id": id})
        if what == "dispense" and answer and not answer["status"]:
            if self.random.random() < 0.3:
                self.ask("dispense", {"id": id})
            self.after_delivery(id)

    def collide(self):
        id = self.race.shared_id()
        what = self.random.choice(["vend", "vend", "reserve", "reverse", "return", "withdraw"])
        if what == "vend" and self.random.random() < 0.5:
            # The very same request as others may make under this id.
            alike = random.Random(id)
            product, _ = alike.choice(self.race.prices)
            self.sell({"id": id, "cashier": 1, "tender": 1, "lines": [[product, 1, 0, 0, 0]]})
        elif what == "vend":
            self.sell(self.vend_request(id))
        elif what == "reserve":
            self.ask("reserve", self.reserve_request(id))
        elif what == "reverse":
            self.ask("reverse", {"id": id})
        elif what == "return":
            self.ask("return", {"id": id, "reservation": self.any_id(), "extents": []})
        else:
            self.ask("withdraw", {"id": id, "extents": self.extents(), "reason": self.reason()})

    def reverse_first(self):
        request = self.vend_request()
        self.ask("reverse", {"id": request["id"]})
        self.ask("vend", request)

    def meddle(self):
        """Whatever may be asked of an id that somebody used."""
        what = self.random.choice(["dispense", "confirm", "release", "reverse", "look up", "reprint", "extend"])
        request = {"id": self.any_id()}
        if what == "reprint":
            request |= {"first": self.random.randrange(3), "count": self.random.randrange(3)}
        if what == "extend":
            request |= {"deadline": self.race.clock[0] + 1500}
        self.ask(what, request)

    def burst(self):
        """Sells and lets go of the line, as a terminal does whose power is cut: what became of it is not known."""
        for _ in range(self.random.randrange(1, 4)):
            self.once("vend", self.vend_request())
            if self.random.random() < 0.3:
                self.hang_up()

    def look(self):
        if self.random.random() < 0.4:
            self.ask("stock", {"product": self.random.choice(self.race.prices)[0]})
        else:
            self.ask("look up", {"id": self.any_id()})

    def give_back(self):
        request = {"id": self.new_id(), "reservation": self.any_id(), "extents": []}
        if self.random.random() < 0.4:
            found = self.ask("look up", {"id": request["reservation"]})
            cards = found["body"].get("cards") if found and not found["status"] else None
            if cards:
                request["extents"] = [[self.random.choice(cards)[0], 1]]
        self.ask("return", request)
        if self.random.random() < 0.3:
            self.ask("return", request)

    def sell_used(self):
        if self.random.random() < 0.5:
            self.sell(self.vend_request(used=True))
        else:
            self.ask("reserve", self.reserve_request(used=True))

    def stop(self):
        product = self.random.choice(self.race.prices)[0]
        self.ask("freeze", {"id": self.new_id(), "product": product, "reason": self.reason()})
        time.sleep(self.random.random() * 0.2)
        for _ in range(50):
            if self.ask("thaw", {"id": self.new_id(), "product": product, "reason": self.reason()}):
                return

    def change_price(self):
        number, price = self.random.choice(self.race.prices)
        sku, currency, _ = self.race.products[number - 1]
        request = {"id": self.new_id(), "product": number, "sku": sku, "currency": currency,
                   "price": price + self.random.choice([-7, 0, 13])}  # fmt: skip
        self.ask("define product", request)
        if self.random.random() < 0.3:
            self.ask("define product", request)

    def take_away(self):
        request = {"id": self.new_id(), "extents": self.extents(), "reason": self.reason()}
        self.ask("withdraw", request)
        if self.random.random() < 0.3:
            self.ask("withdraw", request)

    def put_back(self):
        first = self.random.randrange(1, self.race.cards)
        count = min(self.random.choice([5, 60, 300]), self.race.cards - first + 1)
        self.ask("reinventory", {"id": self.new_id(), "extents": [[first, count]], "reason": self.reason()})

    def settle(self):
        self.ask("settle", {"id": self.new_id(), "reservation": self.any_id(), "reason": self.reason()})

    # Afterwards.

    def resolve(self, options):
        """Finds out what became of everything that was never answered for good, by asking."""
        self.options = options
        self.hang_up()
        for operation, request in list(self.unknown.values()):
            how = self.random.choice(["again", "look", "reverse"])
            if operation in ("vend", "reserve") and how == "reverse":
                self.insist("reverse", {"id": request["id"]})
            elif how == "look" and operation != "stock":
                self.insist("look up", {"id": request["id"]})
            else:
                self.insist(operation, request)
        self.hang_up()

    def insist(self, operation, request):
        for _ in range(100):
            answer = self.once(operation, request)
            if answer and answer["status"] < FIRST_RETRY:
                return
        raise AssertionError(f"{operation} {request} has no answer")
