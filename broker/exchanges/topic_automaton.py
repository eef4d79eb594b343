"""Automaton: many topic patterns matched at once, at a bit a word of theirs.

A trie is the faster the more its patterns differ, and has to go to every node where they might all still match: 2,000
patterns of 60 words out of ``*``, ``#`` and ``a`` took 16 s for one key. Here the patterns stand end to end in one long
number, in which a bit is set for each place that a pattern may have come to; a word of the key takes all of them a step
further with a handful of operations on that number, 16 KiB long in that example: 1 to 2 ms for the key.

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
        # Owner -> where its pattern begins, and its words.
        self._owners: dict[T, tuple[int, list[str]]] = {}
        self._clear()

    def _clear(self) -> None:
        # Where patterns have which word to come.
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
        start, words = self._size, _in_order(words)
        places: dict[str, int] = {}
        for place, word in enumerate(words):
            places[word] = places.get(word, 0) | 1 << place
        self._one |= places.pop(ONE, 0) << start
        self._many |= places.pop(MANY, 0) << start
        for word, bits in places.items():
            self._literals[word] = self._literals.get(word, 0) | bits << start
        end = start + len(words)
        self._owners[owner] = (start, words)
        self._ends[end] = owner
        self._starts |= 1 << start
        self._last |= 1 << end
        self._size = end + 1

    def remove(self, owner: T) -> None:
        """Raises KeyError."""
        start, words = self._owners.pop(owner)
        end = start + len(words)
        del self._ends[end]
        self._starts &= ~(1 << start)
        self._last &= ~(1 << end)
        self._dead += end + 1 - start
        if 2 * self._dead > self._size:
            owners, self._owners = self._owners, {}
            self._clear()
            for other, (_, its_words) in owners.items():
                self.add(other, its_words)

    def match(self, words: Sequence[str]) -> Iterator[T]:
        """In the order in which they were added."""
        one, many, literals = self._one, self._many, self._literals
        places = self._starts
        places |= (places & many) << 1
        for word in words:
            moved = (places & (literals.get(word, 0) | one)) << 1
            places = moved | places & many
            # What is many may be none: the place behind it counts as reached. Two of them never follow each other.
            places |= (places & many) << 1
            if not places:
                return
        reached = bin(places & self._last)[:1:-1]
        place = reached.find("1")
        while place >= 0:
            yield self._ends[place]
            place = reached.find("1", place + 1)


def _in_order(words: Sequence[str]) -> list[str]:
    """The same pattern with a single MANY in a row of wildcards, at its end: ``#.*.#`` is ``*.#``."""
    ordered: list[str] = []
    many = False
    for word in words:
        if word == MANY:
            many = True
            continue
        if many and word != ONE:
            ordered.append(MANY)
            many = False
        ordered.append(word)
    return [*ordered, MANY] if many else ordered
