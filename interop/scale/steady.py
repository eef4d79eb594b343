"""A publisher and a consumer at a steady rate, in a process of their own: how long each of their messages takes.

Whatever else a run does to the broker, and however busy that keeps the run itself, this pair goes on as before.
"""

import math
import multiprocessing
import select
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from pamqp import commands

from interop.bench import wire
from interop.bench.client import Client
from interop.bench.ends import Consumer, Publisher
from interop.bench.result import percentiles

_SIZE = 16
# A last message that is on its way when we are asked what was taken.
_PATIENCE_S = 20.0

# When it was sent, on the clock that all processes share, how long it took, and how long after it was due it was sent;
# seconds.
Taken = tuple[float, float, float]


class Steady:
    """The pair, from enter to exit. ``rate`` is messages a second."""

    def __init__(self, url: str, rate: float) -> None:
        # A fork would have our sockets, too.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(url, rate, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.taken()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()

    def taken(self) -> list[Taken]:
        """What its messages took that were sent since the last time we asked. Raises EOFError if it is gone."""
        self._ours.send(None)
        if not self._ours.poll(_PATIENCE_S + 10):
            raise EOFError("the steady pair does not answer")
        found: list[Taken] = self._ours.recv()
        return found


def describe(taken: Sequence[Taken]) -> str:
    """The percentiles of them all, and the longest; and how late the machine, not the broker, lets us send."""
    took = [seconds for _, seconds, _ in taken]
    found, late = percentiles(took), percentiles([seconds for _, _, seconds in taken])
    return (
        f"p50 {found['p50_ms']:.1f}, p99 {found['p99_ms']:.1f}, at most {max(took) * 1000:.1f} ms of {len(took):,}"
        f" (sent late: p99 {late['p99_ms']:.1f} ms)"
    )


def worst_second_ms(taken: Sequence[Taken]) -> float:
    """The p99 of the second in which it was highest; what is too short for a second counts with the one before."""
    begin, end = taken[0][0], taken[-1][0]
    last = max(math.floor(end - begin) - 1, 0)
    by_second: dict[int, list[float]] = defaultdict(list)
    for sent_at, seconds, _ in taken:
        by_second[min(math.floor(sent_at - begin), last)].append(seconds)
    return max(percentiles(each)["p99_ms"] for each in by_second.values())


def _run(url: str, rate: float, asked: Connection) -> None:
    with Client(url) as owner, Client(url) as sender:
        queue = f"steady-{uuid.uuid4().hex[:8]}"
        owner.call(commands.Queue.Declare(queue=queue, exclusive=True))
        consumer = Consumer(owner, queue, prefetch=0, ack_every=0, tape=wire.AckTape(0))
        block = wire.publish_block("", queue, _SIZE, rich=False, frame_max=sender.frame_max, count=1)
        publisher = Publisher(sender, block)
        publisher.socket.setblocking(True)
        while True:
            asked.send(_pace(publisher, consumer, rate, asked))


def _pace(publisher: Publisher, consumer: Consumer, rate: float, asked: Connection) -> list[Taken]:
    """Publish on schedule, whatever comes back, until we are asked; and wait for what is on its way then.

    Times are taken from the moment of sending: a late wake-up of ours is not the broker's doing.
    """
    sent_at: list[float] = []
    late: list[float] = []
    taken: list[Taken] = []
    before = consumer.received
    begun = time.monotonic()
    stop_at = math.inf
    while len(taken) < len(sent_at) or stop_at == math.inf:
        now = time.monotonic()
        due = begun + len(sent_at) / rate if stop_at == math.inf else stop_at
        if now >= due:
            if stop_at < math.inf:
                raise TimeoutError(f"{len(sent_at):,} sent, {len(taken):,} received")
            sent_at.append(now)
            late.append(now - due)
            publisher.send()
            continue
        readable = select.select([consumer.socket, asked], [], [], due - now)[0]
        if asked in readable:
            asked.recv()
            stop_at = now + _PATIENCE_S
        if consumer.socket in readable:
            consumer.receive()
            now = time.monotonic()
            which = slice(len(taken), consumer.received - before)
            taken += [(at, now - at, lag) for at, lag in zip(sent_at[which], late[which], strict=True)]
    return taken
