"""What the model's parts have in common: states, limits, and what an answer is."""

HELD, DELIVERED, CONFIRMED, RELEASED, EXPIRED, REVERSED, QUARANTINED = range(1, 8)
REGULAR, USED = 0, 1
DAY = 86_400_000
LONGEST_HOLD, REVERSAL = 604_800_000, 86_400_000
MOST_TOLD = 128
OTHERS = {"clerk", "reviewer", "stock-keeper", "accountant", "auditor", "administrator"}
# The field that says that an id was used for another operation, and the operations' numbers.
OPERATION_FIELD = 2
NUMBERS = {"return": 23, "reinventory": 36, "settle": 37, "withdraw": 38, "freeze": 39, "thaw": 40,
           "define product": 41}  # fmt: skip


class Answer:
    """An answer; what is None is not said by the rules. `effect` is what it changes."""

    def __init__(self, status=0, body=None, repeat=False, sequence=None, effect=None, subject=None, detail=None):
        self.status, self.body, self.repeat, self.sequence = status, body or {}, repeat, sequence
        self.effect, self.subject, self.detail = effect, subject, detail

    def __repr__(self):
        return f"Answer({', '.join(f'{name}={value}' for name, value in vars(self).items() if value is not None)})"


def refused(status, subject=None, detail=None):
    return Answer(status, subject=subject, detail=detail)


class Reservation:
    def __init__(self, actor, operation, request, lines, cards, now, sequence):
        self.actor, self.operation, self.request, self.lines, self.cards = actor, operation, request, lines, cards
        self.reserved_at, self.created, self.changed = now, sequence, sequence
        self.state, self.deadline, self.dispensed_at, self.told, self.prints = HELD, 0, 0, 0, 0

    def is_dead(self, now):
        return self.state == HELD and self.deadline != 0 and now >= self.deadline

    def state_at(self, now):
        return EXPIRED if self.is_dead(now) else self.state
