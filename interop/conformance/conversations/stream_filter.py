"""Filters of streams: x-stream-filter-value of messages, x-stream-filter and x-stream-match-unfiltered of readers.

A chunk is delivered whole when one of its messages' values may be asked for; here every message is a chunk of its own.
3.10 knows no filters and delivers everything. Two values may share all their bits in a chunk's filter; these here do
not.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, arguments, prefetch, read, stored, stream
from interop.conformance.steps import (
    Conversation,
    Step,
    confirms,
    consume,
    conversation,
    deliveries,
    expect,
    publish,
    quiet,
)
from interop.conformance.wire import Typed

VALUE = "x-stream-filter-value"
VALUES = ("apple", "pear", None, "apple", "plum", "")


def _valued(*values: Any) -> list[Step]:
    """Messages 0, 1, ... with these values; None is none."""
    steps: list[Step] = []
    for number, value in enumerate(values):
        headers: dict[str, Any] = {} if value is None else {"headers": {VALUE: value}}
        steps += stored(str(number).encode(), first=number + 1, **headers)
    return steps


def _filter(name: str, count: int, *values: Any, declared: dict[str, Any] | None = None, **wanted: Any) -> Conversation:
    """A reader that gets ``count`` of the messages with these values, which are there already."""
    values = values or VALUES
    return conversation(
        f"stream-filter/{name}",
        stream(**(declared or {})),
        CONFIRMED,
        _valued(*values),
        prefetch(100),
        read("first", **wanted),
        deliveries(count),
        quiet(),
        since="" if count else "4.0",
    )


def _value_refused(name: str, value: Any) -> Conversation:
    """4.0 ends the connection; 3.10 takes it."""
    return conversation(
        f"stream-filter/value-{name}",
        stream(),
        CONFIRMED,
        publish("", "~q", headers={VALUE: value}, delivery_mode=2),
        expect("basic.ack"),
    )


CONVERSATIONS = [
    _filter("none", 6),
    _filter("one", 2, x_stream_filter="apple"),
    _filter("other", 1, x_stream_filter="pear"),
    _filter("unused", 0, x_stream_filter="cherry"),
    _filter("case-counts", 0, x_stream_filter="Apple"),
    _filter("array-of-one", 1, x_stream_filter=["plum"]),
    _filter("array-of-two", 3, x_stream_filter=["apple", "pear"]),
    _filter("array-with-unused", 1, x_stream_filter=["cherry", "pear"]),
    _filter("array-twice-the-same", 1, x_stream_filter=["pear", "pear"]),
    _filter("empty", 2, x_stream_filter=""),
    _filter("array-with-empty-first", 1, x_stream_filter=["", "pear"]),
    _filter("array-with-empty-last", 3, x_stream_filter=["pear", ""]),
    _filter("unfiltered-too", 4, x_stream_filter="apple", x_stream_match_unfiltered=True),
    _filter("unfiltered-too-array", 4, x_stream_filter=["pear", "plum"], x_stream_match_unfiltered=True),
    _filter("unfiltered-not", 2, x_stream_filter="apple", x_stream_match_unfiltered=False),
    _filter("unfiltered-text", 2, x_stream_filter="apple", x_stream_match_unfiltered="true"),
    _filter("unfiltered-number", 2, x_stream_filter="apple", x_stream_match_unfiltered=1),
    _filter("unfiltered-alone", 6, x_stream_match_unfiltered=True),
    _filter("unfiltered-only", 2, x_stream_filter="cherry", x_stream_match_unfiltered=True),
    _filter("number", 6, x_stream_filter=5),
    _filter("bool", 6, x_stream_filter=True),
    _filter("bytes", 6, x_stream_filter=b"apple"),
    _filter("table", 6, x_stream_filter={"apple": "apple"}),
    _filter("void", 6, x_stream_filter=None),
    _filter("array-mixed", 1, x_stream_filter=[5, "pear", True, b"apple", ["apple"]]),
    _filter("array-no-text", 0, x_stream_filter=[5, b"apple"]),
    _filter("array-empty", 0, x_stream_filter=[]),
    _filter("array-empty-unfiltered-too", 0, x_stream_filter=[], x_stream_match_unfiltered=True),
    _filter("not-ascii", 1, "grün", "grun", "GRÜN", x_stream_filter="grün"),
    _filter("binary", 0, "apple", x_stream_filter=Typed("S", b"\xff\xfe")),
    _filter("long", 1, "a" * 300, "a" * 301, "a" * 255, x_stream_filter="a" * 300),
    _filter("filter-of-255-bytes", 2, declared={"x_stream_filter_size_bytes": 255}, x_stream_filter=["pear", "plum"]),
    _filter("from-an-offset", 1, x_stream_filter="apple", x_stream_offset=1),
    conversation(
        "stream-filter/live",
        stream(),
        CONFIRMED,
        prefetch(10),
        read(x_stream_filter="apple"),
        _valued("pear", None),
        quiet(),
        publish("", "~q", b"2", headers={VALUE: "apple"}, delivery_mode=2),
        expect("basic.ack", "basic.deliver"),
        quiet(),
        since="4.0",
    ),
    conversation(
        "stream-filter/prefetch-counts-what-passes",
        stream(),
        CONFIRMED,
        _valued("apple", "pear", "pear", "apple", "pear", "apple"),
        prefetch(2),
        read("first", x_stream_filter="apple"),
        expect("basic.deliver", "basic.deliver"),
        quiet(),
        publish("", "~q", b"6", headers={VALUE: "pear"}, delivery_mode=2),
        confirms(7, 7),
        quiet(),
    ),
    conversation(
        "stream-filter/two-readers",
        stream(),
        CONFIRMED,
        _valued(*VALUES),
        prefetch(100),
        read("first", "apples", x_stream_filter="apple"),
        deliveries(2),
        quiet(),
        read("first", "pears", x_stream_filter="pear"),
        deliveries(1),
        quiet(),
        read("first", "all"),
        deliveries(6),
        quiet(),
    ),
    conversation(
        "stream-filter/beside-an-unknown-argument",
        stream(),
        prefetch(10),
        consume("~q", arguments=arguments(x_stream_filter="apple", x_mine=1)),
    ),
    _value_refused("number", 5),
    _value_refused("bool", True),
    _value_refused("bytes", b"apple"),
    _value_refused("void", None),
    _value_refused("timestamp", Typed("T", 5)),
    _value_refused("table", {"a": "apple"}),
    _value_refused("array", ["apple"]),
    _value_refused("binary", Typed("S", b"\xff")),
    _value_refused("nul", "a\0b"),
    _value_refused("4097", "a" * 4097),
    _value_refused("4096", "a" * 4096),
]
