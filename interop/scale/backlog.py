"""A durable queue with millions of messages: the broker stops, or is killed, starts again, and all are consumed.

Each message must come once and in order. Those that a consumer held unacknowledged at the end must come back marked as
redelivered, the others not. After a kill a broker need not know which were sent, and may mark all: RabbitMQ does.
"""

import argparse
from pathlib import Path

from pamqp import commands

from interop.bench.client import Client
from interop.bench.flow import drain
from interop.scale import stage
from interop.scale.checked import Broken, CheckedConsumer
from interop.scale.numbered import NumberedPublisher
from interop.scale.stage import Bounds, Server, Timer

_QUEUE = "scale-backlog"
_WINDOW = 4_000
_PREFETCH = 2_000


def run(options: argparse.Namespace, bounds: Bounds) -> None:
    """Fill, end, start, consume. Raises Broken, Stalled, Refused or OSError when it cannot be gone on."""
    with Timer() as timer, stage.server(options) as (server, folder):
        _fill(server, folder, options, bounds)
        held = _hold_and_restart(server, options, bounds)
        _consume(server, folder, held, options, bounds)
    bounds.say(f"in all {timer.seconds:,.1f} s")


def _fill(server: Server, folder: Path, options: argparse.Namespace, bounds: Bounds) -> None:
    with Client(server.url) as sender:
        sender.call(commands.Queue.Declare(queue=_QUEUE, durable=True))
        publisher = NumberedPublisher(sender, _QUEUE, size=options.size, window=_WINDOW)
        with Timer() as timer:
            publisher.publish(options.count)
    bounds.say(f"published and confirmed {timer.rate(options.count)}, {stage.disk_mb(folder):,.0f} MB on disk")
    bounds.hold_memory("publishing", server.pid, options.rss_mb)


def _hold_and_restart(server: Server, options: argparse.Namespace, bounds: Bounds) -> int:
    """End the broker while a consumer holds messages, and start it again. Gives how many these are."""
    held = min(options.held, options.count)
    with Client(server.url) as client:
        if held:
            drain(CheckedConsumer(client, _QUEUE, size=options.size, prefetch=held), held)
        bounds.hold_memory(f"delivering {held:,}", server.pid, options.rss_mb)
        with Timer() as timer:
            if options.kill:
                server.kill()
            else:
                server.terminate()
                client.agree_to_close()
                server.wait()
    bounds.say(f"{'killed' if options.kill else 'stopped'} in {timer.seconds:.2f} s, {held:,} unacknowledged")
    _start(server, options, bounds)
    _expect_ready(server, options.count)
    return held


def _start(server: Server, options: argparse.Namespace, bounds: Bounds) -> None:
    with Timer() as timer:
        server.start()
        Client(server.url, channel=False).close()
    bounds.hold("from its start to the first handshake", timer.seconds, options.start_s, "s")


def _consume(server: Server, folder: Path, held: int, options: argparse.Namespace, bounds: Bounds) -> None:
    with Client(server.url) as client, Timer() as timer:
        consumer = CheckedConsumer(
            client,
            _QUEUE,
            size=options.size,
            prefetch=_PREFETCH,
            ack_every=_PREFETCH // 4,
            marked=held,
            others_marked=options.kill,
        )
        drain(consumer, options.count)
        consumer.acknowledge()
    # The connection is gone: what it did not acknowledge would be back.
    _expect_ready(server, 0)
    bounds.say(f"consumed and acknowledged {timer.rate(options.count)}, {consumer.redelivered:,} marked redelivered")
    bounds.hold_memory("starting and consuming", server.pid, options.rss_mb)
    if not options.kill:
        server.stop()
        _start(server, options, bounds)
        _expect_ready(server, 0)
    bounds.say(f"left on disk: {stage.disk_mb(folder):,.0f} MB")


def _expect_ready(server: Server, count: int) -> None:
    with Client(server.url) as client:
        ready = client.call(commands.Queue.Declare(queue=_QUEUE, durable=True, passive=True)).message_count
    if ready != count:
        raise Broken(f"{count:,} messages should lie in the queue, {ready:,} do")
