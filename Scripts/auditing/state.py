"""The dumped state beside the books: each table entry by entry, and the laws on the dump alone."""

import collections
import heapq
import itertools
import struct
from array import array

from .custody import NOBODY
from .words import (CONDITIONS, DELIVERED, LOADING, PLACES, QUARANTINE, REGULAR, RESERVED, STOCK, USED, VOID,
                    cards_text, id_text)  # fmt: skip

CHECKPOINT = struct.Struct(">Q32sQQQQQ")
CUSTODY_VALUE = struct.Struct(">IBBIQ16s")
STOCK_KEY = struct.Struct(">IBIQ")
STOCK_VALUE = struct.Struct(">QQI")
LEVELS = struct.Struct(">IQQQQQQQ")
TABLES = ["actors", "approvals", "bought", "came-back", "counters", "credentials", "custody", "customers", "deadlines", "fraud", "ids", "levels", "lots", "mail", "mail-due",
          "orders", "payments", "products", "purchase-orders", "purchases", "receipts", "reviews", "sheets", "shifts", "stock", "vendors"]  # fmt: skip


def key_text(table, key):
    if table in ("approvals", "credentials", "customers", "ids", "orders", "payments", "purchase-orders", "reviews"):
        return id_text(key)
    if table in ("bought", "fraud", "mail", "mail-due", "sheets"):
        return key.hex()
    if table == "deadlines":
        return f"{int.from_bytes(key[:8], 'big')} {id_text(key[8:])}"
    if table == "custody":
        return f"card {int.from_bytes(key, 'big')}"
    if table == "stock" and len(key) == STOCK_KEY.size:
        return f"product {int.from_bytes(key[:4], 'big')}, up to card {int.from_bytes(key[9:], 'big')}"
    return key.decode() if table == "counters" else str(int.from_bytes(key, "big"))


def numbered(records):
    return ((number.to_bytes(4, "big"), records[number]) for number in sorted(records))


def expected(books, table):
    """The entries that a table must have, in the order of their keys."""
    custody = books.custody
    if table == "custody":
        return ((first.to_bytes(8, "big"), CUSTODY_VALUE.pack(*piece[:6]))
                for first, piece in custody.pieces if piece[1] != STOCK)  # fmt: skip
    if table == "stock":
        return sorted(stock_entry(custody, first, piece) for first, piece in custody.pieces if piece[1] == STOCK)
    if table == "ids":
        return ((id, books.ids[id]) for id in sorted(books.ids))
    if table == "approvals":
        return books.approvals.records()
    if table in ("orders", "customers", "mail", "mail-due", "fraud", "credentials", "payments", "reviews"):
        records = {"orders": books.orders, "customers": books.customer_records(), "mail": books.mail_records(), "mail-due": books.mail_places(),
                   "fraud": books.fraud_list(), "credentials": books.credential_records(),
                   "payments": books.payment_records(), "reviews": books.review_records()}  # fmt: skip
        return sorted(records[table].items())
    if table in ("sheets", "purchase-orders", "receipts"):
        return sorted(books.purchasing_records(table).items())
    if table == "bought":
        orders = ((record[24:40], id) for id, record in books.orders.items())
        return ((customer + id, b"") for customer, id in sorted(orders))
    if table == "came-back":
        return custody.came_back()
    if table == "deadlines":
        return ((key, b"") for key in books.deadlines())
    if table == "counters":
        return [(b"counters", books.counters())] if books.event_count else []
    if table == "purchases":
        return numbered({n: record + ended.to_bytes(8, "big") for n, (record, ended, _, _) in books.purchases.items()})
    if table == "vendors":
        names = [name.encode() for name in books.vendors]
        return numbered({number: bytes([len(name)]) + name for number, name in enumerate(names, 1)})
    if table == "levels":
        return numbered({number: level(custody, number) + bytes([books.low[number]]) for number in books.products})
    if table == "shifts":
        return numbered({actor: books.shift_record(actor) + books.takings_record(actor)
                         for actor in books.shifts.keys() | books.takings.keys()})  # fmt: skip
    records = {"actors": books.actor_records, "lots": books.lot_records, "products": books.product_records}
    return numbered(records[table])


def stock_entry(custody, first, piece):
    count, _, condition, lot, placed_by = piece[:5]
    product, expiry = custody.lot(lot)[1], custody.lot(lot)[4]
    key = STOCK_KEY.pack(product, condition, expiry, first + count - 1)
    return key, STOCK_VALUE.pack(first, placed_by, lot)


def level(custody, product):
    regular, used = (custody.sums.get((product, condition), [0] * len(PLACES)) for condition in (REGULAR, USED))
    held = [regular[place] + used[place] for place in (QUARANTINE, RESERVED, DELIVERED, VOID, LOADING)]
    return LEVELS.pack(product, regular[STOCK], used[STOCK], *held)


