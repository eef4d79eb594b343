"""x-stream-offset: where a reader of a stream begins, and which values are refused.

The messages 0, 1, 2 stand at the offsets 0, 1, 2, each in a chunk of its own; message 3 comes once the reader is there.
What "last" gives in a chunk of several is not asked: how RabbitMQ fills chunks is chance.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, filled, prefetch, read, stored, stream
from interop.conformance.steps import (
    Conversation,
    Step,
    confirms,
    connect,
    conversation,
    deliveries,
    expect,
    pause,
    publish,
    quiet,
)
from interop.conformance.wire import Typed


def _live(body: bytes, delivered: bool = True) -> list[Step]:
    """A publish while the reader is there; its confirm and its delivery come in any order."""
    publication = publish("", "~q", body, delivery_mode=2)
    return [publication, expect("basic.ack", "basic.deliver") if delivered else expect("basic.ack"), quiet()]


def _from(name: str, offset: Any, old: int, live: bool = True) -> Conversation:
    """A reader from ``offset`` gets the last ``old`` of the three messages, and message 3 if ``live``."""
    return conversation(
        f"stream-offset/{name}", filled(3), prefetch(10), read(offset), deliveries(old), quiet(), _live(b"3", live)
    )


def _empty(name: str, offset: Any, live: bool = True) -> Conversation:
    """The same on a stream without messages; the one that comes has offset 0."""
    return conversation(
        f"stream-offset/empty-{name}", stream(), CONFIRMED, prefetch(10), read(offset), quiet(), _live(b"0", live)
    )


def _wrong(name: str, offset: Any) -> Conversation:
    return conversation(f"stream-offset/wrong-{name}", stream(), prefetch(10), read(offset))


_LARGEST = (1 << 63) - 1

CONVERSATIONS = [
    _from("absent", ..., 0),
    _from("next", "next", 0),
    _from("first", "first", 3),
    _from("last", "last", 1),
    _from("bytes-first", b"first", 3),
    _from("0", 0, 3),
    _from("1", 1, 2),
    _from("2", 2, 1),
    _from("3-is-next", 3, 0),
    _from("4-beyond", 4, 0, live=False),
    _from("100-beyond", 100, 0, live=False),
    _from("largest", Typed("l", _LARGEST), 0, live=False),
    _from("negative", -1, 3),
    _from("negative-byte", Typed("b", -1), 3),
    _from("negative-long", Typed("l", -5), 3),
    *[_from(f"width-{tag if tag.islower() else 'u' + tag.lower()}", Typed(tag, 1), 2) for tag in "bBsuIilL"],
    conversation(
        "stream-offset/beyond-waits-for-it",
        filled(2),
        prefetch(10),
        read(4),
        quiet(),
        _live(b"2", delivered=False),
        _live(b"3", delivered=False),
        _live(b"4"),
        _live(b"5"),
    ),
    conversation(
        "stream-offset/inside-what-came-at-once",
        stream(),
        CONFIRMED,
        [publish("", "~q", str(n).encode(), delivery_mode=2) for n in range(6)],
        confirms(1, 6),
        prefetch(10),
        read(4),
        deliveries(2),
        quiet(),
    ),
    conversation(
        "stream-offset/last-moves-on",
        connect("b"),
        filled(2),
        prefetch(10, "b"),
        read("last", "1", c="b"),
        deliveries(1, "b"),
        stored(b"2", first=3),
        deliveries(1, "b"),
        read("last", "2", c="b"),
        deliveries(1, "b"),
        quiet(c="b"),
    ),
    _from("timestamp-0", Typed("T", 0), 3),
    _from("timestamp-past", Typed("T", 1700000000), 3),
    _from("timestamp-future", Typed("T", 4102444800), 0),
    _from("timestamp-far-future", Typed("T", 1 << 62), 0),
    *[_from(f"interval-{value}", value, 3) for value in ("45s", "30m", "1h", "7D", "1M", "1Y", "100Y", "0060s")],
    _from("interval-longest", "99999999999999Y", 3),
    conversation(
        "stream-offset/interval-between",
        filled(2),
        pause(4.0),
        stored(b"2", first=3),
        prefetch(10),
        read("2s"),
        deliveries(1),
        quiet(),
    ),
    conversation(
        "stream-offset/interval-after-all", filled(2), pause(3.0), prefetch(10), read("1s"), quiet(), _live(b"2")
    ),
    _empty("absent", ...),
    _empty("next", "next"),
    _empty("first", "first"),
    _empty("last", "last"),
    _empty("0", 0),
    _empty("5", 5, live=False),
    _empty("negative", -5),
    _empty("timestamp-past", Typed("T", 1700000000)),
    _empty("timestamp-future", Typed("T", 4102444800)),
    _empty("interval", "1h"),
    _wrong("interval-zero", "0s"),
    _wrong("interval-no-unit", "10"),
    _wrong("interval-unit", "1d"),
    _wrong("interval-fraction", "1.5h"),
    _wrong("interval-two-units", "1h30m"),
    _wrong("interval-space", "1h "),
    _wrong("interval-negative", "-1h"),
    _wrong("text", "beginning"),
    _wrong("text-upper-case", "FIRST"),
    _wrong("text-space", "first "),
    _wrong("text-empty", ""),
    _wrong("text-quoted", "1'\"\\ü"),
    _wrong("text-binary", Typed("S", b"1\xff")),
    _wrong("bytes", b"1h"),
    _wrong("double", 1.0),
    _wrong("float", Typed("f", 1.5)),
    _wrong("decimal", Typed("D", (0, 1))),
    _wrong("bool", True),
    _wrong("void", None),
    _wrong("table", {"offset": 1}),
    _wrong("array", [1]),
]
