"""The brokers that are measured: leverets and a RabbitMQ, started for it; any other by its command, or as it runs.

Leveret comes as plain Python and compiled, and where messages are kept on a disk in two settings: with ``fsync`` its
confirms say what is synced, with ``os`` (the names ending in ``-os``) what is written. RabbitMQ's say the latter,
LavinMQ's the former, since 2.9.
"""

import contextlib
import functools
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from interop import rabbitmq
from interop.bench.client import Client, Refused
from interop.leveret import Leveret

# No memory alarm may hold back a publisher: `publish` piles up half a million messages.
_RABBITMQ_MEMORY_BYTES = 8 << 30
_START_TIMEOUT_S = 30.0
_COMPILED = "LEVERET_COMPILED"

# Those that are started without being asked for, in the order of the tables.
OWN = ("leveret-os", "leveret", "leveret-compiled-os", "leveret-compiled", "rabbitmq")
# What a confirm means, by who is known to mean it.
SYNCED, WRITTEN, UNKNOWN = "synced", "written", "?"
_PROMISES = {"RabbitMQ": WRITTEN, "LavinMQ": SYNCED}


class Broker:
    """A broker that runs. Without a ``pid`` there are no figures of processor time and memory.

    ``promise``: what a confirm of a persistent message means; ``how``: in which form it runs. Both may be left open.
    """

    def __init__(self, name: str, url: str, pid: int | None, *, promise: str = "", how: str = "") -> None:
        self.name = name
        self.url = url
        self.pid = pid
        self._promise = promise
        self._how = how

    @functools.cached_property
    def version(self) -> str:
        """What it says that it is, and how it runs."""
        product, version = self._says
        return ", ".join(filter(None, [f"{product} {version}".strip(), self._how]))

    @functools.cached_property
    def promise(self) -> str:
        """What its confirms mean: SYNCED, WRITTEN, or UNKNOWN."""
        return self._promise or _PROMISES.get(self._says[0], UNKNOWN)

    @functools.cached_property
    def _says(self) -> tuple[str, str]:
        with Client(self.url, channel=False) as client:
            says = client.server
        if "leveret" in says:
            return "Leveret", _text(says["leveret"])
        return _text(says.get("product", "")), _text(says.get("version", ""))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


Starter = Callable[[], AbstractContextManager[Broker]]


@contextlib.contextmanager
def leveret(name: str = "leveret", durability: str = "fsync", compiled: str = "0") -> Iterator[Broker]:
    """A leveret on a free port, its data in a folder of its own. Raises interop.leveret.StartFailed.

    ``compiled`` is what its LEVERET_COMPILED says.
    """
    promise = SYNCED if durability == "fsync" else WRITTEN
    how = "compiled" if compiled == "1" else "plain Python"
    environment = {_COMPILED: compiled}
    with data_folder() as folder, Leveret(0, *data_flags(folder, durability), environment=environment) as process:
        yield Broker(name, process.url, process.pid, promise=promise, how=how)


def why_not_compiled() -> str:
    """Why no compiled leveret can be started here; empty when one can."""
    tried = subprocess.run(
        [sys.executable, "-m", "broker", "--version"],
        cwd=Leveret.root,
        env=os.environ | {_COMPILED: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    reason = tried.stderr.strip().rpartition("\n")[2]
    return f"{reason}; python setup.py build_ext --inplace compiles it" if tried.returncode else ""


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


def by_command(description: str) -> tuple[str, Starter]:
    """``NAME=URL,COMMAND``: its name, and how it is started. ``{data}`` in the command is a fresh folder for its data.

    Raises ValueError when it is not of that form.
    """
    name, url, command = _parts(description)
    if not command:
        raise ValueError(f"{name} has no command: NAME=URL,COMMAND is wanted")
    return name, functools.partial(_commanded, name, url, command)


@contextlib.contextmanager
def _commanded(name: str, url: str, command: str) -> Iterator[Broker]:
    with data_folder() as folder:
        words = [word.replace("{data}", str(folder)) for word in shlex.split(command)]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _await_start(name, url, process)
            yield Broker(name, url, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_START_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_start(name: str, url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            Client(url, channel=False).close()
            return
        except (OSError, Refused) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} did not start: {error}") from error
            time.sleep(0.005)


def external(description: str) -> Broker:
    """``NAME=URL,PID`` (``,PID`` may be left out). Raises ValueError when it is not of that form."""
    name, url, pid = _parts(description)
    if pid and not pid.isdecimal():
        raise ValueError(f"{pid!r} is no process id: NAME=amqp://USER:PASSWORD@HOST:PORT/,PID is wanted")
    return Broker(name, url, int(pid) if pid else None)


def _parts(description: str) -> tuple[str, str, str]:
    name, equals, rest = description.partition("=")
    url, _, more = rest.partition(",")
    if not (name and equals and url.startswith("amqp://")):
        raise ValueError(f"a broker is given as NAME=amqp://USER:PASSWORD@HOST:PORT/,…, not as {description!r}")
    return name, url, more


def cold_start_seconds(start: Starter) -> float:
    """From the command to the first handshake the broker accepts."""
    begun = time.perf_counter()
    with start() as broker, Client(broker.url, channel=False):
        return time.perf_counter() - begun
