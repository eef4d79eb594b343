"""Streams, read from each form of offset."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from amqpstorm import Channel

from interop.clients.amqpstorm.story.doors import publish, two_channels


@contextmanager
def _stream(url: str) -> Iterator[tuple[Channel, Channel]]:
    """A channel to publish and one to read."""
    with two_channels(url) as (channel, reader):
        channel.queue.declare("story.stream", durable=True, arguments={"x-queue-type": "stream"})
        try:
            channel.confirm_deliveries()
            reader.basic.qos(prefetch_count=10)
            yield channel, reader
        finally:
            channel.queue.delete("story.stream")


def _consume(reader: Channel, offset: object) -> None:
    reader.basic.consume(queue="story.stream", arguments={"x-stream-offset": offset})


def _next(reader: Channel, count: int) -> list[tuple[int, str]]:
    """So many messages, each acked, as (offset, body)."""
    came = []
    for message in itertools.islice(reader.build_inbound_messages(), count):
        came.append((message.properties["headers"]["x-stream-offset"], message.body))
        message.ack()
    return came


def _read(reader: Channel, offset: object, count: int) -> list[tuple[int, str]]:
    _consume(reader, offset)
    return _next(reader, count)


def stream_first(url: str) -> None:
    with _stream(url) as (channel, reader):
        publish(channel, "story.stream", *map(str, range(20)))
        assert _read(reader, "first", 20) == [(number, str(number)) for number in range(20)]


def stream_last(url: str) -> None:
    with _stream(url) as (channel, reader):
        # Each confirmed before the next: chunks of one message.
        publish(channel, "story.stream", *map(str, range(5)))
        assert _read(reader, "last", 1) == [(4, "4")]


def stream_next(url: str) -> None:
    with _stream(url) as (channel, reader):
        publish(channel, "story.stream", "old")
        _consume(reader, "next")
        publish(channel, "story.stream", "new")
        assert _next(reader, 1) == [(1, "new")]


def stream_offset(url: str) -> None:
    with _stream(url) as (channel, reader):
        publish(channel, "story.stream", *map(str, range(10)))
        assert _read(reader, 7, 3) == [(7, "7"), (8, "8"), (9, "9")]


def stream_timestamp(url: str) -> None:
    with _stream(url) as (channel, reader):
        publish(channel, "story.stream", "old")
        # Timestamps of AMQP are whole seconds: the first one after "old", and before "new".
        between = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        while datetime.now(UTC) <= between + timedelta(milliseconds=50):
            time.sleep(0.05)
        publish(channel, "story.stream", "new")
        assert _read(reader, between, 1) == [(1, "new")]


def stream_interval(url: str) -> None:
    with _stream(url) as (channel, reader):
        publish(channel, "story.stream", "a", "b")
        assert _read(reader, "1h", 2) == [(0, "a"), (1, "b")]
