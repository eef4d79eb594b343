"""Confirms: one channel's publisher confirms, coalesced.

A queue in memory has a message as soon as it is enqueued; a log has it when its commit is done. What a turn brings is
confirmed by as few frames as can be: one for all up to the first publish that is not safe, one each for those behind.
Source: https://www.rabbitmq.com/docs/confirms
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from broker.store.committing import Logged
from broker.store.promise import Promise
from protocol.amqp import basic

if TYPE_CHECKING:
    from broker.turn import Turn


class _Run:
    """Publishes up to ``last``, which are safe when every promise is kept."""

    __slots__ = ("first", "last", "promises", "told")

    def __init__(self, first: int, last: int, promises: list[Promise]) -> None:
        self.first = first
        self.last = last
        self.promises = promises
        # Confirmed already, one by one.
        self.told = False

    @property
    def safe(self) -> bool:
        self.promises = [promise for promise in self.promises if not promise.kept]
        return not self.promises


class Confirms:
    """Counts publishes since confirm.select, from 1. ``write`` takes frames."""

    __slots__ = ("_channel", "_confirmed", "_early", "_published", "_waiting", "_write")

    def __init__(self, channel: int, write: Callable[[bytes], None]) -> None:
        self._channel = channel
        self._write = write
        self._published = 0
        self._confirmed = 0
        self._waiting: deque[_Run] = deque()
        # Those of them that nothing has to be waited for, not told yet.
        self._early: list[_Run] = []

    def refused(self, count: int) -> None:
        """``count`` more messages were published, and some queue would not have them."""
        first = self._published + 1
        self._published += count
        if not self._waiting and self._confirmed == first - 1:
            # As RabbitMQ: where nothing before is open, even one alone is "all up to this one".
            self._write(basic.nack(self._channel, self._published, True))
        else:
            for tag in range(first, self._published + 1):
                self._write(basic.nack(self._channel, tag, False))
        run = _Run(first, self._published, [])
        run.told = True
        self._waiting.append(run)

    def published(self, count: int, logs: Iterable[Logged]) -> None:
        """``count`` more messages were taken, which are safe when these logs' next commits are done."""
        first = self._published + 1
        self._published += count
        if logs or self._waiting:
            run = _Run(first, self._published, [Promise(log) for log in logs])
            self._waiting.append(run)
            if not run.promises:
                self._early.append(run)

    def flush(self) -> None:
        """Confirm what is safe as far as it stands in a row, and behind that what had not to be waited for at all."""
        waiting = self._waiting
        # All up to ``safe`` are; of those ``untold`` is the last that no frame has confirmed yet.
        safe = untold = waiting[0].first - 1 if waiting else self._published
        while waiting and waiting[0].safe:
            run = waiting.popleft()
            safe = run.last
            if not run.told:
                untold = safe
        count = untold - self._confirmed
        if count > 0:
            self._write(basic.ack(self._channel, untold, count > 1))
        self._confirmed = safe
        if self._early:
            early, self._early = self._early, []
            for run in early:
                if run.first > safe:
                    self._tell(run)

    def look(self, again: "Callable[[Turn], None]") -> None:
        """After a commit: as ``flush``, and what is safe behind something that is not. ``again`` is for the next."""
        self.flush()
        for run in self._waiting:
            if run.safe:
                self._tell(run)
            else:
                for promise in run.promises:
                    promise.log.waiters[again] = None

    def _tell(self, run: _Run) -> None:
        if not run.told:
            run.told = True
            for tag in range(run.first, run.last + 1):
                self._write(basic.ack(self._channel, tag, False))
