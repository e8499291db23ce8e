"""Reservations, from their grant to their end: each step allowed by the state, in time, by one who may."""

import struct

from .events import granted
from .rules import (CARDS_PER_ANSWER, HOLDS_WITHOUT_DEADLINE, LONGEST_HOLD_MILLISECONDS, OTHERS_IDS,
                    REMEMBERED_MILLISECONDS, REVERSAL_MILLISECONDS, SELLS_USED)  # fmt: skip
from .words import (CONFIRMED, DAY_MILLISECONDS, DELIVERED, HELD, PLACES, QUARANTINE, QUARANTINED, REGULAR,
                    RESERVED, REVERSED, SOLD, STATES, STOCK, USED, cards_text, id_text)  # fmt: skip

# The head of a reservation's record; what was granted follows it.
HEAD = struct.Struct(">BBBBIQQQIHHIIQQQ")
(KIND, STATE, VENDED, TENDER, ACTOR, RESERVED_AT, DEADLINE, DISPENSED_AT, OPENED, PRINTS, LINES, CASHIER, HOLD,
 CREATED, CHANGED, SETTLED) = range(16)  # fmt: skip
IS_RESERVATION, IS_CHANGE = 1, 2
# Added to VENDED: the cards are an order's.
ORDERED = 2
MOST_PRINTS = 0xFFFF


def is_dead(head, time):
    return head[STATE] == HELD and head[DEADLINE] != 0 and time >= head[DEADLINE]


def due(head):
    """When time alone ends something of a reservation: its hold, or the memory of it; 0 for never."""
    if head[STATE] == HELD:
        return head[DEADLINE]
    if head[VENDED] & ORDERED:
        return 0
    return head[SETTLED] + REMEMBERED_MILLISECONDS if head[SETTLED] else 0


def grant_of(record):
    """The lines and slices in a record."""
    return granted(record, 80, int.from_bytes(record[38:40], "big"), int.from_bytes(record[72:76], "big"))


