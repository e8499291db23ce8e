"""Cards on the move: taking them from a holder and giving them to another, with all that must be true of it."""

import struct

from .pieces import CONDITION, COUNT, DISCLOSED, HOLDER, LOT, PLACE, PLACED_BY, Pieces
from .words import (CONDITIONS, DELIVERED, LOADING, PLACES, QUARANTINE, REGULAR, RESERVED, STOCK, USED, VOID, cards_text,
                    id_text)  # fmt: skip

NOBODY = bytes(16)


class Custody:
    """Who holds which cards, as the journal's moves say it; and beside it, the sums of what they claim."""

    def __init__(self, findings):
        self.findings = findings
        self.pieces = Pieces()
        # What customers brought back and nobody has had since, held by the order that they had it from.
        self.brought = Pieces()
        self.lots = []
        # By (product, condition): what moves claim to have left in each place, and what became of the condition.
        self.sums, self.received, self.turned = {}, {}, {}
        # Ids that never had a card, by product: void since their purchase ended.
        self.unused = {}
        # Products whose regular stock the present event changed.
        self.stock_changed = set()

    def lot(self, number):
        return self.lots[number - 1] if 1 <= number <= len(self.lots) else None

    def count(self, product, condition, place, cards):
        sums = self.sums.get((product, condition))
        if sums is None:
            sums = self.sums[product, condition] = [0] * len(PLACES)
        sums[place] += cards
        if place == STOCK and condition == REGULAR:
            self.stock_changed.add(product)

    def receive(self, lot, sequence):
        """The ids of a new lot, which is being loaded."""
        self.lots.append(lot)
        number, product, purchase, _, _, first, count, _ = lot
        self.pieces.put(first, (count, LOADING, REGULAR, number, sequence, purchase.to_bytes(16, "big"), 0))
        self.count(product, REGULAR, LOADING, count)

    def taken(self, event, move, holder):
        """Takes the cards of a move from where they are, checking that it is where the move says."""
        first, count, lot, placed_by, place, condition = move[:4] + move[8:10]
        piece = self.pieces.take(first, count)
        if piece is None:
            self.findings.problem("custody", event, f"{cards_text(first, count)} are not together with one holder")
            return None
        if (piece[PLACE], piece[CONDITION], piece[LOT]) != (place, condition, lot):
            self.findings.problem(
                "custody", event, f"{cards_text(first, count)} are said to be {CONDITIONS[condition]} of lot {lot}, "
                f"{PLACES[place]}, and are {CONDITIONS[piece[CONDITION]]} of lot {piece[LOT]}, {PLACES[piece[PLACE]]}")
        if holder is not None and piece[HOLDER] != holder:
            self.findings.problem(
                "disclosure" if place == DELIVERED else "custody", event,
                f"{cards_text(first, count)} are {PLACES[place]} under {id_text(piece[HOLDER])}, not {id_text(holder)}")
        if piece[PLACED_BY] != placed_by:
            self.findings.problem(
                "placing", event, f"{cards_text(first, count)} were placed by event {piece[PLACED_BY]}, "
                f"not {placed_by}")
        if known := self.lot(piece[LOT]):
            self.count(known[1], piece[CONDITION], piece[PLACE], -count)
        return piece

    def give(self, event, move, place, to, holder=None):
        """Carries out a move to a holder outside stock. `holder` is who must have had the cards."""
        piece = self.taken(event, move, holder)
        if piece is None:
            return
        first, count = move[:2]
        condition, lot, disclosed = piece[CONDITION], piece[LOT], piece[DISCLOSED]
        if disclosed and condition == REGULAR and place in (RESERVED, DELIVERED) and piece[PLACE] == STOCK:
            self.findings.problem(
                "disclosure", event, f"{cards_text(first, count)} had been told, and are sold as regular again")
        if place in (DELIVERED, QUARANTINE):
            disclosed = 1
        self.pieces.put(first, (count, place, condition, lot, event.sequence, to, disclosed))
        if condition == USED and place in (DELIVERED, VOID):
            self.forget_brought(first, count)
        if known := self.lot(lot):
            self.count(known[1], condition, place, count)

    def put_back(self, event, move, condition, holder=None, cleared=False):
        """Carries out a move into stock, where the cards become one piece with their neighbours. `cleared` is a named
        operator's word that nobody has read the PINs."""
        piece = self.taken(event, move, holder)
        if piece is None:
            return
        first, count = move[:2]
        number, was, disclosed = piece[LOT], piece[CONDITION], 0 if cleared else piece[DISCLOSED]
        if disclosed and condition == REGULAR:
            self.findings.problem(
                "disclosure", event, f"{cards_text(first, count)} had been told, and come back as regular")
        if was == USED and condition == REGULAR:
            self.forget_brought(first, count)
        left, right = self.neighbours(first, count, number, condition)
        end = first + count
        if left:
            first = left[0]
            self.pieces.remove(first)
        if right:
            self.pieces.remove(end)
            end = right[0] + 1
        disclosed = 1 if condition == USED else disclosed
        self.pieces.put(first, (end - first, STOCK, condition, number, event.sequence, NOBODY, disclosed))
        if known := self.lot(number):
            self.count(known[1], condition, STOCK, count)
            if was != condition:
                self.turned[known[1], condition] = self.turned.get((known[1], condition), 0) + count
                self.turned[known[1], was] = self.turned.get((known[1], was), 0) - count

    def bring_back(self, moves, order):
        for move in moves:
            self.brought.put(move[0], (move[1], STOCK, USED, move[2], 0, order, 1))

    def forget_brought(self, first, count):
        for start, cards, _ in list(self.brought.within(first, count)):
            self.brought.take(start, cards)

    def brought_back(self, first, count):
        """The orders that brought these cards back; None among them if somebody has had one since."""
        found = list(self.brought.within(first, count))
        return {piece[HOLDER] for _, _, piece in found} | ({None} if sum(part[1] for part in found) != count else set())

    def came_back(self):
        """The entries of the table."""
        return ((struct.pack(">Q", first + piece[COUNT] - 1), struct.pack(">Q", first) + piece[HOLDER])
                for first, piece in self.brought)  # fmt: skip

    def neighbours(self, first, count, number, condition):
        """The pieces of stock of the same lot and condition on either side: (its far card, what placed it)."""
        lot = self.lot(number)
        left = right = None
        if lot and first > lot[5]:
            start, piece = self.pieces.find(first - 1)
            if piece and (piece[PLACE], piece[CONDITION], piece[LOT]) == (STOCK, condition, number):
                left = (start, piece[PLACED_BY])
        end = first + count
        if lot and end < lot[5] + lot[6]:
            start, piece = self.pieces.find(end)
            if start == end and (piece[PLACE], piece[CONDITION], piece[LOT]) == (STOCK, condition, number):
                right = (start + piece[COUNT] - 1, piece[PLACED_BY])
        return left, right

    def check_neighbours(self, event, moves, condition=None):
        """That each move names its neighbours in stock; `condition` is the one it gets, or None for its own."""
        for first, count, lot, _, left_by, left, right_by, right, _, was, _ in moves:
            found = self.neighbours(first, count, lot, was if condition is None else condition)
            named = ((left, left_by) if left_by else None, (right, right_by) if right_by else None)
            if found != named:
                self.findings.problem(
                    "placing", event, f"the neighbours in stock of {cards_text(first, count)} are not those it names")

    def check_no_neighbours(self, event, moves):
        """That moves which do not go to stock name none."""
        for move in moves:
            if move[4] or move[6]:
                self.findings.problem("placing", event, f"{cards_text(*move[:2])} name neighbours without need")

    def held(self, slices, place, holder):
        """The parts of slices that a holder has in a place."""
        for _, _, first, count in slices:
            for start, cards, piece in self.pieces.within(first, count):
                if piece[PLACE] == place and piece[HOLDER] == holder:
                    yield start, cards
