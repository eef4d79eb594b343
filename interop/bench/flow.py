"""A steady flow through a broker: one publisher, any number of consumers, a bounded number of messages between them."""

import select
import time

from interop.bench.ends import Consumer, Publisher

# What is published and not yet consumed. Ten blocks of 64 KiB keep both ends and the broker busy at once, while no
# broker comes near a memory limit or pages out: neither its limits nor its backlog decide the result.
WINDOW_MESSAGES = 10_000
_STALLED_S = 20.0


class Stalled(Exception):
    """Nothing moved for twenty seconds."""


class Flow:
    """The loop that moves messages; single-threaded, so that it never takes more than one core."""

    def __init__(self, publisher: Publisher, consumers: list[Consumer], window: int) -> None:
        self.publisher = publisher
        self.consumers = consumers
        # One block must fit, or nothing would ever be sent.
        self._window = max(window, publisher.block.count)
        self._poll = select.poll()
        self._by_fd = {consumer.socket.fileno(): consumer for consumer in consumers}
        for fd in self._by_fd:
            self._poll.register(fd, select.POLLIN)
        self._publisher_fd = publisher.socket.fileno()
        self._poll.register(self._publisher_fd, select.POLLIN)
        self._offering = False

    @property
    def received(self) -> int:
        """Messages that every consumer has got."""
        return min(consumer.received for consumer in self.consumers)

    def run(self, seconds: float) -> None:
        """Publish and consume for that long. Raises Stalled, Refused, and OSError for a broken connection."""
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            room = self.publisher.sent - self.received + self.publisher.block.count <= self._window
            self._step(room or not self.publisher.idle)

    def finish(self) -> None:
        """Publish no more; return when every message sent has been received. Raises Stalled when some never come."""
        while self.received < self.publisher.sent:
            self._step(not self.publisher.idle)
        if self.received > self.publisher.sent:
            raise Stalled(f"{self.publisher.sent:,} messages sent, {self.received:,} received")

    def _step(self, offer: bool) -> None:
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
                raise self.publisher.client.refusal()
            else:
                self.publisher.send()
