"""Limits of a node. They count for all that it serves, so each of these is held alone."""

from typing import Any

from interop.conformance.steps import (
    CAPABILITIES,
    PLAIN,
    Conversation,
    Step,
    ack,
    administer,
    call,
    connect,
    consume,
    conversation,
    declare,
    expect,
    get,
    open_channel,
    passive,
    pause,
    policy,
    publish,
    quiet,
    raw,
    send,
    skip,
    tcp,
)

# RabbitMQ counts connections beside their handshakes.
COUNTED = pause(0.3)


# A connection that comes as far as it may.
KNOCK = [
    *[tcp("b"), raw(b"AMQP\x00\x00\x09\x01", c="b"), skip("connection.start", c="b")],
    send("connection.start-ok", "b", 0, client_properties={"capabilities": CAPABILITIES}, mechanism="PLAIN", response=PLAIN, locale="en_US"),
    *[skip("connection.tune", c="b"), send("connection.tune-ok", "b", 0, channel_max=2047, frame_max=131072, heartbeat=60)],
    call("connection.open", "b", 0, virtual_host="/"),
]  # fmt: skip


def limit(name: str, most: int) -> list[Step]:
    return [administer("set_env", name, most)]


def no_limit(name: str) -> Step:
    return administer("clear_env", name)


# RabbitMQ looks once a minute; a channel asks when it is opened.
LOOKED_AFTER = [*limit("channel_tick_interval", 100), *open_channel(2)]
TIMED = [*limit("consumer_timeout", 200), *LOOKED_AFTER]
OVERDUE = expect("channel.close", ch=2)


def _limited(name: str, *steps: Any) -> Conversation:
    return conversation(f"node-limit/{name}", *steps)


CONVERSATIONS = [
    _limited("consumers", limit("consumer_max_per_channel", 2), open_channel(2), declare("~q"), *[consume("~q", f"t{n}", ch=2) for n in range(3)]),
    _limited(
        "consumers-one-cancelled",
        *[limit("consumer_max_per_channel", 1), open_channel(2), declare("~q"), consume("~q", "s", ch=2), call("basic.cancel", ch=2, consumer_tag="s"), consume("~q", ch=2)],
    ),
    _limited("consumers-same-tag", limit("consumer_max_per_channel", 1), open_channel(2), declare("~q"), consume("~q", ch=2), consume("~q", ch=2)),
    _limited("consumers-replies-beyond", limit("consumer_max_per_channel", 1), open_channel(2), declare("~q"), consume("~q", ch=2), consume("amq.rabbitmq.reply-to", "r", ch=2, no_ack=True)),
    _limited("consumers-queue-missing", limit("consumer_max_per_channel", 1), open_channel(2), declare("~q"), consume("~q", ch=2), consume("~missing", "u", ch=2)),
    _limited("channels", limit("channel_max_per_node", 1), call("channel.open", ch=2)),
    _limited("channels-room-again", limit("channel_max_per_node", 1), no_limit("channel_max_per_node"), open_channel(2), quiet(ch=2)),
    _limited("connections", COUNTED, limit("connection_max", 1), KNOCK),
    _limited("connections-room-again", COUNTED, limit("connection_max", 1), no_limit("connection_max"), KNOCK),
    _limited("connections-two", COUNTED, limit("connection_max", 2), connect("b"), quiet(c="b")),
    _limited("queues", declare("~q"), limit("cluster_queue_limit", 1), declare("~r")),
    _limited("queues-exclusive", declare("~q"), limit("cluster_queue_limit", 1), declare("~r", exclusive=True)),
    _limited("queues-quorum", declare("~q"), limit("cluster_queue_limit", 1), declare("~r", arguments={"x-queue-type": "quorum"})),
    _limited("queues-stream", declare("~q"), limit("cluster_queue_limit", 1), declare("~r", arguments={"x-queue-type": "stream"})),
    _limited("queues-there-already", declare("~q"), limit("cluster_queue_limit", 1), declare("~q")),
    _limited("queues-wrong-argument", declare("~q"), limit("cluster_queue_limit", 1), declare("~r", arguments={"x-max-length": -1})),
    _limited("queues-reserved-name", declare("~q"), limit("cluster_queue_limit", 1), declare("amq.~r")),
    _limited("queues-room-again", declare("~q"), limit("cluster_queue_limit", 1), no_limit("cluster_queue_limit"), declare("~r")),
    # How long a delivery may wait for its ack.
    _limited("ack-time", TIMED, declare("~q"), publish("", "~q"), consume("~q", ch=2), OVERDUE, passive("~q")),
    _limited("ack-time-of-a-get", TIMED, declare("~q"), publish("", "~q"), quiet("~q"), get("~q", ch=2), OVERDUE, passive("~q")),
    _limited("ack-time-of-a-quorum-queue", TIMED, declare("~q", arguments={"x-queue-type": "quorum"}), publish("", "~q"), consume("~q", ch=2), OVERDUE),
    _limited("ack-time-acked", TIMED, declare("~q"), publish("", "~q"), consume("~q", ch=2), expect("basic.deliver", ch=2), ack(1, ch=2), pause(0.6), quiet(ch=2)),
    _limited("ack-time-no-ack", TIMED, declare("~q"), publish("", "~q"), consume("~q", ch=2, no_ack=True), expect("basic.deliver", ch=2), pause(0.6), quiet(ch=2)),
    _limited("ack-time-of-the-queue", LOOKED_AFTER, declare("~q", arguments={"x-consumer-timeout": 200}), publish("", "~q"), consume("~q", ch=2), OVERDUE),
    _limited("ack-time-of-the-queue-longer", TIMED, declare("~q", arguments={"x-consumer-timeout": 60000}), publish("", "~q"), consume("~q", ch=2), expect("basic.deliver", ch=2), pause(0.6), quiet(ch=2)),
    _limited("ack-time-of-a-policy", LOOKED_AFTER, policy({"consumer-timeout": 200}), declare("~q"), publish("", "~q"), consume("~q", ch=2), OVERDUE),
    _limited("ack-time-none-by-the-consumers-argument", LOOKED_AFTER, declare("~q"), publish("", "~q"), consume("~q", ch=2, arguments={"x-consumer-timeout": 200}), expect("basic.deliver", ch=2), pause(0.6), quiet(ch=2)),
]  # fmt: skip
