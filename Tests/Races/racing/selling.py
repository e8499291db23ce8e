"""What the model answers those who sell: from the grant of cards to their sale or their end."""

from .words import (CONFIRMED, DAY, DELIVERED, EXPIRED, HELD, LONGEST_HOLD, MOST_TOLD, OPERATION_FIELD, QUARANTINED,
                    RELEASED, REVERSAL, REVERSED, USED, Answer, refused)  # fmt: skip


class Selling:
    """Mixed into `Model`."""

    def decide_vend(self, actor, roles, request, now):
        return self.decide_grant(actor, roles, "vend", request, now)

    def decide_reserve(self, actor, roles, request, now):
        if not request["hold"] and "storefront" not in roles:
            return refused(16, 10)
        return self.decide_grant(actor, roles, "reserve", request, now)

    def decide_grant(self, actor, roles, operation, request, now):
        if any(line[4] == USED for line in request["lines"]) and "clerk" not in roles:
            return refused(17)
        reservation, refusal = self.known(actor, roles, request["id"])
        if reservation:
            return self.decide_again(reservation, actor, roles, operation, request, now)
        if refusal.status != 32:
            return refusal
        taken, picked, lines = set(), [], []
        for index, (product, count, discount, tax, condition) in enumerate(request["lines"]):
            facts = self.products.get(product)
            if facts is None:
                return refused(33, product)
            if facts["frozen"]:
                return refused(39, product)
            if discount > facts["price"] * count:
                return refused(16, 6)
            there = self.available(product, condition, now)
            free = [card for card in there if card not in taken][:count]
            if len(free) < count:
                return refused(40, product, len(there))
            taken.update(free)
            picked += [(card, index) for card in free]
            lines.append([facts["price"], discount, tax, product, count, condition])
        effect = ("granted", operation, request["id"], actor, tuple(picked))
        if operation == "vend":
            body = {"dispensed_at": now, "first": 0, "next": len(picked), "total": len(picked), "prints": 0,
                    "state": DELIVERED, "lines": lines, "cards": [list(card) for card in picked]}  # fmt: skip
        else:
            deadline = now + request["hold"] * 1000 if request["hold"] else 0
            body = {"deadline": deadline, "cards": len(picked), "state": HELD, "lines": lines}
        return Answer(body=body, effect=effect)

    def decide_again(self, reservation, actor, roles, operation, request, now):
        if not reservation.lines:
            return refused(42, detail=REVERSED)
        if reservation.operation != operation:
            return refused(18, OPERATION_FIELD)
        if {**reservation.request, "id": request["id"]} != request:
            return refused(18)
        if operation == "vend":
            return self.decide_opened(request["id"], reservation, actor, 0, MOST_TOLD, True, now)
        body = {"deadline": reservation.deadline, "cards": len(reservation.cards), "state": reservation.state_at(now),
                "lines": reservation.lines}  # fmt: skip
        return Answer(body=body, repeat=True, sequence=reservation.created)

    def decide_dispense(self, actor, roles, request, now):
        id = request["id"]
        reservation, refusal = self.known(actor, roles, id)
        if refusal:
            return refusal
        state = reservation.state_at(now)
        if state in (DELIVERED, CONFIRMED):
            return self.decide_opened(id, reservation, actor, 0, MOST_TOLD, True, now)
        if state == EXPIRED:
            return refused(43)
        if state != HELD:
            return refused(42, detail=state)
        for line in reservation.lines:
            if self.products[line[3]]["frozen"]:
                return refused(39, line[3])
        if self.held(id, "reserved") != [card for card, _ in reservation.cards]:
            return refused(45)
        if any(self.cards[card][1] < now // DAY for card, _ in reservation.cards):
            return refused(45)
        told = min(len(reservation.cards), MOST_TOLD)
        body = {"dispensed_at": now, "first": 0, "next": told, "total": len(reservation.cards), "prints": 0,
                "state": DELIVERED, "lines": reservation.lines,
                "cards": [list(card) for card in reservation.cards[:told]]}  # fmt: skip
        return Answer(body=body, effect=("dispensed", id, actor))

    def decide_opened(self, id, reservation, actor, first, count, repeat, now):
        if first > reservation.told:
            return refused(16, 16)
        total = len(reservation.cards)
        is_print = first < reservation.told
        past = min(first + count, reservation.told if is_print else total)
        if first >= total:
            return refused(16, 16)
        mine = set(self.held(id, "delivered"))
        cards = [list(card) for card in reservation.cards[first:past] if card[0] in mine]
        body = {"dispensed_at": reservation.dispensed_at, "first": first, "next": past, "total": total,
                "prints": reservation.prints + is_print, "state": reservation.state_at(now),
                "lines": reservation.lines, "cards": cards}  # fmt: skip
        if is_print and not cards:
            return Answer(body=body, repeat=repeat, sequence=reservation.changed)
        return Answer(body=body, repeat=repeat, effect=("opened", id, actor, first, past - first, is_print))

    def decide_reprint(self, actor, roles, request, now):
        reservation, refusal = self.known(actor, roles, request["id"])
        if refusal:
            return refusal
        if reservation.state not in (DELIVERED, CONFIRMED):
            return refused(42, detail=reservation.state_at(now))
        count = request["count"] or MOST_TOLD
        return self.decide_opened(request["id"], reservation, actor, request["first"], count, False, now)

    def present(self, reservation, state):
        body = {"deadline": reservation.deadline, "state": state}
        return Answer(body=body, repeat=True, sequence=reservation.changed)

    def decide_confirm(self, actor, roles, request, now):
        reservation, refusal = self.known(actor, roles, request["id"])
        if refusal:
            return refusal
        if reservation.state == CONFIRMED:
            return self.present(reservation, CONFIRMED)
        if reservation.state != DELIVERED:
            return refused(42, detail=reservation.state_at(now))
        body = {"deadline": reservation.deadline, "state": CONFIRMED}
        return Answer(body=body, effect=("confirmed", request["id"], actor))

    def decide_extend(self, actor, roles, request, now):
        deadline = request["deadline"]
        if deadline > now + LONGEST_HOLD:
            return refused(16, 11)
        reservation, refusal = self.known(actor, roles, request["id"])
        if refusal:
            return refusal
        state = reservation.state_at(now)
        if state == EXPIRED:
            return refused(43)
        if state != HELD:
            return refused(42, detail=state)
        if deadline == reservation.deadline:
            return self.present(reservation, HELD)
        if deadline <= now:
            return refused(16, 11)
        body = {"deadline": deadline, "state": HELD}
        return Answer(body=body, effect=("extended", request["id"], actor, deadline))

    def end(self, actor, id, state):
        place = "delivered" if state == QUARANTINED else "reserved"
        deadline = self.reservations[id].deadline if id in self.reservations else 0
        cards = tuple(sorted(self.held(id, place))) if id in self.reservations else ()
        return Answer(body={"deadline": deadline, "state": state}, effect=("ended", id, actor, state, cards))

    def decide_release(self, actor, roles, request, now):
        reservation, refusal = self.known(actor, roles, request["id"])
        if refusal:
            return refusal
        state = reservation.state_at(now)
        if state == HELD:
            return self.end(actor, request["id"], RELEASED)
        if state in (RELEASED, EXPIRED, REVERSED):
            return self.present(reservation, state)
        return refused(42, detail=state)

    def decide_reverse(self, actor, roles, request, now):
        reservation, refusal = self.known(actor, roles, request["id"])
        if refusal:
            return self.end(actor, request["id"], REVERSED) if refusal.status == 32 else refusal
        state = reservation.state_at(now)
        if state == HELD:
            return self.end(actor, request["id"], REVERSED)
        if state == CONFIRMED or (state == DELIVERED and now >= reservation.dispensed_at + REVERSAL):
            return refused(44)
        if state == DELIVERED:
            return self.end(actor, request["id"], QUARANTINED)
        return self.present(reservation, state)
