"""Other ways to keep what waits: with the size of its bodies, by priority, and in the order in which it came back."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby

from broker.message import Message, body_bytes
from broker.queues.ready import Entry, Ready


def size_of(messages: Iterable[Message]) -> int:
    """The size of their bodies together, in bytes: that is what length limits count."""
    return sum([body_bytes(message.content) for message in messages])


class SizedReady(Ready):
    """``body_bytes`` is the size of the bodies of all that waits here."""

    __slots__ = ("body_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self.body_bytes = 0

    def push(self, messages: Iterable[Message]) -> None:
        messages = list(messages)
        super().push(messages)
        self.body_bytes += size_of(messages)

    def push_row(self, head: int, messages: list[Message], *, again: bool = False) -> None:
        super().push_row(head, messages, again=again)
        self.body_bytes += size_of(messages)

    def take_fresh(self, count: int) -> list[Message]:
        taken = super().take_fresh(count)
        self.body_bytes -= size_of(taken)
        return taken

    def take_returned(self) -> Entry:
        entry = super().take_returned()
        self.body_bytes -= body_bytes(entry[1].content)
        return entry

    def put_back(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        super().put_back(entries)
        self.body_bytes += size_of([message for _, message in entries])

    def clear(self) -> int:
        self.body_bytes = 0
        return super().clear()


class ReturnsFirst(SizedReady):
    """What comes back is handed out in the order in which it came back, as in RabbitMQ's quorum queues."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.returned = deque()  # type: ignore[assignment]

    def push(self, messages: Iterable[Message]) -> None:
        # Behind what was put last, too.
        head, last = self._last()
        self.push_row(head + len(last), list(messages))

    def put_last(self, entries: Iterable[Entry]) -> None:
        """They come back behind all that waits here. Their numbers stay: a restart finds them at their old places."""
        for number, message in entries:
            self.push_row(number, [message], again=True)

    def take_returned(self) -> Entry:
        entry: Entry = self.returned.popleft()  # type: ignore[attr-defined]
        self.body_bytes -= body_bytes(entry[1].content)
        return entry

    def put_back(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        self.returned.extend(entries)
        self.body_bytes += size_of([message for _, message in entries])


class Levels:
    """Several levels, of which the next message may be in any. See ``Ready`` for what it offers."""

    __slots__ = ("_nobody", "_number", "levels")

    def __init__(self) -> None:
        self.levels: list[SizedReady] = []
        self._nobody = SizedReady()
        # Of the next message that comes without a number.
        self._number = 0

    def __len__(self) -> int:
        return sum(map(len, self.levels))

    @property
    def level(self) -> Ready:
        """The first in which anything waits."""
        for level in self.levels:
            if level.returned or level.fresh:
                return level
        return self._nobody

    @property
    def body_bytes(self) -> int:
        return sum([level.body_bytes for level in self.levels])

    def _level_for(self, message: Message) -> SizedReady:
        raise NotImplementedError

    def push(self, messages: Iterable[Message]) -> None:
        self.push_row(self._number, list(messages))

    def push_row(self, head: int, messages: list[Message], *, again: bool = False) -> None:
        for level, group in groupby(messages, self._level_for):
            run = list(group)
            level.push_row(head, run, again=again)
            head += len(run)
        self._number = head

    def never_handed_out(self, otherwise: int) -> int:  # noqa: ARG002
        """Behind the last of all that came back: what was handed out and did not come back is settled."""
        first = max([sequence for level in self.levels for sequence, _ in level.returned], default=-1) + 1
        again = [row.head + len(row.messages) for level in self.levels for row in level.rows() if row.again]
        return max(first, *again, 0)

    def numbers(self) -> list[tuple[int, int]]:
        return [row for level in self.levels for row in level.numbers()]

    def clear(self) -> int:
        return sum([level.clear() for level in self.levels])


class PriorityReady(Levels):
    """One level for each priority that was seen; the highest goes first."""

    __slots__ = ("_by_priority",)

    def __init__(self) -> None:
        super().__init__()
        self._by_priority: dict[int, SizedReady] = {}

    def _level_of(self, priority: int) -> SizedReady:
        level = self._by_priority.get(priority)
        if level is None:
            level = self._by_priority[priority] = SizedReady()
            self.levels = [self._by_priority[known] for known in sorted(self._by_priority, reverse=True)]
        return level

    def _level_for(self, message: Message) -> SizedReady:
        return self._level_of(message.priority)

    def put_back(self, entries: Iterable[Entry]) -> None:
        for level, group in groupby(entries, lambda entry: self._level_for(entry[1])):
            level.put_back(group)


class PriorityReturnsFirst(PriorityReady):
    """What comes back goes ahead of all priorities."""

    __slots__ = ("_came_back",)

    def __init__(self) -> None:
        super().__init__()
        self._came_back = ReturnsFirst()
        self.levels = [self._came_back]

    def _level_of(self, priority: int) -> SizedReady:
        if priority not in self._by_priority:
            super()._level_of(priority)
            self.levels = [self._came_back, *self.levels]
        return self._by_priority[priority]

    def put_back(self, entries: Iterable[Entry]) -> None:
        self._came_back.put_back(entries)

    def put_last(self, entries: Iterable[Entry]) -> None:
        """They come back behind all that waits with their priority."""
        for number, message in entries:
            self._level_for(message).push_row(number, [message], again=True)


class _Speed(SizedReady):
    """One of the two levels of ``TwoSpeeds``."""

    __slots__ = ("_all",)

    def __init__(self, all_: "TwoSpeeds") -> None:
        super().__init__()
        self._all = all_

    @property
    def run(self) -> int:
        return self._all.run_of(self)

    def take_fresh(self, count: int) -> list[Message]:
        self._all.count(count)
        return super().take_fresh(count)


class TwoSpeeds(Levels):
    """Urgent messages and others: two of those for one of these, while there are both. What comes back goes first.

    A message is urgent from priority 1 on, as the queue sees it. Every third turn goes to whichever has waited longest.
    Source: RabbitMQ 4.0, rabbit_fifo_q.
    """

    __slots__ = ("_came_back", "_others", "_turns", "_urgent")

    _TURNS = 3

    def __init__(self) -> None:
        super().__init__()
        self._came_back = ReturnsFirst()
        self._urgent = _Speed(self)
        self._others = _Speed(self)
        self.levels = [self._came_back, self._urgent, self._others]
        self._turns = 0

    @property
    def level(self) -> Ready:
        if self._came_back.returned:
            return self._came_back
        urgent, others = self._urgent, self._others
        if not others.fresh or not urgent.fresh:
            return urgent if urgent.fresh else others
        last = self._turns == self._TURNS - 1
        return others if last and others.head < urgent.head else urgent

    def run_of(self, level: SizedReady) -> int:
        """How many of a level may be taken before the other one has to be asked."""
        if not (self._urgent.fresh and self._others.fresh):
            return len(level.fresh)
        left = self._TURNS - 1 - self._turns if level is self._urgent else 1
        return min(len(level.fresh), max(left, 1))

    def count(self, count: int) -> None:
        """So many were taken."""
        self._turns = (self._turns + count) % self._TURNS

    def _level_for(self, message: Message) -> SizedReady:
        return self._urgent if message.priority else self._others

    def put_back(self, entries: Iterable[Entry]) -> None:
        self._came_back.put_back(entries)

    def put_last(self, entries: Iterable[Entry]) -> None:
        """They come back behind all that waits, urgent no more."""
        for number, message in entries:
            self._others.push_row(number, [message], again=True)


def sized(plain: Ready) -> SizedReady:
    """All that waits in a plain one, in one that knows its size."""
    result = SizedReady()
    result.head = plain.head
    for row in plain.rows():
        result.push_row(row.head, list(row.messages), again=row.again)
    result.put_back(plain.returned)
    return result


Waiting = Ready | PriorityReady | TwoSpeeds
