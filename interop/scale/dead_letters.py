"""Storms of dead letters, while a publisher and a consumer on another queue go on at a steady rate, undisturbed.

A million messages expire at once into another queue; a million are rejected, one by one and then all by one method; a
million die in a circle of two queues, which has to end; and some are rejected again and again into their own queue,
which does not. None may be lost, doubled or out of order; and of what the others send, 99 % must arrive in time, in
each single second.
"""

import argparse
import contextlib
import struct
import time
from collections.abc import Iterator
from typing import Any

from pamqp import commands, frame

from interop.bench.client import Client
from interop.bench.flow import Stalled, drain
from interop.scale import stage
from interop.scale.checked import CheckedConsumer
from interop.scale.expiring import ExpiringPublisher
from interop.scale.numbered import NumberedPublisher
from interop.scale.stage import Bounds, Server, Timer
from interop.scale.steady import Steady, describe, worst_second_ms

_STORM, _DEAD = "scale-storm", "scale-dead"
_SIZE = 16
_WINDOW = 4_000
_PREFETCH = 2_000
# For the last message to be published before the first expires.
_FILL_S = 20e-6
_LEAST_FILL_S = 0.3
_STALLED_S = 30.0
# What goes round for ever.
_CIRCLING = 10_000
# type, channel, payload size | class 60, method 90 | delivery tag, requeue | end of frame
_REJECT = struct.Struct(">BHIHHQBB")


def run(options: argparse.Namespace, bounds: Bounds) -> None:
    """All the storms. Raises Broken, Stalled, Refused or OSError when it cannot be gone on."""
    with stage.server(options) as (server, _), Steady(server.url, options.rate) as steady:
        time.sleep(options.calm_s)
        bounds.say(f"the others, in calm: {describe(steady.taken())}")
        for act in (_expire, _reject_singly, _reject_at_once, _circle_by_itself, _circle_by_rejecting):
            with Client(server.url) as client:
                act(Scene(client, server, steady, options, bounds))
                for queue in (_STORM, _DEAD):
                    client.call(commands.Queue.Delete(queue=queue))
        bounds.hold_memory("all that", server.pid, options.rss_mb)


