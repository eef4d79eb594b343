"""Ready: the messages of one queue that wait for a consumer, in their order, as far as memory holds them.

Every message has a sequence number in its queue, its place. Those that were never handed out need not carry it: they
stand in rows, so a row's first number says all. What comes back (nack, recover, a channel that ended) has a lower
number than all of them and goes back to its old place, as in RabbitMQ's classic queues.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

from broker.message import Message

Entry = tuple[int, Message]

# Fewer entries are pushed one by one; more are added at once and the heap is made anew.
_HEAPIFY_FROM = 32


class Row:
    """Neighbours: ``head`` is the first one's number. ``again``: they may have been delivered before a restart."""

    __slots__ = ("again", "head", "messages")

    def __init__(self, head: int, messages: "list[Message] | deque[Message]", *, again: bool) -> None:
        self.head = head
        # A list takes 56 bytes where a deque takes 600: a queue with priorities has a row for almost each message.
        self.messages = messages
        self.again = again


class Ready:
    """``fresh`` is the first row, whose first message has the number ``head``; it is empty only if all rows are.

    ``returned`` is a heap of (sequence number, message).
    """

    __slots__ = ("_later", "_later_count", "again", "fresh", "head", "returned")

    # Not counted here: ``ready_kinds.SizedReady`` does.
    body_bytes: int = 0

    def __init__(self) -> None:
        self.fresh: deque[Message] = deque()
        self.head = 0
        self.again = False
        self.returned: list[Entry] = []
        self._later: deque[Row] = deque()
        self._later_count = 0

    @property
    def level(self) -> "Ready":
        """Where the next message stands: a queue with priorities has several of these."""
        return self

    @property
    def run(self) -> int:
        """How many fresh ones may be taken in a row."""
        return len(self.fresh)

    def __len__(self) -> int:
        return len(self.fresh) + len(self.returned) + self._later_count

    def push(self, messages: Iterable[Message]) -> None:
        """Add new messages at the end, behind the last one's number."""
        self.fresh.extend(messages)

    def push_row(self, head: int, messages: list[Message], *, again: bool = False) -> None:
        """Add messages at the end, the first of which has this number."""
        if not self.fresh:
            self.head, self.again = head, again
            self.fresh.extend(messages)
            return
        if self._later:
            last = self._later[-1]
            begin, row, was = last.head, last.messages, last.again
        else:
            begin, row, was = self.head, self.fresh, self.again
        if begin + len(row) == head and was == again:
            row.extend(messages)
        else:
            self._later.append(Row(head, list(messages), again=again))
        if self._later:
            self._later_count += len(messages)

    def _last(self) -> "tuple[int, Sequence[Message]]":
        """The last row: its first number and what is in it."""
        return (self._later[-1].head, self._later[-1].messages) if self._later else (self.head, self.fresh)

    def take_fresh(self, count: int) -> list[Message]:
        """The next ``count`` messages of the first row; the first one's number is ``head`` before the call."""
        self.head += count
        popleft = self.fresh.popleft
        taken = [popleft() for _ in range(count)]
        if not self.fresh and self._later:
            row = self._later.popleft()
            self._later_count -= len(row.messages)
            self.fresh.extend(row.messages)
            self.head, self.again = row.head, row.again
        return taken

    def take_returned(self) -> Entry:
        """The first of the messages that came back; all of them come before any fresh one."""
        return heappop(self.returned)

    def head_message(self) -> Message | None:
        """The next message to be handed out."""
        if self.returned:
            return self.returned[0][1]
        return self.fresh[0] if self.fresh else None

    def fresh_before(self, deadline_ms: int, limit: int) -> int:
        """How many of the first row's messages, up to ``limit`` and without a gap, are good beyond that moment."""
        count = 0
        for message in self.fresh:
            if count == limit or message.deadline_ms <= deadline_ms:
                break
            count += 1
        return count

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Return messages to their old places."""
        entries = list(entries)
        if len(entries) < _HEAPIFY_FROM:
            for entry in entries:
                heappush(self.returned, entry)
        else:
            self.returned.extend(entries)
            heapify(self.returned)

    def never_handed_out(self, otherwise: int) -> int:
        """The number from which on no message was ever handed out; ``otherwise`` if none of that kind is here."""
        if self.fresh and not self.again:
            return self.head
        return next((row.head for row in self._later if not row.again), otherwise)

    def rows(self) -> list[Row]:
        """All but what came back."""
        return [Row(self.head, self.fresh, again=self.again), *self._later] if self.fresh else []

    def numbers(self) -> list[tuple[int, int]]:
        """The numbers of all messages, as rows of (first, behind the last)."""
        rows = [(sequence, sequence + 1) for sequence, _ in self.returned]
        return rows + [(row.head, row.head + len(row.messages)) for row in self.rows()]

    def clear(self) -> int:
        """Drop everything; how many there were."""
        count = len(self)
        self.head += len(self.fresh)
        self.fresh.clear()
        self.returned.clear()
        self._later.clear()
        self._later_count = 0
        return count
