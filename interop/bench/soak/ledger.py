"""What one queue or stream owes its readers: which messages must come, may come, must not come again. No I/O here.

A message that the broker took responsibility for (confirmed, committed, or followed by a close-ok) must be delivered
until an acknowledgement is known to have reached the broker. One whose publisher died before that may come or not. One
whose acknowledgement was sent by a consumer that then died may come once more, or not.
"""

MessageId = tuple[int, int]
"""Publisher and sequence number."""


class Violation(Exception):
    """The broker lost, doubled, invented or disordered a message."""


class Ledger:
    """The messages of one queue."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.owed: set[MessageId] = set()
        self._possible: set[MessageId] = set()
        self._seen: set[MessageId] = set()
        self._doubtful: set[MessageId] = set()
        self._settled: set[MessageId] = set()
        self._withdrawn: set[MessageId] = set()

    def published(self, message: MessageId) -> None:
        """Sent to the broker, and routed to this queue."""
        self._possible.add(message)

    def promised(self, message: MessageId) -> None:
        """The broker has taken responsibility for it."""
        self._possible.discard(message)
        if message not in self._settled and message not in self._doubtful:
            self.owed.add(message)

    def withdrawn(self, message: MessageId) -> None:
        """Rolled back: it must never come."""
        self._possible.discard(message)
        self._withdrawn.add(message)

    def delivered(self, message: MessageId, *, redelivered: bool) -> None:
        """Came out of the queue. Raises Violation when it must not, or not like this."""
        if message in self._withdrawn:
            raise Violation(f"{self.queue}: {message} came although it was rolled back")
        if message in self._settled:
            raise Violation(f"{self.queue}: {message} came again after it was acknowledged")
        if message not in self.owed and message not in self._possible and message not in self._doubtful:
            raise Violation(f"{self.queue}: {message} was never published there")
        if message in self._seen and not redelivered:
            raise Violation(f"{self.queue}: {message} came a second time, not marked as redelivered")
        self._seen.add(message)

    def acknowledged(self, message: MessageId) -> None:
        """An acknowledgement was sent: whether it arrives is not known yet."""
        self.owed.discard(message)
        self._possible.discard(message)
        self._doubtful.add(message)

    def settled(self, message: MessageId) -> None:
        """The acknowledgement is known to have been worked off."""
        self._doubtful.discard(message)
        self._settled.add(message)

    def close(self) -> None:
        """The queue was drained to its end. Raises Violation when something owed never came."""
        if self.owed:
            some = ", ".join(map(str, sorted(self.owed)[:5]))
            raise Violation(f"{self.queue}: {len(self.owed)} messages lost, among them {some}")


class Places:
    """The messages of one stream: each has one offset, which every reader finds it at."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.end = 0
        """One more than the highest offset that was read."""
        self._published: set[MessageId] = set()
        self._promised: set[MessageId] = set()
        self._at: dict[int, MessageId] = {}
        self._where: dict[MessageId, int] = {}

    def published(self, message: MessageId) -> None:
        """Sent to the broker."""
        self._published.add(message)

    def promised(self, message: MessageId) -> None:
        """Confirmed."""
        self._promised.add(message)

    def read(self, offset: int, message: MessageId) -> None:
        """A reader got it with that offset. Raises Violation when it must not be there."""
        if message not in self._published:
            raise Violation(f"{self.stream}: {message} was never published there")
        if (other := self._at.setdefault(offset, message)) != message:
            raise Violation(f"{self.stream}: {message} is at {offset}, where {other} was read before")
        if (before := self._where.setdefault(message, offset)) != offset:
            raise Violation(f"{self.stream}: {message} is at {before} and at {offset}")
        self.end = max(self.end, offset + 1)

    def close(self) -> None:
        """It was read from its first message to its last. Raises Violation when a confirmed one is not there."""
        if lost := self._promised - self._where.keys():
            some = ", ".join(map(str, sorted(lost)[:5]))
            raise Violation(f"{self.stream}: {len(lost)} messages lost, among them {some}")


class Order:
    """What one consumer sees from each publisher: first deliveries come in the order they were published."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._last: dict[int, int] = {}

    def saw(self, message: MessageId, *, redelivered: bool) -> None:
        """Raises Violation when an older message follows a younger one of the same publisher."""
        if redelivered:
            return
        publisher, number = message
        if number <= self._last.get(publisher, -1):
            raise Violation(f"{self._queue}: {message} came after {self._last[publisher]} of the same publisher")
        self._last[publisher] = number
