"""A million messages expire in order, in time, and each as cheaply as one of a hundred thousand.

Each has a time to live of its own, so that they expire one after another, or in random order, where one that stands at
the head keeps those behind it waiting; or their queue gives all the same one. They are dropped, or become dead letters,
which are consumed at once; they are transient, in memory, or persistent, on disk. None may leave before its time.
"""

import argparse
import itertools
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pamqp import commands

from interop.bench.client import Client
from interop.bench.flow import Stalled, drain
from interop.scale import stage
from interop.scale.checked import Broken, CheckedConsumer
from interop.scale.expiring import ExpiringPublisher
from interop.scale.numbered import NUMBER_BYTES
from interop.scale.stage import Bounds, Server

_QUEUE, _DEAD = "scale-expiring", "scale-dead"
_WINDOW = 4_000
_PREFETCH = 2_000
# They expire at this pace, after so long as publishing them may take; seconds a message.
_PACE_S = 10e-6
_FILL_S = 25e-6
_LEAST_FILL_S = 0.1
# The broker's clock has whole ms, and so have times to live.
_EARLY_S = 0.005
_STALLED_S = 30.0
# One that expires is looked for this often.
_NAP_S = 0.02


class Case:
    """How messages expire, where they wait, and what becomes of them."""

    def __init__(self, order: str, *, durable: bool, buried: bool) -> None:
        self.order = order
        self.durable = durable
        self.buried = buried

    def __str__(self) -> str:
        kept = "durable" if self.durable else "transient"
        return f"{self.order}, {kept}, {'dead-lettered' if self.buried else 'dropped'}"


ORDERS = ("in order", "random", "by queue")
CASES = [
    Case(order, durable=durable, buried=buried)
    for order, durable, buried in itertools.product(ORDERS, (False, True), (False, True))
]


def run(options: argparse.Namespace, bounds: Bounds) -> None:
    """Each case with a hundredth, a tenth and all of the messages. Raises Broken, Stalled, Refused or OSError."""
    counts = [max(options.count // share, 1) for share in (100, 10, 1)]
    with stage.server(options) as (server, _):
        for case in CASES:
            if options.only in str(case):
                _, few, many = [_measure(case, count, server, bounds) for count in counts]
                if few and many:
                    bounds.hold(f"{case}: cost beside that of a tenth", many / few, options.growth, "times")
        bounds.hold_memory("all that", server.pid, options.rss_mb)


def _measure(case: Case, count: int, server: Server, bounds: Bounds) -> float:
    """The processor time that the broker needs for each to expire, in µs; 0 where it cannot be told from the time that
    publishing takes, as most have expired before the last one is there.
    """
    ttl_s = _LEAST_FILL_S + count * _FILL_S
    with Client(server.url) as owner:
        _declare(owner, case, ttl_s)
        consumer = None
        if case.buried:
            receiver = Client(server.url)
            consumer = TimedConsumer(receiver, _DEAD, size=NUMBER_BYTES, prefetch=_PREFETCH, ack_every=_PREFETCH // 4)
        with Client(server.url) as sender:
            publisher = _publisher(sender, case, count, ttl_s)
            publisher.publish(count)
        leave = publisher.leave()
        left = count - _waiting(owner, case)
        before = _cpu_seconds(server.pid)
        if consumer is None:
            late_s = _watch(owner, case, leave)
        else:
            consumer.leave = leave
            drain(consumer, count)
            late_s = consumer.late_s
            receiver.close()
        cost = (_cpu_seconds(server.pid) - before) / (count - left) * 1e6 if left < count / 2 else 0.0
        for queue in (_QUEUE, _DEAD):
            owner.call(commands.Queue.Delete(queue=queue))
    told = f"{cost:.2f} µs each" if cost else "cost unknown"
    partly = f", {left:,} while others were published" if left else ""
    bounds.say(f"{case}: {count:,}: {told}, {late_s * 1000:,.0f} ms late at most{partly}")
    return cost


def _declare(owner: Client, case: Case, ttl_s: float) -> None:
    arguments: dict[str, Any] = {}
    if case.buried:
        arguments |= {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": _DEAD}
    if case.order == "by queue":
        arguments["x-message-ttl"] = round(ttl_s * 1000)
    owner.call(commands.Queue.Declare(queue=_DEAD, durable=case.durable))
    owner.call(commands.Queue.Declare(queue=_QUEUE, durable=case.durable, arguments=arguments))


def _publisher(sender: Client, case: Case, count: int, ttl_s: float) -> ExpiringPublisher:
    begin = time.monotonic() + ttl_s
    places: Sequence[int] = range(count)
    if case.order == "random":
        places = random.Random(1).sample(places, count)

    def moment(number: int, now: float) -> float:
        return now + ttl_s if case.order == "by queue" else begin + places[number] * _PACE_S

    return ExpiringPublisher(
        sender,
        _QUEUE,
        moment,
        own=case.order != "by queue",
        window=_WINDOW,
        persistent=case.durable,
    )


class TimedConsumer(CheckedConsumer):
    """Looks at when each comes, too: ``leave`` says when it may. ``late_s`` is the longest that one took."""

    leave: Sequence[float] = ()
    late_s = 0.0

    def read(self) -> None:
        before = self.received
        super().read()
        if self.received > before and self.leave:
            now = time.monotonic()
            _expect_in_time(self.received - 1, self.leave, now)
            self.late_s = max(self.late_s, now - self.leave[before])


def _watch(owner: Client, case: Case, leave: Sequence[float]) -> float:
    """See the queue become empty, and how long at most one took to leave it, in seconds, to 20 ms."""
    late_s, left, moved_at = 0.0, 0, time.monotonic()
    while left < len(leave):
        time.sleep(min(_NAP_S, max(leave[left] - time.monotonic(), 0.001)))
        asked_at = time.monotonic()
        before = left
        left, now = len(leave) - _waiting(owner, case), time.monotonic()
        if left > before:
            _expect_in_time(left - 1, leave, now)
            moved_at = now
        elif now > max(moved_at, leave[left]) + _STALLED_S:
            raise Stalled(f"{len(leave) - left:,} messages should have expired, and have not")
        if left < len(leave):
            late_s = max(late_s, asked_at - leave[left])
    return late_s


def _waiting(owner: Client, case: Case) -> int:
    declared = owner.call(commands.Queue.Declare(queue=_QUEUE, durable=case.durable, passive=True))
    return int(declared.message_count)


def _expect_in_time(number: int, leave: Sequence[float], now: float) -> None:
    if now < leave[number] - _EARLY_S:
        raise Broken(f"message {number:,} expired {(leave[number] - now) * 1000:,.1f} ms before its time")


def _cpu_seconds(pid: int) -> float:
    """As ``process.cpu_seconds``, of the process alone, but to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
