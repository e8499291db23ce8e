"""Whether the journal, in its order, and what the clients were told are a history that the model allows."""

import bisect
import collections

from auditing import dumps
from auditing.events import Event
from auditing.journal import Journal
from auditing.words import ROLES, currency_text

from .model import Model
from .notes import read
from .wire import FIRST_RETRY

# The events that an answer of an operation may be of, first told and as a repeat.
OWN = {
    "vend": ({17}, {19}), "reserve": ({16}, set()), "dispense": ({18}, {19}), "reprint": ({19}, set()),
    "confirm": ({20}, set()), "extend": ({21}, set()), "release": ({22}, set()), "reverse": ({24}, set()),
    "return": ({25}, set()), "reinventory": ({32}, set()), "settle": ({33}, set()), "withdraw": ({34}, set()),
    "freeze": ({6}, set()), "thaw": ({7}, set()), "define product": ({5}, set()),
}  # fmt: skip
CHANGES = {25: "return", 32: "reinventory", 33: "settle", 34: "withdraw", 5: "define product", 6: "freeze", 7: "thaw"}
CAUSES = {16: ["reserve"], 17: ["vend"], 18: ["dispense"], 19: ["vend", "dispense", "reprint"], 20: ["confirm"],
          21: ["extend"], 22: ["release"], 24: ["reverse"]}  # fmt: skip
EXPIRED = 5


def cards_of(extents):
    return tuple(sorted(card for first, count in extents for card in range(first, first + count)))


def effect_of(event, name):
    """An event as the effect that the model tells."""
    facts, kind, id = event.facts, event.kind, event.id.hex()
    if kind in (16, 17):
        cards = tuple((card, line) for line, _, first, count in facts["slices"] for card in range(first, first + count))
        return ("granted", "vend" if kind == 17 else "reserve", id, name, cards)
    if kind == 18:
        return ("dispensed", id, name)
    if kind == 19:
        return ("opened", id, name, facts["first"], facts["count"], facts["is_print"])
    if kind == 20:
        return ("confirmed", id, name)
    if kind == 21:
        return ("extended", id, name, facts["deadline"])
    if kind in (22, 23, 24):
        return ("ended", id, name, facts["state"], cards_of(move[:2] for move in facts["moves"]))
    return ("changed", CHANGES[kind], id, name, cards_of(move[:2] for move in facts.get("moves", ())))


