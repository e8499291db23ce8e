"""Looks for PINs that are known in every file: nowhere may one stand in clear."""

import os

PART = 16 << 20


def read_pins(path):
    """The PINs in a file, one on each line."""
    with open(path, "rb") as file:
        return {line.strip() for line in file if line.strip()}


def files_in(paths):
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, _, names in os.walk(path):
            found = (os.path.join(folder, name) for name in sorted(names))
            yield from filter(os.path.isfile, found)


class ClearText:
    """PINs as what to look for: runs of bytes that PINs are made of, and in them whatever begins as a PIN does."""

    def __init__(self, pins):
        self.shortest, self.longest = min(map(len, pins)), max(map(len, pins))
        letters = set(b"".join(pins))
        self.mask = bytes(byte in letters for byte in range(256))
        self.run = b"\1" * self.shortest
        self.by_head = {}
        for pin in pins:
            self.by_head.setdefault(pin[:self.shortest], []).append(pin)

    def search(self, path):
        """How many bytes a file has, and the offsets at which a PIN stands in it."""
        found, size = [], 0
        with open(path, "rb") as file:
            before = b""
            while part := file.read(PART):
                # What ends a part begins the next, so that no PIN is cut.
                data = before + part
                start = size - len(before)
                found += [start + at for at in self.offsets(data) if start + at not in found]
                size += len(part)
                before = data[-self.longest + 1:] if self.longest > 1 else b""
        return size, found

    def offsets(self, data):
        # 1 for each byte that occurs in any PIN, 0 for the others: only runs of ones are worth a look.
        mask, at = data.translate(self.mask), -1
        while (at := mask.find(self.run, at + 1)) >= 0:
            if any(data.startswith(pin, at) for pin in self.by_head.get(data[at:at + self.shortest], ())):
                yield at


def search(findings, pins, paths):
    looked_for = ClearText(pins)
    files = total = 0
    for path in files_in(paths):
        size, found = looked_for.search(path)
        files, total = files + 1, total + size
        for offset in found:
            # Where, never what.
            findings.problem("clear text", path, f"a known PIN stands at byte {offset}")
    findings.look("clear text", f"{len(pins):,} PINs in {files:,} files of {total:,} bytes")
