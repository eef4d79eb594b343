"""Delayed delivery in one virtual host: from where messages waited for their time, through their exchange, to queues.

Each lets go of its place in the log where it waited when the queues it went to have it safe: a crash in between may
deliver it twice, and loses none. One that goes nowhere is dropped, and nobody hears of it, as with RabbitMQ's plugin.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from broker.exchanges.view import View
from broker.message import Message, delay_ms, message_of, more_keys
from broker.queues.delay import DelayQueue, Entry
from broker.store.committing import Logged
from broker.store.promise import Awaited
from broker.vhost import VirtualHost
from protocol.amqp import basic, properties
from protocol.amqp.content import properties_of, with_properties
from protocol.amqp.errors import SoftError
from protocol.amqp.tables import Long

if TYPE_CHECKING:
    from broker.turn import Turn

# What one costs, in messages handed out, beside each queue that it is put into: it is read, written anew, looked up.
_COST = 4
_PERSISTENT = 2
_INT_MAX = 2**31 - 1


class _Run:
    """Neighbours that go to the same queues and live as long, and are persistent or are not."""

    __slots__ = ("messages", "persistent", "queues", "ttl_ms")

    def __init__(self, queues: tuple[Any, ...], persistent: bool, ttl_ms: int | None) -> None:
        self.queues = queues
        self.persistent = persistent
        self.ttl_ms = ttl_ms
        self.messages: list[Message] = []


class DelayedDelivery:
    """See ``queues.delay``."""

    __slots__ = ("_vhost",)

    def __init__(self, vhost: VirtualHost[Any]) -> None:
        self._vhost = vhost

    def deliver(self, waited: DelayQueue, due: Sequence[Entry], turn: "Turn") -> int:
        """Publish messages that were due, and settle them where they waited. What it cost, in messages handed out."""
        logs: set[Logged] = set()
        enqueued = 0
        for run in self._runs(waited.name, due, turn):
            size = sum([len(message.content) for message in run.messages])
            for queue in run.queues:
                log = queue.enqueue(run.messages, size, turn, persistent=run.persistent)
                if log is not None:
                    logs.add(log)
            enqueued += len(run.messages) * len(run.queues)
        # A full queue that refuses messages drops these.
        turn.refused.clear()
        settle = partial(waited.settle, [number for number, _ in due])
        if logs and waited.log_id:
            Awaited(logs, settle)
        else:
            settle(turn)
        return _COST * len(due) + enqueued

    def _runs(self, exchange: str, due: Sequence[Entry], turn: "Turn") -> list[_Run]:
        runs: list[_Run] = []
        for _, message in due:
            raw = properties_of(message.content)
            headers = dict(properties.headers(raw) or {})
            headers["x-delay"] = _negated(delay_ms(headers))
            keys = [basic.route_names(message.route)[1], *more_keys(headers, "CC"), *more_keys(headers, "BCC")]
            headers.pop("BCC", None)
            content = with_properties(message.content, properties.with_headers(raw, headers))
            queues = self._route(exchange, keys, View(content, message.route, turn.wall_ms, fresh=False))
            persistent = properties.delivery_mode(raw) == _PERSISTENT
            written = message_of(content, message.route)
            ttl_ms = written.ttl_ms
            run = runs[-1] if runs else None
            if run is None or run.queues != queues or run.persistent != persistent or run.ttl_ms != ttl_ms:
                run = _Run(queues, persistent, ttl_ms)
                runs.append(run)
            run.messages.append(written)
        return runs

    def _route(self, exchange: str, keys: list[str], view: View) -> tuple[Any, ...]:
        try:
            return self._vhost.route(exchange, keys[0], view, keys[1:]).queues
        except SoftError:
            return ()


def _negated(delay: int) -> int:
    """Of 32 bits where that will do, as clients write it, else of 64."""
    return -delay if delay <= _INT_MAX else Long(-delay)
