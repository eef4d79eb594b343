"""The conversations, a file a theme. Each is held with RabbitMQ (recorded) and with Leveret (compared)."""

from interop.conformance.conversations import (
    acknowledge,
    alarm,
    arguments,
    channel,
    close,
    confirm,
    consume,
    consumer_corners,
    copies,
    dead_letter,
    dead_letter_cycle,
    dead_letter_headers,
    dead_letter_target,
    exchange,
    exchange_kinds,
    expires,
    forced,
    framing,
    handshake,
    length,
    limits,
    login,
    overflow,
    permission,
    permission_late,
    permission_order,
    policy,
    priority,
    priority_queue,
    publish,
    qos,
    queue,
    queue_bind,
    queue_exclusive,
    quorum,
    quorum_consume,
    quorum_declare,
    quorum_limit,
    quorum_return,
    reply,
    reply_corners,
    routing,
    secret,
    single_active,
    stream_acknowledge,
    stream_consume,
    stream_declare,
    stream_filter,
    stream_offset,
    stream_property,
    stream_publish,
    stream_queue,
    stream_retention,
    topic_permission,
    ttl,
    ttl_words,
    ttl_zero,
    tx,
)
from interop.conformance.steps import Conversation

_THEMES = (
    handshake, login, permission, permission_order, topic_permission, permission_late, limits, forced, alarm, framing, channel, close, exchange, exchange_kinds, queue, queue_bind, queue_exclusive, arguments, routing, publish,
    confirm, consume, priority, priority_queue, single_active, quorum_declare, quorum, quorum_return, quorum_limit, quorum_consume,
    consumer_corners, copies, reply_corners, secret,
    acknowledge, qos, tx, reply, stream_declare, stream_queue, stream_consume, stream_offset, stream_property,
    stream_acknowledge, stream_publish, stream_filter, stream_retention, ttl, ttl_zero, ttl_words, expires, length,
    overflow, policy, dead_letter, dead_letter_target, dead_letter_headers, dead_letter_cycle,
)  # fmt: skip

ALL: tuple[Conversation, ...] = tuple(one for theme in _THEMES for one in theme.CONVERSATIONS)

# Themes that were recorded before Leveret had what they are about: they are not compared yet.
AHEAD = {"limit", "alarm"}

if len({one.name for one in ALL}) != len(ALL):
    raise ValueError("two conversations share a name")
