"""The conversations, a file a theme. Each is held with RabbitMQ (recorded) and with Leveret (compared)."""

from interop.conformance.conversations import (
    acknowledge,
    arguments,
    channel,
    close,
    confirm,
    consume,
    exchange,
    framing,
    handshake,
    priority,
    publish,
    qos,
    queue,
    queue_bind,
    queue_exclusive,
    reply,
    routing,
    tx,
)
from interop.conformance.steps import Conversation

_THEMES = (
    handshake, framing, channel, close, exchange, queue, queue_bind, queue_exclusive, arguments, routing, publish,
    confirm, consume, priority, acknowledge, qos, tx, reply,
)  # fmt: skip

ALL: tuple[Conversation, ...] = tuple(one for theme in _THEMES for one in theme.CONVERSATIONS)

if len({one.name for one in ALL}) != len(ALL):
    raise ValueError("two conversations share a name")
