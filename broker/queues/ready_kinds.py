"""Other ways to keep what waits: with the size of its bodies, by priority, and in the order in which it came back."""

from collections import deque
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from broker.message import Message, body_bytes
from broker.queues.ready import Entry, Ready

_priority_of = attrgetter("priority")


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

    def take_returned(self) -> Entry:
        entry: Entry = self.returned.popleft()  # type: ignore[attr-defined]
        self.body_bytes -= body_bytes(entry[1].content)
        return entry

    def put_back(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        self.returned.extend(entries)
        self.body_bytes += size_of([message for _, message in entries])


class PriorityReady:
    """One level for each priority that was seen; the highest goes first. See ``Ready`` for what it offers."""

    __slots__ = ("_by_priority", "_nobody", "_number", "levels")

    def __init__(self) -> None:
        self._by_priority: dict[int, SizedReady] = {}
        self.levels: list[SizedReady] = []
        self._nobody = SizedReady()
        # Of the next message that comes without a number.
        self._number = 0

    def __len__(self) -> int:
        return sum(map(len, self.levels))

    @property
    def level(self) -> Ready:
        """The highest in which anything waits."""
        for level in self.levels:
            if level.returned or level.fresh:
                return level
        return self._nobody

    @property
    def body_bytes(self) -> int:
        return sum([level.body_bytes for level in self.levels])

    def _level_of(self, priority: int) -> SizedReady:
        level = self._by_priority.get(priority)
        if level is None:
            level = self._by_priority[priority] = SizedReady()
            self.levels = [self._by_priority[known] for known in sorted(self._by_priority, reverse=True)]
        return level

    def push(self, messages: Iterable[Message]) -> None:
        self.push_row(self._number, list(messages))

    def push_row(self, head: int, messages: list[Message], *, again: bool = False) -> None:
        for priority, group in groupby(messages, _priority_of):
            run = list(group)
            self._level_of(priority).push_row(head, run, again=again)
            head += len(run)
        self._number = head

    def put_back(self, entries: Iterable[Entry]) -> None:
        for priority, group in groupby(entries, lambda entry: entry[1].priority):
            self._level_of(priority).put_back(group)

    def never_handed_out(self, otherwise: int) -> int:  # noqa: ARG002
        """Behind the last of all that came back: what was handed out and did not come back is settled."""
        return max([sequence for level in self.levels for sequence, _ in level.returned], default=-1) + 1

    def numbers(self) -> list[tuple[int, int]]:
        return [row for level in self.levels for row in level.numbers()]

    def clear(self) -> int:
        return sum([level.clear() for level in self.levels])


def sized(plain: Ready) -> SizedReady:
    """All that waits in a plain one, in one that knows its size."""
    result = SizedReady()
    result.head = plain.head
    for row in plain.rows():
        result.push_row(row.head, list(row.messages), again=row.again)
    result.put_back(plain.returned)
    return result


Waiting = Ready | PriorityReady
