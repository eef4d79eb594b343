"""Random steps about messages: published, taken, settled; modes of channels."""

from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Step, call, publish, send
from interop.conformance.wandering.names import (
    KEYS,
    QUEUES,
    STREAM,
    Draw,
    bits,
    exchanges,
    queues,
    rarely,
    seldom,
    tags,
)
from interop.conformance.wire import Typed

_PROPERTIES: dict[str, list[Any]] = {
    "delivery_mode": [2, 1, 0, 3],
    "priority": [0, 1, 5, 9, 255],
    "expiration": ["60000", "0", "", "soon", "-1", "1.5", " 1", "1" * 20],
    "user_id": ["guest", "nobody", ""],
    "reply_to": ["~a", "", "amq.rabbitmq.reply-to"],
    "content_type": ["text/plain", ""],
    "correlation_id": ["c"],
    "message_id": ["m", ""],
    "timestamp": [1700000000, 0],
    "type": ["t"],
    "app_id": ["a"],
    "cluster_id": ["c"],
    "content_encoding": ["gzip"],
}
_HEADERS: dict[str, list[Any]] = {
    "h": [1, "one", True, None, Typed("l", 1), Typed("d", 1.0), 2.5],
    "i": [1, "one"],
    "x-h": [1, "one"],
    "CC": [["~a"], ["~b", "k"], [], "~a", [1, "~c"], 1],
    "BCC": [["~a"], ["~c", "~b"], "~a", 1],
    "x-death": [[], "d", [{"count": 1}]],
}
_names = st.sampled_from([*_PROPERTIES, "delivery_mode", "delivery_mode", "priority", "expiration"])
_properties = st.lists(_names.flatmap(lambda n: st.tuples(st.just(n), st.sampled_from(_PROPERTIES[n]))), max_size=2)
_header_names = st.sampled_from([*_HEADERS, "CC", "h"])
_header_pairs = _header_names.flatmap(lambda n: st.tuples(st.just(n), st.sampled_from(_HEADERS[n])))
_headers = st.lists(_header_pairs, min_size=1, max_size=2).map(
    lambda pairs: dict(sorted(pairs, key=lambda one: one[0]))
)
_delivery_tags = st.sampled_from([1, 1, 2, 3, 4, 5, 9])
_arguments = st.sampled_from([{}, {}, {}, {"x-priority": 1}, {"x-priority": -1}, {"x-priority": "1"}, {"x-mine": 1}])
# Not what depends on chance, or what RabbitMQ crashes at: see scenes_of_exchanges.
_offsets = st.sampled_from(["first", "next", 0, 1, Typed("T", 0), "1h"])


@st.composite
def publishes(draw: Draw, c: str, ch: int) -> list[Step]:
    direct = draw(bits)
    exchange = "" if direct else draw(exchanges)
    key = draw(st.sampled_from([*QUEUES, *QUEUES, STREAM] if direct else [*KEYS, *QUEUES]))
    properties = dict(draw(_properties)) if draw(bits) else {}
    if draw(seldom):
        properties["headers"] = draw(_headers)
    if key == STREAM:
        # A stream's messages come back as they were sent (accepted/as_it_came.py).
        properties = {"delivery_mode": 2}
    body = draw(st.sampled_from([b"m", b"", b"mm", b"mmmmm", b"0123456789"]))
    flags = {"mandatory": draw(seldom), "immediate": draw(rarely) and draw(rarely)}
    count = draw(st.sampled_from([1, 1, 1, 2, 3]))
    # Of several messages each is known by its body.
    return [
        publish(
            exchange,
            key,
            body + str(n).encode() * (n > 0),
            c,
            ch,
            draw(st.sampled_from([0, 0, 0, 1, 4])),
            **flags,
            **properties,
        )
        for n in range(count)
    ]


@st.composite
def gets(draw: Draw, c: str, ch: int) -> list[Step]:
    return [call("basic.get", c, ch, queue=draw(queues), no_ack=draw(seldom))]


@st.composite
def consumes(draw: Draw, c: str, ch: int) -> list[Step]:
    queue = STREAM if draw(rarely) else draw(queues)
    arguments = draw(_arguments)
    if queue == STREAM:
        arguments = {"x-stream-offset": draw(_offsets)}
    flags = {"no_ack": draw(seldom), "exclusive": draw(rarely)}
    named = {"queue": queue, "consumer_tag": draw(tags), "arguments": arguments}
    if queue == STREAM and draw(bits):
        return [call("basic.qos", c, ch, prefetch_count=2), call("basic.consume", c, ch, **named)]
    if draw(rarely):
        return [send("basic.consume", c, ch, **named, **flags, nowait=True)]
    return [call("basic.consume", c, ch, **named, **flags)]


@st.composite
def cancels(draw: Draw, c: str, ch: int) -> list[Step]:
    if draw(rarely):
        return [send("basic.cancel", c, ch, consumer_tag=draw(tags), nowait=True)]
    return [call("basic.cancel", c, ch, consumer_tag=draw(tags))]


@st.composite
def limits(draw: Draw, c: str, ch: int) -> list[Step]:
    size = 10 if draw(rarely) and draw(seldom) else 0
    count = draw(st.sampled_from([1, 2, 0, 1000]))
    return [call("basic.qos", c, ch, prefetch_size=size, prefetch_count=count, global_=draw(seldom))]


@st.composite
def settles(draw: Draw, c: str, ch: int) -> list[Step]:
    method = draw(st.sampled_from(["basic.ack", "basic.nack", "basic.reject"]))
    every = method != "basic.reject" and draw(bits)
    arguments: dict[str, Any] = {"delivery_tag": 0 if every and draw(bits) else draw(_delivery_tags)}
    if method != "basic.reject":
        arguments["multiple"] = every
    if method != "basic.ack":
        arguments["requeue"] = draw(bits)
    return [send(method, c, ch, **arguments)]


@st.composite
def recovers(draw: Draw, c: str, ch: int) -> list[Step]:
    if draw(seldom):
        return [send("basic.recover-async", c, ch, requeue=not draw(rarely))]
    return [call("basic.recover", c, ch, requeue=not draw(rarely))]


@st.composite
def modes(draw: Draw, c: str, ch: int) -> list[Step]:
    methods = ["confirm.select"] * 4 + ["tx.select", "tx.select", "tx.commit", "tx.commit", "tx.rollback"]
    return [call(draw(st.sampled_from(methods)), c, ch)]
