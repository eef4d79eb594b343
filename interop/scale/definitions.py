"""Thousands of durable queues, bound and empty: the broker stops, or is killed, starts again, and all are there.

Each queue has an argument of its own. After the start each must be as it was declared, and its binding lead to it.
"""

import argparse

from pamqp import commands, frame

from interop.bench import wire
from interop.bench.client import Client
from interop.scale import stage
from interop.scale.checked import Broken
from interop.scale.stage import Bounds, Server, Timer

_EXCHANGE = "amq.topic"
# Declares and binds sent at once; each is answered, and small enough for any socket's buffer together with its answer.
_AT_ONCE = 500
_PLAIN = commands.Basic.Properties()


def run(options: argparse.Namespace, bounds: Bounds) -> None:
    """Declare, end, start, look. Raises Broken, Stalled, Refused or OSError when it cannot be gone on."""
    with stage.server(options) as (server, folder):
        with Client(server.url) as client, Timer() as timer:
            for numbers in _batches(options.count):
                _ask(client, numbers, bind=True)
        bounds.say(
            f"declared and bound {options.count:,} in {timer.seconds:.1f} s, {stage.disk_mb(folder):,.1f} MB on disk"
        )
        bounds.hold_memory("declaring", server.pid, options.rss_mb)
        if options.kill:
            server.kill()
        else:
            server.stop()
        with Timer() as timer:
            server.start()
            Client(server.url, channel=False).close()
        bounds.hold("from its start to the first handshake", timer.seconds, options.start_s, "s")
        _look(server, options.count)
        bounds.say(f"all {options.count:,} queues and bindings are there")
        bounds.hold_memory("starting", server.pid, options.rss_mb)


def _ask(client: Client, numbers: range, *, bind: bool) -> list[int]:
    """Declare these queues, with their arguments, and bind them where asked to; how many messages lie in each."""
    for number in numbers:
        queue = commands.Queue.Declare(queue=_name(number), durable=True, arguments={"x-max-length": number + 1})
        client.socket.sendall(frame.marshal(queue, 1))
        if bind:
            binding = commands.Queue.Bind(
                queue=_name(number), exchange=_EXCHANGE, routing_key=_key(number), nowait=True
            )
            client.socket.sendall(frame.marshal(binding, 1))
    return [client.reply().message_count for _ in numbers]


def _look(server: Server, count: int) -> None:
    """A message by each binding has to arrive; a queue with other arguments would refuse to be declared."""
    with Client(server.url) as client:
        for numbers in _batches(count):
            for number in numbers:
                client.socket.sendall(wire.publish(_EXCHANGE, _key(number), b"a message", _PLAIN, client.frame_max))
            found = _ask(client, numbers, bind=False)
            if found != [1] * len(numbers):
                raise Broken(f"of the queues {numbers[0]:,} to {numbers[-1]:,} not each got its message")


def _batches(count: int) -> list[range]:
    return [range(begin, min(begin + _AT_ONCE, count)) for begin in range(0, count, _AT_ONCE)]


def _name(number: int) -> str:
    return f"scale-{number:08d}"


def _key(number: int) -> str:
    return f"scale.{number}"
