"""What one durable queue owes its readers over kills, stops and restarts. No I/O here.

- A message is *owed* once it is confirmed and persistent, until an ack of it was sent.
- One that was sent and not confirmed, or whose ack was sent and may not have arrived, may be there or not.
- What must not be there: a transient message of an earlier run; one whose ack is known to have arrived before an
  orderly stop; one that was missing before when the whole queue was looked through; one that nobody sent.
- Of each publisher's persistent messages those that are there have no gap below them: whatever is missing below one
  that is there was acked.
- Deliveries that are not marked as redelivered come in the order of publishing, each message once, ever. As long as
  nobody disturbs it (a nack, a consumer that dies), a run gives out everything in that order.
- Whatever was delivered before, or was there when the broker was killed, comes marked; after an orderly stop nothing
  else does, but for what was on its way to a consumer.
"""

from collections.abc import Collection, Iterable, Iterator
from threading import RLock

from interop.crash.letters import MessageId

DOUBTFUL = -1


class Violation(Exception):
    """The broker broke a rule."""


class Entry:
    """One message in one queue. ``seen`` and ``seen_in``: delivered at all, and the last run in which."""

    __slots__ = ("acked", "confirmed", "gone", "number", "persistent", "run", "seen", "seen_in", "size")

    def __init__(self, number: int, size: int, run: int, *, persistent: bool) -> None:
        self.number = number
        self.size = size
        self.run = run
        self.persistent = persistent
        self.confirmed = False
        # An ack was sent, in that run; DOUBTFUL: on a connection that died of it; None: none was, or it was lost.
        self.acked: int | None = None
        self.seen = False
        self.seen_in = -1
        self.gone = False

    @property
    def owed(self) -> bool:
        return self.confirmed and self.persistent and self.acked is None and not self.gone


