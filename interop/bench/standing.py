"""What a broker costs that does nothing: cold start, memory when idle, with idle connections, with a backlog."""

import contextlib
import time

from interop.bench import process, wire
from interop.bench.brokers import Broker, Starter, cold_start_seconds
from interop.bench.client import Client
from interop.bench.ends import Publisher
from interop.bench.load import declare, fill
from interop.bench.result import Figures

_STARTS = 3
_CONNECTIONS = 1_000
_BACKLOG_MESSAGES, _BODY_BYTES = 1_000_000, 16
# RabbitMQ takes a tenth of it.
_FILLING_TIMEOUT_S = 120.0
# Longer than a start-up's last allocations and an Erlang collection take.
_SETTLE_S = 2.0


def measure(start: Starter) -> Figures:
    """Start a fresh broker a few times. Keys: start_s (the middle one), idle_mb, and what comes to that with 1,000
    connections, without and with a channel each: connections_mb, channels_mb; with a million messages: backlog_mb.
    """
    starts = sorted(cold_start_seconds(start) for _ in range(_STARTS))
    process.allow_open_files(4 * _CONNECTIONS)
    with start() as broker:
        return {"start_s": starts[len(starts) // 2]} | measure_running(broker)


def measure_running(broker: Broker) -> Figures:
    """The same of a broker that runs already, but for its start; of one whose process is unknown nothing."""
    process.allow_open_files(4 * _CONNECTIONS)
    if broker.pid is None:
        return {}
    idle = _settled_mb(broker.pid)
    return {
        "idle_mb": idle,
        "connections_mb": _with_clients_mb(broker.url, broker.pid, channel=False) - idle,
        "channels_mb": _with_clients_mb(broker.url, broker.pid, channel=True) - idle,
        "backlog_mb": _with_backlog_mb(broker.url, broker.pid) - idle,
    }


def _with_clients_mb(url: str, pid: int, *, channel: bool) -> float:
    with contextlib.ExitStack() as stack:
        for _ in range(_CONNECTIONS):
            stack.enter_context(Client(url, channel=channel))
        return _settled_mb(pid)


def _with_backlog_mb(url: str, pid: int) -> float:
    """Transient messages in a queue of its own, which nobody consumes."""
    with Client(url) as owner, Client(url) as sender:
        queue = declare(owner)
        block = wire.publish_block("", queue, _BODY_BYTES, rich=False, frame_max=sender.frame_max)
        fill(owner, Publisher(sender, block), queue, _FILLING_TIMEOUT_S, _BACKLOG_MESSAGES)
        return _settled_mb(pid)


def _settled_mb(pid: int) -> float:
    time.sleep(_SETTLE_S)
    return process.rss_bytes(pid) / 1e6
