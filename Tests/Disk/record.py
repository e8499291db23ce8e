"""The record that the disk shim writes (shim/shim.h has its layout), entry by entry, and what clients were told in it."""
import collections
import struct

PROCESS, OPEN, WRITE, WRITE_DONE, SYNC, SYNC_DONE, SYNC_FAILED, TRUNCATE = range(1, 9)
RENAME, LINK, UNLINK, MKDIR, RMDIR, TOLD, FAULT, SHORT, NOTE = 9, 10, 11, 12, 13, 14, 15, 16, 32
HEADER = struct.Struct("<IB3xIIQQQ")

Entry = collections.namedtuple("Entry", "kind process flags handle number offset bytes")


def read(path):
    """All entries; one that a killed process left unfinished at the end is no entry."""
    with open(path, "rb") as file:
        data = file.read()
    entries, place = [], 0
    while place + HEADER.size <= len(data):
        size, kind, process, flags, handle, number, offset = HEADER.unpack_from(data, place)
        if size < HEADER.size or place + size > len(data):
            break
        entries.append(Entry(kind, process, flags, handle, number, offset, data[place + HEADER.size:place + size]))
        place += size
    return entries


def note(path, text):
    """Writes a note of the script's own: what has been told or begun by now."""
    body = text.encode()
    with open(path, "ab") as file:
        file.write(HEADER.pack(HEADER.size + len(body), NOTE, 0, 0, 0, 0, 0) + body)


def paths(entry):
    return entry.bytes.rstrip(b"\0").decode().split("\0")


class Told:
    """The last event that any client was told, as a server's answers go by: the first field of every answer's body."""

    def __init__(self):
        self.streams = collections.defaultdict(bytearray)
        self.cuts = {}
        self.sequence = 0

    def take(self, entry):
        stream = self.streams[entry.process, entry.handle]
        if entry.kind == SHORT:
            # The rest comes again; frames that were whole in it are told a moment early, which only asks for more.
            wanted, = struct.unpack("<Q", entry.bytes)
            self.cuts[entry.process, entry.handle] = wanted - entry.offset
            return
        skipped = self.cuts.pop((entry.process, entry.handle), 0)
        if skipped:
            raise ValueError("a client did not read its answers")
        stream += entry.bytes
        while len(stream) >= 12:
            length, version, operation, status = struct.unpack_from(">IBBB", stream)
            if version != 1 or length < 12 or length > 1 << 24:
                raise ValueError("what a client was told is no frame")
            if len(stream) < length:
                break
            if length >= 28 and operation > 2 and status == 0:
                self.sequence = max(self.sequence, *struct.unpack_from(">Q", stream, 12))
            del stream[:length]
