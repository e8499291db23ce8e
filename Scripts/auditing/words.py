"""The words of the format: kinds, places, states, roles, with their numbers."""

KINDS = {
    1: "store-created", 2: "store-restored", 3: "rekeyed", 4: "actor-defined", 5: "product-defined",
    6: "product-frozen", 7: "product-thawed", 8: "purchase-begun", 9: "purchase-committed",
    10: "purchase-abandoned", 11: "stock-quarantined", 16: "reserved", 17: "vended", 18: "dispensed", 19: "opened",
    20: "confirmed", 21: "extended", 22: "released", 23: "expired", 24: "reversed", 25: "returned",
    32: "reinventoried", 33: "settled", 34: "withdrawn", 48: "shift-closed", 49: "forgotten",
    64: "approved", 65: "approval-rule-defined", 66: "proofs-failed", 80: "customer-defined", 81: "order-changed",
    82: "card-shown", 83: "mail-tried", 84: "customer-mailed", 88: "sheet-defined", 89: "purchase-order-changed",
    96: "credential-changed",
}  # fmt: skip
WITHOUT_ID = {1, 2, 3, 9, 10, 11, 66, 83}

CONDITIONS = ["regular", "used", "quarantined"]
REGULAR, USED = 0, 1
PLACES = ["stock", "loading", "reserved", "delivered", "quarantined", "void"]
STOCK, LOADING, RESERVED, DELIVERED, QUARANTINE, VOID = range(6)
TENDERS = ["unspecified", "cash", "card", "account", "voucher", "other"]
STATES = [None, "held", "delivered", "confirmed", "released", "expired", "reversed", "quarantined"]
HELD, SOLD, CONFIRMED, RELEASED, EXPIRED, REVERSED, QUARANTINED = range(1, 8)
ROLES = ["terminal", "storefront", "clerk", "reviewer", "stock-keeper", "accountant", "key-custodian", "auditor",
         "administrator"]  # fmt: skip

NEVER = 0xFFFFFFFF
DAY_MILLISECONDS = 86_400_000

# Numbers of the fields of a request that are used here.
OPERATION, COUNT, EXTENTS, REASON, RESERVATION, ACTOR, LIMITS, KEY = 2, 4, 13, 14, 15, 31, 40, 41
APPROVED_REQUEST, CARDS_PER_DAY = 50, 51
ORDER, VERSION, ACT, CUSTOMER, SHIPPING, DOCUMENT, AUTHORISATION, PAYMENT_CARD, CONSENT = range(52, 61)
MARK, DEVICE, WAY, CARRIER, TRACKING = range(61, 66)
SHEET = 70
CREDENTIAL = 80
LAST_FIELD = 83
VENDOR, UNIT_COST, PURCHASE, PRODUCT = 19, 25, 39, 3

REVIEWS = [None, "pending", "approved", "denied", "pardoned"]
PAYMENTS = [None, "unpaid", "declined", "authorised", "paid", "refunded", "paying"]
FULFILMENTS = [None, "held", "delivered", "shipped", "returned", "cancelled", "deleted"]
ACTS = [None, "submit", "approve", "deny", "record-payment", "decline", "change-card", "cancel", "take-back", "ship",
        "pardon", "delete", "change-method", "open-payment", "take-payment", "decline-payment", "refund", "reseal-card", "lose-refund"]
MAILS = [None, "received", "delivery", "denied", "declined", "cancelled", "credited", "shipped", "low-stock",
         "marketing", "payment-card", "refund-lost"]
WAYS = [None, "mail", "post"]
MARKS = [None, "email", "address", "device", "card"]
SHEETS = [None, "picture", "rates", "vendor"]
PURCHASE_ORDER_ACTS = [None, "draft", "approve", "receive", "close"]
PURCHASE_ORDER_STATES = [None, "draft", "approved", "received", "closed"]
CREDENTIALS = [None, "password", "token"]
SET_PASSWORD, ADD_TOKEN, END_CREDENTIAL = 1, 2, 3
MAIL_OUTCOMES = [None, "sent", "deferred", "given-up", "dropped", "again", "card-sent"]


def days_text(days):
    """Days since 1970 as YYYY-MM-DD; past the year 9999, too."""
    era, rest = divmod(days + 719468, 146097)
    year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    date = rest - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return f"{era * 400 + year + (month <= 2):04}-{month:02}-{date:02}"


def moment_text(milliseconds):
    seconds, milliseconds = divmod(milliseconds, 1000)
    days, seconds = divmod(seconds, 86400)
    return f"{days_text(days)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}Z"


def id_text(data):
    digits = data.hex()
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def currency_text(code):
    return code.to_bytes(4, "big")[1:].decode()


def cards_text(first, count):
    return f"card {first}" if count == 1 else f"cards {first} to {first + count - 1}"
