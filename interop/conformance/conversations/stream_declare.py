"""queue.declare of streams: every argument at its bounds and beyond, what streams cannot be, what they do not know.

RabbitMQ 4.0 and before fall over (541) where an age or an interval does not begin with a digit; 4.3 refuses these as it
does other wrong ones.
"""

from typing import Any

from interop.conformance.conversations.stream_words import arguments, stream
from interop.conformance.steps import Conversation, conversation, declare, passive
from interop.conformance.wire import Typed


def _one(name: str, **values: Any) -> Conversation:
    return conversation(f"stream-declare/{name}", stream(**values))


def _some(name: str, argument: str, *values: Any) -> Conversation:
    """Values that are fine, each in a stream of its own."""
    return conversation(
        f"stream-declare/{name}", *[stream(f"~{number}", **{argument: value}) for number, value in enumerate(values)]
    )


def _queue(name: str, queue: str = "~q", values: dict[str, Any] | None = None, **flags: Any) -> Conversation:
    return conversation(
        f"stream-declare/{name}", declare(queue, arguments=arguments(x_queue_type="stream", **(values or {})), **flags)
    )


_UNKNOWN = {
    "max-length": 5,
    "message-ttl": 1000,
    "expires": 60000,
    "dead-letter-exchange": "~dlx",
    "dead-letter-routing-key": "k",
    "dead-letter-strategy": "at-most-once",
    "max-priority": 5,
    "single-active-consumer": True,
    "overflow": "drop-head",
    "queue-mode": "lazy",
    "queue-version": 2,
    "max-in-memory-length": 5,
    "max-in-memory-bytes": 5,
    "delivery-limit": 5,
    "quorum-initial-group-size": 1,
    "queue-master-locator": "client-local",
}

