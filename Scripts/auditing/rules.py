"""Who may do what, and in what time: the numbers of protocol.md."""

from .words import DAY_MILLISECONDS, ROLES

BITS = {name: 1 << bit for bit, name in enumerate(ROLES)}
SELLING = BITS["terminal"] | BITS["storefront"] | BITS["clerk"]
KEEPING = BITS["stock-keeper"] | BITS["administrator"]
# May use ids that belong to another actor.
OTHERS_IDS = KEEPING | BITS["clerk"] | BITS["reviewer"] | BITS["accountant"] | BITS["auditor"] | BITS["key-custodian"]
SELLS_USED, HOLDS_WITHOUT_DEADLINE = BITS["clerk"], BITS["storefront"]

# By kind of event; what is not here the store does by itself.
ROLES_FOR = {
    4: BITS["administrator"], 5: KEEPING, 6: KEEPING, 7: KEEPING, 8: KEEPING, 9: KEEPING, 10: KEEPING, 16: SELLING,
    17: SELLING, 18: SELLING, 19: SELLING, 20: SELLING, 21: SELLING, 22: SELLING, 24: SELLING, 25: BITS["clerk"],
    32: KEEPING, 33: KEEPING, 34: KEEPING, 48: SELLING,
    64: BITS["key-custodian"], 65: BITS["administrator"], 80: BITS["storefront"] | BITS["clerk"],
    81: BITS["storefront"] | BITS["clerk"] | BITS["reviewer"] | BITS["administrator"], 82: BITS["clerk"],
    83: BITS["clerk"] | BITS["administrator"], 84: BITS["clerk"] | BITS["administrator"], 88: KEEPING,
    89: KEEPING | BITS["accountant"], 96: sum(BITS.values()),
}  # fmt: skip
# What the store does by itself: the first administrator, an import given up, the end of a consent, what the gateway answered, a payment card
# that is mailed to the shop, and what has no role above.
STORE_ITSELF = {1, 2, 3, 4, 10, 11, 19, 23, 49, 66, 80, 81, 82, 83}

# The operation of protocol.md under whose number a change is kept.
OPERATIONS = {25: 23, 8: 32, 32: 36, 33: 37, 34: 38, 6: 39, 7: 40, 5: 41, 48: 65, 4: 80, 64: 85,
              65: 86, 81: 128, 80: 129, 82: 130, 84: 145, 88: 140, 89: 141, 96: 144}  # fmt: skip

FIRST_ADMINISTRATOR = bytes(15) + b"\1"
CARDS_PER_ANSWER = 128
REVERSAL_MILLISECONDS = DAY_MILLISECONDS
LONGEST_HOLD_MILLISECONDS = 7 * DAY_MILLISECONDS
# By operation, what may need a second person, with its name.
APPROVABLE = {36: "re-inventory", 80: "define actor", 86: "define approval rule"}
APPROVAL_MILLISECONDS = DAY_MILLISECONDS
REMEMBERED_MILLISECONDS = 90 * DAY_MILLISECONDS
