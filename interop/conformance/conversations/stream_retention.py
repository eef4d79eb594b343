"""x-max-length-bytes and x-max-age: whole segments go when a new one begins, and never the newest.

Each message here is larger than a segment may grow, so that each stands in a segment of its own, behind the record of
publishers that RabbitMQ puts at the head of every segment but the first, and which takes an offset: the messages stand
at 0, 2, 4, ... What a limit between one and several segments keeps is chance, because RabbitMQ weighs the newest
segment while it is being written; such limits are not asked for. All of this happens beside the publisher, so the
conversations wait.

Not with 3.10: its node ends when retention finds a file gone.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, prefetch, read, stored, stream
from interop.conformance.steps import (
    Conversation,
    ack,
    connect,
    conversation,
    deliveries,
    pause,
    quiet,
    until,
)

SEGMENT = 1000
SETTLED = pause(1.0)


def _bodies(*names: str) -> list[bytes]:
    return [name.encode() * SEGMENT for name in names]


def _kept(name: str, *steps: Any, **values: Any) -> Conversation:
    """Four messages, then ``steps``."""
    declared = stream(x_stream_max_segment_size_bytes=SEGMENT, **values)
    begin = [declared, CONFIRMED, stored(*_bodies("0", "1", "2", "3"))]
    return conversation(f"stream-retention/{name}", begin, *steps, since="4.0")


CONVERSATIONS = [
    _kept("no-limit", prefetch(10), read("first"), deliveries(4), quiet()),
    _kept("no-limit-offset-between", prefetch(10), read(3), deliveries(2), quiet()),
    _kept("no-limit-last", prefetch(10), read("last"), deliveries(1), quiet()),
    _kept("no-limit-next", prefetch(10), read("next"), quiet()),
    _kept("no-limit-interval", prefetch(10), read("1h"), deliveries(4), quiet()),
    _kept("no-limit-count", until("~q", 7)),
    _kept("bytes-zero", SETTLED, prefetch(10), read("first"), deliveries(1), quiet(), x_max_length_bytes=0),
    _kept("bytes-one", SETTLED, prefetch(10), read("first"), deliveries(1), quiet(), x_max_length_bytes=1),
    _kept("bytes-large", SETTLED, prefetch(10), read("first"), deliveries(4), quiet(), x_max_length_bytes=1000000),
    _kept("bytes-count", until("~q", 2), x_max_length_bytes=1),
    _kept("bytes-offset-gone", SETTLED, prefetch(10), read(0), deliveries(1), quiet(), x_max_length_bytes=1),
    _kept("bytes-offset-negative", SETTLED, prefetch(10), read(-1), deliveries(1), quiet(), x_max_length_bytes=1),
    _kept("bytes-interval", SETTLED, prefetch(10), read("1h"), deliveries(1), quiet(), x_max_length_bytes=1),
    _kept("bytes-last", SETTLED, prefetch(10), read("last"), deliveries(1), quiet(), x_max_length_bytes=1),
    _kept("bytes-next", SETTLED, prefetch(10), read("next"), quiet(), x_max_length_bytes=1),
    _kept("age-young", SETTLED, prefetch(10), read("first"), deliveries(4), quiet(), x_max_age="1h"),
    _kept(
        "age-old",
        pause(2.5),
        stored(*_bodies("4"), first=5),
        SETTLED,
        prefetch(10),
        read("first"),
        deliveries(1),
        quiet(),
        x_max_age="1s",
    ),
    _kept(
        "age-and-bytes",
        SETTLED,
        prefetch(10),
        read("first"),
        deliveries(1),
        quiet(),
        x_max_age="1h",
        x_max_length_bytes=1,
    ),
    conversation(
        "stream-retention/nothing-within-a-segment",
        stream(x_max_length_bytes=1, x_max_age="1s"),
        CONFIRMED,
        stored(*_bodies("0", "1", "2")),
        pause(2.0),
        stored(b"3", first=4),
        SETTLED,
        prefetch(10),
        read("first"),
        deliveries(4),
        quiet(),
    ),
    conversation(
        "stream-retention/reader-left-behind",
        connect("b"),
        stream(x_stream_max_segment_size_bytes=SEGMENT, x_max_length_bytes=1),
        CONFIRMED,
        stored(*_bodies("0")),
        prefetch(1, "b"),
        read("first", c="b"),
        deliveries(1, "b"),
        stored(*_bodies("1", "2", "3"), first=2),
        SETTLED,
        ack(1, "b"),
        deliveries(1, "b"),
        ack(2, "b"),
        quiet(c="b"),
        since="4.0",
    ),
]
