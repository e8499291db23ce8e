"""What actors took in the present minute and day, and whether their limits allowed it."""

import struct

from .rules import REVERSAL_MILLISECONDS
from .words import DAY_MILLISECONDS, SOLD, currency_text

MINUTE_MILLISECONDS = 60_000
WINDOW = struct.Struct(">QQQH")
VALUE = struct.Struct(">IQ")
VALUE_MASK = (1 << 64) - 1
NAMES = ("minute", "day")


class Window:
    """The counts of one minute, or of one day."""

    def __init__(self, span):
        self.span, self.number, self.cards, self.reprints, self.values = span, 0, 0, 0, {}

    def begin(self, time):
        if time // self.span != self.number:
            self.number, self.cards, self.reprints, self.values = time // self.span, 0, 0, {}

    def add(self, lines, sign):
        for _, count, _, currency, price, _, _ in lines:
            self.cards += sign * count
            self.values[currency] = (self.values.get(currency, 0) + sign * price * count) & VALUE_MASK

    def record(self):
        values = [VALUE.pack(currency, minor) for currency, minor in self.values.items()]
        return WINDOW.pack(self.number, self.cards, self.reprints, len(values)) + b"".join(values)


class Takings:
    """The part of the books that is about limits. Mixed into `Books`."""

    def windows(self, actor):
        # The store itself has no limits, and nothing is counted.
        if actor == 0:
            return ()
        return self.takings.setdefault(actor, (Window(MINUTE_MILLISECONDS), Window(DAY_MILLISECONDS)))

    def take(self, event, lines):
        limits = self.limits.get(event.actor)
        if limits and limits["products"] and any(line[0] not in limits["products"] for line in lines):
            self.findings.problem("limits", event, "the actor may not sell this product")
        if limits and limits["currency"] and any(line[3] != limits["currency"] for line in lines):
            self.findings.problem("limits", event, "the actor may not sell in this currency")
        for index, window in enumerate(self.windows(event.actor)):
            window.begin(event.time)
            window.add(lines, 1)
            if not limits:
                continue
            cards, _, value = limits[NAMES[index]]
            if cards and window.cards > cards:
                self.findings.problem("limits", event, f"the actor took {window.cards} cards in a {NAMES[index]}")
            if value and window.values[limits["currency"]] > value:
                self.findings.problem("limits", event, f"the actor took more than {value} "
                                      f"{currency_text(limits['currency'])} in a {NAMES[index]}")

    def give_back(self, actor, lines, taken_at):
        for window in self.windows(actor):
            if taken_at // window.span == window.number:
                window.add(lines, -1)

    def reprint(self, event, cards):
        limits = self.limits.get(event.actor)
        for index, window in enumerate(self.windows(event.actor)):
            window.begin(event.time)
            window.reprints += cards
            if limits and limits[NAMES[index]][1] and window.reprints > limits[NAMES[index]][1]:
                self.findings.problem(
                    "limits", event, f"the actor was told {window.reprints} cards again in a {NAMES[index]}")

    def check_reprint(self, event, owner, state, dispensed_at):
        """That what was opened counts as a reprint when it must: only a lost answer to the seller's own request does not."""
        facts = event.facts
        # The store mails the PINs of an order.
        must_count = event.actor != 0 and (facts["is_print"] or event.actor != owner)
        is_lost_answer = event.actor == owner and state == SOLD and event.time < dispensed_at + REVERSAL_MILLISECONDS
        if facts["is_reprint"] != must_count and (facts["is_reprint"] or not is_lost_answer):
            self.findings.problem("limits", event, "it is a reprint and does not count as one, or the other way round")

    def takings_record(self, actor):
        minute, day = self.takings.get(actor) or (Window(MINUTE_MILLISECONDS), Window(DAY_MILLISECONDS))
        return minute.record() + day.record()
