"""A consumer of one durable queue: it acks in one of several ways, sends some back, and may die and come again."""

from __future__ import annotations

import random
import threading
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from interop.crash import letters
from interop.crash.clients import Client, Ending, Tally, abandon, connected, parameters
from interop.crash.ledger import Ledger
from interop.crash.letters import MessageId


class Habits:
    """How one consumer behaves, drawn by lot."""

    def __init__(self, chance: random.Random, *, hurry: bool) -> None:
        """``hurry``: the queue has to become short."""
        self.prefetch = chance.choice((50, 500)) if hurry else chance.choice((1, 10, 100, 1000))
        # So many are acked at once: the last of them for all, or each, in any order.
        self.batch = min(chance.choice((1, 1, 7, 50)), self.prefetch)
        self.for_all = chance.random() < 0.5
        self.requeue_share = 0.0 if hurry or chance.random() < 0.6 else 0.02
        self.reject_share = 0.02 if chance.random() < 0.3 else 0.0
        # It keeps up to so many without an answer, for as long as it lives.
        self.keeps = 0 if hurry or chance.random() < 0.6 else self.prefetch // 2
        # It dies after so many deliveries, and comes again.
        self.dies_after = chance.randint(1, 300) if not hurry and chance.random() < 0.25 else 0
        # Asked to stop, it takes its leave of the broker in order.
        self.polite = chance.random() < 0.7


class _Dies(Exception):
    """It has had its share."""


class Consumer(Client):
    """Consumes until it is stopped."""

    def __init__(
        self, url: str, ending: Ending, tally: Tally, ledger: Ledger, habits: Habits, chance: random.Random
    ) -> None:
        super().__init__(url, ending, tally)
        self._ledger = ledger
        self._habits = habits
        self._chance = chance
        self._lock = threading.Lock()
        self._stopping = False
        self._connection: pika.BlockingConnection | None = None
        self._delivered = 0
        # Of this connection: waits for an ack; never gets one; was acked.
        self._pending: list[tuple[int, MessageId]] = []
        self._kept = 0
        self._acked: list[MessageId] = []

    @property
    def queue(self) -> str:
        return self._ledger.queue

    @property
    def on_their_way(self) -> int:
        """How many deliveries may have been sent to it at most that it never took in."""
        return self._habits.prefetch

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            if self._connection is not None and self._connection.is_open:
                self._connection.add_callback_threadsafe(lambda: None)

    def live(self) -> None:
        again = True
        while again:
            again = False
            try:
                self._consume()
            except _Dies:
                again = True

    def _consume(self) -> None:
        connection = pika.BlockingConnection(parameters(self.url))
        try:
            with self._lock:
                self._connection = connection
            self._pending, self._acked, self._kept = [], [], 0
            channel = connection.channel()
            channel.basic_qos(prefetch_count=self._habits.prefetch)
            channel.basic_consume(self._ledger.queue, self._take)
            while not self._stopping:
                connection.process_data_events(time_limit=None)
            if self._habits.polite:
                self._take_leave(channel)
                connection.close()
        finally:
            with self._lock:
                self._connection = None
            abandon(connection)

    def _take_leave(self, channel: BlockingChannel) -> None:
        """What it has not acked goes back, all that it has acked has arrived."""
        self._ledger.disturbed()
        channel.close()
        self._ledger.arrived(self._acked)

    def _take(self, channel: BlockingChannel, method: Any, properties: pika.BasicProperties, body: bytes) -> None:
        message = letters.read(body)
        self._ledger.delivered(message, redelivered=method.redelivered)
        self._delivered += 1
        self.tally.add(delivered=1, redelivered=int(method.redelivered))
        if properties.headers is not None and properties.headers.get("number") != message[1]:
            raise letters.Mangled(f"{message} came with the headers {properties.headers}")
        self._decide(channel, message, method.delivery_tag)
        if self._delivered == self._habits.dies_after:
            self._ledger.died(self._acked, self.on_their_way)
            raise _Dies

    def _decide(self, channel: BlockingChannel, message: MessageId, tag: int) -> None:
        habits, lot = self._habits, self._chance.random()
        if lot < habits.requeue_share:
            self._ledger.disturbed()
            channel.basic_nack(tag, requeue=True)
        elif lot < habits.requeue_share + habits.reject_share:
            self._ledger.acked(message)
            self._acked.append(message)
            channel.basic_reject(tag, requeue=False)
            self.tally.add(acked=1)
        elif self._kept < habits.keeps and not habits.for_all and lot > 0.95:
            self._kept += 1
        else:
            self._pending.append((tag, message))
            if len(self._pending) >= habits.batch:
                self._ack(channel)

    def _ack(self, channel: BlockingChannel) -> None:
        pending, self._pending = self._pending, []
        for _, message in pending:
            self._ledger.acked(message)
        self._acked += [message for _, message in pending]
        if self._habits.for_all:
            channel.basic_ack(pending[-1][0], multiple=True)
        else:
            self._chance.shuffle(pending)
            for tag, _ in pending:
                channel.basic_ack(tag)
        self.tally.add(acked=len(pending))


def drain(url: str, ledger: Ledger, tally: Tally) -> None:
    """Take all that waits, with nobody else there, ack it and take leave in order."""
    with connected(url) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=200)
        acked = []
        while (count := channel.queue_declare(ledger.queue, passive=True).method.message_count) > 0:
            for method, _, body in channel.consume(ledger.queue, inactivity_timeout=60):
                if method is None:
                    raise letters.Mangled(f"{count} messages wait in {ledger.queue}, and do not come")
                message = letters.read(body)
                ledger.delivered(message, redelivered=method.redelivered)
                ledger.acked(message)
                acked.append(message)
                channel.basic_ack(method.delivery_tag)
                tally.add(delivered=1, redelivered=int(method.redelivered), acked=1)
                count -= 1
                if not count:
                    break
            channel.cancel()
        channel.close()
        ledger.looked_through()
        ledger.arrived(acked)
