"""The two doors to a broker: ``serve`` inside somebody's trio program, ``run`` as a program of its own with signals."""

import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import trio

from broker.config import Config
from broker.node import Node
from broker.server.clocks import wall_clock_ms
from broker.server.data_home import default_data_dir
from broker.server.listeners import address_text, close_all, listen
from broker.server.memory import machine_memory_bytes
from broker.server.running import running
from broker.server.shell import log_notices
from broker.store.store import Store
from streams.files import OsFiles

log = logging.getLogger("leveret")

# How long clients get to answer the close they are sent when the broker stops: a person waits, or a supervisor with a
# time-out of its own (ten seconds are usual), or somebody's test suite at the end of every test.
_PROGRAM_GRACE_S = 5.0
_LIBRARY_GRACE_S = 1.0


class Broker:
    """A running broker, as ``serve`` gives it: ``node``, ``hosts``, ``port``, ``url``."""

    __slots__ = ("config", "hosts", "node", "port")

    def __init__(self, config: Config, node: Node, listeners: Sequence[socket.socket]) -> None:
        self.config = config
        self.node = node
        self.hosts = tuple(str(listener.getsockname()[0]) for listener in listeners)
        self.port = int(listeners[0].getsockname()[1])

    @property
    def url(self) -> str:
        """``amqp://guest:guest@127.0.0.1:5672/``; the default virtual host is the empty path, as clients expect."""
        config = self.config
        login = f"{quote(config.user, safe='')}:{quote(config.password, safe='')}"
        vhost = "" if config.vhost == "/" else quote(config.vhost, safe="")
        return f"amqp://{login}@{address_text(_reachable(self.hosts[0]), self.port)}/{vhost}"


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


@asynccontextmanager
async def serve(**settings: Any) -> AsyncIterator[Broker]:
    """A broker for the length of a block; several may run in one process. ``settings`` are Config's fields.

    It keeps nothing, unless a ``data_dir`` is given. Leaving the block closes every connection with 320 and gives
    clients a second to agree. Raises ListenError when the address cannot be had, ConfigError for a bad setting,
    StoreError, StreamsError and OSError for a data directory that cannot be used.
    """
    config = Config(**{"ephemeral": not settings.get("data_dir"), **settings})
    broker, listeners = await _prepare(config)
    async with running(broker.node, listeners, _LIBRARY_GRACE_S):
        yield broker


async def run(config: Config, *, ready: Callable[[Broker], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; a second one does not wait for clients. Raises what ``serve`` raises."""
    # A backlog of messages is what the collector would walk again and again: measured 2,000 -> 1,540 ns a message.
    gc.set_threshold(50_000, 50, 50)
    # Before there is a nursery, which would wrap what is raised.
    broker, listeners = await _prepare(config)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as nursery:
            asked_to_stop = trio.Event()
            nursery.start_soon(_heed, signals, asked_to_stop, nursery.cancel_scope)
            async with running(broker.node, listeners, _PROGRAM_GRACE_S):
                gc.collect()
                gc.freeze()
                if ready is not None:
                    ready(broker)
                await asked_to_stop.wait()
            nursery.cancel_scope.cancel()
    log.info("stopped")


async def _heed(signals: AsyncIterator[int], asked_to_stop: trio.Event, everything: trio.CancelScope) -> None:
    async for number in signals:
        name = signal.Signals(number).name
        if asked_to_stop.is_set():
            log.warning("%s again: stopping without waiting for clients", name)
            everything.cancel()
        else:
            log.info("%s: closing connections, then stopping", name)
            asked_to_stop.set()


async def _prepare(config: Config) -> tuple[Broker, list[socket.socket]]:
    """All that can fail before a client is let in."""
    listeners = await listen(config.hosts, config.port)
    try:
        return Broker(config, _node(config), listeners), listeners
    except BaseException:
        close_all(listeners)
        raise


def _node(config: Config) -> Node:
    store = _store(config)
    try:
        node = Node(
            config,
            clock=trio.current_time,
            wall_clock_ms=wall_clock_ms,
            random_bytes=os.urandom,
            memory_limit_bytes=config.memory_limit_bytes or int(machine_memory_bytes() * config.memory_limit_share),
            store=store,
        )
        turn = node.turn()
        node.begin(turn)
        log_notices(turn)
    except BaseException:
        store.close()
        raise
    return node


def _store(config: Config) -> Store:
    if config.ephemeral:
        return Store.ephemeral(os.urandom)
    folder = config.data_dir or default_data_dir(os.environ)
    store = Store.open(
        OsFiles(), folder, durability="os" if config.durability == "os" else "fsync", random_bytes=os.urandom
    )
    log.info("data directory %s", folder)
    return store
