"""Start one throw-away RabbitMQ node, stop it and start it again: own ports, name, base folder and epmd, loopback only.

Never touches /var/lib/rabbitmq, /etc/rabbitmq or a node that runs already. No installing here (install.py).
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from interop.rabbitmq.evaluator import Evaluator
from interop.rabbitmq.ports import free_ports

_SERVER = "usr/lib/rabbitmq/bin/rabbitmq-server"
_CTL = "usr/lib/rabbitmq/bin/rabbitmqctl"
# Erlang's own boot takes 3-6 s on two cores; a node with plugins about twice that.
_START_TIMEOUT_S = 90.0
# An orderly stop takes a second; one with a backlog to write has been given up to half a minute.
_STOP_TIMEOUT_S = 60.0
# rabbitmqctl is an Erlang machine of its own: one to four seconds a call, on two busy cores.
_CTL_TIMEOUT_S = 60.0
_AS_A_SERVER = {
    # With input "allowed" the start script becomes the Erlang machine instead of its parent: our pid is the node's.
    "RABBITMQ_ALLOW_INPUT": "true",
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1}",
}
_PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


class NotInstalled(Exception):
    """No RabbitMQ stands under the given root."""


class StartFailed(Exception):
    """The node ended or stayed deaf; carries the end of its output."""


class CtlFailed(Exception):
    """rabbitmqctl refused; carries what it said."""


class Node:
    """A node. ``pid`` is the Erlang virtual machine's, so CPU time and memory can be read from /proc."""

    def __init__(self, root: Path, base: Path, ports: dict[str, int], version: str, proxy_header: bytes = b"") -> None:
        self.base = base
        self.ports = ports
        self.port = ports["amqp"]
        self.version = version
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        self._root = root
        self._proxy_header = proxy_header
        # Its data lie in a folder of this name: a restart must keep it.
        self._name = f"r{uuid.uuid4().hex[:8]}@localhost"
        self.process = _spawn(root, base, ports, self._name)
        self._evaluator: Evaluator | None = None
        self._opening = threading.Lock()

    @property
    def pid(self) -> int:
        return self.process.pid

    def terminate(self) -> None:
        """Ask it to stop, as an operator does (SIGTERM), and return at once."""
        self.process.terminate()

    def wait(self) -> int:
        """Wait for its end; gives the exit status. Raises subprocess.TimeoutExpired."""
        return self.process.wait(_STOP_TIMEOUT_S)

    def stop(self) -> int:
        """SIGTERM, then as ``wait``."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """End the node and its port programs at once, without a word."""
        self._close_evaluator()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def start(self) -> None:
        """Start again what was stopped or killed, with its data. Raises StartFailed."""
        self._close_evaluator()
        self.process = _spawn(self._root, self.base, self.ports, self._name)
        self.await_ready()

    def ctl(self, *arguments: str) -> str:
        """What ``rabbitmqctl`` says to these arguments. Raises CtlFailed, subprocess.TimeoutExpired."""
        done = subprocess.run(
            [*_inside(self._root), f"/{_CTL}", "-q", *arguments],
            env=_environment(self._root, self.base, self.ports, self._name),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_CTL_TIMEOUT_S,
        )
        if done.returncode:
            raise CtlFailed((done.stderr or done.stdout).strip())
        return done.stdout.strip()

    def evaluate(self, expression: str) -> str:
        """What the node's Erlang makes of ``expression``, in some thousandth of the time that ``ctl`` takes.

        Where it throws, or its value is an error, raises CtlFailed with that value.
        """
        with self._opening:
            if self._evaluator is None:
                self._evaluator = Evaluator(self.ctl)
        value = self._evaluator(expression)
        if value.startswith(("{error", "error")):
            raise CtlFailed(value)
        return value

    def _close_evaluator(self) -> None:
        if self._evaluator is not None:
            self._evaluator.close()
            self._evaluator = None

    def await_ready(self) -> None:
        """Return once it takes connections. Raises StartFailed."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _answers(self.port, self._proxy_header):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise StartFailed((self.base / "output").read_text(errors="replace")[-2000:])
            time.sleep(0.05)


