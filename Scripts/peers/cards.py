#!/usr/bin/env python3
"""Gives a peer the cards that `pinvault bench` knows, by Sources/PinBench/BenchmarkCards.swift.

  cards.py postgres COUNT       prints rows for COPY
  cards.py valkey COUNT PORT    loads the functions and the stock into a server that syncs its file always
"""

import pathlib
import socket
import sys


def card(number):
    return f"B{number:015d}", f"{number * 9_576_890_767 % 10**16:016d}"


def command(*words):
    words = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def postgres(count):
    for number in range(count):
        print(number, 1, 0, *card(number), sep="\t")


def valkey(count, port):
    connection = socket.create_connection(("127.0.0.1", port))
    answers = connection.makefile("rb")

    def ask(*words):
        connection.sendall(command(*words))
        line = answers.readline()
        if line[:1] == b"-":
            sys.exit(f"the server answered: {line.decode().strip()}")
        if line[:1] == b"*":
            return [answers.read(int(answers.readline()[1:]) + 2)[:-2].decode() for _ in range(int(line[1:]))]
        if line[:1] == b"$":
            answers.read(int(line[1:]) + 2)
        return line

    for name, value in (("appendonly", "yes"), ("appendfsync", "always")):
        if ask("CONFIG", "GET", name)[1] != value:
            sys.exit(f"the server's {name} is not {value}: it would not be durable")
    ask("FUNCTION", "LOAD", "REPLACE", pathlib.Path(__file__).with_name("valkey.lua").read_bytes())
    for start in range(0, count, 1000):
        ask("RPUSH", "stock:1", *(" ".join(card(number)) for number in range(start, min(start + 1000, count))))


if __name__ == "__main__":
    kind, count = sys.argv[1], int(sys.argv[2])
    if kind == "postgres":
        postgres(count)
    else:
        valkey(count, int(sys.argv[3]))
