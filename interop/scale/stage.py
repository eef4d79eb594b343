"""What all commands stand on: a broker that can be stopped and started again, and the bounds that a run must keep."""

import argparse
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self

from interop import rabbitmq
from interop.bench import process
from interop.bench.brokers import data_flags, data_folder
from interop.leveret import Leveret

# No memory alarm may hold back a publisher of millions.
_RABBITMQ_MEMORY_BYTES = 8 << 30


class Server(Protocol):
    """A broker of ours: a Leveret, or a RabbitMQ to try the instruments on."""

    @property
    def url(self) -> str: ...

    @property
    def pid(self) -> int: ...

    def start(self) -> None: ...

    def terminate(self) -> None: ...

    def wait(self) -> int: ...

    def stop(self) -> int: ...

    def kill(self) -> None: ...


class Bounds:
    """Tells what is measured as it is, and remembers whether a bound was broken."""

    def __init__(self) -> None:
        self.broken = False

    def say(self, line: str) -> None:
        print(time.strftime("%H:%M:%S"), line, flush=True)

    def hold(self, what: str, value: float, most: float, unit: str) -> None:
        """``value`` is at most ``most``, or the run has failed; it goes on all the same."""
        kept = value <= most
        self.broken = self.broken or not kept
        self.say(f"{'kept  ' if kept else 'BROKEN'}  {what}: {value:,.1f} {unit}, at most {most:,.1f} {unit} allowed")

    def hold_memory(self, during: str, pid: int, most_mb: float) -> None:
        """The most resident memory since the last time we looked, as the kernel has seen it: no peak is missed."""
        self.hold(f"resident memory while {during}", process.peak_rss_bytes(pid) / 1e6, most_mb, "MB")
        process.forget_peak(pid)


class Timer:
    """A block's seconds; those of a further block are added."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self.seconds -= time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()

    def rate(self, messages: int) -> str:
        return f"{messages:,} messages in {self.seconds:,.1f} s, {messages / self.seconds:,.0f}/s"


def add_options(parser: argparse.ArgumentParser, *, rss_mb: float) -> None:
    """What all commands are told."""
    parser.add_argument("--rss-mb", type=float, default=rss_mb, help="bound of its resident memory (%(default)s)")
    parser.add_argument("--durability", choices=["fsync", "os"], default="fsync", help="leveret's (%(default)s)")
    parser.add_argument(
        "--rabbitmq",
        metavar="ROOT",
        help="try the instruments on the RabbitMQ installed there (/ for this machine's); give it bounds of its own",
    )


@contextlib.contextmanager
def server(options: argparse.Namespace) -> Iterator[tuple[Server, Path]]:
    """The broker that the options ask for, started, and the folder with its data; both gone at the end."""
    if options.rabbitmq:
        with rabbitmq.running(options.rabbitmq, memory_bytes=_RABBITMQ_MEMORY_BYTES) as node:
            yield node, node.base / "data"
        return
    with data_folder() as folder, Leveret(0, *data_flags(folder, options.durability)) as leveret:
        yield leveret, folder


def disk_mb(folder: Path) -> float:
    """What lies in a folder, in MB as the disk counts them."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*")) / 1e6
