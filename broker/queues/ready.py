"""Ready: the messages of one queue that wait for a consumer, in their order.

Every message has a sequence number in its queue, its place. Those that were never handed out need not carry it: they
stand in a row, so the first one's number says all. What comes back (nack, recover, a channel that ended) has a lower
number than all of them and goes back to its old place, as in RabbitMQ's classic queues.
"""

from collections import deque
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from broker.message import Message

Entry = tuple[int, Message]

# Fewer entries are pushed one by one; more are added at once and the heap is made anew.
_HEAPIFY_FROM = 32


class Ready:
    """``head`` is the sequence number of ``fresh[0]``; ``returned`` is a heap of (sequence number, message)."""

    __slots__ = ("fresh", "head", "returned")

    def __init__(self) -> None:
        self.fresh: deque[Message] = deque()
        self.head = 0
        self.returned: list[Entry] = []

    def __len__(self) -> int:
        return len(self.fresh) + len(self.returned)

    def push(self, messages: Iterable[Message]) -> None:
        """Add new messages at the end."""
        self.fresh.extend(messages)

    def take_fresh(self, count: int) -> list[Message]:
        """The next ``count`` messages never handed out; the first one's number is ``head`` before the call."""
        self.head += count
        popleft = self.fresh.popleft
        return [popleft() for _ in range(count)]

    def take_returned(self) -> Entry:
        """The first of the messages that came back; all of them come before any fresh one."""
        return heappop(self.returned)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Return messages to their old places."""
        entries = list(entries)
        if len(entries) < _HEAPIFY_FROM:
            for entry in entries:
                heappush(self.returned, entry)
        else:
            self.returned.extend(entries)
            heapify(self.returned)

    def clear(self) -> int:
        """Drop everything; how many there were."""
        count = len(self)
        self.head += len(self.fresh)
        self.fresh.clear()
        self.returned.clear()
        return count
