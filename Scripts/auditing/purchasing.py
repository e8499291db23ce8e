"""Sheets and purchase orders: their bytes as facts, and what the books make of them."""

from .journal import Damage
from .rules import BITS, KEEPING
from .words import (ACT, COUNT, DOCUMENT, ORDER, PRODUCT, PURCHASE, PURCHASE_ORDER_ACTS, PURCHASE_ORDER_STATES, REASON, SHEET,
                    SHEETS, UNIT_COST, VENDOR, VERSION, id_text)  # fmt: skip

ACCOUNTS = BITS["accountant"] | BITS["administrator"]
# By act: who, and in which states.
RULES = {"draft": (KEEPING | ACCOUNTS, ["draft"]), "approve": (ACCOUNTS, ["draft"]), "receive": (KEEPING, ["approved"]),
         "close": (ACCOUNTS, ["draft", "approved", "received"])}  # fmt: skip


def sheet_defined(reader):
    fields, result = reader.change()
    facts = {"request": fields, "sheet": result.u8(), "number": result.u32()}
    facts |= {"version": result.u32(), "document": (result.take(16), result.take(32))}
    facts["record"] = result.data[:result.at]
    facts["replaces"] = [result.take(16) for _ in range((len(result.data) - result.at) // 16)]
    if result.at != len(result.data) or not 0 < facts["sheet"] < len(SHEETS):
        raise Damage("a sheet of a kind that does not exist")
    return facts | {"vendor_name": reader.text()}


def purchase_order_changed(reader):
    fields, result = reader.change()
    facts = {"request": fields, "record": result.data} | purchase_order(result)
    act = dict(fields).get(ACT, b"")
    if len(act) != 1 or not 0 < act[0] < len(PURCHASE_ORDER_ACTS) or dict(fields).get(ORDER) != facts["order"]:
        raise Damage("a purchase order is not what the request says")
    reason = dict(fields)[REASON].decode() if act[0] == 4 else None
    return facts | {"act": PURCHASE_ORDER_ACTS[act[0]], "reason": reason}


def purchase_order(reader):
    facts = {"order": reader.take(16), "version": reader.u32(), "state": reader.u8()}
    reader.zeros(3)
    facts |= {"drafted_by": reader.u32(), "drafted": reader.u64(), "currency": reader.currency()}
    line_count, receipt_count = reader.u16(), reader.u16()
    facts["lines"] = [(reader.u32(), reader.u32(), reader.u64(), reader.u64(), reader.u64()) for _ in range(line_count)]
    facts["receipts"] = [reader.u32() for _ in range(receipt_count)]
    facts["vendor"] = reader.text()
    if reader.at != len(reader.data) or not 0 < facts["state"] < len(PURCHASE_ORDER_STATES):
        raise Damage("a purchase order stands where none can")
    return facts


class Purchasing:
    """The part of the books that is about sheets and purchase orders. Mixed into `Books`."""

    def begin_purchasing(self):
        # Sheets by kind and number, purchase orders by id, the order of each purchase that was received.
        self.sheets, self.purchase_orders, self.receipts = {}, {}, {}

    def sheet_defined(self, event):
        facts = event.facts
        kind, number, name = SHEETS[facts["sheet"]], facts["number"], facts["vendor_name"]
        is_vendor = kind == "vendor"
        subject = (VENDOR, name.encode()) if is_vendor else (PRODUCT, number.to_bytes(4, "big"))
        seen = facts["version"] - 1
        self.check_request(
            event, (SHEET, bytes([facts["sheet"]])), subject, (VERSION, seen.to_bytes(4, "big")),
            (DOCUMENT, b"".join(facts["document"])))
        if is_vendor and number == len(self.vendors) + 1 and name not in self.vendors:
            self.vendors.append(name)
        elif is_vendor and (not 1 <= number <= len(self.vendors) or self.vendors[number - 1] != name):
            self.findings.problem("numbering", event, f"vendor {number} is another, or not next")
        elif not is_vendor and (number not in self.products or name):
            self.findings.problem("numbering", event, f"there is no product {number}")
        before = self.sheets.get((facts["sheet"], number))
        if seen != (int.from_bytes(before[5:9], "big") if before else 0):
            self.findings.problem("purchasing", event, "a sheet changes another version than the one it saw")
        self.sheets[facts["sheet"], number] = facts["record"]
        self.replace_documents(event, [before[9:25]] if before else [])
        self.name_document(event, facts["document"])

    def purchase_order_changed(self, event):
        facts, before = event.facts, self.purchase_orders.get(event.facts["order"])
        roles, states = RULES[facts["act"]]
        state = PURCHASE_ORDER_STATES[before["state"]] if before else "draft"
        if not roles & self.roles.get(event.actor, 0) or state not in states or (not before and facts["act"] != "draft"):
            self.findings.problem("purchasing", event, f"{facts['act']} may not be done, or not by this actor")
        seen = int.from_bytes(dict(facts["request"])[VERSION], "big")
        if seen != (before["version"] if before else 0) or facts["version"] != seen + 1:
            self.findings.problem("purchasing", event, "it changes another version than the one it saw")
        start = {"drafted_by": event.actor, "drafted": event.time, "receipts": [], "state": 1}
        wanted = (before or start) | {"order": facts["order"], "version": seen + 1}
        getattr(self, "purchase_order_" + facts["act"])(event, wanted)
        if any(facts[name] != value for name, value in wanted.items() if name not in ("request", "record", "act", "reason")):
            self.findings.problem("purchasing", event, f"{facts['act']} does not make this of it")
        self.purchase_orders[facts["order"]] = facts

    def purchase_order_draft(self, event, wanted):
        request = event.facts["request"]
        numbers = [(number, int.from_bytes(value, "big")) for number, value in request]
        products, counts, costs = ([value for found, value in numbers if found == number]
                                   for number in (PRODUCT, COUNT, UNIT_COST))  # fmt: skip
        wanted["lines"] = [(*line, 0, 0) for line in zip(products, counts, costs)]
        wanted["vendor"] = dict(request)[VENDOR].decode()
        if any(self.products.get(product, {}).get("currency") != event.facts["currency"] for product in products):
            self.findings.problem("prices", event, "its lines cost another currency")
        wanted["currency"] = event.facts["currency"]

    def purchase_order_approve(self, event, wanted):
        wanted["state"] = 2

    def purchase_order_close(self, event, wanted):
        wanted["state"] = 4
        self.check_reason(event)

    def purchase_order_receive(self, event, wanted):
        number = int.from_bytes(dict(event.facts["request"])[PURCHASE], "big")
        purchase = self.purchases.get(number)
        if purchase is None or purchase[0][4] != 2 or number in self.receipts:
            self.findings.problem("purchasing", event, f"purchase {number} was not committed, or was received before")
            return
        self.receipts[number] = event.facts["order"]
        lots = purchase[3]
        if self.vendors[lots[0][3] - 1] != wanted["vendor"]:
            self.findings.problem("purchasing", event, f"purchase {number} is of another vendor")
        loaded = sum(self.loaded[lot[0]] for lot in lots)
        refused = sum(lot[6] for lot in lots) - loaded
        wanted["lines"] = [
            line[:3] + (line[3] + loaded, line[4] + refused) if line[0] == lots[0][1] else line for line in wanted["lines"]]
        wanted["receipts"] = wanted["receipts"] + [number]
        if all(line[3] >= line[1] for line in wanted["lines"]):
            wanted["state"] = 3

    def purchasing_records(self, table):
        if table == "sheets":
            return {bytes([kind]) + number.to_bytes(4, "big"): record for (kind, number), record in self.sheets.items()}
        if table == "receipts":
            return {number.to_bytes(4, "big"): order for number, order in self.receipts.items()}
        return {id: facts["record"] for id, facts in self.purchase_orders.items()}
