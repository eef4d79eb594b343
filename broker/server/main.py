"""The two doors to a broker: ``serve`` inside somebody's trio program, ``run`` as a program of its own with signals."""

import gc
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import quote

import trio

from broker.administration import Administration
from broker.config import Config, ConfigError
from broker.node import Node
from broker.policies.configured import configured
from broker.server.advancing import Advancing
from broker.server.begun import begun
from broker.server.certificates import certificates
from broker.server.clocks import VirtualClock, wall_clock_ms
from broker.server.control import control_socket
from broker.server.doorkeeper import allow_many_descriptors, doorkeeper
from broker.server.listeners import address_text, listen
from broker.server.running import Doors, running
from broker.server.shell import Shell, log_notices
from broker.turn import Turn

log = logging.getLogger("leveret")

# How long clients get to answer the close they are sent when the broker stops: a person waits, or a supervisor with a
# time-out of its own (ten seconds are usual), or somebody's test suite at the end of every test.
_PROGRAM_GRACE_S = 5.0
_LIBRARY_GRACE_S = 1.0
# Fields of Config. Without a certificate at the start there is no TLS until the next.
_WHILE_IT_RUNS = (
    "policies",
    "operator_policies",
    "tracing",
    "tls_certfile",
    "tls_keyfile",
    "tls_password",
    "tls_cacertfile",
    "tls_verify",
    "tls_fail_if_no_peer_cert",
    "tls_min_version",
    "tls_ciphers",
    "tls_hosts",
)


class Broker:
    """A running broker, as ``serve`` gives it: ``node``, ``hosts``, ``port``, ``url``, ``tls_port``, ``tls_url``.

    A port is 0 where nobody listens: ``tls_port`` without a certificate, ``port`` with ``tls_only``.

    Its methods are for the task that has it, or any other of the same trio program. A virtual host that is not named is
    the configured one; LookupError is raised where there is none of that name.
    """

    __slots__ = ("_advancing", "_doors", "config", "hosts", "node", "port", "shell", "tls_port")

    def __init__(self, config: Config, node: Node, doors: Doors) -> None:
        self.config = config
        self.node = node
        self.hosts = tuple(str(listener.getsockname()[0]) for listener in doors.plain or doors.tls)
        self.port, self.tls_port = (
            int(listeners[0].getsockname()[1]) if listeners else 0 for listeners in (doors.plain, doors.tls)
        )
        self._doors = doors
        self._advancing: Advancing | None = None
        # From the moment it serves.
        self.shell: Shell | None = None

    @property
    def url(self) -> str:
        """``amqp://guest:guest@127.0.0.1:5672/``; the default virtual host is the empty path, as clients expect.

        Where all must come by TLS it is ``tls_url``.
        """
        return self._url("amqp", self.port) if self.port else self.tls_url

    @property
    def tls_url(self) -> str:
        """``amqps://guest:guest@127.0.0.1:5671/``. Raises LookupError where TLS is not configured."""
        if not self.tls_port:
            raise LookupError("this broker has no certificate, and so does not listen for TLS")
        return self._url("amqps", self.tls_port)

    def _url(self, scheme: str, port: int) -> str:
        config = self.config
        login = f"{quote(config.user, safe='')}:{quote(config.password, safe='')}"
        vhost = "" if config.vhost == "/" else quote(config.vhost, safe="")
        return f"{scheme}://{login}@{address_text(_reachable(self.hosts[0]), port)}/{vhost}"

    @property
    def admin(self) -> Administration:
        """All that ``rabbitmqctl`` can do to users, virtual hosts, permissions, policies and connections."""
        return Administration(self.node, self._serving().ask)

    def clock_is(self, clock: VirtualClock) -> None:
        """It serves, and its time is a test's business."""
        assert self.shell is not None
        self._advancing = Advancing(clock, self.shell)

    async def advance(self, seconds: float, *, peers: bool = False) -> None:
        """Move the virtual clock that ``serve`` was given, stopping at every deadline on the way, in order.

        On return all that was due has been done: messages expired and dead-lettered, queues deleted, what had to be
        written is on the disk, and deliveries have been handed to the sockets, as far as these take them. What clients
        had sent before, the broker has read before. Tasks of the same trio program that could go on then have gone on;
        any other client has its deliveries in its socket, and is to await them. (A task that never waits for anything
        would have to be waited for, for ever.)

        Connections do not notice: a client lives in real time, so heartbeats, handshakes and closing stay there. With
        ``peers`` the time counts as their silence, too, and ends them as it would.

        Raises RuntimeError where the clock is the machine's, ValueError for less than 0 seconds.
        """
        if self._advancing is None:
            raise RuntimeError("this broker goes by the machine's clock; start it with serve(clock=VirtualClock())")
        if not seconds >= 0:
            raise ValueError(f"time does not go by {seconds} seconds")
        await self._advancing.advance(seconds, peers=peers)

    def set_memory_limit(self, limit_bytes: int) -> None:
        """As ``rabbitmqctl set_vm_memory_high_watermark absolute``, at once: with 0 publishers wait, whatever there is.

        Until the next start.
        """
        self._act(lambda _: self.node.set_memory_limit(limit_bytes))

    def set_disk_free_limit(self, limit_bytes: int) -> None:
        """As ``rabbitmqctl set_disk_free_limit``, at once: publishers wait while fewer bytes are free.

        A broker that keeps nothing has 0 free, and a limit of 0. Until the next start.
        """
        self._act(lambda _: self.node.set_disk_free_limit(limit_bytes))

    def reconfigure(self, config: Config) -> None:
        """Take up what may change while the broker runs: policies, tracing, and all about TLS but its port. The rest
        of ``config`` waits for the next start.

        The files with certificates are read again; connections that are open keep what they have.
        Raises ConfigError; then nothing has changed.
        """
        config = replace(self.config, **{name: getattr(config, name) for name in _WHILE_IT_RUNS})
        policies = list(configured(config))
        host = self.node.vhosts.get(config.vhost)
        if host is None:
            raise ConfigError(f"vhost: {config.vhost!r} was deleted")
        if self._doors.certificates is not None:
            # The last that may fail.
            self._doors.certificates.reload(config)
        self._act(lambda turn: host.preset_policies(policies, turn))
        if config.tracing != (host.firehose is not None):
            self._act(lambda _: self.node.set_tracing(host.name, config.tracing))
        self.config = config

    def _act(self, work: Callable[[Turn], None]) -> None:
        self._serving().act(work)

    def _serving(self) -> Shell:
        if self.shell is None:
            raise RuntimeError("the broker does not serve yet")
        return self.shell


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


