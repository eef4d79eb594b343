"""Streams, read from each form of offset."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pika.adapters.blocking_connection import BlockingChannel

from interop.clients.pika.story.doors import a_channel, publish


@contextmanager
def _stream(url: str) -> Iterator[BlockingChannel]:
    with a_channel(url) as channel:
        channel.queue_declare("story.stream", durable=True, arguments={"x-queue-type": "stream"})
        try:
            channel.confirm_delivery()
            yield channel
        finally:
            channel.connection.channel().queue_delete("story.stream")


def _read(channel: BlockingChannel, offset: object, count: int) -> list[tuple[int, str]]:
    """So many messages from there, each acked, as (offset, body)."""
    reader = channel.connection.channel()
    reader.basic_qos(prefetch_count=10)
    came = []
    messages = reader.consume("story.stream", arguments={"x-stream-offset": offset}, inactivity_timeout=5)
    for method, properties, body in messages:
        assert method is not None, f"only {came} came"
        came.append((properties.headers["x-stream-offset"], body.decode()))
        reader.basic_ack(method.delivery_tag)
        if len(came) == count:
            break
    reader.close()
    return came


def stream_first(url: str) -> None:
    with _stream(url) as channel:
        publish(channel, "story.stream", *map(str, range(20)))
        assert _read(channel, "first", 20) == [(number, str(number)) for number in range(20)]


def stream_last(url: str) -> None:
    with _stream(url) as channel:
        # Each confirmed before the next: chunks of one message.
        publish(channel, "story.stream", *map(str, range(5)))
        assert _read(channel, "last", 1) == [(4, "4")]


def stream_next(url: str) -> None:
    with _stream(url) as channel:
        publish(channel, "story.stream", "old")
        reader = channel.connection.channel()
        reader.basic_qos(prefetch_count=10)
        came = []

        def on_message(ch: BlockingChannel, method: object, properties: object, body: bytes) -> None:
            came.append((properties.headers["x-stream-offset"], body.decode()))
            ch.basic_ack(method.delivery_tag)

        reader.basic_consume("story.stream", on_message, arguments={"x-stream-offset": "next"})
        publish(channel, "story.stream", "new")
        while not came:
            channel.connection.process_data_events(time_limit=1)
        assert came == [(1, "new")]


def stream_offset(url: str) -> None:
    with _stream(url) as channel:
        publish(channel, "story.stream", *map(str, range(10)))
        assert _read(channel, 7, 3) == [(7, "7"), (8, "8"), (9, "9")]


def stream_timestamp(url: str) -> None:
    with _stream(url) as channel:
        publish(channel, "story.stream", "old")
        # Timestamps of AMQP are whole seconds: the first one after "old", and before "new".
        between = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        while datetime.now(UTC) <= between + timedelta(milliseconds=50):
            time.sleep(0.05)
        publish(channel, "story.stream", "new")
        assert _read(channel, between.replace(tzinfo=None), 1) == [(1, "new")]


def stream_interval(url: str) -> None:
    with _stream(url) as channel:
        publish(channel, "story.stream", "a", "b")
        assert _read(channel, "1h", 2) == [(0, "a"), (1, "b")]
