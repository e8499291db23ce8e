"""What PinVault must answer: a model in dictionaries, written from the design and protocol.md, one request at a time.

`decide` says what a request is answered in this state, and the effect it would have; it changes nothing. `apply` makes
an effect so. Cards are kept one by one. Time is told with each request.
"""

import bisect

from .keeping import Keeping
from .selling import Selling
from .words import (CONFIRMED, DAY, DELIVERED, MOST_TOLD, OPERATION_FIELD, OTHERS, QUARANTINED, REGULAR, USED,
                    Reservation, refused)  # fmt: skip

SELLERS, KEEPERS = {"terminal", "storefront", "clerk"}, {"stock-keeper", "administrator"}
ROLES_FOR = {"return": {"clerk"}}
ROLES_FOR |= {name: KEEPERS for name in ("reinventory", "settle", "withdraw", "freeze", "thaw", "define product")}
ROLES_FOR |= {name: SELLERS for name in (
    "reserve", "vend", "dispense", "confirm", "extend", "release", "reverse", "reprint")}  # fmt: skip


class Model(Selling, Keeping):
    def __init__(self, actors):
        """Actors by name: their number and their roles."""
        self.actors = actors
        self.numbers = {number: name for name, (number, _) in actors.items()}
        # Products: price, currency, minimum validity, frozen. Cards: product, expiry, place, condition, holder.
        self.products, self.cards = {}, {}
        self.stock = {}
        self.reservations, self.changes = {}, {}

    # Cards.

    def receive(self, card, product, expiry):
        self.cards[card] = [product, expiry, "stock", REGULAR, None]
        bisect.insort(self.stock.setdefault((product, REGULAR), []), (expiry, card))

    def void(self, card, product, expiry):
        self.cards[card] = [product, expiry, "void", REGULAR, None]

    def move(self, card, place, condition=None, holder=None):
        facts = self.cards[card]
        if facts[2] == "stock":
            self.stock[facts[0], facts[3]].remove((facts[1], card))
        facts[2], facts[4] = place, holder
        facts[3] = facts[3] if condition is None else condition
        if place == "stock":
            bisect.insort(self.stock.setdefault((facts[0], facts[3]), []), (facts[1], card))

    def held(self, id, place):
        """The cards of a reservation that it still has in a place, in its order."""
        cards = self.reservations[id].cards
        return [card for card, _ in cards if self.cards[card][2] == place and self.cards[card][4] == id]

    def available(self, product, condition, now):
        earliest = now // DAY + self.products[product]["validity"]
        pieces = self.stock.get((product, condition), [])
        return [card for _, card in pieces[bisect.bisect_left(pieces, (earliest, 0)):]]

    # Deciding.

    def decide(self, actor, operation, request, now):
        roles = self.actors[actor][1]
        if not roles & ROLES_FOR.get(operation, roles):
            return refused(17)
        decided = getattr(self, "decide_" + operation.replace(" ", "_"))
        return decided(actor, roles, request, now)

    def known(self, actor, roles, id):
        """The reservation of an id, or the refusal."""
        if id in self.changes:
            return None, refused(18, OPERATION_FIELD)
        reservation = self.reservations.get(id)
        if reservation is None:
            return None, refused(32)
        if reservation.actor != actor and not roles & OTHERS:
            return None, refused(19)
        return reservation, None

    # Applying.

    def apply(self, effect, answer, request, now, sequence):
        kind, id = effect[0], effect[1] if effect[0] not in ("granted", "changed") else effect[2]
        if kind == "granted":
            self.apply_grant(effect, answer, request, now, sequence)
        elif kind == "changed":
            self.apply_change(effect, answer, request, now, sequence)
        elif kind == "dispensed":
            reservation = self.reservations[id]
            for card, _ in reservation.cards:
                self.move(card, "delivered", holder=id)
            reservation.state, reservation.dispensed_at, reservation.changed = DELIVERED, now, sequence
            reservation.told = min(len(reservation.cards), MOST_TOLD)
        elif kind == "opened":
            reservation = self.reservations[id]
            reservation.told = max(reservation.told, effect[3] + effect[4])
            reservation.prints += effect[5]
        elif kind == "confirmed":
            self.reservations[id].state, self.reservations[id].changed = CONFIRMED, sequence
        elif kind == "extended":
            self.reservations[id].deadline, self.reservations[id].changed = effect[3], sequence
        else:
            self.apply_end(effect, now, sequence)

    def apply_grant(self, effect, answer, request, now, sequence):
        _, operation, id, actor, cards = effect
        asked = {name: value for name, value in request.items() if name != "id"}
        reservation = Reservation(actor, operation, asked, answer.body["lines"], list(cards), now, sequence)
        self.reservations[id] = reservation
        if operation == "vend":
            reservation.state, reservation.dispensed_at, reservation.told = DELIVERED, now, len(cards)
        else:
            reservation.deadline = answer.body["deadline"]
        for card, _ in cards:
            self.move(card, "delivered" if operation == "vend" else "reserved", holder=id)

    def apply_end(self, effect, now, sequence):
        _, id, actor, state, cards = effect
        if id not in self.reservations:
            self.reservations[id] = Reservation(actor, None, {}, [], [], now, sequence)
        for card in cards:
            if state == QUARANTINED:
                self.move(card, "quarantined", holder=id)
            else:
                self.move(card, "stock")
        self.reservations[id].state, self.reservations[id].changed = state, sequence

    def apply_change(self, effect, answer, request, now, sequence):
        _, operation, id, actor, cards = effect
        self.changes[id] = (actor, operation, request, sequence, answer.body, now)
        if operation in ("freeze", "thaw"):
            self.products[request["product"]]["frozen"] = operation == "freeze"
        if operation == "define product":
            self.products[request["product"]]["price"] = request["price"]
        for card in cards:
            if operation == "return":
                self.move(card, "stock", USED)
            elif operation == "reinventory":
                self.move(card, "stock", REGULAR)
            elif operation == "withdraw":
                self.move(card, "void", holder=id)
            else:
                self.move(card, "delivered", holder=request["reservation"])
        if operation == "settle":
            reservation = self.reservations[request["reservation"]]
            reservation.state, reservation.changed = CONFIRMED, sequence
            reservation.dispensed_at = reservation.dispensed_at or now
