"""Queues with dead letters on a disk that loses power at any moment: nothing that was confirmed is lost.

A confirmed persistent message is in its queue, in the queue of the dead, or was acked in one of them, whenever the
power goes. It may be in both; then it was on its way.
"""

import contextlib
import os
from random import Random

import pytest
from pamqp.commands import Basic, Confirm, Queue

from tests.conversation import Broker
from tests.simulation.durable.disk import Disk
from tests.streams.faulty import PowerCut

TO_DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
KINDS = (
    {},
    {"x-message-ttl": 800},
    {"x-max-length": 3},
    {"x-max-priority": 3},
    {"x-queue-type": "quorum", "x-delivery-limit": 1},
    {"x-max-length": 3, "x-overflow": "reject-publish-dlx"},
)
# More of them with LIVES in the environment.
LIVES = int(os.environ.get("LIVES", "40"))


class Life:
    """One broker after the other on one disk."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.disk = Disk(Random(seed))
        self.arguments = {**TO_DEAD, **self.random.choice(KINDS)}
        self.published = 0
        self.confirmed: set[bytes] = set()
        self.acked: set[bytes] = set()
        self.of_the_dead: set[bytes] = set()
        self.now = 1000.0
        self.declared = False

    def run(self, crashes: int) -> None:
        for _ in range(crashes):
            with contextlib.suppress(PowerCut):
                self.start()
                # The power goes in the middle of what the disk does next, or of what it does much later.
                self.disk.steps_left = self.random.randrange(60)
                for _ in range(self.random.randrange(60)):
                    self.step()
            self.now = self.broker.now
            self.disk = self.disk.after_power_cut(self.random) if self.random.random() < 0.7 else self.killed()
            self.disk.steps_left = None
        self.check()

    def killed(self) -> Disk:
        self.disk.after_kill(self.random)
        return self.disk

    def start(self) -> None:
        self.disk.steps_left = None
        self.broker = Broker(files=self.disk, disk_waits=True, now=self.now, seed=self.random.randrange(10**6))
        self.client = self.broker.connect(1, refereed=False)
        self.tags: dict[int, bytes] = {}
        self.client.send(1, Queue.Declare(queue="dead", durable=True))
        self.client.send(1, Queue.Declare(queue="q", durable=True, arguments=self.arguments))
        self.client.send(1, Confirm.Select())
        self.work()
        self.sequence: list[bytes] = []
        self.client.frames()

    def work(self) -> None:
        while self.broker.commit() or self.broker.read_blocks():
            pass

    def step(self) -> None:
        choice = self.random.random()
        if choice < 0.4:
            self.publish()
        elif choice < 0.6:
            self.client.send(1, Basic.Get(queue=self.random.choice(("q", "q", "dead"))))
        elif choice < 0.75:
            self.settle()
        elif choice < 0.85:
            self.broker.now += self.random.choice((0.01, 0.5, 1.0))
            with self.broker.turn() as turn:
                self.broker.node.tick(turn)
        else:
            self.broker.commit()
            self.broker.read_blocks()
        self.read()

    def publish(self) -> None:
        for _ in range(self.random.randrange(1, 4)):
            body = b"%d" % self.published
            self.published += 1
            self.sequence.append(body)
            expiration = self.random.choice((None, None, "300", "5000"))
            priority = self.random.choice((None, 1, 2))
            self.client.publish(1, body, delivery_mode=2, expiration=expiration, priority=priority)

    def settle(self) -> None:
        if not self.tags:
            return
        tag = self.random.choice(sorted(self.tags))
        body = self.tags.pop(tag)
        how = self.random.choice((Basic.Ack(tag), Basic.Reject(tag, requeue=True), Basic.Reject(tag, requeue=False)))
        if isinstance(how, Basic.Ack):
            self.acked.add(body)
        elif not how.requeue:
            # Refused in the queue of the dead: gone.
            self.acked.update({body} & self.of_the_dead)
        self.client.send(1, how)

    def read(self) -> None:
        for got in self.client.frames():
            match got.method:
                case Basic.GetOk():
                    self.tags[got.delivery_tag] = got.body
                    if (got.properties.headers or {}).get("x-death"):
                        self.of_the_dead.add(got.body)
                case Basic.Ack():
                    self.confirm(got.delivery_tag, got.multiple)

    def confirm(self, tag: int, multiple: bool) -> None:
        bodies = self.sequence[:tag] if multiple else self.sequence[tag - 1 : tag]
        self.confirmed.update(bodies)

    def check(self) -> None:
        self.broker = Broker(files=self.disk, now=self.now)
        client = self.broker.connect(1)
        self.broker.advance(20)
        left = {*client.drain(), *client.drain("dead")}
        lost = self.confirmed - left - self.acked
        assert not lost, f"{self.arguments}: {sorted(lost)}"
        client.close()


@pytest.mark.parametrize("seed", range(LIVES))
def test_no_confirmed_message_is_lost_on_its_way_to_the_dead(seed):
    Life(seed).run(crashes=4)
