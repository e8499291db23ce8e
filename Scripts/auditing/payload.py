"""The dumped payload: the sealed rows of all cards, and the indexes that lead to them."""

import bisect
import hashlib
from array import array

from .words import cards_text, id_text

LONGEST_SERIAL, LONGEST_PIN, TAG = 64, 64, 16
FINGERPRINT_KEY = 20


class Lot:
    """The rows of a lot: those that must be there, those that may, and what the indexes have said of them."""

    def __init__(self, lot, must, may):
        self.number, _, _, self.vendor, _, self.first = lot[:6]
        self.must, self.may = must, may
        # For each row, in order, a hash of the key under which its serial must be found. Python keys it at random for
        # each run, so that nobody can aim at it.
        self.hashes = array("q")
        self.led_to = {}

    def row(self, card):
        """The row's place in the lot, or None."""
        place = card - self.first
        return place if 0 <= place < len(self.hashes) else None


class PayloadAudit:
    """Walks the tables in the order of their dump: cards, documents, fingerprints, serials."""

    def __init__(self, findings, books, store_id):
        self.findings, self.store_id = findings, store_id
        self.lots = []
        for number, (record, _, _, lots) in books.purchases.items():
            for lot in lots:
                committed = books.loaded.get(lot[0])
                # What is being loaded has rows before it counts; what was abandoned last may not be swept yet.
                may = lot[6] if record[4] == 1 or (record[4] == 3 and number == len(books.purchases)) else 0
                self.lots.append(Lot(lot, committed or 0, may if committed is None else committed))
        self.firsts = [lot.first for lot in self.lots]
        self.row_count = self.left_over = 0
        self.entries = {"serials": 0, "fingerprints": 0}
        self.documents, self.document_count, self.unnamed = books.documents, 0, 0
        # Those that are there and were replaced, and the changes that may not have purged what they replaced.
        self.replaced, self.superfluous, self.marks = books.replaced, [], set()

    def run(self, entries):
        for table, key, value in entries:
            if table == "cards":
                self.add_row(int.from_bytes(key, "big"), value)
            elif table in self.entries:
                self.add_entry(table, key, value)
            elif table == "documents":
                self.add_document(key, value)
            elif table == "unnamed":
                if len(key) != 16 or value != b"\0":
                    self.findings.problem("documents", key.hex(), "is not the mark of a document")
                # What it replaced is purged with the mark, at the next start if not before.
                self.marks.add(key)
            elif table == "meta":
                if (key, value) != (b"store", self.store_id):
                    self.findings.problem("cards", "the payload", "it is of another store")
            elif table:
                self.findings.problem("cards", table, "a table that the format does not know")
        for document in self.superfluous:
            if self.replaced[document] in self.marks:
                continue
            self.findings.problem("documents", id_text(document), "was replaced, and is not purged")
        for lot in self.lots:
            self.check_lot(lot)
        unswept = f", {self.left_over:,} of them of an import that was not committed" if self.left_over else ""
        self.findings.look("cards", f"{self.row_count:,} sealed rows{unswept}")
        unnamed = f", {self.unnamed:,} of them of a change that came to nothing" if self.unnamed else ""
        self.findings.look("documents", f"{self.document_count:,} sealed documents{unnamed}")
        self.findings.look(
            "indexes", f"{self.entries['serials']:,} serials, {self.entries['fingerprints']:,} fingerprints")

    def lot_of(self, card):
        place = bisect.bisect_right(self.firsts, card) - 1
        return self.lots[place] if place >= 0 else None

    def add_row(self, card, value):
        self.row_count += 1
        length = value[0] if value else 0
        sealed = len(value) - 1 - length
        if not 1 <= length <= LONGEST_SERIAL or not 1 + TAG <= sealed <= LONGEST_PIN + TAG:
            self.findings.problem("cards", f"card {card}", "the row is not a serial and a sealed PIN")
        lot = self.lot_of(card)
        if lot is None or not lot.first <= card < lot.first + lot.may:
            self.findings.problem("cards", f"card {card}", "has a row, and was never received")
            return
        missing = card - lot.first - len(lot.hashes)
        if missing:
            self.findings.problem("cards", cards_text(card - missing, missing), "has no row")
            lot.hashes.extend([0] * missing)
        self.left_over += not lot.must
        lot.hashes.append(hash(lot.vendor.to_bytes(4, "big") + value[1:1 + length]))

    def add_document(self, key, value):
        self.document_count += 1
        digest = self.documents.get(key)
        # One that a crash left is swept at the next start.
        self.unnamed += digest is None
        if key in self.replaced:
            self.superfluous.append(key)
        elif digest is not None and hashlib.sha256(value).digest() != digest:
            self.findings.problem("documents", id_text(key), "is not what the journal names")

    def add_entry(self, table, key, value):
        self.entries[table] += 1
        card = int.from_bytes(value, "big")
        lot = self.lot_of(card)
        row = lot.row(card) if lot and len(value) == 8 else None
        name = table[:-1]
        if row is None:
            self.findings.problem("indexes", f"{table} {key.hex()}", f"leads to card {card}, which has no row")
            return
        if lot.vendor != int.from_bytes(key[:4], "big") or (table == "fingerprints" and len(key) != FINGERPRINT_KEY):
            self.findings.problem("indexes", f"card {card}", f"its {name} is filed under another vendor, or is none")
        if table == "serials" and lot.hashes[row] != hash(key):
            self.findings.problem("indexes", f"card {card}", "the serial that leads to it is not its own")
        led_to = lot.led_to.setdefault(table, bytearray(len(lot.hashes)))
        if led_to[row]:
            self.findings.problem("indexes", f"card {card}", f"a second {name} leads to it")
        led_to[row] = 1

    def check_lot(self, lot):
        missing = lot.must - len(lot.hashes)
        if missing > 0:
            self.findings.problem("cards", cards_text(lot.first + len(lot.hashes), missing), "has no row")
        if not lot.must:
            return
        for table in self.entries:
            led_to = lot.led_to.get(table, bytes(len(lot.hashes)))
            lost = led_to.count(0)
            if lost:
                text = "no entry leads to it" + (f", nor to {lost - 1:,} others of the lot" if lost > 1 else "")
                self.findings.problem("indexes", f"{table}, card {lot.first + led_to.index(0)}", text)
