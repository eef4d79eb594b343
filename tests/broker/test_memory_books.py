"""Whatever clients, policies and time do to queues, each counts what it holds; and when all are gone nothing counts."""

from collections import Counter
from contextlib import suppress
from random import Random
from unittest import mock

import pytest
from pamqp.commands import Basic, Channel, Confirm, Exchange, Queue, Tx

from broker.policies.policy import NoSuchPolicy, Policy
from broker.queues import holding
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles

LETTERS = {"x-dead-letter-exchange": "dlx"}
AT_LEAST_ONCE = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-dead-letter-strategy": "at-least-once"}
KINDS = (
    {},
    {"x-max-priority": 3},
    {"x-queue-type": "quorum", "x-delivery-limit": -1},
    {"x-queue-type": "quorum", "x-delivery-limit": 1},
    {"x-max-length": 2},
    {"x-max-length-bytes": 12},
    {"x-message-ttl": 0},
    {"x-message-ttl": 500},
    {"x-max-length": 2, "x-overflow": "reject-publish"},
    {"x-max-length": 2, "x-overflow": "reject-publish-dlx"},
    {**AT_LEAST_ONCE, **LETTERS, "x-message-ttl": 500},
)
POLICIES = (
    {"max-length": 2},
    {"message-ttl": 300},
    {"max-length-bytes": 9},
    {"dead-letter-exchange": "dlx"},
    {"max-length": 1, "overflow": "reject-publish"},
    {"dead-letter-exchange": "dlx", "dead-letter-strategy": "at-least-once", "overflow": "reject-publish"},
)
QUEUES = ("q", "r", "dead")
STEPS = {
    "publish": 6,
    "get": 2,
    "consume": 1,
    "cancel": 1,
    "settle": 4,
    "wait": 1,
    "purge": 1,
    "delete": 1,
    "set_policy": 1,
    "clear_policy": 1,
    "transact": 1,
}


