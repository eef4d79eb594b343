"""How each step gets a channel, waits for messages, and looks into a queue."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import amqpstorm
from amqpstorm import Channel, Message


@contextmanager
def a_channel(url: str) -> Iterator[Channel]:
    """On a connection of its own."""
    with amqpstorm.UriConnection(url) as connection:
        yield connection.channel()


@contextmanager
def two_channels(url: str) -> Iterator[tuple[Channel, Channel]]:
    """On one connection."""
    with amqpstorm.UriConnection(url) as connection:
        yield connection.channel(), connection.channel()


def publish(channel: Channel, key: str, *bodies: str, exchange: str = "", **properties: object) -> None:
    for body in bodies:
        Message.create(channel, body, properties).publish(key, exchange=exchange)


def drained(channel: Channel, queue: str) -> list[str]:
    """The bodies that are in the queue, taken out."""
    bodies = []
    while (found := channel.basic.get(queue, no_ack=True)) is not None:
        bodies.append(found.body)
    return bodies


def waited_for(channel: Channel, queue: str) -> Message:
    """The next message of the queue, waiting for it."""
    tag = channel.basic.consume(queue=queue, no_ack=True)
    (message,) = next_messages(channel, 1)
    channel.basic.cancel(tag)
    return message


def next_messages(channel: Channel, count: int) -> list[Message]:
    """So many deliveries to the channel's consumers; the step's time is the limit."""
    return list(itertools.islice(channel.build_inbound_messages(), count))


def further_messages(channel: Channel) -> list[Message]:
    """What comes until nothing comes any more for a while."""
    return list(channel.build_inbound_messages(break_on_empty=True, empty_timeout=0.2))
