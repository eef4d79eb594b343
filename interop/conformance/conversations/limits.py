"""Limits of virtual hosts and users: who is refused when they are reached, and when there is room again.

RabbitMQ counts connections beside their handshakes, so a moment passes before the next may try.
"""

from typing import Any

from interop.conformance.conversations.access_words import (
    ALL,
    NONE,
    administer,
    enter,
    goodbye,
    known,
    member,
    permit,
    secret,
    user,
    vhost,
)
from interop.conformance.steps import (
    Conversation,
    call,
    connect,
    conversation,
    declare,
    drop,
    exchange,
    open_channel,
    pause,
    quiet,
)

COUNTED = pause(0.3)
IN_VHOST = connect("b", vhost="~v")
AS_USER = [connect("b", user="~u", password="p"), COUNTED]
# RabbitMQ counts a connection until its socket ends.
LEFT = [goodbye(), drop("b"), COUNTED]


def limit_vhost(**limits: Any) -> Any:
    return administer("set_vhost_limits", "~v", {name.replace("_", "-"): value for name, value in limits.items()})


def limit_user(**limits: Any) -> Any:
    return administer("set_user_limits", "~u", {name.replace("_", "-"): value for name, value in limits.items()})


def _entering(name: str, *before: Any, to: str = "/") -> Conversation:
    """~u on connection a is the last to come."""
    return conversation(f"limit/{name}", list(before), known(), enter(to), bare=True)


