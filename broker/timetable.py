"""Timetable: who is to be looked at when. No clock here: ``now`` comes in.

An owner stands here once, with the nearest moment it ever named. One whose moment has moved away since is found out
when the old one comes: so a moment that moves with every message costs nothing.
"""

from heapq import heapify, heappop, heappush
from typing import Any, Final, Protocol

# So many void entries are not worth the sweeping.
_VOID_MIN: Final = 64


class Timed(Protocol):
    """Whoever waits for a moment."""

    def next_deadline(self) -> float | None:
        """When to look at it, in monotonic seconds; None for never."""

    def tick(self, turn: Any) -> None:
        """The moment came, or has moved away meanwhile. Who waits for another one has itself looked at again."""


class Timetable:
    """An owner that is dropped, or comes nearer, leaves a void entry of some 110 bytes behind, until its time comes or
    most entries are void. (Queues that come and go with an x-expires of a day would leave millions.)
    """

    __slots__ = ("_entries", "_heap", "_last", "_owners")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []
        # By entry, and the entry of each; an entry of the heap that no owner has is void.
        self._owners: dict[int, Timed] = {}
        self._entries: dict[Timed, tuple[float, int]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def look_at(self, owner: Timed) -> None:
        """The owner's deadline may have come nearer."""
        deadline = owner.next_deadline()
        if deadline is None:
            return
        known = self._entries.get(owner)
        if known is not None:
            if known[0] <= deadline:
                return
            del self._owners[known[1]]
        self._last += 1
        self._entries[owner] = entry = (deadline, self._last)
        self._owners[self._last] = owner
        heappush(self._heap, entry)
        self._sweep()

    def drop(self, owner: Timed) -> None:
        """It is over."""
        known = self._entries.pop(owner, None)
        if known is not None:
            del self._owners[known[1]]
            self._sweep()

    def _sweep(self) -> None:
        """Do away with void entries, if they are the most."""
        if len(self._heap) > 2 * len(self._entries) + _VOID_MIN:
            self._heap = list(self._entries.values())
            heapify(self._heap)

    def next_deadline(self) -> float | None:
        """The nearest moment, in monotonic seconds; None where nobody waits."""
        heap = self._heap
        while heap and heap[0][1] not in self._owners:
            heappop(heap)
        return heap[0][0] if heap else None

    def tick(self, turn: Any, now: float | None = None) -> None:
        """Have everybody act whose moment has come by ``now`` (the turn's, if not given), each once and in order."""
        now = turn.now if now is None else now
        heap = self._heap
        due: list[Timed] = []
        while heap and heap[0][0] <= now:
            owner = self._owners.pop(heappop(heap)[1], None)
            if owner is not None:
                del self._entries[owner]
                due.append(owner)
        for owner in due:
            owner.tick(turn)
