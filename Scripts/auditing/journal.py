"""The chain: segments and blocks, each checked on the way, in bounded memory."""

import hashlib
import os
import re
import struct

PAGE = 4096
SMALLEST_BLOCK = 69
END_MARK = b"\xff"
SEGMENT_HEADER = struct.Struct(">8sII16sQQ8s")
BLOCK_HEADER = struct.Struct(">IIQQ8s32s")
LENGTH = struct.Struct(">I")


class Damage(Exception):
    """Something is not what the format says."""


class Segment:
    """A segment file whose header has been checked."""

    def __init__(self, path, number):
        self.path, self.number = path, number
        with open(path, "rb") as file:
            self.bytes = file.read()
        if len(self.bytes) < PAGE:
            raise Damage(f"{path}: too short for a segment")
        magic, version, self.largest_block, self.store_id, found, size, check = SEGMENT_HEADER.unpack_from(self.bytes)
        if magic != b"PINVJRNL" or hashlib.sha256(self.bytes[:48]).digest()[:8] != check:
            raise Damage(f"{path}: the header is wrong")
        if version != 1:
            raise Damage(f"{path}: journal format {version} is not known")
        if found != number or size != len(self.bytes) or any(self.bytes[56:PAGE]):
            raise Damage(f"{path}: the header does not belong to this file")


class Block:
    """A block whose length, check, place in the chain, sequence and time have been checked."""

    __slots__ = ("where", "segment", "offset", "end", "first", "last", "time", "hash", "events")

    def __init__(self, segment, offset, chain, sequence, time):
        self.where = f"{segment.path}: block at byte {offset}"
        self.segment, self.offset = segment.number, offset
        size, count, self.first, self.time, check, previous = BLOCK_HEADER.unpack_from(segment.bytes, offset)
        if not SMALLEST_BLOCK <= size <= min(segment.largest_block, len(segment.bytes) - offset):
            raise Damage(f"{self.where}: the length is impossible")
        self.end = offset + size
        block = segment.bytes[offset:self.end]
        self.hash = hashlib.sha256(block[:24] + bytes(8) + block[32:]).digest()
        if self.hash[:8] != check:
            raise Damage(f"{self.where}: the check does not match")
        # Of the first block of all that is there nothing is known but that it follows something.
        if chain is not None and previous != chain:
            raise Damage(f"{self.where}: it does not follow the block before")
        if count < 1 or (chain is not None and self.first != sequence + 1) or self.time < time:
            raise Damage(f"{self.where}: the sequence or the time goes wrong")
        self.last = self.first + count - 1
        self.events = self.split(block, count)

    def split(self, block, count):
        events, at = [], 64
        for _ in range(count):
            if at + 4 > len(block):
                raise Damage(f"{self.where}: the events do not fill it")
            length, = LENGTH.unpack_from(block, at)
            at += 4 + length
            if at > len(block):
                raise Damage(f"{self.where}: the events do not fill it")
            events.append(block[at - length:at])
        if block[at:] != END_MARK:
            raise Damage(f"{self.where}: the events do not fill it")
        return events


class Journal:
    """The segments of a directory, and how far they have been read."""

    def __init__(self, directory):
        self.paths = []
        for name in os.listdir(directory):
            if re.fullmatch(r"[0-9]{8,}\.journal", name):
                self.paths.append((int(name.split(".")[0]), os.path.join(directory, name)))
        self.paths.sort()
        if not self.paths:
            raise Damage(f"{directory}: there is no segment")
        self.id = None
        self.sequence = self.time = self.block_count = self.segment_count = 0
        self.chain = None

    @property
    def is_whole(self):
        """Whether it begins with the first segment there ever was."""
        return self.paths[0][0] == 1

    def blocks(self):
        """Yields every block, in order."""
        shape = ended = None
        for expected, (number, path) in enumerate(self.paths, self.paths[0][0]):
            if number != expected:
                raise Damage(f"{path}: a segment before this one is missing")
            segment = Segment(path, number)
            if shape is None:
                self.id = segment.store_id
                shape = (segment.store_id, segment.largest_block, len(segment.bytes))
                if number == 1:
                    self.chain = hashlib.sha256(segment.store_id).digest()
            elif shape != (segment.store_id, segment.largest_block, len(segment.bytes)):
                raise Damage(f"{path}: the segment belongs to another journal")
            self.segment_count += 1
            offset = PAGE
            while len(segment.bytes) - offset >= SMALLEST_BLOCK and any(segment.bytes[offset:offset + 4]):
                if ended:
                    raise Damage(f"{path}: there is something beyond the end, {ended}")
                block = Block(segment, offset, self.chain, self.sequence, self.time)
                self.chain, self.sequence, self.time = block.hash, block.last, block.time
                self.block_count += 1
                yield block
                offset = block.end
            # Without a copy: a segment is mostly zeros, or mostly none.
            if segment.bytes.count(0, offset) != len(segment.bytes) - offset:
                raise Damage(f"{path}: what must be zero after byte {offset} is not")
            # A segment without blocks is a spare: no later one may have any.
            if offset == PAGE:
                ended = path
