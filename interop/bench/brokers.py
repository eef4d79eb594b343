"""The brokers that are measured: a leveret and a RabbitMQ, started for it, and any other by URL and process id."""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from interop import rabbitmq
from interop.bench.client import Client

_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 10.0
_LISTENING = "listening on 127.0.0.1:"
# No memory alarm may hold back a publisher: `publish` piles up half a million messages.
_RABBITMQ_MEMORY_BYTES = 8 << 30


class Broker:
    """A broker that runs. Without a ``pid`` there are no figures of processor time and memory."""

    def __init__(self, name: str, url: str, pid: int | None) -> None:
        self.name = name
        self.url = url
        self.pid = pid


class StartFailed(Exception):
    """The broker ended or did not listen; carries the end of its log."""


Starter = Callable[[], AbstractContextManager[Broker]]


@contextlib.contextmanager
def leveret(*flags: str) -> Iterator[Broker]:
    """`python -m broker --port 0`, with further flags; ended by SIGTERM. Raises StartFailed."""
    with leveret_process(*flags) as (broker, _):
        yield broker


@contextlib.contextmanager
def leveret_process(*flags: str) -> Iterator[tuple[Broker, Path]]:
    """The same, with the file that holds what it writes to its outputs."""
    with tempfile.TemporaryDirectory(prefix="leveret-") as folder:
        output = Path(folder) / "output"
        command = [sys.executable, "-m", "broker", "--port", "0", *flags]
        with output.open("ab") as file:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            port = _await_port(process, output)
            yield Broker("leveret", f"amqp://guest:guest@127.0.0.1:{port}/", process.pid), output
        finally:
            _stop(process)


def _await_port(process: "subprocess.Popen[bytes]", output: Path) -> int:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while _LISTENING not in (text := output.read_text()) or not text.endswith("\n"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartFailed(text[-2000:])
        time.sleep(0.002)
    return int(text.partition(_LISTENING)[2].split()[0])


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def rabbitmq_node() -> Iterator[Broker]:
    """The RabbitMQ installed from Debian's packages. Raises rabbitmq.NotInstalled and rabbitmq.StartFailed."""
    with rabbitmq.running(memory_bytes=_RABBITMQ_MEMORY_BYTES) as node:
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
