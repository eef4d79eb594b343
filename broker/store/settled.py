"""SettledSet: which offsets of a durable queue's log need not be kept any more. No log and no queue here.

Everything below ``floor`` is settled; above it a page of 65,536 offsets is one bytearray with a 1 for each settled one,
and a page that is full is one shared object. So a queue of which one old message stays out while millions pass costs a
dict entry a page; acks in order cost one addition a run, acks out of order 30 ns each.
"""

from collections.abc import Iterator
from typing import Final

_PAGE_BITS: Final = 16
_PAGE: Final = 1 << _PAGE_BITS
_MASK: Final = _PAGE - 1
_FULL: Final = b"\1" * _PAGE


class SettledSet:
    """A set of offsets from 0 on; what is added stays."""

    __slots__ = ("_counts", "_pages", "floor")

    def __init__(self, floor: int = 0) -> None:
        self.floor = floor
        self._pages: dict[int, bytearray | bytes] = {}
        # How many of a page are set; those below the floor may be missing from it.
        self._counts: dict[int, int] = {}

    def __contains__(self, offset: int) -> bool:
        if offset < self.floor:
            return True
        page = self._pages.get(offset >> _PAGE_BITS)
        return page is not None and page[offset & _MASK] == 1

    @property
    def is_plain(self) -> bool:
        """Whether nothing above the floor is settled."""
        return not self._pages

    def add(self, begin: int, end: int) -> int:
        """Settle ``begin`` to ``end``, exclusive; how many of them were not settled before."""
        begin = max(begin, self.floor)
        if begin >= end:
            return 0
        if begin == self.floor:
            fresh = end - begin - self.settled_within(begin, end)
            self._raise_floor(end)
            return fresh
        fresh = 0
        while begin < end:
            stop = min(end, (begin | _MASK) + 1)
            fresh += self._fill(begin >> _PAGE_BITS, begin & _MASK, stop - begin)
            begin = stop
        return fresh

    def settled_within(self, begin: int, end: int) -> int:
        """How many of ``begin`` to ``end``, exclusive, are settled."""
        below = max(min(end, self.floor) - begin, 0)
        begin = max(begin, self.floor)
        if not self._pages:
            return below
        while begin < end:
            stop = min(end, (begin | _MASK) + 1)
            page = self._pages.get(begin >> _PAGE_BITS)
            if page is not None:
                at = begin & _MASK
                below += page.count(1, at, at + stop - begin)
            begin = stop
        return below

    def ranges(self) -> Iterator[tuple[int, int]]:
        """The settled stretches above the floor as (begin, end), in order; neighbouring pages' are not joined."""
        for number in sorted(self._pages):
            page = self._pages[number]
            base = number << _PAGE_BITS
            begin = page.find(1, max(self.floor - base, 0))
            while begin >= 0:
                end = page.find(0, begin)
                yield base + begin, base + (end if end >= 0 else _PAGE)
                begin = page.find(1, end) if end >= 0 else -1

    def _fill(self, number: int, at: int, count: int) -> int:
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray(_PAGE)
            self._counts[number] = 0
        if not isinstance(page, bytearray):
            return 0
        if count == 1:
            fresh = 1 - page[at]
            page[at] = 1
        else:
            fresh = count - page.count(1, at, at + count)
            page[at : at + count] = _FULL[:count]
        total = self._counts[number] = self._counts[number] + fresh
        if total == _PAGE:
            self._pages[number] = _FULL
        return fresh

    def _raise_floor(self, floor: int) -> None:
        """All below is settled, and perhaps more right behind it."""
        pages = self._pages
        if pages:
            for number in range(self.floor >> _PAGE_BITS, floor >> _PAGE_BITS):
                self._forget(number)
            while (page := pages.get(floor >> _PAGE_BITS)) is not None:
                gap = page.find(0, floor & _MASK)
                if gap >= 0:
                    floor = floor - (floor & _MASK) + gap
                    break
                self._forget(floor >> _PAGE_BITS)
                floor = (floor | _MASK) + 1
            self._forget_if_done(floor)
        self.floor = floor

    def _forget_if_done(self, floor: int) -> None:
        """A page with nothing settled above the floor is not needed."""
        page = self._pages.get(floor >> _PAGE_BITS)
        if page is not None and page.find(1, floor & _MASK) < 0:
            self._forget(floor >> _PAGE_BITS)

    def _forget(self, number: int) -> None:
        if self._pages.pop(number, None) is not None:
            del self._counts[number]
