"""A stream of millions, read by three consumers at once while publishing goes on, in bounded memory.

One reads from the first message, one from an offset in the middle, one from a moment in time. Each must see every
offset from its start to the end once and in order, each with the message that was published there.
"""

import argparse
import contextlib
import math
import time
from datetime import UTC, datetime
from typing import Any

from pamqp import commands

from interop.bench.client import Client
from interop.bench.flow import Flow
from interop.scale import stage
from interop.scale.checked import CheckedConsumer
from interop.scale.numbered import NumberedPublisher
from interop.scale.stage import Bounds, Server, Timer

_QUEUE = "scale-stream"
_WINDOW = 4_000
_PREFETCH = 2_000


def run(options: argparse.Namespace, bounds: Bounds) -> None:
    """Fill the stream, then read it. Raises Broken, Stalled, Refused or OSError when it cannot be gone on."""
    with stage.server(options) as (server, folder), Client(server.url) as sender:
        sender.call(commands.Queue.Declare(queue=_QUEUE, durable=True, arguments={"x-queue-type": "stream"}))
        publisher = NumberedPublisher(sender, _QUEUE, size=options.size, window=_WINDOW)
        with (timer := Timer()):
            publisher.publish(_mark(options.count))
        moment = _next_second()
        with timer:
            publisher.publish(options.count)
        bounds.say(f"published and confirmed {timer.rate(options.count)}, {stage.disk_mb(folder):,.0f} MB on disk")
        bounds.hold_memory("publishing", server.pid, options.rss_mb)
        _read(server, publisher, options, moment, bounds)
        bounds.hold_memory("reading and publishing", server.pid, options.rss_mb)


def _mark(count: int) -> int:
    """The first message published after the moment that a consumer asks for."""
    return count * 3 // 4


def _next_second() -> datetime:
    """Wait until a second begins, and give it: the wire knows whole seconds only.

    So it parts what was confirmed before from what is published after.
    """
    moment = math.floor(time.time()) + 1
    while (left := moment - time.time()) > 0:
        time.sleep(left)
    return datetime.fromtimestamp(moment, UTC)


def _read(
    server: Server, publisher: NumberedPublisher, options: argparse.Namespace, moment: datetime, bounds: Bounds
) -> None:
    starts: dict[str, tuple[Any, int]] = {
        "first": ("first", 0),
        "an offset": (options.count // 2, options.count // 2),
        "a moment": (moment, _mark(options.count)),
    }
    with contextlib.ExitStack() as stack, Timer() as timer:
        consumers = {
            name: CheckedConsumer(
                stack.enter_context(Client(server.url)),
                _QUEUE,
                size=options.size,
                prefetch=_PREFETCH,
                ack_every=_PREFETCH // 4,
                start=start,
                offsets=True,
                arguments={"x-stream-offset": offset},
            )
            for name, (offset, start) in starts.items()
        }
        flow = Flow(publisher, list(consumers.values()))
        # Publishing goes on as long as one has not yet read what lay there; twice that is enough even for slow ones.
        publisher.upto = 2 * options.count
        while min(each.next_number for each in consumers.values()) < options.count:
            flow.step(publisher.room)
        end = publisher.upto = publisher.sent
        while min(publisher.confirmed, *(each.next_number for each in consumers.values())) < end:
            flow.step(publish=False)
    for name, (_, start) in starts.items():
        bounds.say(f"from {name}: offsets {start:,} to {end - 1:,}, each once and in order")
    bounds.say(f"published meanwhile: {end - options.count:,}")
    bounds.say(f"read by all three {timer.rate(sum(each.received for each in consumers.values()))}")
