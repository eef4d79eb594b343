"""Automaton: many topic patterns matched at once, at a bit a word of theirs.

A trie is the faster the more its patterns differ, and has to go to every node where they might all still match: 2,000
patterns of 60 words out of ``*``, ``#`` and ``a`` took 16 s for one key. Here the patterns stand end to end in one long
number, in which a bit is set for each place that a pattern may have come to; a word of the key takes all of them a step
further with four operations on that number, 10 KiB long in that example: 0.6 ms for a key of 126 words. A ``#`` takes
up no place: it lets a pattern stay where it is.

Source: the shift-and method of Baeza-Yates and Gonnet.
"""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

ONE = "*"
MANY = "#"

T = TypeVar("T")


class Automaton(Generic[T]):
    """``add`` and ``remove`` patterns, each standing for an owner; ``match`` gives the owners of those that match."""

    __slots__ = ("_dead", "_ends", "_last", "_literals", "_many", "_one", "_owners", "_size", "_starts")

    def __init__(self) -> None:
        # Owner -> where its pattern begins and ends, and its words.
        self._owners: dict[T, tuple[int, int, Sequence[str]]] = {}
        self._clear()

    def _clear(self) -> None:
        # Places at which patterns wait for which word, for any one, and where they may stay whatever the word.
        self._literals: dict[str, int] = {}
        self._one = 0
        self._many = 0
        self._starts = 0
        # Where patterns are at their ends, as bits and with their owners.
        self._last = 0
        self._ends: dict[int, T] = {}
        self._size = 0
        self._dead = 0

    def add(self, owner: T, words: Sequence[str]) -> None:
        """``owner`` has no pattern yet."""
        start = self._size
        end = start
        places: dict[str, int] = {ONE: 0, MANY: 0}
        for word in words:
            places[word] = places.get(word, 0) | 1 << end - start
            if word != MANY:
                end += 1
        self._one |= places.pop(ONE) << start
        self._many |= places.pop(MANY) << start
        for word, bits in places.items():
            self._literals[word] = self._literals.get(word, 0) | bits << start
        self._owners[owner] = (start, end, words)
        self._ends[end] = owner
        self._starts |= 1 << start
        self._last |= 1 << end
        self._size = end + 1

    def remove(self, owner: T) -> None:
        """Raises KeyError."""
        start, end, _ = self._owners.pop(owner)
        del self._ends[end]
        self._starts &= ~(1 << start)
        self._last &= ~(1 << end)
        self._dead += end + 1 - start
        if 2 * self._dead > self._size:
            owners, self._owners = self._owners, {}
            self._clear()
            for other, (_, _, words) in owners.items():
                self.add(other, words)

    def match(self, words: Sequence[str]) -> Iterator[T]:
        """In the order in which they were added."""
        one, many, literals = self._one, self._many, self._literals
        places = self._starts
        moving: dict[str, int] = {}
        for word in words:
            bits = moving.get(word)
            if bits is None:
                bits = moving[word] = literals.get(word, 0) | one
            places = (places & bits) << 1 | places & many
            if not places:
                return
        reached = bin(places & self._last)
        top = len(reached) - 1
        at = reached.rfind("1")
        while at >= 0:
            yield self._ends[top - at]
            at = reached.rfind("1", 0, at)
