#!/usr/bin/env python3
"""Many terminals selling at once, through whatever happens to the server, and the proof afterwards.

    storm.py sell  --product 1 --clients 8 --sales 5000 --log storm.log     sells, asking again by id until it is told
    storm.py check --log storm.log                                          asks for every sale again, and compares

Each terminal writes down what it means to sell before it asks, and what it was told after (the PIN as a hash). `check` fails
if a sale that was told is gone or has other cards, or if one card or PIN went to two ids. The client is the one of
docs/examples/terminal.py, which is written from protocol.md alone.
"""
import argparse
import collections
import hashlib
import os
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "examples"))
from terminal import FIRST_RETRY, VEND, Connection, Refused, new_id  # noqa: E402


class Log:
    """What was meant and what was told, a line each, on disk before it goes any further."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="ascii")

    def write(self, *words):
        with self.lock:
            print(*words, file=self.file, flush=True)


def vend(connection, sale, product):
    """Asks for one card under an id; gives back the card's id and a hash of its PIN, and whether it is a repeat."""
    body = sale + struct.pack(">IB3x", 0, 1) + struct.pack(">IIQQB7x", product, 1, 0, 0, 0)
    _, answer_frame, answer = connection.ask(VEND, body)
    count, = struct.unpack_from(">H", answer, 52)
    if count != 1:
        raise AssertionError(f"sale {sale.hex()} was answered with {count} cards")
    card, = struct.unpack_from(">Q", answer, 112)
    serial_length, pin_length = answer[126], answer[127]
    pin = answer[128 + serial_length:][:pin_length]
    return card, hashlib.sha256(pin).hexdigest()[:24], answer_frame[7] & 1 == 1


class Seller(threading.Thread):
    def __init__(self, options, log, sales):
        super().__init__(daemon=True)
        self.options, self.log, self.sales = options, log, sales
        self.told = self.broken = 0
        self.failure = None

    def run(self):
        try:
            connection = None
            for _ in range(self.sales):
                sale = new_id()
                self.log.write("meant", sale.hex(), self.options.product)
                connection = self.sell(connection, sale)
        except Exception as error:  # told by the main thread, which then fails
            self.failure = error

    def sell(self, connection, sale):
        give_up = time.monotonic() + self.options.patience
        while True:
            try:
                if connection is None:
                    connection = Connection(self.options)
                card, pin, _ = vend(connection, sale, self.options.product)
                self.log.write("told", sale.hex(), card, pin)
                self.told += 1
                return connection
            except Refused as refusal:
                if refusal.status < FIRST_RETRY or time.monotonic() > give_up:
                    raise
                time.sleep(refusal.retry_after / 1000)
            except OSError:
                connection = None
                self.broken += 1
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)


def sell(options):
    log = Log(options.log)
    share = options.sales // options.clients
    sellers = [Seller(options, log, share) for _ in range(options.clients)]
    start = time.monotonic()
    for seller in sellers:
        seller.start()
    while any(seller.is_alive() for seller in sellers):
        time.sleep(0.2)
        told = sum(seller.told for seller in sellers)
        if sys.stderr.isatty():
            print(f"\r{told:,} of {share * options.clients:,} sales", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    failures = [seller.failure for seller in sellers if seller.failure]
    for failure in failures:
        print(f"a terminal gave up: {failure}", file=sys.stderr)
    told = sum(seller.told for seller in sellers)
    broken = sum(seller.broken for seller in sellers)
    seconds = time.monotonic() - start
    print(f"{told:,} sales told to {options.clients} terminals in {seconds:.1f} s; connections broke {broken:,} times")
    return 1 if failures else 0


def check(options):
    meant, told = {}, {}
    with open(options.log, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[0] == "meant":
                meant[words[1]] = int(words[2])
            elif words[0] == "told":
                told[words[1]] = (int(words[2]), words[3])
    connection = Connection(options)
    wrong, known, ids_of_cards, ids_of_pins = [], 0, collections.defaultdict(set), collections.defaultdict(set)
    for sale, product in meant.items():
        card, pin, is_repeat = vend(connection, bytes.fromhex(sale), product)
        known += is_repeat
        if sale in told and not is_repeat:
            wrong.append(f"sale {sale} was told, and then forgotten")
        if sale in told and told[sale] != (card, pin):
            wrong.append(f"sale {sale} was told card {told[sale][0]}, and now card {card}")
        ids_of_cards[card].add(sale)
        ids_of_pins[pin].add(sale)
    wrong += [f"card {card} went to {len(ids)} ids" for card, ids in ids_of_cards.items() if len(ids) > 1]
    wrong += [f"one PIN went to {len(ids)} ids" for ids in ids_of_pins.values() if len(ids) > 1]
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    print(f"{len(meant):,} sales meant, {len(told):,} told, {known:,} known to the server, {len(wrong):,} wrong")
    return 1 if wrong or not meant else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sell", "check"])
    parser.add_argument("--server", default=os.environ.get("PINVAULT_SERVER", "localhost:7468"))
    parser.add_argument("--actor", default=os.environ.get("PINVAULT_ACTOR"))
    parser.add_argument("--key-file", default=os.environ.get("PINVAULT_KEY_FILE"))
    parser.add_argument("--product", type=int, default=1, help="the product's number")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--sales", type=int, default=4000, help="in all")
    parser.add_argument("--log", required=True)
    parser.add_argument("--patience", type=int, default=60, help="seconds to ask again for one sale")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--ca", help="certificate authority of the server, PEM")
    options = parser.parse_args()
    if not options.actor or not options.key_file:
        parser.error("--actor and --key-file are needed")
    return sell(options) if options.what == "sell" else check(options)


if __name__ == "__main__":
    sys.exit(main())
