"""What the model answers those who take cards back, keep stock, or only look."""

from .words import (CONFIRMED, DELIVERED, NUMBERS, OPERATION_FIELD, OTHERS, QUARANTINED, REVERSED, USED, Answer,
                    refused)  # fmt: skip


class Keeping:
    """Mixed into `Model`."""

    def known_change(self, actor, roles, operation, request):
        id = request["id"]
        if reservation := self.reservations.get(id):
            if reservation.lines:
                return refused(18, OPERATION_FIELD)
            is_mine = reservation.actor == actor or roles & OTHERS
            return refused(42, detail=REVERSED) if is_mine else refused(19)
        if id not in self.changes:
            return None
        whose, what, asked, sequence, body, _ = self.changes[id]
        if what != operation:
            return refused(18, OPERATION_FIELD)
        if whose != actor and not roles & OTHERS:
            return refused(19)
        if asked != request:
            return refused(18)
        return Answer(body=body, repeat=True, sequence=sequence)

    def decide_return(self, actor, roles, request, now):
        if known := self.known_change(actor, roles, "return", request):
            return known
        reservation, refusal = self.known(actor, roles, request["reservation"])
        if refusal:
            return refusal
        if reservation.state not in (DELIVERED, CONFIRMED):
            return refused(42, detail=reservation.state_at(now))
        there = self.held(request["reservation"], "delivered")
        asked = [card for first, count in request["extents"] for card in range(first, first + count)]
        for card in asked:
            if card not in there:
                return refused(46, card)
        back = asked or there
        if not back:
            return refused(46)
        counts = {}
        for card, line in reservation.cards:
            if card in back:
                counts[line] = counts.get(line, 0) + 1
        credits = {}
        for line, count in sorted(counts.items()):
            price, discount, _, product, sold, _ = reservation.lines[line]
            currency = self.products[product]["currency"]
            before = credits.get(currency, (0, 0))
            credits[currency] = (before[0] + price * count - -(-discount * count // sold), before[1] + count)
        body = {"cards": len(back), "credits": [[amount, currency, n] for currency, (amount, n) in credits.items()]}
        return Answer(body=body, effect=self.changed("return", actor, request, back))

    def changed(self, operation, actor, request, cards):
        return ("changed", operation, request["id"], actor, tuple(sorted(cards)))

    def decide_stock_change(self, actor, roles, operation, request, wanted):
        if known := self.known_change(actor, roles, operation, request):
            return known
        asked = [card for first, count in request["extents"] for card in range(first, first + count)]
        if any(card not in self.cards for card in asked):
            return refused(35)
        moved = [card for card in asked if wanted(*self.cards[card][2:4])]
        if not moved:
            return refused(46, asked[0])
        return Answer(body={"cards": len(moved)}, effect=self.changed(operation, actor, request, moved))

    def decide_reinventory(self, actor, roles, request, now):
        return self.decide_stock_change(
            actor, roles, "reinventory", request,
            lambda place, condition: place == "quarantined" or (place == "stock" and condition == USED))

    def decide_withdraw(self, actor, roles, request, now):
        return self.decide_stock_change(
            actor, roles, "withdraw", request,
            lambda place, condition: place in ("stock", "reserved", "quarantined"))

    def decide_settle(self, actor, roles, request, now):
        if known := self.known_change(actor, roles, "settle", request):
            return known
        reservation, refusal = self.known(actor, roles, request["reservation"])
        if refusal:
            return refusal
        cards = self.held(request["reservation"], "quarantined")
        if reservation.state != QUARANTINED or not cards:
            return refused(42, detail=reservation.state_at(now))
        return Answer(body={"cards": len(cards)}, effect=self.changed("settle", actor, request, cards))

    def decide_freeze(self, actor, roles, request, now, operation="freeze"):
        if known := self.known_change(actor, roles, operation, request):
            return known
        if request["product"] not in self.products:
            return refused(33, request["product"])
        return Answer(effect=self.changed(operation, actor, request, ()))

    def decide_define_product(self, actor, roles, request, now):
        if known := self.known_change(actor, roles, "define product", request):
            return known
        body = {"product": request["product"]}
        return Answer(body=body, effect=self.changed("define product", actor, request, ()))

    def decide_thaw(self, actor, roles, request, now):
        return self.decide_freeze(actor, roles, request, now, "thaw")

    # Looking.

    def decide_look_up(self, actor, roles, request, now):
        id = request["id"]
        if id in self.changes:
            whose, operation, _, sequence, _, changed_at = self.changes[id]
            if whose != actor and not roles & OTHERS:
                return refused(19)
            return Answer(body={"operation": NUMBERS[operation], "changed_at": changed_at}, sequence=sequence)
        reservation, refusal = self.known(actor, roles, id)
        if refusal:
            return refusal
        return Answer(sequence=reservation.changed, body={
            "state": reservation.state_at(now), "tender": reservation.request.get("tender", 0),
            "actor": self.actors[reservation.actor][0], "reserved_at": reservation.reserved_at,
            "deadline": reservation.deadline, "dispensed_at": reservation.dispensed_at,
            "cashier": reservation.request.get("cashier", 0), "told": reservation.told, "prints": reservation.prints,
            "lines": len(reservation.lines), "cards": [list(card) for card in reservation.cards],
        })  # fmt: skip

    def decide_stock(self, actor, roles, request, now):
        product = request["product"]
        if product not in self.products:
            return refused(33, product)
        return Answer(body={"levels": [self.level(product)]})

    def level(self, product):
        counts = {}
        for facts in self.cards.values():
            if facts[0] == product:
                place = facts[2] if facts[2] != "stock" else ("regular", "used")[facts[3]]
                counts[place] = counts.get(place, 0) + 1
        places = ("regular", "used", "quarantined", "reserved", "delivered", "void", "loading")
        return [counts.get(place, 0) for place in places] + [product]