class Ledger:
    """The messages of one queue. Every method may be called from any thread; those that judge raise Violation."""

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.run = 0
        self._lock = RLock()
        self._publishers: dict[int, dict[int, Entry]] = {}
        # The highest number of each publisher that came unmarked.
        self._fresh: dict[int, int] = {}
        # The highest number of each publisher that came in this run; None when the run was disturbed.
        self._orderly: dict[int, int] | None = {}
        # What was there up to this run was there at a kill, so it comes marked.
        self._killed_in = -1
        # The same of a kill that may have been too early to count.
        self._perhaps_killed_in = -1
        # How many may come marked that never arrived anywhere: they were on their way to a consumer.
        self._on_their_way = 0
        # Acks that arrived for certain, if the run ends in order.
        self._arrived: list[Entry] = []
        # Came once more although their ack had been sent.
        self.came_again = 0

    # -- what clients do -----------------------------------------------------------------------------------------------

    def published(self, message: MessageId, size: int, *, persistent: bool) -> None:
        """About to be sent, to be routed here."""
        publisher, number = message
        with self._lock:
            entries = self._publishers.setdefault(publisher, {})
            entries[number] = Entry(number, size, self.run, persistent=persistent)

    def confirmed(self, message: MessageId) -> None:
        """The broker took responsibility."""
        publisher, number = message
        with self._lock:
            entry = self._publishers.get(publisher, {}).get(number)
            if entry is not None:
                entry.confirmed = True

    def delivered(self, message: MessageId, *, redelivered: bool) -> None:
        """Came out of the queue."""
        with self._lock:
            entry = self._entry(message)
            self._check_presence(entry, message)
            self._check_order(entry, message, redelivered=redelivered)
            self._check_mark(entry, message, redelivered=redelivered)
            if entry.acked is not None:
                self.came_again += 1
                # That ack never arrived, or was forgotten, so the message is owed again.
                entry.acked = None
            entry.seen = True
            entry.seen_in = self.run

    def acked(self, message: MessageId) -> None:
        """An ack (or a refusal for good) is about to be sent."""
        with self._lock:
            self._entry(message).acked = self.run

    def arrived(self, messages: Iterable[MessageId]) -> None:
        """Their acks were sent, and something sent behind them was answered."""
        with self._lock:
            self._arrived += [self._entry(message) for message in messages]

    def disturbed(self) -> None:
        """A message is about to go back to the queue."""
        with self._lock:
            self._orderly = None

    def died(self, acked: Iterable[MessageId], on_their_way: int) -> None:
        """A consumer is about to die: its acks may be lost, and so many deliveries may never have arrived."""
        with self._lock:
            self._orderly = None
            self._on_their_way += on_their_way
            for message in acked:
                self._entry(message).acked = DOUBTFUL

    def put_back(self) -> None:
        """All that was delivered in this run so far went back, before anything else happened."""
        with self._lock:
            self._orderly = {}

    def purged(self) -> None:
        """It is about to be purged, and nothing is out with a consumer. Only an orderly stop makes it last."""
        with self._lock:
            left = [entry for entry in self._entries() if not entry.gone]
            for entry in left:
                entry.acked = DOUBTFUL
            self._arrived += left

    def deleted(self) -> None:
        """It was deleted, and that was answered."""
        with self._lock:
            self._publishers.clear()
            self._fresh.clear()
            self._arrived.clear()
            self._orderly = {}
            self._on_their_way = 0

    # -- what happens to the broker ------------------------------------------------------------------------------------

    def killed(self, *, began: bool = True) -> None:
        """By SIGKILL. ``began``: it had begun to serve, so that a restart knows of it."""
        with self._lock:
            if began:
                self._killed_in = self.run
                self._on_their_way = 0
            else:
                self._perhaps_killed_in = self.run
            self._next_run()

    def stopped(self, on_their_way: int) -> None:
        """In order. ``on_their_way``: the most that its consumers may not have taken in."""
        with self._lock:
            for entry in self._arrived:
                entry.gone = True
            self._on_their_way += on_their_way
            self._next_run()

    def _next_run(self) -> None:
        self.run += 1
        self._orderly = {}
        self._arrived.clear()
        self._forget()

    def _forget(self) -> None:
        """Publishers of whom nothing may come any more: what came would be of nobody."""
        for publisher in [p for p, entries in self._publishers.items() if all(e.gone for e in entries.values())]:
            del self._publishers[publisher]
            self._fresh.pop(publisher, None)

    # -- judging -------------------------------------------------------------------------------------------------------

    def bounds(self) -> tuple[int, int]:
        """How few and how many messages may wait right after a restart."""
        with self._lock:
            entries = [e for e in self._entries() if e.persistent and not e.gone and e.run < self.run]
            return sum(e.owed for e in entries), len(entries)

    def count(self, count: int) -> None:
        """This many messages wait, right after a restart."""
        fewest, most = self.bounds()
        if not fewest <= count <= most:
            raise self._broken(f"{count} messages wait after the restart; {fewest} to {most} may")

    def owed_bytes(self) -> int:
        with self._lock:
            return sum(entry.size for entry in self._entries() if entry.acked is None and not entry.gone)

    def looked_through(self) -> None:
        """All that waited was delivered in this run, to one consumer, and nothing was published meanwhile."""
        with self._lock:
            for publisher, entries in self._publishers.items():
                self._check_whole(publisher, entries.values())

    def _check_whole(self, publisher: int, entries: Collection[Entry]) -> None:
        there = [entry.number for entry in entries if entry.seen_in == self.run]
        highest = max(there, default=-1)
        for entry in entries:
            if entry.seen_in == self.run:
                continue
            message = (publisher, entry.number)
            if entry.owed:
                raise self._broken(f"{message}, published in run {entry.run} and confirmed, is lost")
            if entry.persistent and entry.acked is None and not entry.gone and entry.number < highest:
                raise self._broken(f"{message} was never confirmed and is missing, but {highest} behind it is there")
            entry.gone = True

    def _entries(self) -> Iterator[Entry]:
        for entries in self._publishers.values():
            yield from entries.values()

    def _entry(self, message: MessageId) -> Entry:
        publisher, number = message
        entry = self._publishers.get(publisher, {}).get(number)
        if entry is None:
            raise self._broken(f"{message} was never published there, or is gone for long")
        return entry

    def _check_presence(self, entry: Entry, message: MessageId) -> None:
        if entry.gone:
            raise self._broken(f"{message} came although it was gone (acked in run {entry.acked})")
        if not entry.persistent and entry.run < self.run:
            raise self._broken(f"{message} came although it is transient, of run {entry.run}")
        if entry.acked == self.run:
            raise self._broken(f"{message} came again in the run in which it was acked")

    def _check_order(self, entry: Entry, message: MessageId, *, redelivered: bool) -> None:
        publisher, number = message
        if not redelivered:
            if number <= self._fresh.get(publisher, -1):
                raise self._broken(f"{message} came unmarked after {self._fresh[publisher]} of the same publisher")
            self._fresh[publisher] = number
        if self._orderly is not None:
            if number <= self._orderly.get(publisher, -1):
                raise self._broken(f"{message} came after {self._orderly[publisher]} of the same publisher")
            self._orderly[publisher] = number

    def _check_mark(self, entry: Entry, message: MessageId, *, redelivered: bool) -> None:
        if not redelivered:
            if entry.seen:
                raise self._broken(f"{message} came a second time, not marked as redelivered")
            if entry.run <= self._killed_in:
                raise self._broken(f"{message} of run {entry.run} survived the kill of run {self._killed_in} unmarked")
            return
        if not entry.seen and entry.run > max(self._killed_in, self._perhaps_killed_in):
            self._on_their_way -= 1
            if self._on_their_way < 0:
                raise self._broken(f"{message} came marked as redelivered, and was never delivered")

    def _broken(self, what: str) -> Violation:
        return Violation(f"{self.queue}, run {self.run}: {what}")