class Reservations:
    """The part of the books that is about reservations. Mixed into `Books`."""

    def put_head(self, id, head, record):
        self.ids[id] = HEAD.pack(*head) + record[HEAD.size:]

    def known(self, event, id):
        """The record of a reservation and its head as a list, if there is one that this actor may use."""
        record = self.ids.get(id)
        if record is None or record[0] != IS_RESERVATION:
            self.findings.problem("ids", event, f"{id_text(id)} is not the id of a reservation")
            return None, None
        head = list(HEAD.unpack_from(record))
        if head[ACTOR] != event.actor and event.actor and not self.roles.get(event.actor, 0) & OTHERS_IDS:
            self.findings.problem("ids", event, f"{id_text(id)} belongs to actor {head[ACTOR]}")
        if head[VENDED] & ORDERED and not self.of_order and event.actor and head[STATE] != QUARANTINED:
            self.findings.problem("orders", event, "what becomes of an order's cards, the order decides")
        return record, head

    def expect(self, event, head, *states, alive=True):
        """That the reservation is in one of these states, and that a hold has not passed its deadline."""
        if head[STATE] not in states:
            self.findings.problem("states", event, f"the reservation is {STATES[head[STATE]]}")
        elif alive and is_dead(head, event.time):
            self.findings.problem("states", event, "the reservation's deadline had passed")

    # The grant.

    def granted(self, event):
        facts, is_vend, roles = event.facts, event.kind == 17, self.roles.get(event.actor, 0)
        if event.id in self.ids:
            self.findings.problem("ids", event, f"{id_text(event.id)} was used before")
        hold, deadline = facts["hold"], facts["deadline"]
        if deadline != (event.time + hold * 1000 if hold else 0) or hold * 1000 > LONGEST_HOLD_MILLISECONDS:
            self.findings.problem("states", event, "the deadline is not its time and the hold that was asked")
        if not hold and not is_vend and not self.of_order and not roles & HOLDS_WITHOUT_DEADLINE:
            self.findings.problem("actors", event, "the actor may not hold without a deadline")
        if is_vend and (hold or len(facts["lines"]) != 1 or facts["lines"][0][1] > CARDS_PER_ANSWER):
            self.findings.problem("states", event, "it is not one line without a hold")
        self.take(event, facts["lines"])
        earliest = [self.check_line(event, line, roles) for line in facts["lines"]]
        self.take_slices(event, DELIVERED if is_vend else RESERVED, earliest)
        head = [IS_RESERVATION, SOLD if is_vend else HELD, is_vend, facts["tender"], event.actor, event.time, deadline,
                0, 0, 0, len(facts["lines"]), facts["cashier"], hold, event.sequence, event.sequence, 0]  # fmt: skip
        if is_vend:
            head[DISPENSED_AT], head[OPENED] = event.time, facts["lines"][0][1]
            self.count_sale(event.actor, facts["lines"])
        grant_end = 56 + 40 * len(facts["lines"]) + 24 * len(facts["slices"])
        self.ids[event.id] = HEAD.pack(*head) + event.data[48:grant_end]

    def check_line(self, event, line, roles):
        """Checks a line against its product as it stands; gives the earliest day that its cards may expire."""
        number, count, condition, currency, price, discount, _ = line
        product = self.products.get(number)
        if product is None:
            self.findings.problem("numbering", event, f"there is no product {number}")
            return 0
        if (price, currency) != (product["price"], product["currency"]):
            self.findings.problem("prices", event, f"product {number} is sold at another price than its own")
        if not count or discount > price * count:
            self.findings.problem("prices", event, "a line has no cards, or a discount above its price")
        if product["is_frozen"]:
            self.findings.problem("states", event, f"product {number} is frozen")
        if condition == USED and not roles & SELLS_USED:
            self.findings.problem("actors", event, "the actor may not sell used cards")
        if condition not in (REGULAR, USED):
            self.findings.problem("disclosure", event, "quarantined cards are sold")
        return event.time // DAY_MILLISECONDS + product["validity"]

    def take_slices(self, event, place, earliest):
        facts = event.facts
        lines, missing = facts["lines"], [line[1] for line in facts["lines"]]
        for (line, lot, first, count), placed_by in zip(facts["slices"], facts["placed_by"]):
            missing[line] -= count
            known = self.custody.lot(lot)
            if known is None or known[1] != lines[line][0]:
                self.findings.problem("custody", event, f"{cards_text(first, count)} are not of the line's product")
            elif known[4] < earliest[line]:
                self.findings.problem("states", event, f"{cards_text(first, count)} expire too soon to be sold")
            move = (first, count, lot, placed_by, 0, 0, 0, 0, STOCK, lines[line][2])
            self.custody.give(event, move, place, event.id)
        if any(missing):
            self.findings.problem("custody", event, "its lines are granted more or fewer cards than they have")

    # Disclosure.

    def dispensed(self, event):
        record, head = self.known(event, event.id)
        if head is None:
            return
        moves = event.facts["moves"]
        self.expect(event, head, HELD)
        lines, slices = grant_of(record)
        for line in lines:
            if line[0] in self.products and self.products[line[0]]["is_frozen"]:
                self.findings.problem("states", event, f"product {line[0]} is frozen")
        today = event.time // DAY_MILLISECONDS
        for _, lot, first, count in slices:
            if (known := self.custody.lot(lot)) and known[4] < today:
                self.findings.problem("states", event, f"{cards_text(first, count)} have expired")
        total = sum(line[1] for line in lines)
        told = 0 if self.of_order else min(total, CARDS_PER_ANSWER)
        if sum(move[1] for move in moves) != total or event.facts["opened_count"] != told:
            self.findings.problem("disclosure", event, "it does not deliver what was reserved, all of it")
        self.custody.check_no_neighbours(event, moves)
        self.check_sold(event, moves, slices)
        for move in moves:
            self.custody.give(event, move, DELIVERED, event.id, holder=event.id)
        head[STATE], head[DISPENSED_AT], head[CHANGED] = SOLD, event.time, event.sequence
        head[OPENED] = event.facts["opened_count"]
        self.put_head(event.id, head, record)
        self.count_sale(head[ACTOR], lines)
        if event.actor != head[ACTOR]:
            self.reprint(event, event.facts["opened_count"])

    def check_sold(self, event, moves, slices):
        """That cards which are delivered are cards that the id was granted."""
        for first, count in (move[:2] for move in moves):
            if not any(start <= first and first + count <= start + cards for _, _, start, cards in slices):
                self.findings.problem("disclosure", event, f"{cards_text(first, count)} were not sold to it")

    def opened(self, event):
        record, head = self.known(event, event.id)
        if head is None:
            return
        first, count, is_print = event.facts["first"], event.facts["count"], event.facts["is_print"]
        lines, slices = grant_of(record)
        total = sum(line[1] for line in lines)
        if head[STATE] not in (SOLD, CONFIRMED):
            self.findings.problem("disclosure", event, f"the reservation is {STATES[head[STATE]]}: it was not sold")
        elif not count or first + count > total or count > CARDS_PER_ANSWER or first > head[OPENED]:
            self.findings.problem("disclosure", event, "it tells cards that are not next in the delivery")
        elif is_print != (first < head[OPENED]) or (is_print and first + count > head[OPENED]):
            self.findings.problem("disclosure", event, "it is a print and is not counted, or the other way round")
        elif is_print and not self.is_any_delivered(slices, first, count, event.id):
            self.findings.problem("disclosure", event, "none of the cards it tells is in the delivery any more")
        self.check_reprint(event, head[ACTOR], head[STATE], head[DISPENSED_AT])
        if event.facts["is_reprint"]:
            self.reprint(event, count)
        head[OPENED] = max(head[OPENED], first + count)
        if is_print and head[PRINTS] < MOST_PRINTS:
            head[PRINTS] += 1
        self.put_head(event.id, head, record)

    def is_any_delivered(self, slices, index, count, id):
        at = 0
        for line, lot, first, cards in slices:
            start, end = max(index, at), min(index + count, at + cards)
            if start < end:
                part = [(line, lot, first + start - at, end - start)]
                if next(self.custody.held(part, DELIVERED, id), None):
                    return True
            at += cards
        return False

    # Afterwards.

    def confirmed(self, event):
        record, head = self.known(event, event.id)
        if head is None:
            return
        self.expect(event, head, SOLD)
        head[STATE], head[CHANGED] = CONFIRMED, event.sequence
        self.put_head(event.id, head, record)

    def extended(self, event):
        record, head = self.known(event, event.id)
        if head is None:
            return
        self.expect(event, head, HELD)
        deadline = event.facts["deadline"]
        if not event.time < deadline <= event.time + LONGEST_HOLD_MILLISECONDS or deadline == head[DEADLINE]:
            self.findings.problem("states", event, "the new deadline is past, too far away, or none")
        head[DEADLINE], head[CHANGED] = deadline, event.sequence
        self.put_head(event.id, head, record)

    def ended(self, event):
        state, moves = event.facts["state"], event.facts["moves"]
        if event.id not in self.ids:
            if event.kind != 24 or state != REVERSED or moves:
                self.findings.problem("ids", event, f"{id_text(event.id)} was never used")
            self.ids[event.id] = bytes(HEAD.pack(
                IS_RESERVATION, REVERSED, 0, 0, event.actor, event.time, 0, 0, 0, 0, 0, 0, 0, event.sequence,
                event.sequence, event.time)) + bytes(8)  # fmt: skip
            return
        record, head = self.known(event, event.id)
        if head is None:
            return
        self.check_end(event, head, state)
        place = DELIVERED if state == QUARANTINED else RESERVED
        lines, slices = grant_of(record)
        if sum(move[1] for move in moves) != sum(cards for _, cards in self.custody.held(slices, place, event.id)):
            self.findings.problem("custody", event, f"it does not move all that the id has {PLACES[place]}")
        if state == QUARANTINED:
            self.custody.check_no_neighbours(event, moves)
            self.count_reversal(head[ACTOR], lines, slices, moves)
        else:
            self.custody.check_neighbours(event, moves)
            self.give_back(head[ACTOR], lines, head[RESERVED_AT])
        for move in moves:
            if state == QUARANTINED:
                self.custody.give(event, move, QUARANTINE, event.id, holder=event.id)
            else:
                self.custody.put_back(event, move, move[9], holder=event.id)
        head[STATE], head[CHANGED] = state, event.sequence
        head[SETTLED] = 0 if state == QUARANTINED else event.time
        self.put_head(event.id, head, record)

    def check_end(self, event, head, state):
        if state == QUARANTINED:
            self.expect(event, head, SOLD)
            if event.time >= head[DISPENSED_AT] + REVERSAL_MILLISECONDS:
                self.findings.problem("states", event, "the delivery could not be reversed any more")
        elif event.kind == 23:
            self.expect(event, head, HELD, alive=False)
            if not is_dead(head, event.time):
                self.findings.problem("states", event, "the deadline has not passed")
        else:
            self.expect(event, head, HELD)

    def forgotten(self, event):
        record, head = self.known(event, event.id)
        if head is None:
            return
        if not head[SETTLED] or event.time < head[SETTLED] + REMEMBERED_MILLISECONDS:
            self.findings.problem("states", event, "it is too soon to forget it, or its cards were disclosed")
        del self.ids[event.id]

    # Money.

    def count_sale(self, actor, lines):
        totals = self.shift_totals(actor)
        seen = set()
        for _, count, _, currency, price, discount, tax in lines:
            total = totals.setdefault(currency, [0] * 10)
            total[0] += currency not in seen
            seen.add(currency)
            for index, value in ((1, count), (2, price * count), (3, discount), (4, tax)):
                total[index] += value

    def count_reversal(self, actor, lines, slices, moves):
        for total, line, cards, is_first in self.moved(actor, lines, slices, moves):
            total[5] += is_first
            total[6] += cards
            total[7] += net(line, cards)

    def count_settlement(self, actor, lines, slices, moves):
        for total, line, cards, is_first in self.moved(actor, lines, slices, moves):
            gross = line[4] * cards
            for index, value in ((0, is_first), (1, cards), (2, gross), (3, gross - net(line, cards))):
                total[index] += value

    def moved(self, actor, lines, slices, moves):
        """The lines of which cards move, each with the total of its currency, and whether it is the first of it."""
        totals, seen = self.shift_totals(actor), set()
        for line, cards in enumerate(cards_of_lines(lines, slices, moves)):
            if cards:
                currency = lines[line][3]
                yield totals.setdefault(currency, [0] * 10), lines[line], cards, currency not in seen
                seen.add(currency)

    def credits(self, lines, slices, moves):
        """What cards that come back were sold for: (amount, currency, cards) for each currency."""
        credits = {}
        for line, cards in enumerate(cards_of_lines(lines, slices, moves)):
            if cards:
                amount, before = credits.get(lines[line][3], (0, 0))
                credits[lines[line][3]] = (amount + net(lines[line], cards), before + cards)
        return [(amount, currency, cards) for currency, (amount, cards) in credits.items()]


def cards_of_lines(lines, slices, moves):
    """How many cards of each line move; a move lies within one slice."""
    counts = [0] * len(lines)
    for first, count in (move[:2] for move in moves):
        for line, _, start, cards in slices:
            if start <= first < start + cards:
                counts[line] += count
                break
    return counts


def net(line, cards):
    """What so many cards of a line were sold for: the share of the discount is rounded up."""
    _, count, _, _, price, discount, _ = line
    return price * cards - -(-discount * cards // count)
