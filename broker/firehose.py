"""The firehose of one virtual host: copies of what is published and delivered, sent to ``amq.rabbitmq.trace``.

Keys are ``publish.`` and the exchange, ``deliver.`` and the queue; the body is the message's own, and headers tell all
the rest of it. Copies are transient. Source: RabbitMQ, rabbit_trace, as 3.10 and 4.0 do it
(https://www.rabbitmq.com/docs/firehose). Of a message that the default exchange cannot route, 4.0 names the queue that
there is not; here ``routed_queues`` is empty then.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from broker.broadcast import Broadcast
from broker.message import Message, is_brokers_own, more_keys
from broker.queues.delay import KIND as DELAY
from broker.turn import Backlog
from broker.vhost import TRACE_EXCHANGE, Origin, VirtualHost
from protocol.amqp import basic, properties
from protocol.amqp.content import properties_of, with_properties
from protocol.amqp.tables import DEPTH_MAX, FieldTable

_TRACE: Final = TRACE_EXCHANGE.encode()


class Firehose:
    """``node`` is the broker's name. Copies go out at the end of the turn, which ``backlog`` is for."""

    __slots__ = ("_node", "_out")

    def __init__(self, vhost: VirtualHost[Any], node: str, backlog: Backlog) -> None:
        self._node = node
        self._out = Broadcast(vhost, TRACE_EXCHANGE, backlog, persistent=False)

    def published(
        self, messages: Iterable[Message], queues: Sequence[Any], more_keys: Sequence[str], origin: Origin
    ) -> None:
        """Messages of one route are about to go to ``queues``. ``more_keys`` are those that are not seen any more."""
        if not self._out.heard:
            return
        extra = {**self._of(origin), "routed_queues": [queue.name for queue in queues if queue.kind != DELAY]}
        for message in messages:
            exchange, keys = _keys(message)
            headers = {"exchange_name": exchange, "routing_keys": [*keys, *more_keys], **extra}
            self._out.send(f"publish.{exchange}", partial(_copy, message, headers))

    def delivered(self, queue: str, messages: Iterable[Message], origin: Origin, *, redelivered: bool) -> None:
        """A queue's messages were sent to a consumer, or to who asked for one."""
        if not self._out.heard:
            return
        extra = {**self._of(origin), "redelivered": int(redelivered)}
        for message in messages:
            exchange, keys = _keys(message)
            # Copies are not copied, not even where they went when they died.
            if exchange != TRACE_EXCHANGE and not _is_dead_copy(message):
                headers = {"exchange_name": exchange, "routing_keys": keys, **extra}
                self._out.send(f"deliver.{queue}", partial(_copy, message, headers))

    def _of(self, origin: Origin) -> FieldTable:
        return {
            "node": self._node,
            "vhost": self._out.vhost.name,
            "connection": origin.connection,
            "channel": origin.channel,
            "user": origin.user,
        }


def _copy(message: Message, headers: FieldTable, wall_ms: int) -> bytes:  # noqa: ARG001 - a copy bears no time
    """Its content."""
    fields = properties.fields(properties_of(message.content))
    if _is_deeper(fields.get("headers"), DEPTH_MAX - 2):
        # Two tables deeper in, nobody could read them.
        del fields["headers"]
    headers = {**headers, "properties": fields}
    return with_properties(message.content, properties.with_headers(b"\x00\x00", headers))


def _is_dead_copy(message: Message) -> bool:
    raw = properties_of(message.content)
    if _TRACE not in raw or not is_brokers_own(message.content):
        return False
    return (properties.headers(raw) or {}).get("x-first-death-exchange") == TRACE_EXCHANGE


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether tables and arrays stand in each other more than so many levels deep."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(each, levels - 1) for each in inner if isinstance(each, (dict, list)))


def _keys(message: Message) -> tuple[str, list[str]]:
    """The exchange a message was published to, and its keys as far as they stand in it."""
    exchange, key = basic.route_names(message.route)
    keys = [key]
    raw = properties_of(message.content)
    if b"\x02CC" in raw:
        keys += more_keys(properties.headers(raw), "CC")
    return exchange, keys
