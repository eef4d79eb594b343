"""Frames as such: their limits, their order, their errors, and how the broker cuts what it sends."""

from typing import Any

from interop.conformance.steps import (
    Conversation,
    Raw,
    ack,
    await_closed,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    open_channel,
    publish,
    quiet,
    raw,
    send,
)
from interop.conformance.wire import BODY, HEADER, HEARTBEAT, METHOD, Typed, encode_header, encode_method, frame

PUBLISH = send("basic.publish", exchange="", routing_key="~q")
LONG = bytes(range(256)) * 40

EVERY_TYPE = {
    "bool": True,
    "int8": Typed("b", -1),
    "uint8": Typed("B", 200),
    "int16": Typed("s", -300),
    "uint16": Typed("u", 60000),
    "int32": Typed("I", -70000),
    "uint32": Typed("i", 4000000000),
    "int64": Typed("l", -(1 << 40)),
    "int64-capital": Typed("L", 1 << 40),
    "float": Typed("f", 1.5),
    "double": Typed("d", -2.25),
    "decimal": Typed("D", (2, 314)),
    "text": "grüße",
    "bytes": Typed("x", b"\x00\xff"),
    "array": [1, "two", None, [3]],
    "table": {"inner": {"deep": 1}},
    "timestamp": Typed("T", 1700000000),
    "void": None,
    "binary-text": Typed("S", b"\xff\xfe"),
    "empty": "",
}


def head(size: int, ch: int = 1, class_id: int = 60, c: str = "a") -> Raw:
    return raw(
        frame(HEADER, ch, encode_header(size, {}, class_id)), c, f"content header class {class_id} size {size} on {ch}"
    )


def body(data: bytes, ch: int = 1, c: str = "a") -> Raw:
    return raw(frame(BODY, ch, data), c, f"body frame of {len(data)} on {ch}")


def _fatal(name: str, *steps: Any) -> Conversation:
    return conversation(f"framing/{name}", *steps, await_closed())


def _odd_method(name: str, payload: bytes) -> Conversation:
    return _fatal(name, raw(frame(METHOD, 1, payload), label=f"method frame {payload!r}"))


