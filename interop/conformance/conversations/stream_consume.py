"""basic.consume of streams: what it needs, what it refuses and in which order, tags, cancels.

And what a classic queue says to the arguments of streams.
"""

from typing import Any

from interop.conformance.conversations.stream_words import filled, prefetch, read, stored, stream
from interop.conformance.steps import (
    Conversation,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    expect,
    open_channel,
    passive,
    publish,
    quiet,
    send,
)

SHARED = call("basic.qos", prefetch_count=2, global_=True)
CANCEL = call("basic.cancel", consumer_tag="t")


def _wrong(name: str, *before: Any, no_ack: bool = False, exclusive: bool = False, **arguments: Any) -> Conversation:
    """A consume of an empty stream after ``before``."""
    values = {key.replace("_", "-"): value for key, value in arguments.items()}
    refused = consume("~q", no_ack=no_ack, exclusive=exclusive, arguments=values)
    return conversation(f"stream-consume/{name}", stream(), *before, refused)


def _classic(name: str, **arguments: Any) -> Conversation:
    values = {key.replace("_", "-"): value for key, value in arguments.items()}
    return conversation(f"stream-consume/classic-{name}", declare("~q"), consume("~q", arguments=values))


CONVERSATIONS = [
    _wrong("no-prefetch"),
    _wrong("prefetch-lifted", prefetch(5), prefetch(0)),
    _wrong("prefetch-of-other-channel", open_channel(2), prefetch(5, ch=2)),
    _wrong("no-ack", prefetch(1), no_ack=True),
    _wrong("shared-prefetch", SHARED),
    _wrong("shared-prefetch-beside-own", prefetch(1), SHARED),
    _wrong("shared-prefetch-lifted", prefetch(1), SHARED, call("basic.qos", global_=True)),
    _wrong("own-prefetch-lifts-shared", SHARED, prefetch(1)),
    _wrong("priority", prefetch(1), x_priority=5),
    _wrong("priority-text", prefetch(1), x_priority="high"),
    _wrong("arguments-unknown", prefetch(1), x_mine=1, x_cancel_on_ha_failover=True),
    _wrong("order-no-prefetch-no-ack", no_ack=True),
    _wrong("order-no-prefetch-priority", x_priority=5),
    _wrong("order-no-prefetch-offset", x_stream_offset="1x"),
    _wrong("order-no-ack-shared", prefetch(1), SHARED, no_ack=True),
    _wrong("order-no-ack-priority", prefetch(1), no_ack=True, x_priority=5),
    _wrong("order-no-ack-offset", prefetch(1), no_ack=True, x_stream_offset="1x"),
    _wrong("order-shared-offset", prefetch(1), SHARED, x_stream_offset="1x"),
    _wrong("order-offset-priority", prefetch(1), x_stream_offset="1x", x_priority=5),
    _wrong("order-priority-offset", prefetch(1), x_priority=5, x_stream_offset="1x"),
    _wrong("order-exclusive-no-prefetch", exclusive=True),
    conversation("stream-consume/order-tag-reused", stream(), prefetch(1), read(), read("1x")),
    conversation("stream-consume/order-missing", call("basic.consume", queue="~q", no_ack=True)),
    conversation(
        "stream-consume/nowait-refused",
        stream(),
        send("basic.consume", queue="~q", consumer_tag="t", nowait=True),
        expect("channel.close"),
    ),
    conversation(
        "stream-consume/nowait",
        filled(1),
        prefetch(1),
        send("basic.consume", queue="~q", consumer_tag="t", nowait=True, arguments={"x-stream-offset": "first"}),
        deliveries(1),
    ),
    conversation("stream-consume/tag-reused", stream(), prefetch(1), read(), read()),
    conversation("stream-consume/tag-reused-elsewhere", stream(), declare("~r"), prefetch(1), read(), consume("~r")),
    conversation("stream-consume/tag-free-after-refusal", stream(), read(), open_channel(1), prefetch(1), read()),
    conversation(
        "stream-consume/tag-chosen-by-server",
        filled(1),
        prefetch(1),
        call("basic.consume", queue="~q", arguments={"x-stream-offset": "first"}, save={"consumer_tag": "ctag"}),
        deliveries(1),
        call("basic.cancel", consumer_tag="$ctag"),
    ),
    conversation(
        "stream-consume/exclusive-no-effect",
        connect("b"),
        filled(1),
        prefetch(1),
        consume("~q", exclusive=True, arguments={"x-stream-offset": "first"}),
        deliveries(1),
        read("first", "u"),
        deliveries(1),
        prefetch(1, "b"),
        consume("~q", c="b", exclusive=True, arguments={"x-stream-offset": "first"}),
        deliveries(1, "b"),
    ),
    conversation(
        "stream-consume/no-local-no-effect",
        stream(),
        prefetch(1),
        consume("~q", no_local=True),
        publish("", "~q", delivery_mode=2),
        deliveries(1),
    ),
    conversation(
        "stream-consume/shared-prefetch-later",
        filled(4),
        prefetch(2),
        read("first"),
        deliveries(2),
        call("basic.qos", prefetch_count=1, global_=True),
        send("basic.ack", delivery_tag=2, multiple=True),
        deliveries(2),
        quiet(),
    ),
    conversation(
        "stream-consume/beside-a-classic-queue",
        filled(2),
        declare("~r"),
        prefetch(1),
        read("first"),
        deliveries(1),
        consume("~r", "r"),
        publish("", "~r", b"r"),
        expect("basic.ack", "basic.deliver"),
        quiet("~r"),
    ),
    conversation("stream-consume/cancel", stream(), prefetch(1), read(), CANCEL, CANCEL, passive("~q"), read()),
    conversation(
        "stream-consume/cancel-nowait",
        stream(),
        prefetch(1),
        read(),
        send("basic.cancel", consumer_tag="t", nowait=True),
        quiet(),
        read(),
    ),
    conversation(
        "stream-consume/cancel-ends-deliveries",
        filled(2),
        prefetch(1),
        read("first"),
        deliveries(1),
        CANCEL,
        send("basic.ack", delivery_tag=1),
        quiet(),
        stored(b"2", first=3),
        quiet(),
    ),
    conversation(
        "stream-consume/cancel-and-begin-again",
        filled(3),
        prefetch(2),
        read("first"),
        deliveries(2),
        CANCEL,
        read("first"),
        deliveries(2),
        send("basic.ack", delivery_tag=1),
        deliveries(1),
        quiet(),
        send("basic.ack", delivery_tag=3),
        quiet(),
    ),
    conversation(
        "stream-consume/cancel-one-of-two",
        filled(2),
        prefetch(1),
        read("first", "1"),
        deliveries(1),
        read("first", "2"),
        deliveries(1),
        call("basic.cancel", consumer_tag="1"),
        send("basic.ack", delivery_tag=2, multiple=True),
        deliveries(1),
        quiet(),
    ),
    conversation(
        "stream-consume/socket-lost",
        connect("b"),
        filled(2),
        prefetch(2, "b"),
        read("first", c="b"),
        deliveries(2, "b"),
        drop("b"),
        prefetch(2),
        read("first"),
        deliveries(2),
    ),
    _classic("offset", x_stream_offset="first"),
    _classic("offset-number", x_stream_offset=5),
    _classic("offset-wrong", x_stream_offset="1x"),
    _classic("filter", x_stream_filter="a"),
    _classic("match-unfiltered", x_stream_match_unfiltered=True),
    _classic("two", x_stream_match_unfiltered=True, x_stream_filter=["a"]),
]