class Scene:
    """What a storm happens on."""

    def __init__(
        self, client: Client, server: Server, steady: Steady, options: argparse.Namespace, bounds: Bounds
    ) -> None:
        self.client = client
        self.options = options
        self.url = server.url
        self._steady = steady
        self._bounds = bounds

    def say(self, line: str) -> None:
        self._bounds.say(line)

    def declare(self, queue: str, **arguments: object) -> None:
        """A queue; its dead letters go where ``arguments`` say."""
        self.client.call(commands.Queue.Declare(queue=queue, arguments=arguments))

    def declare_both(self) -> None:
        """The queue of the storm, and the one that its dead letters go to."""
        self.declare(_DEAD)
        self.declare(_STORM, **_to(_DEAD))

    def fill(self, count: int, expires_at: float | None = None) -> None:
        """Publish to the queue of the storm, and wait until that is confirmed."""
        with Client(self.url) as sender:
            publisher = (
                NumberedPublisher(sender, _STORM, size=_SIZE, window=_WINDOW)
                if expires_at is None
                else ExpiringPublisher(
                    sender,
                    _STORM,
                    lambda _, now: expires_at,
                    own=True,
                    window=_WINDOW,
                )
            )
            publisher.publish(count)

    @contextlib.contextmanager
    def storm(self, what: str) -> Iterator[None]:
        """A block in which it rages."""
        options = self.options
        self._steady.taken()
        with Timer() as timer:
            yield
        # A storm in a small run is over before it is felt.
        time.sleep(max(0.1 - timer.seconds, 0))
        taken = self._steady.taken()
        self._bounds.say(f"{what}: {timer.seconds:,.1f} s; the others meanwhile: {describe(taken)}")
        self._bounds.hold("their p99 in the worst second", worst_second_ms(taken), options.p99_ms, "ms")

    def expect(self, **ready: int) -> None:
        """Wait until so many messages lie in each queue. Raises Stalled when it does not come to that."""
        quiet_since, before = time.monotonic(), None
        while (found := {queue: self._ready(queue) for queue in ready}) != ready:
            if found != before:
                quiet_since, before = time.monotonic(), found
            elif time.monotonic() > quiet_since + _STALLED_S:
                raise Stalled(f"{ready} should lie in the queues, {found} do")
            time.sleep(0.02)

    def _ready(self, queue: str) -> int:
        declared = self.client.call(commands.Queue.Declare(queue=queue, passive=True))
        return int(declared.message_count)

    def check(self, count: int) -> None:
        """All are dead letters, in order."""
        self.expect(**{_STORM: 0, _DEAD: count})
        with Client(self.url) as receiver:
            drain(CheckedConsumer(receiver, _DEAD, size=_SIZE, prefetch=_PREFETCH, ack_every=_PREFETCH // 4), count)


def _to(queue: str) -> dict[str, object]:
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue}


def _expire(scene: Scene) -> None:
    count = scene.options.count
    scene.declare_both()
    expires_at = time.monotonic() + _LEAST_FILL_S + count * _FILL_S
    scene.fill(count, expires_at)
    time.sleep(max(expires_at - time.monotonic(), 0))
    with scene.storm(f"{count:,} expired at once"):
        scene.expect(**{_STORM: 0, _DEAD: count})
    scene.check(count)


def _reject_singly(scene: Scene) -> None:
    count = scene.options.count
    scene.declare_both()
    scene.fill(count)
    with scene.storm(f"{count:,} rejected one by one"), Client(scene.url) as receiver:
        consumer = Rejecter(receiver, _STORM, size=_SIZE, prefetch=_PREFETCH, ack_every=_PREFETCH // 4)
        drain(consumer, count)
        consumer.acknowledge()
        scene.expect(**{_STORM: 0, _DEAD: count})
    scene.check(count)


def _reject_at_once(scene: Scene) -> None:
    count = scene.options.count
    scene.declare_both()
    scene.fill(count)
    with Client(scene.url) as receiver:
        consumer = CheckedConsumer(receiver, _STORM, size=_SIZE, prefetch=0)
        drain(consumer, count)
        with scene.storm(f"{count:,} rejected by one method"):
            receiver.socket.sendall(frame.marshal(commands.Basic.Nack(0, multiple=True, requeue=False), 1))
            scene.expect(**{_STORM: 0, _DEAD: count})
    scene.check(count)


def _circle_by_itself(scene: Scene) -> None:
    """From one queue to the other and back again: there RabbitMQ, too, drops what would go round for ever."""
    count = scene.options.count
    scene.declare(_DEAD, **_to(_STORM), **{"x-message-ttl": 1})
    scene.declare(_STORM, **_to(_DEAD))
    expires_at = time.monotonic() + _LEAST_FILL_S + count * _FILL_S
    scene.fill(count, expires_at)
    time.sleep(max(expires_at - time.monotonic(), 0))
    with scene.storm(f"{count:,} expired in a circle"):
        scene.expect(**{_STORM: 0, _DEAD: 0})


def _circle_by_rejecting(scene: Scene) -> None:
    count = min(scene.options.count, _CIRCLING)
    scene.declare(_DEAD)
    scene.declare(_STORM, **_to(_STORM))
    scene.fill(count)
    settings = {"size": _SIZE, "prefetch": max(count // 2, 1), "ack_every": max(count // 8, 1)}
    with Client(scene.url) as receiver:
        # The first time their headers become longer.
        first = Rejecter(receiver, _STORM, **{**settings, "prefetch": count, "ack_every": 0})
        drain(first, count)
        receiver.call(commands.Basic.Cancel(consumer_tag="scale"))
        first.acknowledge()
        scene.expect(**{_STORM: count})
    with Client(scene.url) as receiver, scene.storm(f"{count:,} rejected again and again"):
        until = time.monotonic() + scene.options.circle_s
        consumer = Rejecter(receiver, _STORM, circle=count, **settings)
        while time.monotonic() < until:
            consumer.read()
        scene.say(f"each of them {consumer.received / count:,.0f} times")
    scene.expect(**{_STORM: count})


class Rejecter(CheckedConsumer):
    """Rejects what it gets, message by message. ``circle``: the numbers begin again after so many."""

    def __init__(self, client: Client, queue: str, *, circle: int = 0, **settings: Any) -> None:
        self._circle = circle
        super().__init__(client, queue, **settings)

    def _numbers(self) -> Iterator[int]:
        numbers = super()._numbers()
        return (number % self._circle for number in numbers) if self._circle else numbers

    def acknowledge(self) -> None:
        tags = range(self._acked + 1, self.received + 1)
        self.socket.sendall(b"".join([_REJECT.pack(1, 1, 13, 60, 90, tag, 0, 0xCE) for tag in tags]))
        self._acked = self.received
