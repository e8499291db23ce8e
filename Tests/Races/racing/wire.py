"""Requests and answers as protocol.md lays them out: dictionaries to bytes, and back."""

import hashlib
import struct

from terminal import Connection

OPERATIONS = {
    "reserve": 16, "vend": 17, "dispense": 18, "confirm": 19, "extend": 20, "release": 21, "reverse": 22, "return": 23,
    "reprint": 24, "reinventory": 36, "settle": 37, "withdraw": 38, "freeze": 39, "thaw": 40, "look up": 48,
    "define product": 41, "stock": 49,
}  # fmt: skip
DELIVERIES = {"vend", "dispense", "reprint"}
STATES = {"confirm", "extend", "release", "reverse"}
MOVES = {"reinventory", "settle", "withdraw"}
REPEAT = 1
DONE, FIRST_RETRY = 0, 64


class Session(Connection):
    """An authenticated connection that tells refusals whole."""

    def exchange(self, operation, request):
        """Sends one request and waits for its answer: its head and body as one dictionary."""
        self.number += 1
        body = encode(operation, request)
        self.socket.sendall(struct.pack(">IBBBBI", 12 + len(body), 1, OPERATIONS[operation], 0, 0, self.number) + body)
        length, version, echoed, status, flags, number = struct.unpack(">IBBBBI", self.read(12))
        if version != 1 or not 28 <= length <= self.frame_bytes:
            raise ConnectionError("not a frame of this protocol")
        answer = self.read(length - 12)
        if echoed != OPERATIONS[operation] or number != self.number:
            raise ConnectionError("an answer to something else")
        sequence, time = struct.unpack_from(">QQ", answer)
        head = {"status": status, "repeat": bool(flags & REPEAT), "sequence": sequence, "time": time}
        if status != DONE:
            subject, detail, retry_after = struct.unpack_from(">QQI", answer, 16)
            return head | {"subject": subject, "detail": detail, "retry_after": retry_after}
        return head | {"body": decode(operation, answer)}


def line_bytes(line):
    product, count, discount, tax, condition = line
    return struct.pack(">IIQQB7x", product, count, discount, tax, condition)


def extents_bytes(extents):
    return b"".join(struct.pack(">QI4x", first, count) for first, count in extents)


def encode(operation, request):
    id = bytes.fromhex(request.get("id", ""))
    reason = request.get("reason", "").encode()
    if operation == "vend":
        return id + struct.pack(">IB3x", request["cashier"], request["tender"]) + line_bytes(request["lines"][0])
    if operation == "reserve":
        head = struct.pack(">IIBxH4x", request["hold"], request["cashier"], request["tender"], len(request["lines"]))
        return id + head + b"".join(map(line_bytes, request["lines"]))
    if operation == "extend":
        return id + struct.pack(">Q", request["deadline"])
    if operation == "reprint":
        return id + struct.pack(">IH2x", request["first"], request["count"])
    if operation == "return":
        head = bytes.fromhex(request["reservation"]) + struct.pack(">H6x", len(request["extents"]))
        return id + head + extents_bytes(request["extents"])
    if operation in ("reinventory", "withdraw"):
        extents = request["extents"]
        return id + struct.pack(">HB5x", len(extents), len(reason)) + extents_bytes(extents) + reason
    if operation == "settle":
        return id + bytes.fromhex(request["reservation"]) + bytes([len(reason)]) + reason
    if operation in ("freeze", "thaw"):
        return id + struct.pack(">IB", request["product"], len(reason)) + reason
    if operation == "define product":
        sku, currency = request["sku"].encode(), b"\0" + request["currency"].encode()
        head = struct.pack(">QQI4sIHBBBBBx", 1000, request["price"], request["product"], currency, 0, 0, 0, len(sku),
                           len(sku), 4, 0)  # fmt: skip
        return id + head + sku + sku + b"Acme"
    if operation == "stock":
        return struct.pack(">II", request["product"], 0)
    return id


def decode(operation, answer):
    """What an answer says after sequence and time. PINs become hashes: notes hold none."""
    if operation in DELIVERIES:
        return delivery(answer)
    if operation == "reserve":
        deadline, count, state, lines = struct.unpack_from(">QIBxH", answer, 16)
        granted = [struct.unpack_from(">IIQQB7xQ4s4x", answer, 32 + 48 * index) for index in range(lines)]
        return {"deadline": deadline, "cards": count, "state": state,
                "lines": [[price, discount, tax, product, cards, condition]
                          for product, cards, discount, tax, condition, price, _ in granted]}  # fmt: skip
    if operation in STATES:
        deadline, state = struct.unpack_from(">QB", answer, 16)
        return {"deadline": deadline, "state": state}
    if operation == "return":
        cards, count = struct.unpack_from(">IH", answer, 16)
        credits = [struct.unpack_from(">Q4sI", answer, 24 + 16 * index) for index in range(count)]
        return {"cards": cards, "credits": [[amount, currency[1:].decode(), n] for amount, currency, n in credits]}
    if operation in MOVES:
        return {"cards": struct.unpack_from(">Q", answer, 16)[0]}
    if operation == "define product":
        return {"product": struct.unpack_from(">I", answer, 16)[0]}
    if operation == "look up":
        return looked_up(answer)
    if operation == "stock":
        count, = struct.unpack_from(">H", answer, 16)
        return {"levels": [list(struct.unpack_from(">QQQQQQQI", answer, 24 + 64 * index)) for index in range(count)]}
    return {}


def delivery(answer):
    dispensed_at, first, next_index, total, count, prints, state, lines = struct.unpack_from(">QIIIHHBxH", answer, 32)
    told = {"id": answer[16:32].hex(), "dispensed_at": dispensed_at, "first": first, "next": next_index, "total": total,
            "prints": prints, "state": state, "lines": [], "cards": []}  # fmt: skip
    at = 64
    for _ in range(lines):
        price, _, discount, tax, product, cards, _, condition = struct.unpack_from(">QQQQII4sB", answer, at)
        told["lines"].append([price, discount, tax, product, cards, condition])
        at += 48
    for _ in range(count):
        card, expiry, line, serial_length, pin_length = struct.unpack_from(">QIHBB", answer, at)
        serial = answer[at + 16:at + 16 + serial_length].decode()
        pin = answer[at + 16 + serial_length:at + 16 + serial_length + pin_length]
        told["cards"].append([card, line, expiry, serial, pin_hash(pin)])
        at += 16 + serial_length + pin_length
    return told


def pin_hash(pin):
    return hashlib.sha256(pin).hexdigest()[:24]


def looked_up(answer):
    if answer[16] == 2:
        return {"operation": answer[17], "changed_at": struct.unpack_from(">Q", answer, 24)[0]}
    state, tender, actor = struct.unpack_from(">BBxI", answer, 17)
    reserved_at, deadline, dispensed_at, cashier, told = struct.unpack_from(">QQQII", answer, 40)
    prints, lines, slices = struct.unpack_from(">HHH", answer, 72)
    at = 80 + 48 * lines
    pieces = [struct.unpack_from(">QIIIH", answer, at + 24 * index) for index in range(slices)]
    return {
        "state": state, "tender": tender, "actor": actor, "reserved_at": reserved_at, "deadline": deadline,
        "dispensed_at": dispensed_at, "cashier": cashier, "told": told, "prints": prints, "lines": lines,
        "cards": [[card, line] for first, count, _, _, line in pieces for card in range(first, first + count)],
    }  # fmt: skip
