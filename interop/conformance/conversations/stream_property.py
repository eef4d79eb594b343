"""What a message looks like that comes back from a stream: every property, header types, bodies, and x-stream-offset.

RabbitMQ keeps a stream's messages in AMQP 1.0's form. 4.0 shows more of that than 3.10: it falls over (541) where a
type has no counterpart, and rewrites what the form does not know.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, prefetch, read, stream
from interop.conformance.steps import Conversation, confirms, conversation, declare, deliveries, expect, publish, quiet
from interop.conformance.wire import Typed

_LAST: list[Any] = [confirms(1, 1), prefetch(10), read("first"), deliveries(1), quiet()]


def _back(name: str, body: bytes = b"m", split: int = 0, **properties: Any) -> Conversation:
    properties = {"delivery_mode": 2, **properties}
    if properties["delivery_mode"] is None:
        del properties["delivery_mode"]
    return conversation(
        f"stream-property/{name}", stream(), CONFIRMED, publish("", "~q", body, split=split, **properties), *_LAST
    )


def _headers(name: str, headers: dict[str, Any]) -> Conversation:
    return _back(f"headers-{name}", headers=headers)


def _refused(name: str, **properties: Any) -> Conversation:
    """4.0 ends the connection; 3.10 takes it."""
    return conversation(
        f"stream-property/{name}",
        stream(),
        CONFIRMED,
        publish("", "~q", delivery_mode=2, **properties),
        expect("basic.ack"),
    )


CONVERSATIONS = [
    _back("plain"),
    _back("mode-absent", delivery_mode=None),
    _back("mode-1", delivery_mode=1),
    _back("mode-0", delivery_mode=0),
    _back("mode-3", delivery_mode=3),
    _back("content-type", content_type="text/plain"),
    _back("content-encoding", content_encoding="gzip"),
    _back("priority-0", priority=0),
    _back("priority-255", priority=255),
    _back("correlation-id", correlation_id="c-1"),
    _back("reply-to", reply_to="~answers"),
    _back("expiration", expiration="60000"),
    _back("expiration-0", expiration="0"),
    _back("expiration-zeros", expiration="007"),
    _back("expiration-32-bits", expiration="4294967295"),
    _back("expiration-more-than-32-bits", expiration="4294967297"),
    _back("message-id", message_id="m-1"),
    _back("message-id-uuid", message_id="urn:uuid:550e8400-e29b-41d4-a716-446655440000"),
    _back("message-id-uuid-upper-case", message_id="urn:uuid:550E8400-E29B-41D4-A716-446655440000"),
    _back("message-id-bare-uuid", message_id="550E8400-E29B-41D4-A716-446655440000"),
    _back("timestamp", timestamp=1700000000),
    _back("timestamp-0", timestamp=0),
    _back("timestamp-milliseconds-fit", timestamp=9223372036854775),
    _back("timestamp-milliseconds-do-not-fit", timestamp=1 << 62),
    _back("type", type="t"),
    _back("type-amqp-1.0", type="amqp-1.0", body=b"\x00\x53\x75\xa0\x01x"),
    _refused("type-amqp-1.0-no-such-body", type="amqp-1.0"),
    _back("user-id", user_id="guest"),
    _back("app-id", app_id="app"),
    _back("cluster-id", cluster_id="cluster"),
    _back(
        "empty-texts",
        content_type="",
        content_encoding="",
        correlation_id="",
        reply_to="",
        message_id="",
        type="",
        app_id="",
    ),
    _back(
        "binary-texts",
        content_type=b"\xff",
        content_encoding=b"\xfe",
        correlation_id=b"\xfd",
        reply_to=b"\xfc",
        message_id=b"\xfb",
        type=b"\xfa",
        app_id=b"\xf9",
    ),
    _back(
        "all",
        content_type="application/json",
        content_encoding="identity",
        headers={"a": 1},
        priority=3,
        correlation_id="c",
        reply_to="r",
        expiration="60000",
        message_id="m",
        timestamp=1700000000,
        type="t",
        user_id="guest",
        app_id="app",
        cluster_id="cluster",
    ),
    _headers("none", {}),
    _headers("position-last", {"a": 1, "b": "x"}),
    _headers("position-in-order", {"x-stream-a": 1, "x-stream-p": 2, "y": 3}),
    _headers("order", {"z": 1, "b": "x", "a": 2, "M": True, "aa": 3, "ä": 4, "": 5, "_": 6}),
    _headers("many", {f"k{n:02}": n for n in range(40)}),
    _headers("own-offset", {"a": 1, "x-stream-offset": 7}),
    _headers("own-offset-text", {"a": 1, "x-stream-offset": "seven", "y": 2}),
    _headers(
        "kept-types",
        {
            "bool": True,
            "double": -2.25,
            "empty": "",
            "false": False,
            "float": Typed("f", 1.5),
            "int16": Typed("s", -300),
            "int32": -70000,
            "int64": -(1 << 40),
            "int64-largest": Typed("l", (1 << 63) - 1),
            "int64-smallest": Typed("l", -(1 << 63)),
            "int8": Typed("b", -1),
            "long": "y" * 90,
            "nul": "a\0b",
            "text": "grüße",
            "text-binary": Typed("S", b"\xff\xfe"),
            "timestamp": Typed("T", 1700000000),
            "timestamp-0": Typed("T", 0),
            "uint16": Typed("u", 60000),
            "uint32": Typed("i", 4294967295),
            "uint8": Typed("B", 200),
            "void": None,
        },
    ),
    _headers("int64-capital", {"a": Typed("L", 1 << 40)}),
    _headers("bytes", {"a": b"\x00\xff", "b": b"abc", "c": b""}),
    _headers("text-4097", {"a": "y" * 4097}),
    _headers("timestamp-largest", {"a": Typed("T", (1 << 63) - 1)}),
    _headers("table-lost", {"a": {"n": 1}, "b": 2}),
    _headers("array-lost", {"a": [1, "two"], "b": [], "c": 3}),
    _headers("table-of-decimal-lost", {"a": {"n": Typed("D", (2, 314))}, "b": 2}),
    _headers("x-table-and-array", {"x-a": [1, "b", None, True, {"k": 1}, [2]], "x-t": {"a": 1, "b": {"c": b"d"}}}),
    _headers("x-keys", {"x-acquired-count": 3, "x-delivery-count": 5, "x-first-death-queue": "q", "x-mine": "m"}),
    _headers("x-death", {"a": 1, "x-death": [{"count": 1}]}),
    _headers("x-opt", {"x-opt-deaths": "d", "x-opt-mine": "m"}),
    _headers("x-exchange", {"x-exchange": "e", "x-routing-key": "k"}),
    _headers("x-cc", {"x-basic-type": "t", "x-cc": "c"}),
    _refused("headers-decimal", headers={"a": Typed("D", (2, 314))}),
    _refused("headers-x-decimal", headers={"x-a": [Typed("D", (2, 314))]}),
    _headers("cc", {"CC": ["~r", "~s"], "a": 1}),
    _headers("cc-empty", {"CC": []}),
    _headers("bcc", {"BCC": ["~r"], "a": 1}),
    _refused("headers-cc-text", headers={"CC": "~r"}),
    conversation(
        "stream-property/exchange-and-key",
        stream(),
        declare("~r", arguments={"x-queue-type": "stream"}),
        CONFIRMED,
        publish("", "~q", b"m", delivery_mode=2, headers={"BCC": ["~r"]}),
        *_LAST,
        read("first", "r", "~r"),
        deliveries(1),
    ),
    _back("body-empty", b""),
    _back("body-binary", bytes(range(64))),
    _back("body-in-many-frames", b"y" * 10000, split=1000),
    _back("body-large", b"z" * 300000),
    _back("body-of-a-frame", b"f" * 131064),
    _back("body-of-a-frame-and-one", b"f" * 131065),
]
