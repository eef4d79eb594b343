"""Confirms: one channel's publisher confirms, coalesced.

A queue in memory has a message as soon as it is enqueued, so all that a turn published is confirmed at its end by one
frame. Source: https://www.rabbitmq.com/docs/confirms
"""

from collections.abc import Callable

from protocol.amqp import basic


class Confirms:
    """Counts publishes since confirm.select, from 1. ``write`` takes frames."""

    __slots__ = ("_channel", "_confirmed", "_published", "_write")

    def __init__(self, channel: int, write: Callable[[bytes], None]) -> None:
        self._channel = channel
        self._write = write
        self._published = 0
        self._confirmed = 0

    def published(self, count: int) -> None:
        """``count`` more messages were taken; ``flush`` confirms them."""
        self._published += count

    def flush(self) -> None:
        """Confirm all that was published and not confirmed yet."""
        waiting = self._published - self._confirmed
        if waiting:
            self._write(basic.ack(self._channel, self._published, waiting > 1))
            self._confirmed = self._published
