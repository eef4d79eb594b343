"""Burials: the messages of one queue that are to become dead letters, in pieces, each of them a chore of a turn."""

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from broker.message import Message
from broker.queues.dead_letter import NO_PLACE, DeadLetters, Death

if TYPE_CHECKING:
    from broker.turn import Turn

# Dead letters published in one piece of work, before others get their chance: 1 to 2 ms.
_PIECE: Final = 256
# As many may wait before the queue drops no more for now. It is faster at that than they are published (0.5 µs against
# 4 to 7), and each that waits takes 100 bytes more than in the queue: a million that expired at once, 100 MB.
_WAITING_MAX: Final = 4 * _PIECE
# Dead letters that must not be lost and found no place are tried again this often, a few pieces of them: where these
# find one, the rest is tried at once.
_AGAIN_S: Final = 1.0
_TRIED: Final = 4


class Burials:
    """``again_at`` is when those are tried again that found no place, in monotonic seconds; None where there are none.

    ``dead_letters`` None: nothing is published.
    """

    __slots__ = ("_dead_letters", "_unburied", "_waiting", "again_at")

    def __init__(self, dead_letters: DeadLetters | None) -> None:
        self._dead_letters = dead_letters
        self._waiting = 0
        self._unburied: deque[Death] = deque()
        self.again_at: float | None = None

    @property
    def full(self) -> bool:
        """Whether so many wait that what can wait in the queue should; it is touched when they are fewer."""
        return self._waiting >= _WAITING_MAX

    def add(self, queue: Any, entries: Sequence[tuple[int, Message]], reason: str, turn: "Turn") -> None:
        """Have them published, in order, and settled in their ``queue``."""
        if self._dead_letters is None:
            return
        for start in range(0, len(entries), _PIECE):
            self._put_off(self._dead_letters, Death(queue, entries[start : start + _PIECE], reason), turn)

    def _put_off(self, dead_letters: DeadLetters, death: Death, turn: "Turn", *, again: bool = False) -> None:
        self._waiting += len(death.entries)
        turn.chore(partial(self._bury, dead_letters, death, again))

    def _bury(self, dead_letters: DeadLetters, death: Death, again: bool, turn: "Turn") -> int:
        queue = death.queue
        unburied = len(self._unburied)
        if queue.settings.dead_letter_exchange is None:
            # A policy went meanwhile, or messages that were refused have nowhere to go.
            if numbers := [number for number, _ in death.entries if number != NO_PLACE]:
                queue.settle(numbers, turn)
            cost = len(death.entries)
        else:
            cost = dead_letters.bury(death, turn)
        was_full = self.full
        self._waiting -= len(death.entries)
        if was_full and not self.full:
            turn.touch(queue)
        if again and len(self._unburied) == unburied:
            self._try_next(dead_letters, turn)
        return cost

    def failed(self, death: Death, turn: "Turn") -> None:
        """These found no place, and must not be lost: they are tried again in a while."""
        if self.again_at is None:
            self.again_at = turn.now + _AGAIN_S
        self._unburied.append(death)

    def tick(self, turn: "Turn") -> None:
        """Try again, if it is time to."""
        if self.again_at is not None and self.again_at <= turn.now and self._dead_letters is not None:
            self.again_at = None
            for _ in range(_TRIED):
                self._try_next(self._dead_letters, turn)

    def _try_next(self, dead_letters: DeadLetters, turn: "Turn") -> None:
        if self._unburied:
            self._put_off(dead_letters, self._unburied.popleft(), turn, again=True)

    def give_up(self) -> int:
        """Those that found no place go with their queue; how many they were."""
        deaths, self._unburied = self._unburied, deque()
        self.again_at = None
        return sum([len(death.entries) for death in deaths])
