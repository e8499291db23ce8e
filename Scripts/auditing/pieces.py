"""Every card id ever given, in pieces: who holds it, in what condition, placed there by which event."""

import bisect
import struct

# As a value of the table `custody`, then whether a PIN among them may have been disclosed since they were last regular.
# Stock has the id zero.
PIECE = struct.Struct(">IBBIQ16sB")
COUNT, PLACE, CONDITION, LOT, PLACED_BY, HOLDER, DISCLOSED = range(7)
BUCKET_BITS = 9


class Pieces:
    """Disjoint pieces by their first card. A card is in one piece, so it cannot be in two places."""

    def __init__(self):
        self.packed = {}
        # First cards in order: sorted lists of those that share their upper bits, and the sorted upper bits.
        self.buckets, self.order = {}, []

    def put(self, first, piece):
        if first not in self.packed:
            number = first >> BUCKET_BITS
            bucket = self.buckets.get(number)
            if bucket is None:
                self.buckets[number] = [first]
                bisect.insort(self.order, number)
            elif bucket[-1] < first:
                bucket.append(first)
            else:
                bisect.insort(bucket, first)
        self.packed[first] = PIECE.pack(*piece)

    def remove(self, first):
        del self.packed[first]
        number = first >> BUCKET_BITS
        bucket = self.buckets[number]
        del bucket[bisect.bisect_left(bucket, first)]
        if not bucket:
            del self.buckets[number]
            del self.order[bisect.bisect_left(self.order, number)]

    def find(self, card):
        """The piece that a card is in, as its first card and its fields; (0, None) for an id that was never given."""
        packed = self.packed.get(card)
        if packed is not None:
            return card, PIECE.unpack(packed)
        number = card >> BUCKET_BITS
        bucket = self.buckets.get(number)
        if bucket is None or bucket[0] > card:
            place = bisect.bisect_left(self.order, number)
            if place == 0:
                return 0, None
            bucket = self.buckets[self.order[place - 1]]
        first = bucket[bisect.bisect_right(bucket, card) - 1]
        piece = PIECE.unpack(self.packed[first])
        return (first, piece) if card < first + piece[COUNT] else (0, None)

    def take(self, first, count):
        """Takes cards out of the one piece they are in; what is left of it stays. None if they are in no one piece."""
        start, piece = self.find(first)
        if piece is None or first + count > start + piece[COUNT]:
            return None
        rest = start + piece[COUNT] - (first + count)
        if start < first:
            self.put(start, (first - start,) + piece[1:])
        else:
            self.remove(start)
        if rest:
            self.put(first + count, (rest,) + piece[1:])
        return piece

    def within(self, first, count):
        """The parts of pieces in a range of cards that were all given, as (first, count, fields)."""
        end = first + count
        while first < end:
            start, piece = self.find(first)
            if piece is None:
                return
            past = min(end, start + piece[COUNT])
            yield first, past - first, piece
            first = past

    def __iter__(self):
        """All pieces in the order of their cards, as (first, fields)."""
        for number in self.order:
            for first in self.buckets[number]:
                yield first, PIECE.unpack(self.packed[first])