class StateAudit:
    """Compares a dump with the books as they stand at its checkpoint."""

    def __init__(self, findings, books):
        self.findings, self.books = findings, books
        self.starts, self.counts = array("Q"), array("Q")
        self.stock = []
        self.sums = collections.Counter()
        self.entry_count = 0

    def run(self, entries):
        seen = set()
        for table, group in itertools.groupby(entries, key=lambda entry: entry[0]):
            seen.add(table)
            if table in TABLES:
                self.compare(table, self.noted(table, group))
            elif table != "meta" and table:
                self.findings.problem("tables", table, "a table that the format does not know")
        for table in TABLES:
            if table not in seen:
                self.compare(table, iter(()))
        self.check_tiling()
        self.check_balance()
        self.findings.look(
            "tables", f"{self.entry_count:,} entries of {len(TABLES)} tables, as of event {self.books.event_count:,}")

    def noted(self, table, group):
        """The entries of a table, noted for the laws on the dump alone."""
        for _, key, value in group:
            self.entry_count += 1
            if table == "custody" and len(value) == CUSTODY_VALUE.size:
                count, place, condition, lot, _, holder = CUSTODY_VALUE.unpack(value)
                self.starts.append(int.from_bytes(key, "big"))
                self.counts.append(count)
                unused = place == VOID and holder == NOBODY
                self.sums[lot, condition, "unused" if unused else place] += count
            elif table == "stock" and len(key) == STOCK_KEY.size and len(value) == STOCK_VALUE.size:
                condition, last = STOCK_KEY.unpack(key)[1::2]
                first, _, lot = STOCK_VALUE.unpack(value)
                self.stock.append((first, last - first + 1))
                self.sums[lot, condition, STOCK] += last - first + 1
            yield key, value

    def compare(self, table, found):
        """Walks what is there and what must be there side by side: both are in the order of their keys."""
        check = "deadlines" if table == "deadlines" else "tables"
        count, nothing = 0, (None, None)
        wanted = iter(expected(self.books, table))
        key, value = next(wanted, nothing)
        for found_key, found_value in found:
            count += 1
            while key is not None and key < found_key:
                self.findings.problem(check, f"{table} {key_text(table, key)}", "is not there")
                key, value = next(wanted, nothing)
            if key != found_key:
                self.findings.problem(check, f"{table} {key_text(table, found_key)}", "comes of no event")
                continue
            if value != found_value:
                self.findings.problem(check, f"{table} {key_text(table, key)}", "is not what the journal folds to")
            key, value = next(wanted, nothing)
        while key is not None:
            self.findings.problem(check, f"{table} {key_text(table, key)}", "is not there")
            key, value = next(wanted, nothing)
        if table == "deadlines":
            self.findings.look("deadlines", f"{count:,} entries")

    def check_tiling(self):
        """That stock and custody hold each id once, from 1 to the last that was given."""
        pieces = heapq.merge(zip(self.starts, self.counts), sorted(self.stock))
        next_card = 1
        for first, count in pieces:
            if first > next_card:
                self.findings.problem("tiling", cards_text(next_card, first - next_card), "in nobody's custody")
            elif first < next_card:
                self.findings.problem("tiling", cards_text(first, min(count, next_card - first)), "in two places")
            if count < 1:
                self.findings.problem("tiling", f"card {first}", "a piece without cards")
            next_card = max(next_card, first + count)
        if next_card != self.books.next_card:
            text = f"custody ends here, not at card {self.books.next_card}"
            self.findings.problem("tiling", f"card {next_card}", text)
        self.findings.look("tiling", f"{next_card - 1:,} card ids in {len(self.starts) + len(self.stock):,} pieces")

    def check_balance(self):
        """That what the dump holds of each product is what was received of it."""
        totals = collections.Counter()
        for (lot, condition, place), count in self.sums.items():
            known = self.books.custody.lot(lot)
            if place != "unused" and place != LOADING:
                totals[known[1] if known else 0, condition] += count
        check_received(self.findings, self.books.custody, totals, "the tables")


def received(custody, product, condition):
    """How many cards of a condition there must be: what came in, and what became of conditions since."""
    came_in = custody.received.get(product, 0) if condition == REGULAR else 0
    return came_in + custody.turned.get((product, condition), 0)


def check_received(findings, custody, totals, where):
    for product, condition in sorted(set(totals) | set(custody.sums)):
        wanted, found = received(custody, product, condition), totals.get((product, condition), 0)
        if wanted != found:
            findings.problem(
                "balance", f"product {product}, {CONDITIONS[condition]}",
                f"{wanted:,} were received, {where} account for {found:,}")


def balance(findings, custody):
    """A row for each product and condition, from the journal alone: by what moves claim, and by where cards are."""
    held = collections.Counter()
    for _, (count, place, condition, lot, _, holder, _) in custody.pieces:
        if place != LOADING and not (place == VOID and holder == NOBODY):
            held[custody.lot(lot)[1], condition] += count
    check_received(findings, custody, held, "the cards, one by one,")
    rows = []
    for (product, condition), sums in sorted(custody.sums.items()):
        unused = custody.unused.get(product, 0) if condition == REGULAR else 0
        row = {
            "product": product, "condition": CONDITIONS[condition],
            "received": received(custody, product, condition), "stock": sums[STOCK], "reserved": sums[RESERVED],
            "delivered": sums[DELIVERED], "quarantined": sums[QUARANTINE], "void": sums[VOID] - unused,
        }  # fmt: skip
        if row["received"] != sum(list(row.values())[3:]):
            findings.problem("balance", f"product {product}, {row['condition']}", "the moves do not add up")
        rows.append(row)
    return rows
