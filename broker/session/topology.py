"""exchange.* and queue.*: from a client's method to the virtual host, and the reply to it.

What belongs to the wire is here: line ends are stripped from names, "" stands for the channel's last declared queue,
and nowait holds the reply back. What is allowed is the virtual host's business.
"""

from collections.abc import Callable
from typing import Any, Protocol

from broker.access import READ
from broker.queues.stream import StreamQueue
from broker.session.reply_to import PSEUDO_QUEUE
from broker.vhost import Guard, VirtualHost, refuse_default_exchange
from protocol.amqp.errors import not_found, not_implemented
from protocol.amqp.methods import Exchange, Method, Queue, queue_declare_ok

_LINE_ENDS = str.maketrans("", "", "\r\n")


class Channel(Protocol):
    """What the handlers ask of a channel. ``last_queue`` is "" until a queue was declared on it."""

    last_queue: str

    @property
    def vhost(self) -> VirtualHost[Any]: ...
    @property
    def owner(self) -> object: ...
    @property
    def permits(self) -> Guard:
        """What its user may do."""


def handle(channel: Channel, method: Method, turn: Any) -> Method | None:
    """Do what a method of the exchange or queue class asks; returns its reply, or None where the client wants none.

    ``method`` is one of METHODS. Raises SoftError, with RabbitMQ's text, where it is refused.
    """
    reply = _HANDLERS[type(method)](channel, method, turn)
    # queue.unbind has no nowait.
    return None if getattr(method, "nowait", False) else reply


def resolve_queue_name(channel: Channel, name: str) -> str:
    """A queue name as basic.get, basic.consume and queue.* mean it: "" is the queue last declared on the channel.

    Raises SoftError 404 where none was.
    """
    if name:
        return name
    if not channel.last_queue:
        raise not_found("no previously declared queue")
    return channel.last_queue


def strip_line_ends(name: str) -> str:
    """RabbitMQ drops CR and LF from the names in these methods (but not in queue.purge, and not in basic.*)."""
    return name.translate(_LINE_ENDS)


def _declare_exchange(channel: Channel, method: Exchange.Declare, turn: Any) -> Method:  # noqa: ARG001
    name = strip_line_ends(method.exchange)
    if method.passive:
        refuse_default_exchange(name)
        channel.permits.any_of_exchange(name)
        channel.vhost.exchange(name)
    else:
        channel.vhost.declare_exchange(
            name,
            method.exchange_type,
            durable=method.durable,
            auto_delete=method.auto_delete,
            internal=method.internal,
            arguments=method.arguments or {},
        )
    return Exchange.DeclareOk()


def _delete_exchange(channel: Channel, method: Exchange.Delete, turn: Any) -> Method:
    channel.vhost.delete_exchange(strip_line_ends(method.exchange), if_unused=method.if_unused, turn=turn)
    return Exchange.DeleteOk()


def _bind_exchange(channel: Channel, method: Exchange.Bind, turn: Any) -> Method:
    source, destination = strip_line_ends(method.source), strip_line_ends(method.destination)
    channel.vhost.bind_exchange(source, destination, method.routing_key, method.arguments or {}, turn)
    return Exchange.BindOk()


def _unbind_exchange(channel: Channel, method: Exchange.Unbind, turn: Any) -> Method:
    source, destination = strip_line_ends(method.source), strip_line_ends(method.destination)
    channel.vhost.unbind_exchange(source, destination, method.routing_key, method.arguments or {}, turn)
    return Exchange.UnbindOk()


def _declare_queue(channel: Channel, method: Queue.Declare, turn: Any) -> Method:
    name = strip_line_ends(method.queue)
    if name.startswith(PSEUDO_QUEUE):
        reply = _declare_reply_queue(channel, name)
        channel.last_queue = name
        return reply
    if method.passive:
        channel.permits.any_of_queue(name)
        queue = channel.vhost.queue(name, channel.owner)
    else:
        queue, _ = channel.vhost.declare_queue(
            name,
            durable=method.durable,
            exclusive=method.exclusive,
            auto_delete=method.auto_delete,
            arguments=method.arguments or {},
            owner=channel.owner,
        )
    queue.used(turn)
    channel.last_queue = queue.name
    return queue_declare_ok(queue.name, queue.message_count, queue.consumer_count)


def _declare_reply_queue(channel: Channel, name: str) -> Method:
    """Nothing is made: a responder asks this way whether its requester is still there."""
    if name != PSEUDO_QUEUE and name not in channel.vhost.volatile_queues:
        raise not_found(f"no {channel.vhost.describe_queue(name)}")
    return queue_declare_ok(name, 0, 1)


def _bind_queue(channel: Channel, method: Queue.Bind, turn: Any) -> Method:
    queue, key = _queue_and_key(channel, method)
    exchange = strip_line_ends(method.exchange)
    channel.vhost.bind_queue(exchange, queue, key, method.arguments or {}, channel.owner, turn)
    return Queue.BindOk()


def _unbind_queue(channel: Channel, method: Queue.Unbind, turn: Any) -> Method:
    queue, key = _queue_and_key(channel, method)
    exchange = strip_line_ends(method.exchange)
    channel.vhost.unbind_queue(exchange, queue, key, method.arguments or {}, channel.owner, turn)
    return Queue.UnbindOk()


def _queue_and_key(channel: Channel, method: Queue.Bind | Queue.Unbind) -> tuple[str, str]:
    """Queue and key both empty: the last declared queue, bound by its own name (AMQP 0-9-1, queue.bind)."""
    queue = resolve_queue_name(channel, method.queue)
    key = method.routing_key if method.queue or method.routing_key else queue
    return strip_line_ends(queue), key


def _purge_queue(channel: Channel, method: Queue.Purge, turn: Any) -> Method:
    name = resolve_queue_name(channel, method.queue)
    channel.permits.queue(READ, name)
    queue = channel.vhost.queue(name, channel.owner)
    if isinstance(queue, StreamQueue):
        raise not_implemented(f"queue.purge not supported by stream queues {channel.vhost.describe_queue(queue.name)}")
    return Queue.PurgeOk(message_count=queue.purge(turn))


def _delete_queue(channel: Channel, method: Queue.Delete, turn: Any) -> Method:
    count = channel.vhost.delete_queue_named(
        strip_line_ends(resolve_queue_name(channel, method.queue)),
        channel.owner,
        if_unused=method.if_unused,
        if_empty=method.if_empty,
        turn=turn,
    )
    return Queue.DeleteOk(message_count=count)


_HANDLERS: dict[type[Method], Callable[[Channel, Any, Any], Method]] = {
    Exchange.Declare: _declare_exchange,
    Exchange.Delete: _delete_exchange,
    Exchange.Bind: _bind_exchange,
    Exchange.Unbind: _unbind_exchange,
    Queue.Declare: _declare_queue,
    Queue.Bind: _bind_queue,
    Queue.Unbind: _unbind_queue,
    Queue.Purge: _purge_queue,
    Queue.Delete: _delete_queue,
}

METHODS = tuple(_HANDLERS)


def may_tell_of_durable(method: Method) -> bool:
    """Whether its reply may say of something durable that it is there, or that it is gone."""
    declares_transient = not getattr(method, "durable", True) and not getattr(method, "passive", False)
    return isinstance(method, METHODS) and not declares_transient