@asynccontextmanager
async def serve(*, clock: VirtualClock | None = None, **settings: Any) -> AsyncIterator[Broker]:
    """A broker for the length of a block; several may run in one process. ``settings`` are Config's fields.

    It keeps nothing, unless a ``data_dir`` is given. With a ``clock`` its time moves by ``Broker.advance`` alone.
    Leaving the block closes every connection with 320 and gives clients a second to agree. Raises ListenError when the
    address cannot be had, ConfigError for a bad setting, StoreError, StreamsError and OSError for a data directory that
    cannot be used, CommitterFailed when it cannot be used any more.
    """
    config = Config(**{"ephemeral": not settings.get("data_dir"), **settings})
    broker, doors = await _prepare(config, clock)
    async with running(
        broker.node,
        doors,
        _LIBRARY_GRACE_S,
        clock,
        proxy_header_s=_header_s(config),
        door=doorkeeper(config, broker.node.limits),
    ) as broker.shell:
        if clock is not None:
            broker.clock_is(clock)
        yield broker


async def run(
    config: Config,
    *,
    ready: Callable[[Broker], None] | None = None,
    reload: Callable[[], Config] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; a second one does not wait for clients. Raises what ``serve`` raises.

    SIGHUP takes up what ``reload`` says now, as far as it may change while the broker runs.
    """
    # A backlog of messages is what the collector would walk again and again: measured 2,000 -> 1,540 ns a message. Each
    # second step of it takes what is left of the first, too, and no object is looked at again after that. In small
    # steps, as all other clients wait meanwhile: one of 80,000 objects took 19 ms, and one of 6,000 takes 2.
    gc.set_threshold(3_000, 0, 30_000)
    allow_many_descriptors()
    # Before there is a nursery, which would wrap what is raised.
    broker, doors = await _prepare(config)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            asked_to_stop = trio.Event()
            reconfigure = partial(_reconfigure, broker, reload)
            nursery.start_soon(_heed, signals, asked_to_stop, nursery.cancel_scope, reconfigure)
            async with running(
                broker.node,
                doors,
                _PROGRAM_GRACE_S,
                proxy_header_s=_header_s(config),
                door=doorkeeper(config, broker.node.limits),
            ) as broker.shell:
                gc.collect()
                gc.freeze()
                if ready is not None:
                    ready(broker)
                await asked_to_stop.wait()
            nursery.cancel_scope.cancel()
    log.info("stopped")


async def _heed(
    signals: AsyncIterator[int],
    asked_to_stop: trio.Event,
    everything: trio.CancelScope,
    reconfigure: Callable[[], None],
) -> None:
    async for number in signals:
        name = signal.Signals(number).name
        if number == signal.SIGHUP:
            reconfigure()
        elif asked_to_stop.is_set():
            log.warning("%s again: stopping without waiting for clients", name)
            everything.cancel()
        else:
            log.info("%s: closing connections, then stopping", name)
            asked_to_stop.set()


def _reconfigure(broker: Broker, reload: Callable[[], Config] | None) -> None:
    """What cannot be used changes nothing."""
    if reload is None or broker.shell is None:
        return
    try:
        broker.reconfigure(reload())
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        log.error("SIGHUP: nothing changes: %s", error)
    else:
        log.info("SIGHUP: policies, tracing and certificates are as the configuration says")


def _header_s(config: Config) -> float:
    """Seconds for the header of a proxy; 0 where there is to be none."""
    return config.handshake_timeout_s if config.proxy_protocol else 0.0


async def _prepare(config: Config, clock: VirtualClock | None = None) -> tuple[Broker, Doors]:
    """All that can fail before a client is let in."""
    doors = Doors([], [], certificates(config))
    try:
        if not config.tls_only:
            doors.plain = await listen(config.hosts, config.port)
        if doors.certificates is not None:
            doors.tls = await listen(config.hosts, config.tls_port)
        node = _node(config, clock)
        try:
            doors.control = control_socket(config)
        except BaseException:
            node.stop(node.turn())
            raise
        return Broker(config, node, doors), doors
    except BaseException:
        doors.close()
        raise


def _node(config: Config, clock: VirtualClock | None) -> Node:
    if clock is None:
        clocks = {"clock": trio.current_time, "wall_clock_ms": wall_clock_ms, "stopwatch": perf_counter}
        return begun(config, heed=log_notices, **clocks)
    return begun(config, clock=clock.monotonic, wall_clock_ms=clock.wall_ms, peer_clock=clock.peer, heed=log_notices)
