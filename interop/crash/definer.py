"""A client that declares, binds and deletes durable things, and the ledger of what must be there after a kill."""

from __future__ import annotations

import itertools
import random
import threading

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from interop.crash.clients import Client, Ending, Tally, connected
from interop.crash.ledger import Violation

# A name, or (exchange, queue) of a binding: its key is the queue's name.
Thing = str | tuple[str, str]
_MOST = 24
_NOT_FOUND = 404


class Definitions:
    """What is there for certain, and what may be there. A queue's arguments can be told from its name."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.there: dict[Thing, None] = {}
        self.unknown: dict[Thing, None] = {}
        self.gone: dict[Thing, None] = {}

    def about_to(self, thing: Thing) -> None:
        """Be made or unmade."""
        self.there.pop(thing, None)
        self.unknown[thing] = None

    def is_there(self, thing: Thing) -> None:
        self.unknown.pop(thing, None)
        self.gone.pop(thing, None)
        self.there[thing] = None

    def is_gone(self, thing: Thing) -> None:
        self.unknown.pop(thing, None)
        self.there.pop(thing, None)
        self.gone[thing] = None

    def bindings_of(self, name: str) -> list[Thing]:
        return [thing for thing in (*self.there, *self.unknown) if isinstance(thing, tuple) and name in thing]


class Definer(Client):
    """Makes and unmakes things, one after the other, until it is stopped."""

    def __init__(self, url: str, ending: Ending, tally: Tally, definitions: Definitions, chance: random.Random) -> None:
        super().__init__(url, ending, tally)
        self._definitions = definitions
        self._chance = chance
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def live(self) -> None:
        with connected(self.url) as connection:
            channel = connection.channel()
            while not self._stopping.is_set():
                self._step(channel)
                self.tally.add(definitions=1)
                connection.sleep(self._chance.uniform(0, 0.02))

    def _step(self, channel: BlockingChannel) -> None:
        known = self._definitions
        names = [thing for thing in known.there if isinstance(thing, str)]
        exchanges = [name for name in names if name.startswith("crash.x")]
        queues = [name for name in names if name.startswith("crash.q")]
        lot = self._chance.random()
        if lot < 0.2 or not exchanges:
            self._make(channel, f"crash.x{next(known.numbers)}")
        elif lot < 0.5 or not queues:
            self._make(channel, f"crash.q{next(known.numbers)}")
        elif lot < 0.75:
            self._bind(channel, (self._chance.choice(exchanges), self._chance.choice(queues)))
        elif lot < 0.8 or len(names) > _MOST:
            self._unmake(channel, self._chance.choice(names))
        else:
            bindings = [thing for thing in known.there if isinstance(thing, tuple)]
            if bindings:
                self._unbind(channel, self._chance.choice(bindings))

    def _make(self, channel: BlockingChannel, name: str) -> None:
        self._definitions.about_to(name)
        declare(channel, name)
        self._definitions.is_there(name)

    def _unmake(self, channel: BlockingChannel, name: str) -> None:
        things: list[Thing] = [*self._definitions.bindings_of(name), name]
        for thing in things:
            self._definitions.about_to(thing)
        if name.startswith("crash.x"):
            channel.exchange_delete(name)
        else:
            channel.queue_delete(name)
        for thing in things:
            self._definitions.is_gone(thing)

    def _bind(self, channel: BlockingChannel, binding: tuple[str, str]) -> None:
        self._definitions.about_to(binding)
        channel.queue_bind(binding[1], binding[0], binding[1])
        self._definitions.is_there(binding)

    def _unbind(self, channel: BlockingChannel, binding: tuple[str, str]) -> None:
        self._definitions.about_to(binding)
        channel.queue_unbind(binding[1], binding[0], binding[1])
        self._definitions.is_gone(binding)


def declare(channel: BlockingChannel, name: str) -> None:
    """Declare an exchange or a queue, as it was the first time: another kind or argument would be refused."""
    number = int(name[7:])
    if name.startswith("crash.x"):
        channel.exchange_declare(name, ("direct", "topic")[number % 2], durable=True)
    else:
        arguments = {"x-max-length": number, "x-number": number} if number % 3 else None
        channel.queue_declare(name, durable=True, arguments=arguments, auto_delete=number % 5 == 0)


def check(connection: pika.BlockingConnection, known: Definitions) -> None:
    """Whether everything is there, and nothing that is gone; what was unknown is known afterwards. Raises Violation."""
    for thing in list(known.there):
        if not _find(connection, thing):
            raise Violation(f"{thing} was declared and answered, and is not there")
    for thing in list(known.unknown):
        if _find(connection, thing):
            known.is_there(thing)
        else:
            known.is_gone(thing)
    for thing in list(known.gone):
        if _find(connection, thing):
            raise Violation(f"{thing} was deleted, or missing after a restart, and is there")
    known.gone.clear()
    channel = connection.channel()
    for thing in list(known.there):
        if isinstance(thing, str):
            declare(channel, thing)
    channel.close()


def _find(connection: pika.BlockingConnection, thing: Thing) -> bool:
    if isinstance(thing, tuple):
        return _leads(connection, *thing)
    channel = connection.channel()
    try:
        if thing.startswith("crash.x"):
            channel.exchange_declare(thing, passive=True)
        else:
            channel.queue_declare(thing, passive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != _NOT_FOUND:
            raise
        return False
    channel.close()
    return True


def _leads(connection: pika.BlockingConnection, exchange: str, queue: str) -> bool:
    """Whether a message published to the exchange with the binding's key is in the queue then."""
    channel = connection.channel()
    try:
        channel.basic_publish(exchange, queue, b"?", pika.BasicProperties(delivery_mode=1))
        method, _, _ = channel.basic_get(queue, auto_ack=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != _NOT_FOUND:
            raise
        return False
    channel.close()
    return method is not None
