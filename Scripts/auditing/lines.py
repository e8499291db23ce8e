"""Events as the JSON lines that `pinvault events` prints, too, made apart from it."""

import json

from .approvals import OFF
from .rules import APPROVABLE
from .words import (ACTS, CONDITIONS, CREDENTIALS, FULFILMENTS, MAIL_OUTCOMES, MAILS, MARKS, NEVER, PAYMENTS, PLACES,
                    PURCHASE_ORDER_STATES, REVIEWS, ROLES, SHEETS, STATES, TENDERS, WAYS, currency_text, days_text, id_text,
                    moment_text)  # fmt: skip


def event_line(event):
    """One event as one line, without the line feed."""
    line = {"sequence": event.sequence, "time": moment_text(event.time), "actor": event.actor, "kind": event.name}
    line["id"] = event.id and id_text(event.id)
    line |= KEYS.get(event.kind, lambda facts: {})(event.facts)
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def moment_or_none(milliseconds):
    return moment_text(milliseconds) if milliseconds else None


def extents(moves):
    return [{
        "first": first, "count": count, "lot": lot, "placed_by": placed_by,
        "left": {"first": left, "placed_by": left_by} if left_by else None,
        "right": {"last": right, "placed_by": right_by} if right_by else None,
        "from": PLACES[place], "condition": CONDITIONS[condition],
    } for first, count, lot, placed_by, left_by, left, right_by, right, place, condition, _ in moves]  # fmt: skip


def asked(facts):
    return [{"first": first, "count": count} for first, count in facts["asked"]]


def actor(facts):
    return {
        "defined_actor": facts["actor"], "name": facts["name"],
        "roles": [name for bit, name in enumerate(ROLES) if facts["roles"] >> bit & 1],
        "is_revoked": facts["is_revoked"], "limits": limits(facts["limits"]), "has_new_key": facts["has_new_key"],
        "old_key": {"ends": moment_or_none(facts["old_key_ends"])} if facts["has_old_key"] else None,
        "replaces": replaces(facts),
    }  # fmt: skip


def limits(facts):
    spans = {span: {"cards": facts[span][0] or None, "reprints": facts[span][1] or None,
                    "value_minor": facts[span][2] or None} for span in ("minute", "day")}  # fmt: skip
    currency = currency_text(facts["currency"]) if facts["currency"] else None
    return {"requests_per_second": facts["requests"] or None, "currency": currency, **spans,
            "products": facts["products"]}  # fmt: skip


def product(facts):
    return {
        "product": facts["product"], "sku": facts["sku"], "name": facts["name"], "vendor_name": facts["vendor_name"],
        "currency": currency_text(facts["currency"]), "face_value_minor": facts["face_value"],
        "price_minor": facts["price"], "instructions": facts["instructions"],
        "low_stock_threshold": facts["threshold"], "minimum_validity_days": facts["validity"],
        "is_frozen": facts["is_frozen"],
    }  # fmt: skip


def purchase(facts):
    lots = [{"first": first, "count": count, "lot": lot, "expiry": None if expiry == NEVER else days_text(expiry)}
            for lot, _, _, _, expiry, first, count, _ in facts["lots"]]  # fmt: skip
    return {
        "purchase": facts["purchase"], "product": facts["product"], "vendor": facts["vendor"],
        "vendor_name": facts["vendor_name"], "unit_cost_minor": facts["unit_cost"], "invoice": facts["invoice"],
        "lots": lots,
    }  # fmt: skip


def grant(facts):
    lines = [{
        "product": product, "count": count, "condition": CONDITIONS[condition], "unit_price_minor": price,
        "currency": currency_text(currency), "discount_minor": discount, "tax_minor": tax,
    } for product, count, condition, currency, price, discount, tax in facts["lines"]]  # fmt: skip
    slices = [{"first": first, "count": count, "lot": lot, "placed_by": placed_by, "from": "stock", "line": line}
              for (line, lot, first, count), placed_by in zip(facts["slices"], facts["placed_by"])]  # fmt: skip
    return {
        "deadline": moment_or_none(facts["deadline"]), "hold_seconds": facts["hold"], "cashier": facts["cashier"],
        "tender": TENDERS[facts["tender"]], "lines": lines, "extents": slices,
    }  # fmt: skip


def shift(facts):
    names = ("currency", "sales", "cards", "gross_minor", "discount_minor", "tax_minor", "reversals", "reversed_cards",
             "reversed_minor", "returned_cards", "returned_minor")  # fmt: skip
    totals = [dict(zip(names, (currency_text(total[0]),) + total[1:])) for total in facts["totals"]]
    return {"shift": facts["shift"], "opened": moment_or_none(facts["opened"]), "totals": totals}


def returned(facts):
    credits = [{"cards": cards, "amount_minor": amount, "currency": currency_text(currency)}
               for amount, currency, cards in facts["credits"]]  # fmt: skip
    return {"reservation": id_text(facts["reservation"]), "asked": asked(facts), "credits": credits,
            "extents": extents(facts["moves"])}  # fmt: skip


def ended(facts):
    return {"state": STATES[facts["state"]], "extents": extents(facts["moves"])}


def stop(facts):
    return {"product": facts["product"], "reason": facts["reason"]}


def stock_changed(facts):
    return {"asked": asked(facts), "reason": facts["reason"], "cards": facts["cards"],
            "approved_by": facts["approved_by"] or None, "extents": extents(facts["moves"])}  # fmt: skip


def approved(facts):
    return {"operation": APPROVABLE[facts["operation"]], "request": id_text(facts["request_id"]),
            "valid_until": moment_text(facts["valid_until"])}  # fmt: skip


