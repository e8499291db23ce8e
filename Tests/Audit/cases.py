"""The damages: a line or so for each, with the checks that must find it and what they must say."""
import struct

from changes import (
    CONFIRMED, DAY, DELIVERED, HELD, NEW_ID, RELEASED, actor, append, at_key, both, byte, change, cut_tail,
    double_sale, end, entry, first_stock, flipped, gone, head, in_order, leave_pin, leave_segment_out, move_at,
    opened, order_held, result_size, rewritten, shifted, vend,
)
from store import Case

from auditing import state

CASES = [
    # The chain.
    Case("a byte of a block", "chain", "check does not match", files=byte(4096 + 70)),
    Case("a byte of a length", "chain", "length is impossible", files=byte(4096)),
    Case("a byte of a header", "chain", "header is wrong", files=byte(8)),
    Case("a byte behind the header", "chain", "does not belong", files=byte(4000)),
    Case("a segment is missing", "chain", "is missing", files=leave_segment_out),
    Case("a time that goes back", "chain", "time goes wrong", events=shifted(-400 * DAY)),
    Case("a sequence that begins late", "chain", "sequence", events=lambda store, blocks: 2),
    Case("the last block cut off", "head", "the journal ends", events=cut_tail,
         options=["--head", "{store.sequence}"]),  # fmt: skip
    Case("another chain than was noted", "head", "another chain hash",
         options=["--head", "{store.sequence}:" + "ab" * 32]),  # fmt: skip
    Case("a checkpoint of another block", "head", "names another block",
         tables=entry("meta", lambda key, value: [(key, value[:8] + bytes(32) + value[40:])])),  # fmt: skip
    Case("a checkpoint that lies elsewhere", "head", "lies elsewhere",
         tables=entry("meta", lambda key, value: [(key, value[:-1] + bytes([value[-1] ^ 1]))])),  # fmt: skip
    Case("a checkpoint past the end", "head", "is no block's end",
         tables=entry("meta", lambda key, value: [(key, (1 << 40).to_bytes(8, "big") + value[8:])])),  # fmt: skip
    # Events.
    Case("a kind that does not exist", "events", "is not known",
         files=lambda store, directory: rewritten(store, directory, bytes([15, 1]))),  # fmt: skip
    Case("a version that does not exist", "events", "is not known",
         files=lambda store, directory: rewritten(store, directory, bytes([20, 2]))),  # fmt: skip
    Case("a product that is not the one asked for", "events", "what was asked",
         events=change("product-defined", lambda event: len(event.data) - 4, b"\x09")),  # fmt: skip
    Case("a withdrawal that says another number of cards", "events", "another number",
         events=change("withdrawn", lambda event: 39 + int.from_bytes(event.data[24:28], "big"), b"\7")),  # fmt: skip
    # Actors.
    Case("a sale by nobody", "actors", "does not exist", events=append(lambda store: vend(store, who=77))),
    Case("a sale by a keeper of stock", "actors", "has no role", events=append(lambda store: vend(store, who="root"))),
    Case("a sale by the store itself", "actors", "by itself", events=append(lambda store: vend(store, who=0))),
    Case("used cards sold by a terminal", "actors", "may not sell used",
         events=append(lambda store: vend(store, condition=1))),  # fmt: skip
    # Numbers.
    Case("two actors of one name", "numbering", "has this name",
         events=both(change("actor-defined", 42, b"root", wanted=lambda event: event.facts["name"] == "till"),
                     change("actor-defined", lambda event: event.data.rindex(b"till"), b"root",
                            wanted=lambda event: event.facts["name"] == "till"))),  # fmt: skip
    # Custody.
    Case("a card sold twice", "custody", "are said to be", events=append(double_sale)),
    Case("cards that were never given", "custody", "not together",
         events=append(lambda store: vend(store, first=1 << 40, lot=1, placed_by=9))),  # fmt: skip
    Case("more cards than the line has", "custody", "more or fewer", events=append(lambda store: vend(store, count=2))),
    Case("a hold that ends and keeps its cards", "custody", "does not move all",
         events=append(end("reversed", 6, "till", keep=0))),  # fmt: skip
    # Placing.
    Case("a sale of cards placed by another event", "placing", "were placed by",
         events=append(lambda store: vend(store, placed_by=3, first=first_stock(store)[0],
                                          lot=first_stock(store)[1]))),  # fmt: skip
    Case("a release that does not name its neighbours", "placing", "neighbours",
         events=append(end("reversed", 6, "till", neighbours=False))),  # fmt: skip
    Case("a neighbour placed by another event", "placing", "neighbours",
         events=change("released", move_at(40), b"\0\0\0\0\0\0\0\1",
                       wanted=lambda event: event.facts["moves"][0][6])),  # fmt: skip
    # Ids.
    Case("an id used twice", "ids", "was used before", events=append(lambda store: vend(store, id=RELEASED(store)))),
    Case("a change under an id used before", "ids", "was used before",
         events=change("shift-closed", 8, lambda event, store: RELEASED(store))),  # fmt: skip
    Case("a stranger who reverses", "ids", "belongs to actor", events=append(end("reversed", 6, "shop"))),
    Case("a confirmation of what never was", "ids", "is not the id",
         events=append(lambda store: head("confirmed", actor(store, "till")) + NEW_ID)),  # fmt: skip
    # States.
    Case("a confirmation of what was released", "states", "is released",
         events=append(lambda store: head("confirmed", actor(store, "till")) + RELEASED(store))),  # fmt: skip
    Case("an expiry before its time", "states", "has not passed", events=append(end("expired", 5))),
    Case("a reversal after the deadline", "states", "had passed", events=append(end("reversed", 6, "till"), 8 * DAY)),
    Case("forgotten too soon", "states", "too soon",
         events=append(lambda store: head("forgotten", 0) + CONFIRMED(store))),  # fmt: skip
    Case("a delivery reversed after a day", "states", "not be reversed any more",
         events=append(end("reversed", 7, "till", id=DELIVERED, neighbours=False), DAY)),  # fmt: skip
    # Disclosure.
    Case("a PIN told of what was only held", "disclosure", "was not sold", events=append(opened(HELD, 0, 1, 0))),
    Case("a PIN told of what was released", "disclosure", "was not sold", events=append(opened(RELEASED, 0, 1, 0))),
    Case("a print that is not counted", "disclosure", "not counted", events=append(opened(CONFIRMED, 0, 1, 0))),
    Case("a PIN told past the delivery", "disclosure", "not next", events=append(opened(CONFIRMED, 100, 1, 0))),
    Case("delivered cards that come back as they were", "disclosure,states,custody", "come back as regular",
         events=append(end("reversed", 6, "till", id=DELIVERED))),  # fmt: skip
    Case("a re-inventory without a reason", "disclosure", "no reason",
         events=change("reinventoried", lambda event: event.data.index(b"Siegel"),
                       lambda event, store: b" " * len(event.facts["reason"].encode()))),  # fmt: skip
    # Approvals.
    Case("a rule that was approved otherwise", "approvals", "needs a second person",
         events=change("approved", 32 + 23 + 3 + 7, b"\7")),  # fmt: skip
    Case("a rule that one person made", "approvals", "needs a second person",
         events=change("approval-rule-defined", 22, b"\x77")),  # fmt: skip
    # Failed proofs.
    Case("failed proofs under a name that nobody has", "actors", "does not exist",
         events=change("proofs-failed", 8, b"\0\0\0\x63")),  # fmt: skip
    Case("failed proofs that are none", "events", "no failed proofs", events=change("proofs-failed", 12, bytes(4))),
    Case("failed proofs that are still to come", "events", "some to come",
         events=change("proofs-failed", 16, b"\x7f")),  # fmt: skip
    # Orders.
    Case("an order that is approved out of turn", "orders", "does not bring it",
         events=change("order-changed", in_order(20), b"\3", wanted=lambda event: event.facts["act"] == 2)),
    Case("an order changed in a version that it did not see", "orders", "another version",
         events=change("order-changed", in_order(19), b"\x63", wanted=lambda event: event.facts["act"] == 7)),
    Case("a mail that nobody caused", "orders", "another mail",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event), b"\5",
                       wanted=lambda event: event.facts["act"] == 2)),
    Case("an order's cards released by hand", "orders,custody", "the order decides",
         events=append(lambda store: head("released", actor(store, "owner")) + order_held(store)
                       + bytes([4]) + bytes(7) + bytes(8))),  # fmt: skip
    Case("an order that nobody suspects", "orders", "on the fraud list",
         events=change("order-changed", in_order(23), b"\0", wanted=lambda event: event.facts["suspicions"])),
    Case("a mark that nobody put on the fraud list", "tables", "comes of no event",
         tables=entry("fraud", lambda key, value: [(key, value), (b"\1" + bytes(32), value)])),  # fmt: skip
    Case("a denial that spares a mark", "orders", "what it is known by",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event) - 1, b"\x63",
                       wanted=lambda event: event.facts["act"] == 3)),
    Case("an order paid with another amount", "prices", "its money",
         events=change("order-changed", in_order(79), b"\x63", wanted=lambda event: event.facts["act"] == 4)),
    Case("a mail tried that does not wait", "orders", "does not wait",
         events=change("mail-tried", 8, b"\x7f")),  # fmt: skip
    # Purchase orders.
    Case("a purchase order that receives more than came", "purchasing", "does not make this",
         events=change("purchase-order-changed", in_order(44 + 23), b"\x63", wanted=lambda event: event.facts["act"] == "receive")),
    Case("a purchase order approved in a version that it did not see", "purchasing", "another version",
         events=change("purchase-order-changed", in_order(19), b"\x63", wanted=lambda event: event.facts["act"] == "approve")),
    Case("a sheet of a vendor that is another", "numbering", "another, or not next",
         events=change("sheet-defined", in_order(4), b"\x07", wanted=lambda event: event.facts["sheet"] == 3)),
    Case("a receipt that nobody booked", "tables", "comes of no event",
         tables=entry("receipts", lambda key, value: [(key, value), (b"\0\0\0\x63", value)])),  # fmt: skip
    Case("stock that is low and does not say so", "tables", "is not what the journal folds to",
         tables=entry("levels", lambda key, value: [(key, value[:-1] + bytes([1 - value[-1]]))])),  # fmt: skip
    # Prices.
    Case("a price of its own", "prices", "another price", events=append(lambda store: vend(store, price=1))),
    Case("a credit too high", "prices", "the credit",
         events=change("returned", lambda event: 39 + int.from_bytes(event.data[24:28], "big"), b"\xff")),  # fmt: skip
    Case("a shift closed with other totals", "prices", "totals",
         events=change("shift-closed", lambda event: 32 + 14 + 4 + 3, b"\x63",
                       wanted=lambda event: event.facts["totals"])),  # fmt: skip
    # Limits.
    Case("a product that the actor may not sell", "limits", "may not sell this product",
         events=append(lambda store: vend(store, who="shop"))),  # fmt: skip
    Case("more cards than the actor may take", "limits", "cards in a day",
         events=append(lambda store: vend(store, who="kiosk", count=3, asked=3))),  # fmt: skip
    Case("more value than the actor may take", "limits", "more than 2600 USD",
         events=append(lambda store: vend(store, who="kiosk", count=2, asked=2))),  # fmt: skip
    Case("a look that does not count as a reprint", "disclosure,limits", "does not count",
         events=append(opened(CONFIRMED, 0, 1, 1))),  # fmt: skip
    # Balance, tiling, tables.
    Case("cards filed under another lot", "balance,tables", "were received",
         tables=entry("custody", lambda key, value: [(key, value[:6] + struct.pack(">I", 2) + value[10:])],
                      wanted=lambda key, value: value[4] == 3)),  # fmt: skip
    Case("a piece of custody is gone", "tiling,tables,balance", "in nobody's custody", tables=entry("custody", gone)),
    Case("a piece of stock is gone", "tiling,tables,balance", "in nobody's custody", tables=entry("stock", gone)),
    Case("a card in two places", "tiling,tables,balance", "in two places",
         tables=entry("custody", lambda key, value: [(key, struct.pack(">I", 1 + int.from_bytes(value[:4], "big"))
                                                      + value[4:])],
                      wanted=lambda key, value: value[4] == 3)),  # fmt: skip
    *[Case(f"an entry of {table} is gone", "tables", f"{table} ", tables=entry(table, gone))
      for table in state.TABLES if table not in ("custody", "stock", "deadlines")],
    *[Case(f"a byte of {table}", "tables", f"{table} ", tables=entry(table, flipped(at)))
      for table, at in [("actors", 20), ("counters", 3), ("custody", 17), ("ids", 20), ("levels", 11), ("lots", 60),
                        ("products", 8), ("purchases", 20), ("shifts", 20), ("stock", 15), ("vendors", 2)]],
    Case("an id that no event made", "tables", "comes of no event",
         tables=entry("ids", lambda key, value: [(key, value), (b"\xff" * 16, value)])),  # fmt: skip
    Case("a table that there is not", "tables", "does not know",
         tables=lambda store, entries, payload: (entries + [("notes", b"a", b"b")], payload)),  # fmt: skip
    Case("a deadline is gone", "deadlines", "is not there", tables=entry("deadlines", gone)),
    Case("a deadline too many", "deadlines", "comes of no event", tables=entry("deadlines", at_key(5))),
    # The payload.
    Case("a card without a row", "cards,indexes", "has no row", tables=entry("cards", gone, 7, payload=True)),
    Case("the last card without a row", "cards,indexes", "has no row", tables=entry("cards", gone, -1, payload=True)),
    Case("a row without a card", "cards", "never received", tables=entry("cards", at_key(1 << 30), -1, payload=True)),
    Case("a row cut short", "cards", "not a serial and a sealed PIN",
         tables=entry("cards", lambda key, value: [(key, value[:-13])], payload=True)),  # fmt: skip
    Case("another serial in a row", "indexes", "is not its own", tables=entry("cards", flipped(1), 3, payload=True)),
    Case("a serial is gone", "indexes", "serials, card", tables=entry("serials", gone, 5, payload=True)),
    Case("a fingerprint is gone", "indexes", "fingerprints, card", tables=entry("fingerprints", gone, 5, payload=True)),
    Case("a serial that leads to another card", "indexes", "is not its own",
         tables=entry("serials", flipped(7), 5, payload=True)),  # fmt: skip
    Case("a fingerprint that leads to another card", "indexes", "a second fingerprint",
         tables=entry("fingerprints", flipped(7), 5, payload=True)),  # fmt: skip
    Case("a fingerprint that leads nowhere", "indexes", "has no row",
         tables=entry("fingerprints", flipped(2), 5, payload=True)),  # fmt: skip
    Case("a serial of another vendor", "indexes", "another vendor",
         tables=entry("serials", lambda key, value: [(b"\0\0\0\2" + key[4:], value)], payload=True)),  # fmt: skip
    Case("a document changed", "documents", "not what the journal names",
         tables=lambda store, entries, payload: entry(
             "documents", flipped(30), payload=True, wanted=lambda key, value: key in store.books.documents)(
                 store, entries, payload)),  # fmt: skip
    Case("a document that was replaced and is there", "documents", "is not purged",
         tables=lambda store, entries, payload: entry(
             "documents", lambda key, value: [(key, value), (list(store.books.replaced)[-1], value)],
             payload=True)(store, entries, payload)),  # fmt: skip
    Case("a change that says it replaced another document", "documents", "is not what it says it did",
         events=change("order-changed", lambda event: in_order(0)(event) + result_size(event) - 16, b"\x63",
                       wanted=lambda event: event.facts["replaces"])),
    Case("a revoked actor that keeps its password", "documents", "is not what it says it did",
         events=change("actor-defined", lambda event: in_order(0)(event) + result_size(event) - 16, b"\x63",
                       wanted=lambda event: event.facts["replaces"])),
    # Clear text.
    Case("a PIN in a log", "clear text", "byte 5000", files=leave_pin, options=["--pins", "{folder}/pins"]),
]
