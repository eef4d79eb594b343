"""Where publishers send to: durable queues by the default exchange and by a topic exchange, and a stream."""

from __future__ import annotations

import random

from pika.adapters.blocking_connection import BlockingChannel

from interop.crash.ledger import Ledger
from interop.crash.letters import MessageId
from interop.crash.stream_ledger import StreamLedger

ORDERS, NORTH, BROWN, STREAM = "crash.orders", "crash.north", "crash.brown", "crash.stream"
TOPIC = "crash.topic"
_BINDINGS = ((NORTH, "north.*"), (BROWN, "*.brown"))
STREAM_ARGUMENTS = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 1_000_000}


class Route:
    """An exchange, a key, and the ledgers of what they lead to; ``often`` is its weight."""

    def __init__(self, exchange: str, key: str, ledgers: list[Ledger | StreamLedger], often: int) -> None:
        self.exchange = exchange
        self.key = key
        self.ledgers = ledgers
        self.often = often

    def published(self, message: MessageId, size: int, *, persistent: bool) -> None:
        """About to be sent this way."""
        for ledger in self.ledgers:
            if isinstance(ledger, StreamLedger):
                ledger.published(message)
            else:
                ledger.published(message, size, persistent=persistent)

    def confirmed(self, message: MessageId) -> None:
        for ledger in self.ledgers:
            ledger.confirmed(message)


class Routes:
    """All of them, with their ledgers."""

    def __init__(self) -> None:
        self.queues = {name: Ledger(name) for name in (ORDERS, NORTH, BROWN)}
        self.stream = StreamLedger(STREAM)
        orders, north, brown = self.queues.values()
        self.all = [
            Route("", ORDERS, [orders], 5),
            Route(TOPIC, "north.brown", [north, brown], 3),
            Route(TOPIC, "north.white", [north], 1),
            Route(TOPIC, "south.brown", [brown], 1),
            Route(TOPIC, "south.white", [], 1),
            Route("", STREAM, [self.stream], 3),
        ]

    def some(self, chance: random.Random) -> list[Route]:
        """All, or one, each as often as its weight says."""
        weighted = [route for route in self.all for _ in range(route.often)]
        return weighted if chance.random() < 0.7 else [chance.choice(weighted)]

    def declare(self, channel: BlockingChannel) -> None:
        """Have everything there, as it is for ever: a declaration that differs would be refused."""
        channel.exchange_declare(TOPIC, "topic", durable=True)
        for queue in self.queues:
            channel.queue_declare(queue, durable=True)
        for queue, key in _BINDINGS:
            channel.queue_bind(queue, TOPIC, key)
        channel.queue_declare(STREAM, durable=True, arguments=STREAM_ARGUMENTS)
