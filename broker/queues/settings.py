"""Settings: what a queue's arguments and policies, laid over each other, come to. Values were checked before."""

import math
from collections.abc import Mapping
from typing import Any, Final

DROP_HEAD: Final = "drop-head"
REJECT: Final = "reject-publish"
REJECT_TO_DEAD_LETTERS: Final = "reject-publish-dlx"


class Settings:
    """Times in ms; None where there is no such limit. ``effective`` bears the names of arguments.

    ``delivery_limit`` counts what comes back: with more of that a message is dropped.
    """

    __slots__ = (
        "at_least_once",
        "dead_letter_exchange",
        "dead_letter_key",
        "delivery_limit",
        "expires_ms",
        "max_bytes",
        "max_length",
        "max_priority",
        "message_ttl_ms",
        "overflow",
        "single_active",
    )

    def __init__(self, effective: Mapping[str, Any], *, delivery_limit: int | None = None) -> None:
        """``delivery_limit`` is the one of a queue that asks for none."""

        def number(name: str) -> int | None:
            value = effective.get(name)
            return None if value is None else int(value)

        def text(name: str) -> str | None:
            value = effective.get(name)
            return value.decode(errors="replace") if isinstance(value, bytes) else value

        self.message_ttl_ms = number("x-message-ttl")
        self.expires_ms = number("x-expires")
        self.max_length = number("x-max-length")
        self.max_bytes = number("x-max-length-bytes")
        most = number("x-max-priority")
        # Where it is 0 there are two, 0 and 1: so does RabbitMQ since 4.0.
        self.max_priority = 0 if most is None else max(most, 1)
        self.overflow = text("x-overflow") or DROP_HEAD
        self.dead_letter_exchange = text("x-dead-letter-exchange")
        self.dead_letter_key = text("x-dead-letter-routing-key")
        self.at_least_once = text("x-dead-letter-strategy") == "at-least-once" and self.overflow == REJECT
        self.single_active = effective.get("x-single-active-consumer") is True
        limit = effective.get("x-delivery-limit")
        self.delivery_limit = delivery_limit if limit is None else _delivery_limit(limit)

    @property
    def rejects(self) -> bool:
        """Whether a full queue takes no more; else it drops what has waited longest."""
        return self.overflow != DROP_HEAD

    @property
    def limited(self) -> bool:
        return self.max_length is not None or self.max_bytes is not None

    @property
    def looks_into_messages(self) -> bool:
        """Whether the queue must know more of each message than its bytes."""
        return self.limited or self.message_ttl_ms is not None or self.max_priority > 0


def _delivery_limit(value: Any) -> float | None:
    """None for a number below zero. Its type is not looked at when it comes: what is no number is never exceeded, as in
    RabbitMQ.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.inf
    return None if value < 0 else value
