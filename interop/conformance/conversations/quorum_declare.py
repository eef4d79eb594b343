"""Declaring a quorum queue: which properties and arguments are taken, which refused and in which words."""

from typing import Any

from interop.conformance.conversations.quorum_words import quorum
from interop.conformance.steps import Conversation, call, conversation, declare, passive
from interop.conformance.wire import Typed


def _one(name: str, **values: Any) -> Conversation:
    return conversation(f"quorum-declare/{name}", quorum(values=values))


def _queue(name: str, queue: str = "~q", values: dict[str, Any] | None = None, **flags: Any) -> Conversation:
    return conversation(f"quorum-declare/{name}", quorum(queue, values=values, **flags))


def _types(argument: str, **extra: Any) -> list[Conversation]:
    """A conversation for each type of value an argument may be given."""
    key = argument.replace("-", "_")
    return [_one(f"{argument}-{name}", **{f"x_{key}": value}, **extra) for name, value in _VALUES.items()]


_VALUES: dict[str, Any] = {
    "number": 5,
    "zero": 0,
    "minus-one": -1,
    "long": Typed("l", 5),
    "byte": Typed("b", 5),
    "ubyte": Typed("B", 5),
    "largest": Typed("l", (1 << 63) - 1),
    "text": "5",
    "bool": True,
    "double": 5.0,
    "void": None,
    "timestamp": Typed("T", 5),
}
_TEXTS: dict[str, Any] = {"number": 5, "bool": True, "bytes": b"x", "void": None, "empty": "", "table": {}}

CONVERSATIONS = [
    conversation("quorum-declare/plain", quorum(), quorum(), passive("~q")),
    _queue("not-durable", durable=False),
    _queue("exclusive", exclusive=True),
    _queue("exclusive-durable", exclusive=True, durable=True),
    _queue("auto-delete", auto_delete=True),
    _queue("server-named", ""),
    _queue("server-named-exclusive", "", exclusive=True),
    _queue("reserved", "amq.~q"),
    _queue("order-not-durable-auto-delete", durable=False, auto_delete=True),
    _queue("order-exclusive-auto-delete", exclusive=True, auto_delete=True),
    _queue("order-not-durable-unknown", values={"x_max_priority": 5}, durable=False),
    _queue("order-not-durable-wrong", values={"x_delivery_limit": "5"}, durable=False),
    _queue("order-not-durable-limit-minus-two", values={"x_delivery_limit": -2}, durable=False),
    _queue("order-wrong-unknown", values={"x_max_priority": 500}),
    _queue("order-two-unknown", values={"x_max_priority": 5, "x_queue_mode": "lazy"}),
    _queue("order-group-size-unknown", values={"x_max_priority": 5, "x_quorum_initial_group_size": 0}),
    *_types("delivery-limit"),
    *_types("max-priority"),
    *_types("quorum-initial-group-size"),
    *_types("max-length"),
    *_types("max-length-bytes"),
    *_types("message-ttl"),
    *_types("max-in-memory-length"),
    *_types("max-in-memory-bytes"),
    _one("delivery-limit-minus-two", x_delivery_limit=-2),
    *[_one(f"expires-{name}", x_expires=value) for name, value in {"text": "5", "zero": 0, "fine": 60000}.items()],
    *[
        _one(f"{argument}-{name}", **{"x_" + argument.replace("-", "_"): value})
        for argument in ("dead-letter-strategy", "overflow", "queue-leader-locator")
        for name, value in _TEXTS.items()
    ],
    *[
        _one(f"overflow-{word}", x_overflow=word)
        for word in ("drop-head", "reject-publish", "reject-publish-dlx", "nonsense")
    ],
    *[
        _one(f"leader-locator-{word}", x_queue_leader_locator=word)
        for word in ("client-local", "balanced", "random", "least-leaders", "nonsense")
    ],
    *[
        _one(f"dead-letter-strategy-{word}", x_dead_letter_strategy=word)
        for word in ("at-most-once", "at-least-once", "nonsense")
    ],
    _one("dead-letter-key-alone", x_dead_letter_routing_key="k"),
    _one("dead-letter-exchange-number", x_dead_letter_exchange=5),
    _one("dead-letter-key-number", x_dead_letter_exchange="~dlx", x_dead_letter_routing_key=5),
    _one(
        "dead-letter-at-least-once",
        x_dead_letter_exchange="~dlx",
        x_dead_letter_strategy="at-least-once",
        x_overflow="reject-publish",
    ),
    _one("dead-letter-at-least-once-drop-head", x_dead_letter_exchange="~dlx", x_dead_letter_strategy="at-least-once"),
    _one("single-active-consumer", x_single_active_consumer=True),
    _one("single-active-consumer-number", x_single_active_consumer=1),
    _one("queue-mode-lazy", x_queue_mode="lazy"),
    _one("queue-mode-default", x_queue_mode="default"),
    _one("queue-version", x_queue_version=2),
    _one("queue-master-locator", x_queue_master_locator="client-local"),
    _one("max-age", x_max_age="1D"),
    _one("stream-segment-size", x_stream_max_segment_size_bytes=5000),
    _one("stream-filter-size", x_stream_filter_size_bytes=16),
    _one("initial-cluster-size", x_initial_cluster_size=1),
    _one("member-placement-tag", x_member_placement_tag="a"),
    _one("consumer-timeout", x_consumer_timeout=60000),
    _one("consumer-timeout-text", x_consumer_timeout="60000"),
    _one("cancel-on-ha-failover", x_cancel_on_ha_failover=True),
    _one("delayed-retry", x_delayed_retry_type="all", x_delayed_retry_min=1000),
    _one("stored", x_mine={"a": [1]}, y=None, x_priority=5),
    *[
        conversation(f"quorum-declare/again-{name}", quorum(values=first), quorum(values=second))
        for name, first, second in (
            ("limit-equal", {"x_delivery_limit": 5}, {"x_delivery_limit": Typed("b", 5)}),
            ("limit-other", {"x_delivery_limit": 5}, {"x_delivery_limit": 6}),
            ("limit-added", {}, {"x_delivery_limit": 6}),
            ("limit-gone", {"x_delivery_limit": 6}, {}),
            ("strategy-added", {"x_dead_letter_exchange": "~x"},
             {"x_dead_letter_exchange": "~x", "x_dead_letter_strategy": "at-most-once"}),
            ("overflow-other", {"x_overflow": "drop-head"}, {"x_overflow": "reject-publish"}),
            ("group-size-other", {"x_quorum_initial_group_size": 1}, {"x_quorum_initial_group_size": 3}),
            ("leader-locator-added", {}, {"x_queue_leader_locator": "balanced"}),
            ("in-memory-added", {}, {"x_max_in_memory_length": 5}),
            ("refused-argument-added", {}, {"x_max_priority": 5}),
            ("refused-mode-added", {}, {"x_queue_mode": "lazy"}),
        )
    ],
    conversation("quorum-declare/again-classic-over-quorum", quorum(), declare("~q")),
    conversation("quorum-declare/again-quorum-over-classic", declare("~q"), quorum()),
    conversation("quorum-declare/again-not-durable", quorum(), quorum(durable=False)),
    conversation("quorum-declare/again-exclusive", quorum(), quorum(exclusive=True, durable=True)),
    conversation("quorum-declare/again-auto-delete", quorum(), quorum(auto_delete=True)),
    conversation(
        "quorum-declare/nowait", call("queue.declare", queue="~q", durable=True, arguments={"x-queue-type": "quorum"}),
        passive("~q"),
    ),
]
