"""What a stream owes its readers over kills, stops and restarts. No I/O here.

- An offset, once seen, holds the same message for ever; offsets are dense.
- Every message is there once at most, and every confirmed one is there.
- Each publisher's messages stand in the order of publishing, without a gap: of those that were not confirmed a first
  part may be there.
- What was missing when the stream was read to its end stays missing.
"""

from threading import RLock

from interop.crash.ledger import Violation
from interop.crash.letters import MessageId


class StreamLedger:
    """One stream. Every method may be called from any thread; those that judge raise Violation."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.run = 0
        self._lock = RLock()
        # What each publisher sent, in order, and what of it was confirmed.
        self._published: dict[int, list[int]] = {}
        self._confirmed: dict[int, set[int]] = {}
        self._at: list[MessageId | None] = []
        self._offsets: dict[MessageId, int] = {}
        # How many of each publisher's messages are there.
        self._there: dict[int, int] = {}
        # Publishers whose messages were looked for to the end: what is missing of them may not come.
        self._closed: set[int] = set()
        self._next = 0

    def published(self, message: MessageId) -> None:
        publisher, number = message
        with self._lock:
            self._published.setdefault(publisher, []).append(number)

    def confirmed(self, message: MessageId) -> None:
        publisher, number = message
        with self._lock:
            self._confirmed.setdefault(publisher, set()).add(number)

    def next_run(self) -> None:
        """The broker was killed, or stopped."""
        self.run += 1

    def begins(self, offset: int) -> None:
        """A reader was attached at this offset."""
        self._next = offset

    @property
    def known(self) -> int:
        """The offset behind the last one seen."""
        return len(self._at)

    def read(self, offset: int, message: MessageId) -> None:
        """The reader's next message."""
        with self._lock:
            if offset != self._next:
                raise self._broken(f"offset {offset} came, {self._next} was due")
            self._next += 1
            if offset < len(self._at):
                if self._at[offset] != message:
                    raise self._broken(f"offset {offset} was {self._at[offset]} and is {message} now")
                return
            self._new(offset, message)

    def _new(self, offset: int, message: MessageId) -> None:
        publisher, number = message
        if offset > len(self._at):
            raise self._broken(f"offset {offset} came, but nothing is known from {len(self._at)} on")
        if message in self._offsets:
            raise self._broken(f"{message} is at offset {self._offsets[message]} and again at {offset}")
        if publisher in self._closed:
            raise self._broken(f"{message} came at offset {offset}; an earlier run was without it")
        sent, there = self._published.get(publisher, []), self._there.get(publisher, 0)
        due = sent[there : there + 1]
        if due != [number]:
            raise self._broken(f"{message} came at offset {offset}; {due or 'nothing'} of that publisher was due")
        self._there[publisher] = there + 1
        self._offsets[message] = offset
        self._at.append(message)

    def count(self, count: int) -> None:
        """So many are there, right after a restart."""
        with self._lock:
            fewest = sum(map(len, self._confirmed.values()))
            most = sum(map(len, self._published.values()))
            if not max(fewest, len(self._at)) <= count <= most:
                raise self._broken(f"{count} messages after the restart, {fewest} confirmed, {most} published")

    def read_to_the_end(self, count: int) -> None:
        """All of ``count`` messages were read, and nothing was published meanwhile."""
        with self._lock:
            if self._next != count:
                raise self._broken(f"{count} messages were promised, {self._next} came")
            for publisher, numbers in self._confirmed.items():
                lost = [number for number in numbers if (publisher, number) not in self._offsets]
                if lost:
                    raise self._broken(f"{len(lost)} confirmed messages are lost, {(publisher, min(lost))} the first")
            self._closed = set(self._published)

    def deleted(self) -> None:
        """It was deleted, and that was answered: all begins anew."""
        with self._lock:
            for known in (self._published, self._confirmed, self._offsets, self._there):
                known.clear()
            self._at.clear()
            self._closed.clear()

    def _broken(self, what: str) -> Violation:
        return Violation(f"{self.stream}, run {self.run}: {what}")
