"""How each step gets a channel, waits for messages, and looks into a queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pika
from pika.adapters.blocking_connection import BlockingChannel

# For what is owed at once.
_PATIENCE_S = 5.0


@contextmanager
def a_channel(url: str) -> Iterator[BlockingChannel]:
    """On a connection of its own."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        yield connection.channel()


def publish(channel: BlockingChannel, key: str, *bodies: str, exchange: str = "", **properties: object) -> None:
    for body in bodies:
        channel.basic_publish(exchange, key, body.encode(), pika.BasicProperties(**properties))


def drained(channel: BlockingChannel, queue: str) -> list[str]:
    """The bodies that are in the queue, taken out."""
    bodies = []
    while (found := channel.basic_get(queue, auto_ack=True))[0]:
        bodies.append(found[2].decode())
    return bodies


def waited_for(channel: BlockingChannel, queue: str) -> tuple:
    """The next message of the queue as (method, properties, body), waiting for it."""
    for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=_PATIENCE_S):
        assert method is not None, f"nothing came to {queue}"
        channel.cancel()
        return method, properties, body
    raise AssertionError("unreachable")


def until(channel: BlockingChannel, condition: object, what: str) -> None:
    """Let the connection work until the condition holds."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        channel.connection.process_data_events(time_limit=0.05)