class World:
    """A broker; a client with two channels, which may be refused things; and one that is not."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        files = self.random.choice((None, FaultyFiles()))
        self.broker = Broker(files=files, profile=self.random.choice(("lenient", "3.13", "4.3")))
        self.vhost = self.broker.node.vhosts["/"]
        self.client = self.broker.connect(1, 2, refereed=False)
        self.owner = self.broker.connect(1, refereed=False)
        self.bodies = 0
        arguments = {"x-delayed-type": "fanout"}
        delayed = Exchange.Declare(exchange="x", exchange_type="x-delayed-message", durable=True, arguments=arguments)
        self.owner.send(1, Exchange.Declare(exchange="dlx", exchange_type="fanout", durable=True), delayed)
        for name in QUEUES:
            self.declare(name)
        self.in_transactions = self.random.random() < 0.3
        self.client.send(2, Tx.Select() if self.in_transactions else Confirm.Select())

    def declare(self, name: str) -> None:
        arguments = self.random.choice(KINDS) | self.random.choice(({}, LETTERS))
        self.owner.send(1, Queue.Declare(queue=name, durable=True, arguments=arguments))
        self.owner.send(1, Queue.Bind(queue=name, exchange="x"))
        if name == "dead" or self.random.random() < 0.3:
            self.owner.send(1, Queue.Bind(queue=name, exchange="dlx"))

    def step(self) -> None:
        (verb,) = self.random.choices(list(STEPS), STEPS.values())
        getattr(self, verb)(self.random.choice((1, 2)), self.random.choice(QUEUES))
        for got in self.client.frames():
            if got.name == "Channel.Close":
                self.client.send(got.channel, Channel.CloseOk(), Channel.Open())
        assert set(self.client.session.channels) == {1, 2}

    def publish(self, channel: int, queue: str) -> None:
        bodies = [b"%d" % (self.bodies + number) for number in range(self.random.randrange(1, 6))]
        self.bodies += len(bodies)
        self.client.publish(
            channel,
            *bodies,
            key=queue,
            exchange=self.random.choice(("", "", "", "x")),
            delivery_mode=self.random.choice((1, 2)),
            priority=self.random.choice((None, 1, 3)),
            expiration=self.random.choice((None, None, "0", "700")),
            headers={"x-delay": self.random.choice((0, 400))},
        )

    def get(self, channel: int, queue: str) -> None:
        self.client.send(channel, Basic.Get(queue=queue, no_ack=self.random.random() < 0.3))

    def consume(self, channel: int, queue: str) -> None:
        if queue not in self.client.session.channels[channel].consumers:
            no_ack = self.random.random() < 0.3
            self.client.send(channel, Basic.Qos(prefetch_count=self.random.choice((0, 1, 3))))
            self.client.send(channel, Basic.Consume(queue=queue, consumer_tag=queue, no_ack=no_ack))

    def cancel(self, channel: int, queue: str) -> None:
        self.client.send(channel, Basic.Cancel(queue))

    def settle(self, channel: int, queue: str) -> None:
        tags = sorted(self.client.session.channels[channel].unsettled.by_tag)
        if tags:
            tag, several = self.random.choice(tags), self.random.random() < 0.2
            ways = Basic.Ack(tag, several), Basic.Nack(tag, several, True), Basic.Nack(tag, several, False)
            self.client.send(channel, self.random.choice(ways))

    def wait(self, channel: int, queue: str) -> None:
        self.broker.advance(self.random.choice((0.01, 0.5, 1.5)))

    def purge(self, channel: int, queue: str) -> None:
        self.owner.send(1, Queue.Purge(queue=queue))

    def delete(self, channel: int, queue: str) -> None:
        self.owner.send(1, Queue.Delete(queue=queue))
        self.declare(queue)

    def set_policy(self, channel: int, queue: str) -> None:
        with self.broker.turn() as turn:
            self.vhost.set_policy(Policy("p", "^[qr]", self.random.choice(POLICIES)), turn)

    def clear_policy(self, channel: int, queue: str) -> None:
        with suppress(NoSuchPolicy), self.broker.turn() as turn:
            self.vhost.clear_policy("p", turn)

    def transact(self, channel: int, queue: str) -> None:
        if self.in_transactions:
            self.client.send(2, self.random.choice((Tx.Commit(), Tx.Rollback())))
            # A channel that was refused comes back without one.
            self.client.send(2, Tx.Select())

    def check(self) -> None:
        out = Counter()
        for channel in self.client.session.channels.values():
            out.update(holder.queue for holder, _, _ in channel.unsettled.by_tag.values())
            if channel._transaction is not None:
                out.update(holder.queue for holder, _, _ in channel._transaction._taken.values())
        for queue in self.vhost.queues.values():
            kept = 0 if queue._log is None else queue._log.kept
            stuck = sum(len(death.entries) for death in queue.burials._unburied)
            assert queue.held == len(queue.ready) + kept + stuck + out[queue]
            assert (queue.burials.again_at is not None) or not stuck

    def end(self) -> None:
        for name in QUEUES:
            self.owner.send(1, Queue.Delete(queue=name))
        self.owner.send(1, Exchange.Delete(exchange="x"))
        self.client.die()
        self.owner.die()
        self.broker.advance(30)
        # Sizes are means, so a rest may come of rounding.
        assert abs(self.broker.node.gauge.bytes) < 1e-6
        assert self.broker.node.next_deadline() is None


@pytest.mark.parametrize("window_bytes", [holding._WINDOW_BYTES, 1])
@pytest.mark.parametrize("seed", range(60))
def test_each_queue_counts_what_it_holds(seed, window_bytes):
    with mock.patch.object(holding, "_WINDOW_BYTES", window_bytes):
        world = World(seed)
        for _ in range(world.random.randrange(60)):
            world.step()
            world.check()
        world.end()