def installed(root: str | Path = "/") -> str | None:
    """The version of the RabbitMQ under ``root``, or None where there is none."""
    if not (Path(root) / _SERVER).exists():
        return None
    homes = sorted((Path(root) / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))
    return homes[-1].name.partition("-")[2] if homes else None


@contextlib.contextmanager
def running(
    root: str | Path = "/",
    *,
    plugins: Sequence[str] = (),
    config: Sequence[str] = (),
    memory_bytes: int = 1 << 30,
    proxy_header: bytes = b"",
) -> Iterator[Node]:
    """A fresh node for the length of the block.

    ``root`` other than / is a folder to chroot into (made by debootstrap). ``plugins`` are enabled by name
    (rabbitmq_stream, rabbitmq_management ...); those with a listener get a free port, see ``Node.ports``.
    ``config`` are further lines of rabbitmq.conf. ``memory_bytes`` is the memory high watermark. ``proxy_header`` is
    what connections have to begin with, if ``config`` says so.
    Raises NotInstalled, StartFailed.
    """
    root = Path(root)
    version = installed(root)
    if version is None:
        raise NotInstalled(f"no RabbitMQ under {root}; python -m interop.rabbitmq.install installs one on Debian")
    (root / "tmp").mkdir(exist_ok=True)
    base = Path(tempfile.mkdtemp(prefix="rabbitmq-", dir=root / "tmp"))
    ports = free_ports("amqp", "dist", "epmd", "stream", "management")
    epmd = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])], stderr=subprocess.DEVNULL)
    try:
        _write_config(base, ports, plugins, config, memory_bytes)
        node = Node(root, base, ports, version, proxy_header)
        try:
            node.await_ready()
            yield node
        finally:
            # Its data is thrown away: an orderly stop would only cost seconds.
            node.kill()
    finally:
        epmd.kill()
        epmd.wait()
        shutil.rmtree(base, ignore_errors=True)


def _write_config(
    base: Path, ports: dict[str, int], plugins: Sequence[str], config: Sequence[str], memory_bytes: int
) -> None:
    lines = [
        f"listeners.tcp.1 = 127.0.0.1:{ports['amqp']}",
        f"vm_memory_high_watermark.absolute = {memory_bytes}",
        "disk_free_limit.absolute = 1MB",
        # Without a name 4.0 asks the name server for the host's at each connection, which takes 5 s once in a while.
        "cluster_name = compared",
    ]
    if "rabbitmq_stream" in plugins:
        lines.append(f"stream.listeners.tcp.1 = 127.0.0.1:{ports['stream']}")
    if "rabbitmq_management" in plugins:
        lines += ["management.tcp.ip = 127.0.0.1", f"management.tcp.port = {ports['management']}"]
    (base / "rabbitmq.conf").write_text("\n".join([*lines, *config]) + "\n")
    (base / "env.conf").write_text("")
    (base / "enabled_plugins").write_text(f"[{','.join(plugins)}].\n")


def _spawn(root: Path, base: Path, ports: dict[str, int], name: str) -> "subprocess.Popen[bytes]":
    with (base / "output").open("wb") as output:
        return subprocess.Popen(
            [*_inside(root), f"/{_SERVER}"],
            env=_environment(root, base, ports, name) | _AS_A_SERVER,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _inside(root: Path) -> list[str]:
    """What a command has to begin with, to run in the Debian that has the RabbitMQ."""
    return [] if root == Path("/") else ["chroot", str(root)]


def _environment(root: Path, base: Path, ports: dict[str, int], name: str) -> dict[str, str]:
    inside = Path("/") / base.relative_to(root)
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(inside),
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_CONF_ENV_FILE": str(inside / "env.conf"),
        "RABBITMQ_CONFIG_FILE": str(inside / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(inside / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(inside / "data"),
        "RABBITMQ_LOG_BASE": str(inside / "log"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(inside / "generated"),
        "RABBITMQ_PID_FILE": str(inside / "pid"),
        "RABBITMQ_DIST_PORT": str(ports["dist"]),
    }


def _answers(port: int, proxy_header: bytes) -> bool:
    """Whether an AMQP broker says connection.start there (the listener opens a moment before the node is whole)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(proxy_header + _PROTOCOL_HEADER)
            return sock.recv(1) == b"\x01"
    except OSError:
        return False