CONVERSATIONS: tuple[Conversation, ...] = (
    # Connections of a virtual host.
    _entering("vhost-connections-0", vhost(), member(vhost="~v"), limit_vhost(max_connections=0), to="~v"),
    _entering("vhost-connections-1-first", vhost(), member(vhost="~v"), limit_vhost(max_connections=1), to="~v"),
    _entering("vhost-connections-1-second", vhost(), member(vhost="~v"), limit_vhost(max_connections=1), IN_VHOST, COUNTED, to="~v"),
    _entering("vhost-connections-unlimited", vhost(), member(vhost="~v"), limit_vhost(max_connections=-1), IN_VHOST, COUNTED, to="~v"),
    _entering("vhost-connections-of-another-vhost", vhost(), member(), limit_vhost(max_connections=0)),
    _entering("vhost-connections-cleared", vhost(), member(vhost="~v"), limit_vhost(max_connections=0), administer("clear_vhost_limits", "~v"), to="~v"),
    _entering("vhost-connections-replaced-by-another-limit", vhost(), member(vhost="~v"), limit_vhost(max_connections=0), limit_vhost(max_queues=0), to="~v"),
    _entering("vhost-connections-room-after-close", vhost(), member(vhost="~v"), limit_vhost(max_connections=1), IN_VHOST, COUNTED, LEFT, to="~v"),
    _entering("vhost-connections-room-after-drop", vhost(), member(vhost="~v"), limit_vhost(max_connections=1), IN_VHOST, COUNTED, drop("b"), COUNTED, to="~v"),
    _entering("vhost-connections-and-no-permission", vhost(), user(), limit_vhost(max_connections=0), to="~v"),
    conversation("limit/vhost-connections-lowered-below", vhost(), IN_VHOST, COUNTED, limit_vhost(max_connections=0), pause(0.3), quiet(c="b")),
    # Queues of a virtual host.
    conversation("limit/vhost-queues-0", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b")),
    conversation("limit/vhost-queues-1", vhost(), limit_vhost(max_queues=1), IN_VHOST, declare("~q", "b"), declare("~r", "b")),
    conversation("limit/vhost-queues-unlimited", vhost(), limit_vhost(max_queues=-1), IN_VHOST, declare("~q", "b"), declare("~r", "b")),
    conversation("limit/vhost-queues-exclusive", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b", exclusive=True)),
    conversation("limit/vhost-queues-server-named", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("", "b", exclusive=True)),
    conversation("limit/vhost-queues-quorum", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b", arguments={"x-queue-type": "quorum"})),
    conversation("limit/vhost-queues-stream", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b", arguments={"x-queue-type": "stream"})),
    conversation("limit/vhost-queues-declared-again", vhost(), IN_VHOST, declare("~q", "b"), limit_vhost(max_queues=0), declare("~q", "b")),
    conversation("limit/vhost-queues-passive", vhost(), IN_VHOST, declare("~q", "b"), limit_vhost(max_queues=0), call("queue.declare", "b", queue="~q", passive=True)),
    conversation("limit/vhost-queues-passive-missing", vhost(), limit_vhost(max_queues=0), IN_VHOST, call("queue.declare", "b", queue="~q", passive=True)),
    conversation("limit/vhost-queues-room-after-delete", vhost(), limit_vhost(max_queues=1), IN_VHOST, declare("~q", "b"), call("queue.delete", "b", queue="~q"),
                 declare("~r", "b")),
    conversation("limit/vhost-queues-room-after-exclusive-gone", vhost(), limit_vhost(max_queues=1), IN_VHOST, declare("~q", "b", exclusive=True), goodbye(),
                 connect("c", vhost="~v"), declare("~r", "c")),
    conversation("limit/vhost-queues-lowered-below", vhost(), IN_VHOST, declare("~q", "b"), declare("~r", "b"), limit_vhost(max_queues=1),
                 call("queue.delete", "b", queue="~r"), declare("~r", "b")),
    conversation("limit/vhost-queues-inequivalent", vhost(), IN_VHOST, declare("~q", "b"), limit_vhost(max_queues=0),
                 declare("~q", "b", arguments={"x-max-length": 1})),
    conversation("limit/vhost-queues-invalid-argument", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b", arguments={"x-max-length": -1})),
    conversation("limit/vhost-queues-unknown-type", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("~q", "b", arguments={"x-queue-type": "mirrored"})),
    conversation("limit/vhost-queues-reserved-name", vhost(), limit_vhost(max_queues=0), IN_VHOST, declare("amq.~q", "b")),
    conversation("limit/vhost-queues-and-no-permission", vhost(), limit_vhost(max_queues=0), member(NONE, NONE, NONE, vhost="~v"),
                 connect("b", user="~u", password="p", vhost="~v"), declare("~q", "b")),
    conversation("limit/vhost-queues-and-dead-letters-refused", vhost(), limit_vhost(max_queues=0), member(ALL, NONE, ALL, vhost="~v"),
                 connect("b", user="~u", password="p", vhost="~v"), declare("~q", "b", arguments={"x-dead-letter-exchange": "~dlx"})),
    conversation("limit/vhost-queues-exchanges-are-free", vhost(), limit_vhost(max_queues=0), IN_VHOST, exchange("~x", c="b")),
    # Connections of a user.
    _entering("user-connections-0", member(), limit_user(max_connections=0)),
    _entering("user-connections-1-first", member(), limit_user(max_connections=1)),
    _entering("user-connections-1-second", member(), limit_user(max_connections=1), AS_USER),
    _entering("user-connections-unlimited", member(), limit_user(max_connections=-1), AS_USER),
    _entering("user-connections-room-after-close", member(), limit_user(max_connections=1), AS_USER, LEFT),
    _entering("user-connections-cleared", member(), limit_user(max_connections=0), administer("clear_user_limits", "~u", "max-connections")),
    _entering("user-connections-all-cleared", member(), limit_user(max_connections=0, max_channels=0), administer("clear_user_limits", "~u", "all")),
    _entering("user-connections-kept-beside-another-limit", member(), limit_user(max_connections=0), limit_user(max_channels=0)),
    _entering("user-connections-over-vhosts", vhost(), member(vhost="~v"), permit(), limit_user(max_connections=1), AS_USER, to="~v"),
    _entering("user-connections-and-no-permission", user(), limit_user(max_connections=0)),
    _entering("user-connections-and-vhost-connections", vhost(), member(vhost="~v"), limit_user(max_connections=0), limit_vhost(max_connections=0), to="~v"),
    _entering("user-connections-and-vhost-unknown", member(), limit_user(max_connections=0), to="~v"),
    conversation("limit/user-connections-lowered-below", member(), AS_USER, limit_user(max_connections=0), pause(0.3), quiet(c="b")),
    # Channels of a user.
    conversation("limit/user-channels-0", member(), limit_user(max_channels=0), known(), enter(), call("channel.open"), bare=True),
    conversation("limit/user-channels-1", member(), limit_user(max_channels=1), AS_USER, open_channel(2, "b")),
    conversation("limit/user-channels-2", member(), limit_user(max_channels=2), AS_USER, open_channel(2, "b"), COUNTED, open_channel(3, "b")),
    conversation("limit/user-channels-unlimited", member(), limit_user(max_channels=-1), AS_USER, open_channel(2, "b")),
    conversation("limit/user-channels-room-after-close", member(), limit_user(max_channels=1), AS_USER,
                 call("channel.close", "b", reply_code=200, reply_text=""), COUNTED, open_channel(2, "b")),
    conversation("limit/user-channels-room-after-error", member(), limit_user(max_channels=1), AS_USER,
                 call("queue.declare", "b", queue="~q", passive=True), COUNTED, open_channel(2, "b")),
    conversation("limit/user-channels-over-connections", member(), limit_user(max_channels=1), AS_USER, connect("c", user="~u", password="p")[:1],
                 call("channel.open", "c")),
    conversation("limit/user-channels-room-after-connection-closed", member(), limit_user(max_channels=1), AS_USER, LEFT,
                 connect("c", user="~u", password="p")),
    conversation("limit/user-channels-lowered-below", member(), AS_USER, limit_user(max_channels=0), pause(0.3), quiet(c="b"), open_channel(2, "b")),
    conversation("limit/user-channels-and-channel-max", member(), limit_user(max_channels=1), connect("b", user="~u", password="p", channel_max=1), COUNTED,
                 open_channel(2, "b")),
    conversation("limit/user-channels-secret-renewed", member(), limit_user(max_channels=1), AS_USER, secret(), open_channel(2, "b")),
    # What is no limit.
    conversation("limit/vhost-limit-negative", vhost(), limit_vhost(max_queues=-2)),
    conversation("limit/vhost-limit-text", vhost(), limit_vhost(max_queues="many")),
    conversation("limit/vhost-limit-unknown", vhost(), limit_vhost(max_messages=1)),
    conversation("limit/vhost-limit-of-no-vhost", administer("set_vhost_limits", "~v", {"max-queues": 1})),
    conversation("limit/user-limit-negative", user(), limit_user(max_channels=-2)),
    conversation("limit/user-limit-text", user(), limit_user(max_channels="many")),
    conversation("limit/user-limit-unknown", user(), limit_user(max_messages=1)),
    conversation("limit/user-limit-of-no-user", limit_user(max_channels=1)),
    conversation("limit/user-limit-cleared-unset", user(), administer("clear_user_limits", "~u", "max-channels")),
)  # fmt: skip
