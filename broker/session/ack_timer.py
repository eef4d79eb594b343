"""AckTimer: which deliveries of one channel should have been settled by now (RabbitMQ's consumer_timeout).

Nothing is kept a message. For each batch of deliveries there is a row of its first tag and its time, and batches close
to each other share one, with the time of the last: what is overdue is found out up to a 64th of the time-out too late,
and never too early. (RabbitMQ itself looks once a minute.) A channel without time-outs has no timer.
Source: https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from broker.session.unsettled import Unsettled
from broker.timetable import Timetable

if TYPE_CHECKING:
    from broker.turn import Turn

_ROWS_A_TIMEOUT = 64
_LOOK_AGAIN_S = 1.0


class _Row:
    """Deliveries from tag ``first`` on, the earliest at ``began``, the latest at ``at`` (monotonic seconds)."""

    __slots__ = ("at", "began", "first")

    def __init__(self, first: int, now: float) -> None:
        self.first = first
        self.began = self.at = now


_first_of = attrgetter("first")


class AckTimer:
    """``timeout_s`` says how long what stands for a consumer in ``unsettled`` may wait for acks, None for ever.

    ``on_overdue`` is given the tags whose time is over: with ``oldest_only`` that of the channel's oldest delivery and
    no other, as RabbitMQ up to 4.2 looks at no other.
    """

    __slots__ = ("_due", "_oldest_only", "_on_overdue", "_rows", "_shortest_s", "_timeout_s", "_unsettled")

    def __init__(
        self,
        unsettled: Unsettled,
        *,
        timeout_s: Callable[[Any], float | None],
        on_overdue: "Callable[[list[int], Turn], None]",
        oldest_only: bool,
    ) -> None:
        self._unsettled = unsettled
        self._timeout_s = timeout_s
        self._on_overdue = on_overdue
        self._oldest_only = oldest_only
        self._shortest_s = float("inf")
        self._rows: list[_Row] = []
        self._due: float | None = None

    def delivered(self, first_tag: int, timeout_s: float, now: float, timetable: Timetable) -> None:
        """A batch was delivered, to somebody with a time-out."""
        self._shortest_s = min(self._shortest_s, timeout_s)
        rows = self._rows
        if rows and now - rows[-1].began <= self._shortest_s / _ROWS_A_TIMEOUT:
            rows[-1].at = now
        else:
            rows.append(_Row(first_tag, now))
        if self._due is None or now + timeout_s < self._due:
            self._due = now + timeout_s
            timetable.look_at(self)

    def look_soon(self, now: float, timetable: Timetable) -> None:
        """Time-outs have changed, or deliveries are outstanding again. Of what nothing is known any more it is now."""
        if not self._rows:
            self._rows.append(_Row(self._unsettled.next_tag, now))
        self._due = now
        timetable.look_at(self)

    def next_deadline(self) -> float | None:
        """See ``timetable.Timed``."""
        return self._due

    def tick(self, turn: "Turn") -> None:
        """See ``timetable.Timed``."""
        if self._due is not None and self._due <= turn.now:
            overdue = self._look(turn.now)
            turn.look_at(self)
            if overdue:
                self._on_overdue(overdue, turn)
        else:
            turn.look_at(self)

    def _look(self, now: float) -> list[int]:
        """The tags whose time is over; of the others, the nearest moment is noted."""
        tags = self._tags()
        overdue: list[int] = []
        # Another one may be the oldest before the moment of this one comes, and have less time.
        due = now + max(self._shortest_s, _LOOK_AGAIN_S) if tags and self._oldest_only else None
        for tag in tags:
            timeout_s = self._timeout_s(self._unsettled.by_tag[tag][0])
            if timeout_s is None:
                continue
            moment = self._delivered_at(tag, now) + timeout_s
            if moment <= now:
                overdue.append(tag)
            elif due is None or moment < due:
                due = moment
        self._due = due
        self._prune(tags)
        return overdue

    def _tags(self) -> list[int]:
        by_tag = self._unsettled.by_tag
        if not by_tag:
            return []
        return [min(by_tag)] if self._oldest_only else sorted(by_tag)

    def _delivered_at(self, tag: int, now: float) -> float:
        rows = self._rows
        if not rows:
            return now
        place = bisect_right(rows, tag, key=_first_of)
        # What was there before there was a time-out counts from then on.
        return rows[place - 1].at if place else rows[0].began

    def _prune(self, tags: Iterable[int]) -> None:
        """Rows before the oldest delivery's say nothing any more."""
        oldest = min(tags, default=None)
        if oldest is None:
            self._rows.clear()
        else:
            del self._rows[: max(bisect_right(self._rows, oldest, key=_first_of) - 1, 0)]


class Released:
    """Stands in Unsettled for a consumer whose deliveries were taken back from it: late acks are no error."""

    __slots__ = ()

    def settled(self, count: int, turn: "Turn") -> None:
        """It counts no more."""

    @property
    def queue(self) -> "Released":
        return self

    def settle(self, numbers: Any, turn: "Turn") -> None:
        """Somebody else has them."""

    def discard(self, entries: Any, turn: "Turn") -> None:
        """Somebody else has them."""

    def put_back(self, entries: Any, turn: "Turn", *, failed: bool = True, ended: bool = False) -> None:
        """They are back."""


RELEASED = Released()
