"""The firehose of one virtual host: copies of what is published and delivered, sent to ``amq.rabbitmq.trace``.

Keys are ``publish.`` and the exchange, ``deliver.`` and the queue; the body is the message's own, and headers tell all
the rest of it. Copies are transient, and nobody waits for them. Source: RabbitMQ, rabbit_trace, as 3.10 and 4.0 do it
(https://www.rabbitmq.com/docs/firehose). Of a message that the default exchange cannot route, 4.0 names the queue that
there is not; here ``routed_queues`` is empty then.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from broker.exchanges.view import View
from broker.message import Message
from broker.queues.delay import KIND as DELAY
from broker.turn import Backlog
from broker.vhost import TRACE_EXCHANGE, Origin, VirtualHost
from protocol.amqp import basic, properties
from protocol.amqp.content import properties_of, with_properties
from protocol.amqp.tables import FieldTable

if TYPE_CHECKING:
    from broker.turn import Turn

# What one copy costs, in messages handed out.
_COST: Final = 8
# Copies made in one piece of work, before others get their chance.
_COPIES: Final = 256

# What is to be told of a message: the copy's key, the message, all the message's keys, and headers beside its own.
_Seen = tuple[str, Message, Sequence[str], FieldTable]


class Firehose:
    """``node`` is the broker's name. Copies go out at the end of the turn, which ``backlog`` is for."""

    __slots__ = ("_backlog", "_node", "_seen", "_vhost")

    def __init__(self, vhost: VirtualHost[Any], node: str, backlog: Backlog) -> None:
        self._vhost = vhost
        self._node = node
        self._backlog = backlog
        self._seen: list[_Seen] = []

    def published(
        self, messages: Iterable[Message], queues: Sequence[Any], more_keys: Sequence[str], origin: Origin
    ) -> None:
        """Messages of one route are about to go to ``queues``. ``more_keys`` are those that are not seen any more."""
        if not self._vhost.exchanges[TRACE_EXCHANGE].has_bindings:
            return
        extra = {**self._of(origin), "routed_queues": [queue.name for queue in queues if queue.kind != DELAY]}
        for message in messages:
            exchange, keys = _keys(message)
            self._note((f"publish.{exchange}", message, [*keys, *more_keys], extra))

    def delivered(self, queue: str, messages: Iterable[Message], origin: Origin, *, redelivered: bool) -> None:
        """A queue's messages were sent to a consumer, or to who asked for one."""
        if not self._vhost.exchanges[TRACE_EXCHANGE].has_bindings:
            return
        extra = {**self._of(origin), "redelivered": int(redelivered)}
        for message in messages:
            exchange, keys = _keys(message)
            # Copies are not copied.
            if exchange != TRACE_EXCHANGE:
                self._note((f"deliver.{queue}", message, keys, extra))

    def _of(self, origin: Origin) -> FieldTable:
        return {
            "vhost": self._vhost.name,
            "connection": origin.connection,
            "channel": origin.channel,
            "user": origin.user,
        }

    def _note(self, seen: _Seen) -> None:
        if not self._seen:
            self._backlog.chores.append(self._copy)
        self._seen.append(seen)

    def _copy(self, turn: "Turn") -> int:
        seen, self._seen = self._seen[:_COPIES], self._seen[_COPIES:]
        if self._seen:
            turn.chore(self._copy)
        for key, message, keys, extra in seen:
            wire = basic.short_string(TRACE_EXCHANGE) + basic.short_string(_short(key))
            raw = properties_of(message.content)
            headers = {
                "exchange_name": basic.route_names(message.route)[0],
                "routing_keys": list(keys),
                "properties": properties.fields(raw),
                "node": self._node,
                **extra,
            }
            content = with_properties(message.content, properties.with_headers(b"\x00\x00", headers))
            view = View(content, wire, turn.wall_ms)
            queues = self._vhost.route(TRACE_EXCHANGE, key, view).queues
            for queue in queues:
                queue.enqueue([Message(content, wire)], len(content), turn, persistent=False)
        turn.refused.clear()
        return _COST * len(seen)


def _keys(message: Message) -> tuple[str, list[str]]:
    """The exchange a message was published to, and its keys as far as they stand in it."""
    exchange, key = basic.route_names(message.route)
    keys = [key]
    raw = properties_of(message.content)
    if b"\x02CC" in raw:
        also = (properties.headers(raw) or {}).get("CC")
        keys += [more for more in also if isinstance(more, str)] if isinstance(also, list) else []
    return exchange, keys


def _short(key: str) -> str:
    """As much as a short string holds: an exchange's name alone may fill one."""
    return key.encode()[:255].decode(errors="ignore")
