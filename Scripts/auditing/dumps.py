"""What `mdb_dump` writes: the entries of each table, in order, without LMDB.

Each value comes without its checksum, which is checked.
"""

import struct
import subprocess
import sys

from .journal import Damage


MASK = (1 << 64) - 1


def checksum(key, value):
    """The four bytes that end every stored value; the key as LMDB has it, integers in the machine's order."""
    number = 0x9E3779B97F4A7C15 ^ (len(key) << 32 | len(value))
    for data in (key, value):
        data += bytes(-len(data) % 8)
        for (word,) in struct.iter_unpack("<Q", data):
            number = (number ^ word) * 0xFF51AFD7ED558CCD & MASK
            number ^= number >> 32
    return (number & 0xFFFFFFFF).to_bytes(4, "big")


def entries(file, only=None):
    """Yields (table, key, value), of one table if that is asked for. Keys that LMDB keeps as integers are turned to
    big-endian."""
    table = is_integer = None
    while line := file.readline():
        line = line.rstrip(b"\n")
        if line.startswith(b" "):
            raise Damage("a dump has an entry outside a table")
        word, _, value = line.partition(b"=")
        if word == b"VERSION":
            table, is_integer = "", False
        elif word == b"format" and value != b"bytevalue":
            raise Damage("a dump is not in the format bytevalue: make it without -p")
        elif word == b"database":
            table = value.decode()
        elif word == b"integerkey":
            is_integer = value == b"1"
        elif word == b"HEADER" and value == b"END":
            if table is None:
                raise Damage("a dump begins in the midst")
            if only is None or table == only:
                yield from table_entries(file, table, is_integer)
            else:
                skip(file)


def skip(file):
    for line in file:
        if not line.startswith(b" "):
            return


def table_entries(file, table, is_integer):
    before = b""
    for line in file:
        if not line.startswith(b" "):
            if line.rstrip() != b"DATA=END":
                raise Damage(f"the dump of {table} is broken")
            return
        try:
            key, value = bytes.fromhex(line.decode("ascii")), bytes.fromhex(next(file).decode("ascii"))
        except (ValueError, StopIteration):
            raise Damage(f"the dump of {table} is broken")
        # The names of the tables and what LMDB knows of them are its own.
        if table:
            value, check = value[:-4], value[-4:]
            if check != checksum(key, value):
                raise Damage(f"the entry of {table} under {key.hex()} is not as it was stored")
        if is_integer and sys.byteorder == "little":
            key = key[::-1]
        if key <= before:
            raise Damage(f"the dump of {table} is not in the order of its keys at {key.hex()}")
        before = key
        yield table, key, value
    raise Damage(f"the dump of {table} is cut short")


def dump(environment, only=None):
    """Has `mdb_dump` write the tables of an environment; yields as `entries` does."""
    which = ["-s", only] if only else ["-a"]
    with subprocess.Popen(["mdb_dump", *which, environment], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        yield from entries(process.stdout)
        problem = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise Damage(f"{environment}: {problem}")
