"""A steady flow through a broker: one publisher, any number of consumers, a bounded number of messages between them.

Without consumers the flow ends in the broker, with its confirms.
"""

import math
import select
import socket
import time
from collections.abc import Sequence
from typing import Protocol

from interop.bench.ends import Consumer, Publisher

# What is published and not yet consumed. Ten blocks of 64 KiB keep both ends and the broker busy at once, while no
# broker comes near a memory limit or pages out: neither its limits nor its backlog decide the result.
WINDOW_MESSAGES = 10_000
_STALLED_S = 20.0


class Stalled(Exception):
    """Nothing moved for twenty seconds."""


class Reader(Protocol):
    """A consumer's end: a socket, what to do when it can be read, and the messages it has got."""

    @property
    def socket(self) -> socket.socket: ...

    @property
    def received(self) -> int: ...

    def read(self) -> None: ...


class Flow:
    """The loop that moves messages; single-threaded, so that it never takes more than one core."""

    def __init__(self, publisher: Publisher, consumers: Sequence[Reader], window: int = WINDOW_MESSAGES) -> None:
        self.publisher = publisher
        self.consumers = consumers
        # One block must fit, or nothing would ever be sent.
        self._window = max(window, publisher.block_messages)
        self._poll = select.poll()
        self._by_fd = {consumer.socket.fileno(): consumer for consumer in consumers}
        for fd in self._by_fd:
            self._poll.register(fd, select.POLLIN)
        self._publisher_fd = publisher.socket.fileno()
        self._poll.register(self._publisher_fd, select.POLLIN)
        self._offering = False

    @property
    def received(self) -> int:
        """Messages that every consumer has got; where there is none, those that the broker has confirmed."""
        return min((consumer.received for consumer in self.consumers), default=self.publisher.confirmed)

    def run(self, seconds: float, most: float = math.inf) -> None:
        """Publish and consume for that long, or until that many messages have been sent in all.

        Raises Stalled, Refused, and OSError for a broken connection.
        """
        deadline = time.perf_counter() + seconds
        while self.publisher.sent < most and time.perf_counter() < deadline:
            self.step(self._room())

    def finish(self) -> None:
        """Publish no more; return when every message sent has been confirmed, where that was asked for, and received.

        Raises Stalled when some never come.
        """
        while min(self.received, self.publisher.confirmed) < self.publisher.sent:
            self.step(False)
        if self.received > self.publisher.sent:
            raise Stalled(f"{self.publisher.sent:,} messages sent, {self.received:,} received")

    def flush(self) -> None:
        """Publish no more; return when all that was sent is out, and confirmed where that was asked for."""
        while not self.publisher.idle or self.publisher.confirmed < self.publisher.sent:
            self.step(False)

    def _room(self) -> bool:
        between = self.publisher.sent - self.received
        return self.publisher.room and between + self.publisher.block_messages <= self._window

    def step(self, publish: bool) -> None:
        """Move what can be moved, waiting until something can; open a new block only if told to ``publish``."""
        offer = publish or not self.publisher.idle
        if offer != self._offering:
            self._poll.modify(self._publisher_fd, select.POLLIN | (select.POLLOUT if offer else 0))
            self._offering = offer
        ready = self._poll.poll(_STALLED_S * 1000)
        if not ready:
            raise Stalled(
                f"nothing moved for {_STALLED_S:g} s: {self.publisher.sent:,} sent, {self.received:,} received"
            )
        for fd, events in ready:
            if fd != self._publisher_fd:
                self._by_fd[fd].read()
            elif events & ~select.POLLOUT:
                self.publisher.read()
            else:
                self.publisher.send()


class Spread(Flow):
    """A flow of which each consumer gets a part."""

    @property
    def received(self) -> int:
        """What all consumers together have got."""
        return sum(consumer.received for consumer in self.consumers)


class Deep(Flow):
    """A flow through a queue with a backlog: as many messages as come are read, and ``depth`` stay where they are.

    Before it begins they are there, sent by the same publisher. What consumers have unread is counted with them.
    """

    def __init__(self, publisher: Publisher, consumers: Sequence[Reader], depth: int) -> None:
        super().__init__(publisher, consumers, depth + WINDOW_MESSAGES)
        self._depth = depth
        self._reading = True

    def step(self, publish: bool) -> None:
        """As any flow's, but for reading."""
        reading = self.publisher.sent - self.received > self._depth
        if reading != self._reading:
            for fd in self._by_fd:
                self._poll.modify(fd, select.POLLIN if reading else 0)
            self._reading = reading
        super().step(publish)

    def finish(self) -> None:
        """Publish no more; return when what is beyond the depth has been received."""
        while self.publisher.sent - self.received > self._depth:
            self.step(False)


def drain(consumer: Reader, count: int) -> None:
    """Only consume, until so many messages are there. Raises Stalled when they do not come, or too many."""
    poll = select.poll()
    poll.register(consumer.socket.fileno(), select.POLLIN)
    while consumer.received < count and poll.poll(_STALLED_S * 1000):
        consumer.read()
    if consumer.received != count:
        raise Stalled(f"{count:,} messages should have come, {consumer.received:,} did")


def paced(publisher: Publisher, consumer: Consumer, rate: int, seconds: float) -> list[float]:
    """Send ``rate`` messages a second, one a write, and ack each: their latencies, in seconds, in order.

    Taken from the moment of sending: a late wake-up of ours is not the broker's doing. Raises Stalled when some do not
    come.
    """
    count = round(seconds * rate)
    sent_at: list[float] = []
    taken: list[float] = []
    before = consumer.received
    begun = time.perf_counter()
    while len(taken) < count:
        now = time.perf_counter()
        due = begun + len(sent_at) / rate if len(sent_at) < count else now + _STALLED_S
        if now >= due:
            sent_at.append(now)
            publisher.send()
        elif select.select([consumer.socket], [], [], due - now)[0]:
            consumer.receive()
            now = time.perf_counter()
            consumer.acknowledge()
            taken += [now - at for at in sent_at[len(taken) : consumer.received - before]]
        elif len(sent_at) == count:
            raise Stalled(f"{count:,} sent, {len(taken):,} received")
    return taken