def approval_rule(facts):
    return {"cards_per_day": None if facts["cards_per_day"] == OFF else facts["cards_per_day"]}


def proofs_failed(facts):
    return {"claimed_actor": facts["claimed_actor"], "count": facts["count"], "since": moment_text(facts["since"])}


def store(facts):
    return {"store_id": id_text(facts["store_id"])}


def document(name):
    return {"id": id_text(name[0]), "digest": name[1].hex()}


def replaces(facts):
    return [id_text(document) for document in facts["replaces"]]


def customer(facts):
    return {"customer": id_text(facts["customer"]), "version": facts["version"], "consents": facts["consents"],
            "approved_orders": facts["approved_orders"], "denied_orders": facts["denied_orders"],
            "document": document(facts["document"]), "marks": [mark(found) for found in facts["marks"]],
            "replaces": replaces(facts)}  # fmt: skip


def mark(found):
    return {"kind": MARKS[found[0]], "digest": found[1:].hex()}


def order(facts):
    cards = facts["cards"]
    return {
        "act": ACTS[facts["act"]], "order": id_text(facts["order"]), "version": facts["version"],
        "review": REVIEWS[facts["review"]], "payment": PAYMENTS[facts["payment"]],
        "fulfilment": FULFILMENTS[facts["fulfilment"]], "customer": id_text(facts["customer"]),
        "submitted_by": facts["submitted_by"], "submitted": moment_text(facts["submitted"]),
        "currency": currency_text(facts["currency"]), "total_minor": facts["total"],
        "shipping_minor": facts["shipping"], "paid_minor": facts["paid"], "credited_minor": facts["credited"],
        "authorisation": facts["authorisation"],
        "suspicions": [name for kind, name in enumerate(MARKS) if kind and facts["suspicions"] >> (kind - 1) & 1],
        "device": mark(b"\3" + facts["device"]) if any(facts["device"]) else None, "delivery_way": WAYS[facts["way"]],
        "carrier": facts["carrier"], "tracking_number": facts["tracking"], "denied": [mark(found) for found in facts["denied"]],
        "payment_card": document(facts["card_document"]) if any(facts["card_document"][0]) else None,
        "gateway_method": facts["method"], "gateway_payment": facts["gateway_payment"],
        "refunded_minor": facts["refunded"], "reason": facts["reason"], "mail": MAILS[facts["mail"]],
        "replaces": replaces(facts),
        "cards": cards and {"kind": cards.name, "id": id_text(cards.id)} | KEYS[cards.kind](cards.facts),
    }  # fmt: skip


def card_shown(facts):
    return {"order": id_text(facts["order"]), "document": document(facts["document"]), "reason": facts["reason"]}


def mail_tried(facts):
    return {"cause": facts["cause"], "product": facts["product"] or None, "outcome": MAIL_OUTCOMES[facts["outcome"]], "attempts": facts["attempts"],
            "not_before": moment_or_none(facts["not_before"])}  # fmt: skip


def customer_mailed(facts):
    return {"customer": id_text(facts["customer"]), "document": document(facts["document"])}


def sheet(facts):
    return {"sheet": SHEETS[facts["sheet"]], "number": facts["number"], "vendor_name": facts["vendor_name"] or None,
            "version": facts["version"], "document": document(facts["document"]),
            "replaces": replaces(facts)}  # fmt: skip


def purchase_order(facts):
    lines = [dict(zip(("product", "count", "unit_cost_minor", "received", "refused"), line)) for line in facts["lines"]]
    return {
        "act": facts["act"], "purchase_order": id_text(facts["order"]), "version": facts["version"],
        "state": PURCHASE_ORDER_STATES[facts["state"]], "drafted_by": facts["drafted_by"],
        "drafted": moment_text(facts["drafted"]), "currency": currency_text(facts["currency"]),
        "vendor_name": facts["vendor"], "lines": lines, "receipts": facts["receipts"], "reason": facts["reason"],
    }  # fmt: skip


def credential(facts):
    return {"owner": facts["owner"], "credential": id_text(facts["credential"]),
            "credential_kind": CREDENTIALS[facts["credential_kind"]], "is_ended": facts["is_ended"],
            "name": facts["name"], "made": moment_text(facts["made"]), "ends": moment_or_none(facts["ends"]),
            "document": document(facts["document"]), "replaces": replaces(facts)}  # fmt: skip


KEYS = {
    1: store, 2: store, 3: lambda facts: {"master_key_id": facts["master_key_id"].hex()}, 4: actor, 5: product,
    6: stop, 7: stop, 8: purchase,
    9: lambda facts: {"purchase": facts["purchase"], "begun_by": facts["begun_by"], "loaded": facts["loaded"]},
    10: lambda facts: {"purchase": facts["purchase"], "begun_by": facts["begun_by"]},
    11: lambda facts: {"extents": extents(facts["moves"])}, 16: grant, 17: grant,
    18: lambda facts: {"opened_count": facts["opened_count"], "extents": extents(facts["moves"])},
    19: lambda facts: {"first_index": facts["first"], "count": facts["count"], "is_print": facts["is_print"],
                       "is_reprint": facts["is_reprint"]},
    21: lambda facts: {"deadline": moment_text(facts["deadline"])}, 22: ended, 23: ended, 24: ended, 25: returned,
    32: stock_changed, 34: stock_changed, 48: shift, 64: approved, 65: approval_rule,
    66: proofs_failed,
    80: customer, 81: order, 82: card_shown, 83: mail_tried, 84: customer_mailed, 96: credential, 88: sheet, 89: purchase_order,
    33: lambda facts: {"reservation": id_text(facts["reservation"]), "reason": facts["reason"],
                       "cards": facts["cards"], "extents": extents(facts["moves"])},
}  # fmt: skip
