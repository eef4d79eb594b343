"""How each step connects, declares, sends, waits for messages, and looks into a queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import kombu

# For what is owed at once.
_PATIENCE_S = 5.0
# Long enough for what would have come to have come.
_AWHILE_S = 0.2


@contextmanager
def connected(url: str, **options: object) -> Iterator[kombu.Connection]:
    """On errors of its own; ``options`` are the transport's, say confirm_publish=True."""
    with kombu.Connection(url, transport_options=options) as connection:
        yield connection


def a_queue(connection: kombu.Connection, name: str, *args: object, **settings: object) -> kombu.Queue:
    """Declared, the connection's own: it goes with it."""
    queue = kombu.Queue(name, *args, exclusive=True, **settings)(connection.default_channel)
    queue.declare()
    return queue


def an_exchange(connection: kombu.Connection, name: str, kind: str, **settings: object) -> kombu.Exchange:
    """Declared, and gone with its last binding."""
    exchange = kombu.Exchange(name, kind, auto_delete=True, **settings)(connection.default_channel)
    exchange.declare()
    return exchange


def send(connection: kombu.Connection, key: str, *bodies: object, exchange: object = "", **properties: object) -> None:
    producer = connection.Producer(auto_declare=False)
    for body in bodies:
        producer.publish(body, exchange=exchange, routing_key=key, **properties)


def drained(queue: kombu.Queue) -> list[object]:
    """What is in the queue, taken out."""
    found = []
    while (message := queue.get(no_ack=True)) is not None:
        found.append(message.payload)
    return found


@contextmanager
def consuming(
    connection: kombu.Connection, queue: kombu.Queue, **settings: object
) -> Iterator[tuple[kombu.Consumer, list[kombu.Message]]]:
    """A consumer, and the messages that have come to it."""
    came: list[kombu.Message] = []
    with kombu.Consumer(
        connection.channel(), queue, on_message=came.append, auto_declare=False, **settings
    ) as consumer:
        yield consumer, came


def waited_for(connection: kombu.Connection, queue: kombu.Queue) -> kombu.Message:
    """The queue's next message, waiting for it."""
    with consuming(connection, queue, no_ack=True, prefetch_count=1) as (_, came):
        until(connection, lambda: came, f"a message of {queue.name}")
        return came[0]


def until(connection: kombu.Connection, condition: Callable[[], object], what: str) -> None:
    """Drain events until the condition holds."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        left = deadline - time.monotonic()
        assert left > 0, f"waited in vain for {what}"
        try:
            connection.drain_events(timeout=left)
        except TimeoutError:
            continue


def drain_for_a_while(connection: kombu.Connection) -> None:
    deadline = time.monotonic() + _AWHILE_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            connection.drain_events(timeout=left)
        except TimeoutError:
            return