class Judge:
    def __init__(self, directory, notes, pins, wait_from):
        """`pins` are the hashes of PINs by product and serial, `wait_from` the last event before the race."""
        self.asks = read(notes)
        journal = Journal(f"{directory}/journal")
        self.events = [Event(sequence, block.time, data) for block in journal.blocks()
                       for sequence, data in enumerate(block.events, block.first)]  # fmt: skip
        self.start, self.pins = wait_from, pins
        self.times = [event.time for event in self.events]
        self.serials = {int.from_bytes(key, "big"): value[1:1 + value[0]].decode()
                        for table, key, value in dumps.dump(f"{directory}/payload", "cards")}  # fmt: skip
        self.wrong = []
        self.counts = collections.Counter()

    def problem(self, what, text):
        self.wrong.append(f"{what}: {text}")

    def run(self):
        self.model = self.first_state()
        self.sort_asks()
        self.explain(self.start)
        for event in self.events[self.start:]:
            if not self.step(event):
                # The model does not know what the store did: what comes after says nothing.
                return self.wrong
            self.explain(event.sequence)
        for ask in (ask for asks in self.waiting.values() for ask in asks):
            self.problem(ask, f"no state between its sending and its answer explains {ask.answer}")
        return self.wrong

    # Before the race.

    def first_state(self):
        actors, lots = {}, {}
        model = Model(actors)
        for event in self.events[:self.start]:
            facts = event.facts
            if event.kind == 4:
                roles = {name for bit, name in enumerate(ROLES) if facts["roles"] >> bit & 1}
                actors[facts["name"]] = (facts["actor"], roles)
            elif event.kind == 5:
                currency = currency_text(facts["currency"])
                model.products[facts["product"]] = {
                    "price": facts["price"], "currency": currency, "validity": facts["validity"], "frozen": False}
            elif event.kind == 8:
                lots[facts["purchase"]] = facts["lots"]
            elif event.kind == 9:
                for lot, loaded in zip(lots[facts["purchase"]], facts["loaded"]):
                    product, expiry, first, count = lot[1], lot[4], lot[5], lot[6]
                    for card in range(first, first + count):
                        (model.receive if card < first + loaded else model.void)(card, product, expiry)
        model.numbers = {number: name for name, (number, _) in actors.items()}
        return model

    # The order in time.

    def sort_asks(self):
        """Finds for each answer the event it is of, or the states that may explain it."""
        self.own, self.causes = {}, collections.defaultdict(list)
        looks, told = [], []
        for ask in self.asks:
            if ask.operation not in ("look up", "stock"):
                self.causes[ask.operation, ask.request["id"]].append(ask)
            if ask.answer is None:
                self.counts["never answered"] += 1
                continue
            told.append((ask.told_at, ask.answer["sequence"]))
            event = self.event_of(ask)
            if event is None:
                looks.append(ask)
            elif self.own.setdefault(event.sequence, ask) is not ask:
                self.problem(ask, f"{event} was told as new to ask {self.own[event.sequence].number}, too")
        self.note_order(told)
        self.waiting = collections.defaultdict(list)
        for ask in looks:
            self.wait(ask)

    def event_of(self, ask):
        answer = ask.answer
        if answer["status"] or ask.operation not in OWN or not 0 < answer["sequence"] <= len(self.events):
            return None
        event = self.events[answer["sequence"] - 1]
        if event.kind not in OWN[ask.operation][answer["repeat"]]:
            if not answer["repeat"] and ask.operation != "reprint":
                self.problem(ask, f"its answer names {event}")
            return None
        return event

    def note_order(self, told):
        """What had been told when: the highest sequence told by a time, and the lowest that was begun after it."""
        self.told_times, self.told_highest, highest = [], [], 0
        for at, sequence in sorted(told):
            highest = max(highest, sequence)
            self.told_times.append(at)
            self.told_highest.append(highest)
        self.begun_times, self.begun_lowest, lowest = [], [], len(self.events) + 1
        for ask in sorted(self.own.values(), key=lambda ask: -ask.sent_at):
            lowest = min(lowest, ask.answer["sequence"])
            self.begun_times.append(-ask.sent_at)
            self.begun_lowest.append(lowest)

    def earliest(self, ask):
        """The last event that had been told when a request was sent: it is decided after that."""
        place = bisect.bisect_left(self.told_times, ask.sent_at)
        return max(self.start, self.told_highest[place - 1]) if place else self.start

    def latest(self, ask):
        """The last event that may have come before an answer was told."""
        place = bisect.bisect_left(self.begun_times, -ask.told_at)
        return self.begun_lowest[place - 1] - 1 if place else len(self.events)

    def wait(self, ask):
        """Puts an answer that made no event where the states begin that may explain it."""
        answer = ask.answer
        if answer["status"] >= FIRST_RETRY:
            self.counts["told to come again"] += 1
            return
        # Its time is not before that of any event then; after a restart, events may be of an earlier one.
        first = self.earliest(ask)
        ask.last = min(self.latest(ask), bisect.bisect_right(self.times, answer["time"]))
        if first > ask.last:
            self.problem(ask, f"nothing of that time was between its sending and its answer: {answer}")
            return
        self.waiting[first].append(ask)

    def explain(self, sequence):
        """Tries the answers that wait on the state after an event."""
        for ask in self.waiting.pop(sequence, ()):
            decided = self.model.decide(ask.actor, ask.operation, ask.request, ask.answer["time"])
            if decided.effect is None and not self.differs(decided, ask.answer):
                self.counts["refused" if ask.answer["status"] else "repeated or looked up"] += 1
                self.check_cards(ask)
            elif sequence < ask.last:
                self.waiting[sequence + 1].append(ask)
            else:
                self.problem(ask, f"no state explains {ask.answer}; the last says {decided}")

    # Event by event.

    def step(self, event):
        """Takes one event; False if the model does not allow it."""
        if event.kind == 23:
            return self.expire(event)
        if event.kind not in CAUSES and event.kind not in CHANGES:
            self.problem(event, "nobody meant it")
            return False
        name = self.model.numbers[event.actor]
        effect, told = effect_of(event, name), self.own.get(event.sequence)
        ask, decided = self.cause(event, effect, name, told)
        if ask is None:
            self.problem(event, f"{effect} was not meant, or not allowed: the model says {decided or 'nothing'}")
            return False
        if told:
            self.counts["told as new"] += 1
            decided.sequence = event.sequence
            if event.time != told.answer["time"]:
                self.problem(told, f"its answer has another time than {event}")
            if difference := self.differs(decided, told.answer):
                self.problem(told, f"{difference}: the model says {decided.body}, it was told {told.answer}")
            self.check_cards(told)
        else:
            self.counts["found out afterwards"] += 1
        self.model.apply(effect, decided, ask.request, event.time, event.sequence)
        return True

    def cause(self, event, effect, name, told):
        """The request that made an event: the one that was told of it, or one that was never answered."""
        operations = CAUSES.get(event.kind) or [CHANGES[event.kind]]
        asks = [told] if told else [
            ask for operation in operations for ask in self.causes[operation, event.id.hex()]
            if ask.actor == name and (ask.answer is None or ask.answer["status"] >= FIRST_RETRY)
            and not getattr(ask, "is_used", False)]  # fmt: skip
        decided = None
        for ask in asks:
            decided = self.model.decide(ask.actor, ask.operation, ask.request, event.time)
            if decided.effect == effect and self.earliest(ask) < event.sequence and self.is_same(ask, event):
                ask.is_used = True
                return ask, decided
        return None, decided

    def is_same(self, ask, event):
        """What an event keeps of its request besides its effect."""
        request, facts = ask.request, event.facts
        if event.kind in (16, 17):
            lines = [[line[0], line[1], line[5], line[6], line[2]] for line in facts["lines"]]
            asked = (request["cashier"], request["tender"], request.get("hold", 0), request["lines"])
            return (facts["cashier"], facts["tender"], facts["hold"], lines) == asked
        if event.kind == 5:
            return (facts["product"], facts["sku"], facts["price"]) == (
                request["product"], request["sku"], request["price"])
        if event.kind in CHANGES:
            reason = [value.decode() for number, value in facts["request"] if number == 14]
            extents = [list(extent) for extent in facts.get("asked", [])]
            return (request.get("reason", ""), request.get("extents", [])) == ((reason or [""])[0], extents)
        return True

    def expire(self, event):
        id = event.id.hex()
        reservation = self.model.reservations.get(id)
        if reservation is None or not reservation.is_dead(event.time):
            self.problem(event, "it was not due")
            return False
        decided = self.model.end(None, id, EXPIRED)
        if decided.effect != effect_of(event, None):
            self.problem(event, f"the model says {decided.effect}")
            return False
        self.model.apply(decided.effect, decided, {}, event.time, event.sequence)
        self.counts["expired"] += 1
        return True

    # What was told.

    @staticmethod
    def differs(decided, answer):
        """What of an answer is not as decided; None if all is."""
        for name in ("status", "repeat", "sequence", "subject", "detail"):
            wanted = getattr(decided, name)
            if wanted is not None and answer.get(name, wanted) != wanted:
                return name
        told = dict(answer.get("body", {}))
        if "cards" in told and told["cards"] and isinstance(told["cards"], list):
            told["cards"] = [card[:2] for card in told["cards"]]
        for name, wanted in decided.body.items():
            if told.get(name) != wanted:
                return name
        return None

    def check_cards(self, ask):
        """That each card that was told has the expiry, serial and PIN that were imported for it, told of its id."""
        body = ask.answer.get("body", {})
        if "id" in body and body["id"] != ask.request["id"]:
            self.problem(ask, f"it was told of {body['id']}")
        cards = body.get("cards", [])
        for card in cards if isinstance(cards, list) and cards and len(cards[0]) == 5 else []:
            number, _, expiry, serial, pin = card
            product, known_expiry = self.model.cards[number][:2]
            self.counts["PINs told"] += 1
            if (expiry, serial, pin) != (known_expiry, self.serials[number], self.pins.get((product, serial))):
                self.problem(ask, f"card {number} was told with another expiry, serial or PIN than its own")
