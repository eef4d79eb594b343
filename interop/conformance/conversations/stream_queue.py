"""What is done to streams as queues: declaring again, passive declares and counts, delete, purge, get.

RabbitMQ counts a stream's messages every five seconds, so a count after publishing is asked for with ``until``.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, filled, prefetch, read, stored, stream
from interop.conformance.steps import (
    CAPABILITIES,
    Call,
    Conversation,
    ack,
    bind,
    call,
    confirms,
    connect,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    open_channel,
    passive,
    pause,
    publish,
    quiet,
    send,
    until,
)
from interop.conformance.wire import Typed


def _again(name: str, first: dict[str, Any], **second: Any) -> Conversation:
    return conversation(f"stream-queue/again-{name}", stream(**first), stream(**second))


def _other(name: str, first: Call, second: Call) -> Conversation:
    return conversation(f"stream-queue/again-{name}", first, second)


def delete(c: str = "a", **flags: Any) -> Call:
    return call("queue.delete", c, queue="~q", **flags)


TYPE = {"x-queue-type": "stream"}
DEAF = {**CAPABILITIES, "consumer_cancel_notify": False}

CONVERSATIONS = [
    _again("equal", {"x_max_age": "1h", "x_max_length_bytes": 5}, x_max_length_bytes=5, x_max_age="1h"),
    _again("age-other", {"x_max_age": "1h"}, x_max_age="2h"),
    _again("age-as-long", {"x_max_age": "1h"}, x_max_age="60m"),
    _again("age-gone", {"x_max_age": "1h"}),
    _again("age-added", {}, x_max_age="1h"),
    _again("age-wrong", {}, x_max_age="nonsense"),
    _again("length-bytes-width", {"x_max_length_bytes": 100}, x_max_length_bytes=Typed("l", 100)),
    _again("length-bytes-other", {"x_max_length_bytes": 100}, x_max_length_bytes=101),
    _again("length-bytes-added", {}, x_max_length_bytes=Typed("l", 100)),
    _again("segment-size-other", {"x_stream_max_segment_size_bytes": 1000}, x_stream_max_segment_size_bytes=1001),
    _again("segment-size-added", {}, x_stream_max_segment_size_bytes=1000),
    _again("segment-size-gone", {"x_stream_max_segment_size_bytes": 1000}),
    _again("filter-size-other", {"x_stream_filter_size_bytes": 16}, x_stream_filter_size_bytes=32),
    _again("filter-size-wrong", {"x_stream_filter_size_bytes": 16}, x_stream_filter_size_bytes=5),
    _again("cluster-size-other", {"x_initial_cluster_size": 1}, x_initial_cluster_size=3),
    _again("cluster-size-added", {}, x_initial_cluster_size=1),
    _again("locator-other", {"x_queue_leader_locator": "client-local"}, x_queue_leader_locator="balanced"),
    _again("locator-added", {}, x_queue_leader_locator="client-local"),
    _again("unknown-to-streams", {}, x_max_length=5, x_message_ttl=5, x_overflow="explode"),
    _again("unknown-to-all", {"x_mine": 1}, x_mine="two", x_yours=True),
    _again("several", {"x_max_age": "1h", "x_max_length_bytes": 1}, x_max_length_bytes=2, x_max_age="2h"),
    _other("classic-over-stream", stream(), declare("~q")),
    _other("named-classic-over-stream", stream(), declare("~q", arguments={"x-queue-type": "classic"})),
    _other("quorum-over-stream", stream(), declare("~q", arguments={"x-queue-type": "quorum"})),
    _other("stream-over-classic", declare("~q"), stream()),
    _other("stream-over-named-classic", declare("~q", arguments={"x-queue-type": "classic"}), stream()),
    _other("stream-over-transient", declare("~q", durable=False), stream()),
    _other("not-durable", stream(), declare("~q", durable=False, arguments=TYPE)),
    _other("auto-delete", stream(), declare("~q", auto_delete=True, arguments=TYPE)),
    _other("exclusive", stream(), declare("~q", exclusive=True, durable=True, arguments=TYPE)),
    _other("not-durable-and-type", stream(), declare("~q", durable=False)),
    conversation(
        "stream-queue/declare-nowait",
        send("queue.declare", queue="~q", durable=True, nowait=True, arguments=TYPE),
        passive("~q"),
    ),
    conversation(
        "stream-queue/last-declared",
        stream(),
        prefetch(1),
        read(queue=""),
        send("queue.delete"),
        expect("queue.delete-ok", "basic.cancel"),
    ),
    conversation(
        "stream-queue/counts",
        stream(),
        prefetch(10),
        read(),
        passive("~q"),
        CONFIRMED,
        [step for n in range(3) for step in (publish("", "~q"), expect("basic.ack", "basic.deliver"))],
        until("~q", 3),
        passive("~q"),
        ack(2, multiple=True),
        passive("~q"),
        call("basic.cancel", consumer_tag="t"),
        stream(),
    ),
    conversation(
        "stream-queue/counts-two-connections",
        connect("b"),
        filled(2),
        prefetch(1, "b"),
        read("first", c="b"),
        deliveries(1, "b"),
        until("~q", 2),
        passive("~q"),
        passive("~q", "b"),
    ),
    conversation("stream-queue/delete", filled(3), delete(), delete(), passive("~q")),
    conversation("stream-queue/delete-counted", filled(3), until("~q", 3), delete()),
    conversation("stream-queue/delete-if-empty", filled(3), until("~q", 3), delete(if_empty=True), passive("~q")),
    conversation(
        "stream-queue/delete-if-unused",
        stream(),
        prefetch(1),
        read(),
        send("queue.delete", queue="~q", if_unused=True),
        expect("queue.delete-ok", "basic.cancel"),
        passive("~q"),
    ),
    conversation(
        "stream-queue/delete-if-both-by-another",
        connect("b"),
        filled(1),
        until("~q", 1),
        prefetch(1),
        read(),
        delete("b", if_unused=True, if_empty=True),
        expect("basic.cancel"),
        quiet(),
    ),
    conversation("stream-queue/delete-nowait", filled(1), send("queue.delete", queue="~q", nowait=True), passive("~q")),
    conversation(
        "stream-queue/delete-cancels",
        connect("b"),
        filled(2),
        prefetch(10),
        read("first"),
        deliveries(2),
        delete("b"),
        expect("basic.cancel"),
        ack(1),
        quiet(),
        ack(2),
        quiet(),
        call("basic.cancel", consumer_tag="t"),
        ack(2),
        expect("channel.close"),
    ),
    conversation(
        "stream-queue/delete-cancels-by-tag",
        connect("b"),
        stream(),
        prefetch(1),
        [read(tag=tag) for tag in ("z", "a", "m")],
        delete("b"),
        expect(*["basic.cancel"] * 3),
        quiet(),
    ),
    conversation(
        "stream-queue/delete-cancels-own",
        filled(1),
        prefetch(1),
        read("first"),
        deliveries(1),
        send("queue.delete", queue="~q"),
        expect("queue.delete-ok", "basic.cancel"),
        ack(1),
        quiet(),
    ),
    conversation(
        "stream-queue/delete-silent-without-capability",
        connect("b", DEAF),
        stream(),
        prefetch(1, "b"),
        read(c="b"),
        delete(),
        quiet(c="b"),
    ),
    conversation(
        "stream-queue/delete-then-publish", filled(1), delete(), publish("", "~q", mandatory=True), confirms(2, 2)
    ),
    conversation(
        "stream-queue/delete-begins-anew",
        connect("b"),
        filled(3),
        delete(),
        pause(1.0),  # while RabbitMQ takes the old one down, a reader of the new one may wait for ever
        stream(),
        stored(b"new", first=4),
        prefetch(10, "b"),
        read("first", c="b"),
        deliveries(1, "b"),
        quiet(c="b"),
    ),
    conversation(
        "stream-queue/delete-takes-bindings",
        stream(),
        bind("~q", "amq.topic", "~.k"),
        delete(),
        stream(),
        CONFIRMED,
        publish("amq.topic", "~.k", mandatory=True),
        confirms(1, 1),
    ),
    conversation("stream-queue/purge", filled(3), call("queue.purge", queue="~q")),
    conversation(
        "stream-queue/purge-nowait",
        stream(),
        send("queue.purge", queue="~q", nowait=True),
        expect("connection.close", ch=0),
    ),
    conversation("stream-queue/get", filled(3), get("~q")),
    conversation("stream-queue/get-empty-no-ack", stream(), get("~q", no_ack=True)),
    conversation("stream-queue/get-with-prefetch", filled(1), prefetch(5), open_channel(2), get("~q")),
]
