"""The second person: which events need one, and that each that does has one."""

import struct

from .rules import APPROVAL_MILLISECONDS, BITS, OPERATIONS
from .words import DAY_MILLISECONDS

RECORD = struct.Struct(">IBQQ")
OFF = (1 << 64) - 1
# Where the fields of the approved request begin among those of an approval: after its operation and its id.
NESTED = 23
REINVENTORIED, ACTOR_DEFINED, RULE_DEFINED = 32, 4, 65


def request_of(event):
    return event.data[32:32 + int.from_bytes(event.data[24:28], "big")]


class Approvals:
    def __init__(self, findings, roles):
        self.findings, self.roles = findings, roles
        self.rule, self.day, self.alone = OFF, 0, 0
        self.checked_count = 0
        # By the id of what was approved: who, which operation, the event, until when, the request.
        self.open = {}

    def approved(self, event):
        facts, request = event.facts, request_of(event)
        if facts["valid_until"] != event.time + APPROVAL_MILLISECONDS or len(request) < NESTED:
            self.findings.problem("approvals", event, "it does not say for how long, or of what")
        self.open = {id: approval for id, approval in self.open.items() if approval[3] > event.time}
        self.open[facts["request_id"]] = (
            event.actor, facts["operation"], event.sequence, facts["valid_until"], request[NESTED:])

    def rule_defined(self, event):
        self.rule = event.facts["cards_per_day"]

    def check(self, event):
        """That an event has the second person that it needs."""
        self.checked_count += 1
        approver, operation, sequence, until, request = self.open.get(event.id, (0, 0, 0, 0, b""))
        is_good = (
            operation == OPERATIONS[event.kind] and request == request_of(event) and event.time < until
            and approver != event.actor and self.roles.get(approver, 0) & BITS["key-custodian"])
        if event.kind == REINVENTORIED:
            day, named = event.time // DAY_MILLISECONDS, event.facts["approved_by"]
            alone = event.facts["cards"] + (self.alone if day == self.day else 0)
            is_needed = self.rule != OFF and alone > self.rule
            if named != (sequence if is_needed else 0):
                self.findings.problem("approvals", event, "it names another approval than the one it needs")
            if not named:
                self.day, self.alone = day, alone
        elif event.kind == ACTOR_DEFINED:
            is_custodian = event.facts["roles"] & BITS["key-custodian"] and not event.facts["is_revoked"]
            is_needed = self.rule != OFF and is_custodian
        else:
            is_needed = event.kind == RULE_DEFINED
        if is_needed and not is_good:
            self.findings.problem("approvals", event, "it needs a second person, and has none")

    def done(self, id):
        self.open.pop(id, None)

    def records(self):
        """The entries of the table of approvals, in order."""
        for id, (approver, operation, sequence, until, request) in sorted(self.open.items()):
            yield id, RECORD.pack(approver, operation, sequence, until) + request

    def counters(self):
        return struct.pack(">QIQ", self.rule, self.day, self.alone)
