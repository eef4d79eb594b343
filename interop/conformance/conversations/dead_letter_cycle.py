"""Dead letters that come round again: dropped, unless somebody rejected them on the way."""

from interop.conformance.conversations.dead_letter import to
from interop.conformance.conversations.dead_letter_headers import again
from interop.conformance.conversations.queue_words import DEAD, TO_DEAD, died, published, queue
from interop.conformance.steps import (
    Step,
    bind,
    conversation,
    exchange,
    get,
    passive,
    pause,
    publish,
    reject,
    until,
)
from interop.conformance.wire import Typed


def gone(*names: str) -> list[Step]:
    """None of the queues holds it any more."""
    return [passive(name) for name in names]


def death(queue_name: str, reason: str) -> dict[str, object]:
    return {
        "count": Typed("l", 1),
        "reason": reason,
        "queue": queue_name,
        "time": Typed("T", 12345),
        "exchange": "",
        "routing-keys": [queue_name],
    }


RETRY = [
    queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~wait"),
    queue("~wait", x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
]

CONVERSATIONS = [
    conversation("cycle/expired-to-itself", to("", x_message_ttl=30), published(b"m"), pause(0.1), gone("~q")),
    conversation(
        "cycle/expired-twice",
        queue(x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        published(b"m"),
        pause(0.1),
        gone("~q", "~r"),
    ),
    conversation("cycle/rejected-and-expired", RETRY, published(b"m"), again(1), again(2), again(3), until("~q", 1), get("~q")),
    conversation(
        "cycle/expired-after-a-reject-elsewhere",
        queue("~first", x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        queue(x_message_ttl=50, x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        published(b"m", to="~first"),
        again(1, "~first"),
        pause(0.2),
        gone("~q", "~r", "~first"),
    ),
    conversation(
        "cycle/rejected-in-one-of-three",
        queue(x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_dead_letter_exchange="", x_dead_letter_routing_key="~s"),
        queue("~s", x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        published(b"m"),
        again(1, "~r"),
        again(2, "~r"),
        until("~r", 1),
        get("~r"),
        since="4.0",
    ),
    conversation(
        "cycle/rejected-once-then-expired-round",
        queue(x_message_ttl=150, x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        published(b"m"),
        get("~q"),
        reject(1, requeue=False),
        until("~q", 1),
        get("~q"),
        reject(2),
        pause(0.3),
        gone("~q", "~r"),
    ),
    conversation(
        "cycle/by-length",
        queue(x_max_length=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_max_length=0, x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
        published(b"1", b"2"),
        passive("~r"),
        passive("~q"),
        get("~q"),
    ),
    conversation(
        "cycle/other-targets-get-it",
        exchange("~x", "fanout"),
        DEAD,
        to("~x", x_message_ttl=1),
        bind("~q", "~x"),
        bind("~dead", "~x"),
        published(b"m"),
        died(1),
        pause(0.05),
        passive("~dead"),
        passive("~q"),
    ),
    conversation(
        "cycle/deaths-of-a-client",
        queue(x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~dead"),
        DEAD,
        publish("", "~q", headers={"x-death": [death("~dead", "expired")]}),
        pause(0.1),
        passive("~dead"),
    ),
    conversation(
        "cycle/rejected-deaths-of-a-client",
        queue(x_message_ttl=1, x_dead_letter_exchange="", x_dead_letter_routing_key="~dead"),
        DEAD,
        publish("", "~q", headers={"x-death": [death("~dead", "rejected")]}),
        died(1),
    ),
    conversation(
        "cycle/republished-between",
        queue(x_message_ttl=1, **TO_DEAD),
        queue("~dead"),
        published(b"m"),
        died(1),
        published(b"m"),
        died(1),
    ),
]