CONVERSATIONS = [
    _fatal("end-octet-empty-heartbeat", raw(frame(HEARTBEAT, 0, b"", end=0))),
    _fatal("end-octet-short", raw(frame(METHOD, 1, encode_method("basic.qos", {}), end=0xCD))),
    _fatal("end-octet-long", raw(frame(BODY, 1, b"0123456789abcdefXYZ", end=1))),
    _fatal("end-octet-16", raw(frame(BODY, 1, b"0123456789abcdef", end=1))),
    _fatal("end-octet-17", raw(frame(BODY, 1, b"0123456789abcdefg", end=1))),
    _fatal("type-unknown", raw(frame(4, 1, b"hello"))),
    _fatal("type-zero-empty", raw(frame(0, 0, b""))),
    _fatal("type-unknown-channel-0", raw(frame(9, 0, b"\x01\x02"))),
    _fatal("type-unknown-channel-unopened", raw(frame(9, 7, b"\x01\x02"))),
    _fatal("garbage", raw(b"\xff" * 64)),
    _fatal("heartbeat-on-channel-1", raw(frame(HEARTBEAT, 1, b""))),
    _fatal("heartbeat-on-channel-unopened", raw(frame(HEARTBEAT, 9, b""))),
    _fatal("heartbeat-with-payload", raw(frame(HEARTBEAT, 0, b"hi"))),
    _fatal("header-on-channel-unopened", raw(frame(HEADER, 9, encode_header(1, {})))),
    _fatal("body-on-channel-unopened", raw(frame(BODY, 9, b"x"))),
    _fatal("oversized", PUBLISH, head(200000), raw(frame(BODY, 1, bytes(131072 + 1)), label="body frame of 131073")),
    _fatal("oversized-announced", raw(b"\x03\x00\x01\x7f\xff\xff\xff", label="frame announcing 2147483647 bytes")),
    conversation(
        "framing/oversized-tuned",
        connect("b", frame_max=8192),
        raw(frame(BODY, 1, bytes(9000)), "b", "body frame of 9000"),
        await_closed("b"),
    ),
    conversation(
        "framing/largest-allowed",
        declare("~q"),
        PUBLISH,
        head(131064),
        raw(frame(BODY, 1, bytes(131064)), label="body frame of 131064"),
        get("~q"),
    ),
    conversation(
        "framing/slightly-too-large",
        declare("~q"),
        PUBLISH,
        head(131072),
        raw(frame(BODY, 1, bytes(131072)), label="body frame of 131072"),
        get("~q"),
    ),
    _fatal("header-without-publish", head(1)),
    _fatal("body-without-publish", body(b"x")),
    _fatal("method-instead-of-header", PUBLISH, send("basic.qos")),
    _fatal("body-instead-of-header", PUBLISH, body(b"x")),
    _fatal("header-of-other-class", PUBLISH, head(1, class_id=50)),
    _fatal("header-twice", PUBLISH, head(1), head(1)),
    _fatal("method-instead-of-body", PUBLISH, head(1), send("basic.qos")),
    _fatal("channel-close-instead-of-body", PUBLISH, head(1), send("channel.close", reply_code=200, reply_text="bye")),
    _fatal("body-too-long", declare("~q"), PUBLISH, head(3), body(b"four"), send("basic.qos")),
    _fatal("body-too-long-second-frame", declare("~q"), PUBLISH, head(3), body(b"ab"), body(b"cd"), send("basic.qos")),
    _fatal("body-after-empty-message", declare("~q"), PUBLISH, head(0), body(b"x")),
    _fatal("header-huge-body-size", declare("~q"), PUBLISH, head(536870913), send("basic.qos")),
    _fatal("header-truncated", PUBLISH, raw(frame(HEADER, 1, b"\x00\x3c\x00\x00\x00"))),
    _fatal(
        "header-properties-truncated",
        declare("~q"),
        PUBLISH,
        raw(frame(HEADER, 1, encode_header(0, {})[:-2] + b"\x80\x00")),
    ),
    conversation(
        "framing/body-empty",
        declare("~q"),
        publish("", "~q", b""),
        get("~q", no_ack=True),
        PUBLISH,
        head(2),
        body(b""),
        body(b"ok"),
        get("~q", no_ack=True),
    ),
    conversation(
        "framing/body-in-pieces", declare("~q"), publish("", "~q", b"0123456789", split=3), get("~q", no_ack=True)
    ),
    conversation(
        "framing/interleaved-channels",
        declare("~q"),
        open_channel(2),
        PUBLISH,
        send("basic.publish", ch=2, exchange="", routing_key="~q"),
        head(2),
        head(2, ch=2),
        body(b"1"),
        body(b"22", ch=2),
        quiet(ch=2),
        body(b"1"),
        get("~q", no_ack=True),
        get("~q", no_ack=True),
        get("~q", no_ack=True),
    ),
    conversation(
        "framing/bytes-one-by-one",
        declare("~q"),
        *[
            raw(bytes([octet]), label="one byte")
            for octet in frame(METHOD, 1, encode_method("basic.qos", {"prefetch_count": 1}))
        ],
        expect("basic.qos-ok"),
    ),
    conversation(
        "framing/delivery-cut-at-frame-max",
        connect("b", frame_max=8192),
        declare("~q", c="b"),
        publish("", "~q", LONG, c="b"),
        publish("", "~q", LONG[:8184], c="b"),
        publish("", "~q", LONG[:8185], c="b"),
        get("~q", c="b", no_ack=True),
        get("~q", c="b", no_ack=True),
        consume("~q", c="b", no_ack=True),
        deliveries(1, c="b"),
    ),
    conversation(
        "framing/headers-of-every-type",
        declare("~q"),
        publish("", "~q", headers=EVERY_TYPE, timestamp=1700000000, delivery_mode=2),
        get("~q"),
    ),
    conversation(
        "framing/properties-every-one",
        declare("~q"),
        publish(
            "",
            "~q",
            b"all",
            content_type="text/plain",
            content_encoding="utf-8",
            headers={"h": "v"},
            delivery_mode=1,
            priority=3,
            correlation_id="c-1",
            reply_to="back",
            expiration="60000",
            message_id="m-1",
            timestamp=1,
            type="kind",
            user_id="guest",
            app_id="app",
            cluster_id="cl",
        ),
        get("~q"),
        ack(1),
    ),
    conversation("framing/properties-none", declare("~q"), publish("", "~q"), get("~q")),
    conversation(
        "framing/properties-empty-strings",
        declare("~q"),
        publish("", "~q", content_type="", message_id="", headers={}),
        get("~q"),
    ),
    conversation(
        "framing/properties-odd-values",
        declare("~q"),
        publish("", "~q", delivery_mode=0, priority=255, timestamp=(1 << 63) - 1),
        publish("", "~q", delivery_mode=3, priority=0, timestamp=0),
        get("~q"),
        get("~q"),
    ),
    conversation(
        "framing/header-key-twice",
        declare("~q"),
        PUBLISH,
        raw(
            frame(
                HEADER,
                1,
                b"\x00\x3c\x00\x00"
                + bytes(8)
                + b"\x20\x00"
                + b"\x00\x00\x00\x0e"
                + b"\x01aI\x00\x00\x00\x01"
                + b"\x01aI\x00\x00\x00\x02",
            ),
            label="content header with the key a twice (1, 2)",
        ),
        get("~q"),
    ),
    _odd_method("method-unknown", b"\x00\x32\x00\x63"),
    _odd_method("class-unknown", b"\x00\x63\x00\x01"),
    _odd_method("method-empty", b""),
    _odd_method("method-two-bytes", b"\x00\x32"),
    _odd_method("arguments-truncated", encode_method("queue.declare", {"queue": "abc"})[:9]),
    _odd_method("arguments-missing", b"\x00\x32\x00\x0a"),
    _odd_method("arguments-too-long", encode_method("basic.qos", {}) + b"more"),
    _odd_method("name-not-utf-8", encode_method("queue.declare", {"queue": b"\xff\xfe"})),
    _odd_method("table-unknown-type", encode_method("queue.declare", {"queue": "x"})[:-4] + b"\x00\x00\x00\x03\x01a?"),
    _odd_method(
        "table-length-beyond", encode_method("queue.declare", {"queue": "x"})[:-4] + b"\x00\x00\x00\x63\x01at\x01"
    ),
    conversation(
        "framing/method-unknown-on-channel-unopened", raw(frame(METHOD, 5, b"\x00\x63\x00\x01")), await_closed()
    ),
    conversation("framing/server-method-from-client", send("queue.declare-ok", queue="~q"), await_closed()),
    conversation(
        "framing/deliver-from-client", send("basic.deliver", consumer_tag="t", delivery_tag=1), head(0), await_closed()
    ),
    conversation("framing/get-empty-from-client", send("basic.get-empty"), await_closed()),
    conversation("framing/confirm-select-ok-from-client", send("confirm.select-ok"), await_closed()),
    conversation(
        "framing/ack-from-client-without-delivery", call("confirm.select"), send("basic.ack", delivery_tag=1), quiet()
    ),
]
