"""pika's connections for its tests; each is closed at the end, broken or not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pika
import pytest
from pika.exceptions import AMQPError


@pytest.fixture
def connect(url: str) -> Iterator[Callable[..., pika.BlockingConnection]]:
    """Open connections with ``connect(heartbeat=…)``; what the test leaves open is closed after it."""
    opened: list[pika.BlockingConnection] = []

    def open_one(**settings: object) -> pika.BlockingConnection:
        opened.append(pika.BlockingConnection(parameters(url, **settings)))
        return opened[-1]

    yield open_one
    for connection in opened:
        with contextlib.suppress(AMQPError):
            connection.close()
        # pika closes its poller only where it closed the connection itself, not where the broker did.
        connection._impl.ioloop.close()


@pytest.fixture
def connection(connect: Callable[..., pika.BlockingConnection]) -> pika.BlockingConnection:
    return connect()


@pytest.fixture
def channel(connection: pika.BlockingConnection) -> pika.adapters.blocking_connection.BlockingChannel:
    return connection.channel()


def parameters(url: str, **settings: object) -> pika.URLParameters:
    """The URL's parameters with some of them set otherwise."""
    found = pika.URLParameters(url)
    for name, value in settings.items():
        setattr(found, name, value)
    return found
