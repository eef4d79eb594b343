"""Queue arguments: which values are refused and in which words, and when two declarations are not equivalent.

Only the words of declaring: what the arguments do later (limits, expiry, dead letters) is not asked here.
"""

from typing import Any

from interop.conformance.steps import Conversation, conversation, declare
from interop.conformance.wire import Typed


def _first(name: str, **values: Any) -> Conversation:
    arguments = {key.replace("_", "-"): value for key, value in values.items()}
    return conversation(f"arguments/{name}", declare("~q", arguments=arguments))


def _then(name: str, first: dict[str, Any], second: dict[str, Any]) -> Conversation:
    return conversation(f"arguments/again-{name}", declare("~q", arguments=first), declare("~q", arguments=second))


CONVERSATIONS = [
    _first("ttl-negative", x_message_ttl=-1),
    _first("ttl-zero", x_message_ttl=0),
    _first("ttl-text", x_message_ttl="60"),
    _first("ttl-too-large", x_message_ttl=315360000001),
    _first("ttl-float", x_message_ttl=1.5),
    _first("expires-zero", x_expires=0),
    _first("expires-negative", x_expires=-5),
    _first("expires-text", x_expires="1"),
    _first("expires-too-large", x_expires=315360000001),
    _first("max-length-negative", x_max_length=-1),
    _first("max-length-text", x_max_length="1"),
    _first("max-length-bytes-negative", x_max_length_bytes=-1),
    _first("max-length-bool", x_max_length=True),
    _first("max-priority-256", x_max_priority=256),
    _first("max-priority-negative", x_max_priority=-1),
    _first("max-priority-text", x_max_priority="5"),
    _first("dead-letter-exchange-number", x_dead_letter_exchange=5),
    _first("dead-letter-key-alone", x_dead_letter_routing_key="k"),
    _first("dead-letter-key-number", x_dead_letter_exchange="", x_dead_letter_routing_key=5),
    _first("dead-letter-fine", x_dead_letter_exchange="", x_dead_letter_routing_key="k"),
    _first("overflow-unknown", x_overflow="explode"),
    _first("overflow-number", x_overflow=1),
    _first("single-active-consumer-text", x_single_active_consumer="true"),
    _first("single-active-consumer", x_single_active_consumer=True),
    _first("queue-type-unknown", x_queue_type="x-nonsense"),
    _first("queue-type-number", x_queue_type=1),
    _first("queue-type-classic", x_queue_type="classic"),
    _first("queue-mode-unknown", x_queue_mode="fast"),
    _first("queue-mode-lazy", x_queue_mode="lazy"),
    _first("queue-version-2", x_queue_version=2),
    _first("queue-version-3", x_queue_version=3),
    _first("several-wrong", x_message_ttl=-1, x_expires=0, x_max_length=-1),
    _first("unknown-any-type", x_mine={"a": [1, "b"]}, y=None),
    _first("integer-types", x_message_ttl=Typed("s", 1000), x_expires=Typed("l", 60000), x_max_length=Typed("b", 5)),
    _then("equal", {"x-max-length": 5}, {"x-max-length": 5}),
    _then("integer-types", {"x-max-length": Typed("b", 5)}, {"x-max-length": Typed("l", 5)}),
    _then("added", {}, {"x-max-length": 10}),
    _then("added-long", {}, {"x-max-length": Typed("l", 10)}),
    _then("added-byte", {}, {"x-max-length": Typed("b", 10)}),
    _then("added-short", {}, {"x-max-length": Typed("s", 10)}),
    _then("added-ubyte", {}, {"x-max-length": Typed("B", 10)}),
    _then("added-ushort", {}, {"x-max-length": Typed("u", 10)}),
    _then("added-uint", {}, {"x-max-length": Typed("i", 10)}),
    _then("added-ttl", {}, {"x-message-ttl": 10}),
    _then("added-expires", {}, {"x-expires": 60000}),
    _then("added-overflow", {}, {"x-overflow": "drop-head"}),
    _then("added-dead-letter-exchange", {}, {"x-dead-letter-exchange": "~dlx"}),
    _then("added-single-active-consumer", {}, {"x-single-active-consumer": True}),
    _then("added-max-priority", {}, {"x-max-priority": 5}),
    _then("added-queue-type", {}, {"x-queue-type": "classic"}),
    _then("added-queue-mode", {}, {"x-queue-mode": "lazy"}),
    _then("gone", {"x-max-length": 10}, {}),
    _then("gone-text", {"x-dead-letter-exchange": "~dlx"}, {}),
    _then("gone-single-active-consumer", {"x-single-active-consumer": True}, {}),
    _then("gone-queue-type", {"x-queue-type": "classic"}, {}),
    _then("gone-queue-mode", {"x-queue-mode": "lazy"}, {}),
    _then("other", {"x-max-length": 10}, {"x-max-length": 11}),
    _then("other-text", {"x-overflow": "drop-head"}, {"x-overflow": "reject-publish"}),
    _then("other-type-then-text", {"x-max-length": 10}, {"x-max-length": "10"}),
    _then("several", {"x-max-length": 10, "x-message-ttl": 1000}, {"x-max-length": 11, "x-message-ttl": 1001}),
    _then("queue-type-quorum", {}, {"x-queue-type": "quorum"}),
    conversation(
        "arguments/two-of-other-types",
        declare("~q", arguments={"x-quorum-initial-group-size": 1, "x-delivery-limit": 1}),
    ),
    conversation(
        "arguments/again-several-differ-quorum",
        declare("~q", arguments={"x-queue-type": "quorum", "x-message-ttl": 60000, "x-expires": 60000}),
        declare("~q", arguments={"x-queue-type": "quorum", "x-max-length": 1}),
    ),
    conversation(
        "arguments/again-other-type-and-ttl",
        declare("~q", arguments={"x-queue-type": "quorum"}),
        declare("~q", arguments={"x-message-ttl": 60000}),
    ),
]