CONVERSATIONS = [
    conversation("stream-declare/plain", stream(), stream(), passive("~q")),
    _some("max-age", "x_max_age", "1Y", "1M", "7D", "1h", "30m", "45s", "0001D", "99999999999999999999Y"),
    _one("max-age-zero", x_max_age="0s"),
    _one("max-age-no-unit", x_max_age="60"),
    _one("max-age-unit-unknown", x_max_age="1x"),
    _one("max-age-unit-lower-case", x_max_age="1d"),
    _one("max-age-unit-upper-case", x_max_age="1H"),
    _one("max-age-two-units", x_max_age="1h30m"),
    _one("max-age-fraction", x_max_age="1.5h"),
    _one("max-age-space-after", x_max_age="1h "),
    _one("max-age-space-before", x_max_age=" 1h"),
    _one("max-age-line-end", x_max_age="1h\n"),
    _one("max-age-no-number", x_max_age="h"),
    _one("max-age-negative", x_max_age="-1h"),
    _one("max-age-empty", x_max_age=""),
    _one("max-age-number", x_max_age=3600),
    _one("max-age-long", x_max_age=Typed("l", 3600)),
    _one("max-age-bool", x_max_age=True),
    _one("max-age-bytes", x_max_age=b"1h"),
    _one("max-age-void", x_max_age=None),
    _some("max-length-bytes", "x_max_length_bytes", 0, 1, 20000000000, Typed("l", (1 << 63) - 1), Typed("b", 5)),
    _one("max-length-bytes-negative", x_max_length_bytes=-1),
    _one("max-length-bytes-text", x_max_length_bytes="1000"),
    _one("max-length-bytes-bool", x_max_length_bytes=True),
    _one("max-length-bytes-double", x_max_length_bytes=1.0),
    _some("segment-size", "x_stream_max_segment_size_bytes", 0, 1, 3000000000, Typed("B", 200), Typed("s", 500)),
    _one("segment-size-too-large", x_stream_max_segment_size_bytes=3000000001),
    _one("segment-size-largest", x_stream_max_segment_size_bytes=Typed("l", (1 << 63) - 1)),
    _one("segment-size-negative", x_stream_max_segment_size_bytes=-1),
    _one("segment-size-text", x_stream_max_segment_size_bytes="1000"),
    _one("segment-size-bool", x_stream_max_segment_size_bytes=True),
    _one("segment-size-double", x_stream_max_segment_size_bytes=1000.0),
    _one("segment-size-void", x_stream_max_segment_size_bytes=None),
    _one("segment-size-timestamp", x_stream_max_segment_size_bytes=Typed("T", 1000)),
    _some("filter-size", "x_stream_filter_size_bytes", 16, 255, Typed("l", 16), Typed("B", 200), 16.0, Typed("T", 20)),
    _one("filter-size-15", x_stream_filter_size_bytes=15),
    _one("filter-size-256", x_stream_filter_size_bytes=256),
    _one("filter-size-zero", x_stream_filter_size_bytes=0),
    _one("filter-size-negative", x_stream_filter_size_bytes=-1),
    _one("filter-size-text", x_stream_filter_size_bytes="16"),
    _one("filter-size-bool", x_stream_filter_size_bytes=True),
    _one("filter-size-void", x_stream_filter_size_bytes=None),
    _some("cluster-size", "x_initial_cluster_size", 1, 3, 1000, Typed("l", 1)),
    _one("cluster-size-zero", x_initial_cluster_size=0),
    _one("cluster-size-negative", x_initial_cluster_size=-1),
    _one("cluster-size-text", x_initial_cluster_size="1"),
    _one("cluster-size-bool", x_initial_cluster_size=True),
    _one("cluster-size-double", x_initial_cluster_size=1.0),
    _some("leader-locator", "x_queue_leader_locator", "client-local", "balanced", "random", "least-leaders"),
    _one("leader-locator-unknown", x_queue_leader_locator="nearest"),
    _one("leader-locator-empty", x_queue_leader_locator=""),
    _one("leader-locator-number", x_queue_leader_locator=1),
    *[_one(f"unknown-{name}", **{f"x-{name}": value}) for name, value in _UNKNOWN.items()],
    _one("stored", x_mine={"a": [1]}, x_priority=5, x_stream_offset="first", x_cancel_on_ha_failover=True, y=None),
    _queue("not-durable", durable=False),
    _queue("exclusive", exclusive=True),
    _queue("exclusive-durable", exclusive=True, durable=True),
    _queue("auto-delete", auto_delete=True),
    _queue("server-named", ""),
    _queue("server-named-exclusive", "", exclusive=True),
    _queue("reserved", "amq.~q"),
    _queue("order-not-durable-auto-delete", durable=False, auto_delete=True),
    _queue("order-exclusive-auto-delete", exclusive=True, auto_delete=True),
    _queue("order-exclusive-not-durable", exclusive=True, durable=False),
    _queue("order-not-durable-age", values={"x_max_age": "1x"}, durable=False),
    _queue("order-not-durable-unknown", values={"x_max_length": 5}, durable=False),
    _queue("order-not-durable-segment-size", values={"x_stream_max_segment_size_bytes": 3000000001}, durable=False),
    _queue("order-server-named-age", "", values={"x_max_age": "1x"}),
    _queue("order-reserved-age", "amq.~q", values={"x_max_age": "1x"}),
    _queue("order-sizes", values={"x_stream_filter_size_bytes": 15, "x_stream_max_segment_size_bytes": 3000000001}),
    _queue("order-age-length", values={"x_max_length_bytes": -1, "x_max_age": "1x"}),
    _queue("order-length-age", values={"x_max_age": "1x", "x_max_length_bytes": -1}),
    _queue("order-age-unknown", values={"x_max_age": "1x", "x_max_length": 5}),
    _queue("order-unknown-age", values={"x_max_length": -5, "x_max_age": "1x"}),
    _queue("order-two-unknown", values={"x_overflow": "drop-head", "x_expires": 60000, "x_max_length": 5}),
    _queue("order-wrong-unknown", values={"x_max_length": -5}),
]
