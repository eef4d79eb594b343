"""Streams, read from each form of offset: a consumer's argument of the queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import kombu

from interop.clients.kombu.story.doors import connected, consuming, send, until


def _stream(**settings: object) -> kombu.Queue:
    return kombu.Queue("story.stream", queue_arguments={"x-queue-type": "stream"}, **settings)


@contextmanager
def _declared(url: str) -> Iterator[kombu.Connection]:
    with connected(url, confirm_publish=True) as connection:
        queue = _stream()(connection.default_channel)
        queue.declare()
        try:
            yield connection
        finally:
            queue.delete()


@contextmanager
def _reading(connection: kombu.Connection, offset: object) -> Iterator[list[kombu.Message]]:
    queue = _stream(consumer_arguments={"x-stream-offset": offset})
    with consuming(connection, queue, prefetch_count=10) as (_, came):
        yield came


def _next(connection: kombu.Connection, came: list[kombu.Message], count: int) -> list[tuple[int, object]]:
    """So many messages, each acked, as (offset, body)."""
    found = []
    while len(found) < count:
        until(connection, lambda: came, f"more than {found}")
        message = came.pop(0)
        found.append((message.headers["x-stream-offset"], message.payload))
        message.ack()
    return found


def _read(connection: kombu.Connection, offset: object, count: int) -> list[tuple[int, object]]:
    with _reading(connection, offset) as came:
        return _next(connection, came, count)


def stream_first(url: str) -> None:
    with _declared(url) as connection:
        send(connection, "story.stream", *range(20))
        assert _read(connection, "first", 20) == [(number, number) for number in range(20)]


def stream_last(url: str) -> None:
    with _declared(url) as connection:
        # Each confirmed before the next: chunks of one message.
        send(connection, "story.stream", *range(5))
        assert _read(connection, "last", 1) == [(4, 4)]


def stream_next(url: str) -> None:
    with _declared(url) as connection:
        send(connection, "story.stream", "old")
        with _reading(connection, "next") as came:
            send(connection, "story.stream", "new")
            assert _next(connection, came, 1) == [(1, "new")]


def stream_offset(url: str) -> None:
    with _declared(url) as connection:
        send(connection, "story.stream", *range(10))
        assert _read(connection, 7, 3) == [(7, 7), (8, 8), (9, 9)]


def stream_timestamp(url: str) -> None:
    with _declared(url) as connection:
        send(connection, "story.stream", "old")
        # Timestamps of AMQP are whole seconds: the first one after "old", and before "new".
        between = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        while datetime.now(UTC) <= between + timedelta(milliseconds=50):
            time.sleep(0.05)
        send(connection, "story.stream", "new")
        assert _read(connection, between, 1) == [(1, "new")]


def stream_interval(url: str) -> None:
    with _declared(url) as connection:
        send(connection, "story.stream", "a", "b")
        assert _read(connection, "1h", 2) == [(0, "a"), (1, "b")]
