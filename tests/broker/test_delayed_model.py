"""Delayed messages against a model that is too simple to be wrong, through restarts, kills and power cuts."""

import contextlib
from random import Random

import pytest
from pamqp.commands import Basic, Confirm, Exchange, Queue

import broker.queues.delay
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles, PowerCut


class World:
    """Every message is confirmed, or the world ended before."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.files = FaultyFiles(Random(seed))
        self.broker = Broker(files=self.files, now=1000.0)
        # By body: when it is due, in ms.
        self.due: dict[bytes, int] = {}
        self.confirmed: set[bytes] = set()
        self.delivered: list[bytes] = []
        # Those that may come once more: the end of a run may have forgotten that they came.
        self.perhaps_again: set[bytes] = set()
        self.connect()

    def connect(self) -> None:
        self.client = self.broker.connect(1)
        arguments = {"x-delayed-type": "direct"}
        method = Exchange.Declare(exchange="x", exchange_type="x-delayed-message", durable=True, arguments=arguments)
        self.client.call(1, method, Exchange.DeclareOk)
        self.client.declare(durable=True)
        self.client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="k"), Queue.BindOk)
        self.client.call(1, Confirm.Select(), Confirm.SelectOk)

    def publish(self) -> None:
        count = self.chance.choice([1, 1, 2, 40])
        delay = self.chance.choice([1, 5, 300, 300, 2_000, 60_000])
        bodies = [b"%d" % (len(self.due) + i) for i in range(count)]
        self.due.update(dict.fromkeys(bodies, self.broker.wall_ms() + delay))
        self.broker.disk_waits = self.chance.random() < 0.3
        properties = {"headers": {"x-delay": delay}, "delivery_mode": 2}
        self.client.publish(1, *bodies, exchange="x", key="k", **properties)
        acks = [got for got in self.client.frames() if isinstance(got.method, Basic.Ack)]
        if acks:
            assert not self.broker.disk_waits
            self.confirmed.update(bodies)
        else:
            assert self.broker.disk_waits
            self.end()

    def wait(self) -> None:
        self.broker.advance(self.chance.choice([0.001, 0.004, 0.05, 0.4, 3.0, 70.0]))
        self.look()

    def look(self) -> None:
        now = self.broker.wall_ms()
        came = self.client.drain()
        for body in came:
            assert self.due[body] <= now + 1
            assert body not in self.delivered or body in self.perhaps_again
        self.delivered += came
        missing = [body for body in self.confirmed.difference(self.delivered) if self.due[body] < now - 1]
        assert not missing
        self.perhaps_again.difference_update(came)

    def fail(self) -> None:
        """Messages become due, and the power fails while that is being written."""
        self.broker.disk_waits = True
        self.broker.now += self.chance.choice([0.05, 0.4, 3.0, 70.0])
        with self.broker.turn() as turn:
            self.broker.node.tick(turn)
        self.files.steps_left = self.chance.randrange(40)
        with contextlib.suppress(PowerCut):
            while self.broker.commit():
                pass
        self.files.steps_left = None
        self.end("cut")

    def end(self, how: str = "") -> None:
        """The broker ends, in one way or another, and begins again some time later."""
        how = how or self.chance.choice(["stop", "kill", "cut"])
        if how == "stop":
            self.broker.stop()
        elif how == "kill":
            self.files = self.files.after_kill(Random(self.chance.random()))
        else:
            self.files = self.files.after_power_cut(Random(self.chance.random()))
        if how != "stop":
            self.perhaps_again.update(self.delivered)
        self.broker = Broker(files=self.files, now=self.broker.now + self.chance.choice([0, 0.3, 10]))
        self.connect()
        self.broker.advance(0)
        self.look()


@pytest.mark.parametrize("seed", range(30))
def test_each_comes_when_its_time_has_come_whatever_happens(seed, monkeypatch):
    monkeypatch.setattr(broker.queues.delay, "_DELIVERIES", 3)
    world = World(seed)
    for _ in range(30):
        world.chance.choices([world.publish, world.wait, world.end, world.fail], [5, 4, 1, 2])[0]()
    world.broker.disk_waits = False
    world.broker.advance(100)
    world.look()
    assert world.confirmed <= set(world.delivered)
    assert not world.broker.node.vhosts["/"].exchanges["x"].waiting
