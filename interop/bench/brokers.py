"""The brokers that are measured: a leveret and a RabbitMQ, started for it, and any other by URL and process id."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from interop import rabbitmq
from interop.bench.client import Client
from interop.leveret import Leveret

# No memory alarm may hold back a publisher: `publish` piles up half a million messages.
_RABBITMQ_MEMORY_BYTES = 8 << 30


class Broker:
    """A broker that runs. Without a ``pid`` there are no figures of processor time and memory."""

    def __init__(self, name: str, url: str, pid: int | None) -> None:
        self.name = name
        self.url = url
        self.pid = pid


Starter = Callable[[], AbstractContextManager[Broker]]


@contextlib.contextmanager
def leveret(name: str = "leveret", durability: str = "fsync") -> Iterator[Broker]:
    """A leveret on a free port, its data in a folder of its own. Raises interop.leveret.StartFailed."""
    with data_folder() as folder, Leveret(0, *data_flags(folder, durability)) as process:
        yield Broker(name, process.url, process.pid)


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A fresh folder below the current one, gone at the end: /tmp may be memory, which syncs for nothing."""
    with tempfile.TemporaryDirectory(prefix=".leveret-data-", dir=".") as folder:
        yield Path(folder).resolve()


def data_flags(folder: Path, durability: str) -> list[str]:
    """What makes a leveret keep its data there."""
    return ["--data-dir", str(folder), "--durability", durability]


@contextlib.contextmanager
def rabbitmq_node(root: str = "/") -> Iterator[Broker]:
    """The RabbitMQ installed from Debian's packages. Raises rabbitmq.NotInstalled and rabbitmq.StartFailed."""
    with rabbitmq.running(root, memory_bytes=_RABBITMQ_MEMORY_BYTES) as node:
        if node.base.stat().st_dev != Path().stat().st_dev:
            print(f"NOTE: RabbitMQ's data, {node.base}, and leveret's are on different file systems", file=sys.stderr)
        yield Broker("rabbitmq", node.url, node.pid)


def external(description: str) -> Broker:
    """``NAME=URL,PID`` (``,PID`` may be left out). Raises ValueError when it is not of that form."""
    name, equals, rest = description.partition("=")
    url, _, pid = rest.partition(",")
    if not (name and equals and url.startswith("amqp://")) or (pid and not pid.isdecimal()):
        raise ValueError(f"a broker is given as NAME=amqp://USER:PASSWORD@HOST:PORT/,PID, not as {description!r}")
    return Broker(name, url, int(pid) if pid else None)


def cold_start_seconds(start: Starter) -> float:
    """From the command to the first handshake the broker accepts."""
    begun = time.perf_counter()
    with start() as broker, Client(broker.url, channel=False):
        return time.perf_counter() - begun
