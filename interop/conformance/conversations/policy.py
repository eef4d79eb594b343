"""Policies: what an operator sets changes queues and exchanges at once, together with their arguments.

Each is about the names of its own conversation. RabbitMQ tells its queues beside the operator's answer, so what a policy
does to what is there is waited for.
"""

from typing import Any

from interop.conformance.conversations.stream_words import CONFIRMED, stored, stream
from interop.conformance.steps import (
    Conversation,
    Step,
    bind,
    call,
    clear_policy,
    confirms,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    nack,
    passive,
    pause,
    policy,
    publish,
    quiet,
    reject,
    until,
    until_gone,
)


def sent(*bodies: bytes, first: int = 1, queue: str = "~q", source: str = "", **properties: Any) -> list[Step]:
    """Publishes, all of which are confirmed one way or the other."""
    last = first + len(bodies) - 1
    return [*[publish(source, queue, body, **properties) for body in bodies], confirms(first, last)]


QUEUE = [CONFIRMED, declare("~q")]
QUORUM = {"x-queue-type": "quorum"}

CONVERSATIONS: tuple[Conversation, ...] = (
    conversation(
        "policy/max-length-trims-at-once",
        QUEUE,
        sent(b"1", b"2", b"3"),
        policy({"max-length": 1}), until("~q", 1),
        sent(b"4", first=4), until("~q", 1),
        get("~q", no_ack=True), get("~q", no_ack=True),
    ),
    conversation(
        "policy/clear",
        QUEUE,
        policy({"max-length": 1}), sent(b"1", b"2"), until("~q", 1),
        clear_policy(), pause(0.2), sent(b"3", b"4", first=3), until("~q", 3),
        get("~q", no_ack=True), get("~q", no_ack=True), get("~q", no_ack=True),
    ),
    conversation("policy/clear-nothing", clear_policy(), clear_policy(operator=True)),
    conversation(
        "policy/for-queues-declared-later",
        policy({"max-length": 1}), QUEUE, sent(b"1", b"2"), until("~q", 1), get("~q", no_ack=True),
    ),
    conversation(
        "policy/changed",
        QUEUE,
        policy({"max-length": 3}), sent(b"1", b"2", b"3"), until("~q", 3),
        policy({"max-length": 2}), until("~q", 2),
        policy({"max-length": 1}, pattern="^~other$"), pause(0.2), sent(b"4", first=4), until("~q", 3),
    ),
    conversation(
        "policy/pattern-found-anywhere",
        QUEUE, sent(b"1", b"2"), policy({"max-length": 1}, pattern="~"), until("~q", 1),
    ),
    conversation(
        "policy/pattern-anchored",
        QUEUE, declare("~q2"), sent(b"1", b"2"), sent(b"1", b"2", first=3, queue="~q2"),
        policy({"max-length": 1}, pattern="^~q$"), until("~q", 1), until("~q2", 2),
    ),
    conversation(
        "policy/not-in-equivalence",
        policy({"max-length": 1, "message-ttl": 60000}),
        declare("~q"), declare("~q"), declare("~q", arguments={"x-max-length": 1}),
    ),
    conversation(
        "policy/lower-than-argument",
        CONFIRMED, declare("~q", arguments={"x-max-length": 5}),
        policy({"max-length": 2}), pause(0.2), sent(b"1", b"2", b"3"), until("~q", 2),
    ),
    conversation(
        "policy/higher-than-argument",
        CONFIRMED, declare("~q", arguments={"x-max-length": 2}),
        policy({"max-length": 5}), pause(0.2), sent(b"1", b"2", b"3"), until("~q", 2),
    ),
    conversation(
        "policy/max-length-bytes",
        QUEUE, sent(b"11111", b"22222", b"33333"),
        policy({"max-length-bytes": 11}), until("~q", 2), get("~q", no_ack=True),
    ),
    conversation(
        "policy/operators-on-top",
        QUEUE,
        policy({"max-length": 3}), policy({"max-length": 2}, operator=True), pause(0.2),
        sent(b"1", b"2", b"3", b"4"), until("~q", 2),
        clear_policy(operator=True), pause(0.2), sent(b"5", b"6", first=5), until("~q", 3),
    ),
    conversation(
        "policy/operators-higher",
        QUEUE,
        policy({"max-length": 2}), policy({"max-length": 3, "expires": 60000}, operator=True), pause(0.2),
        sent(b"1", b"2", b"3", b"4"), until("~q", 2),
    ),
    conversation(
        "policy/operators-alone",
        QUEUE, policy({"max-length": 2}, operator=True), pause(0.2), sent(b"1", b"2", b"3"), until("~q", 2),
    ),
    conversation(
        "policy/highest-priority",
        QUEUE,
        policy({"max-length": 3}, name="~low", priority=1), policy({"max-length": 1}, name="~high", priority=2),
        pause(0.2), sent(b"1", b"2", b"3"), until("~q", 1),
        clear_policy("~high"), pause(0.2), sent(b"4", b"5", b"6", first=4), until("~q", 3),
    ),
    conversation(
        "policy/not-merged-with-a-lower-one",
        QUEUE,
        policy({"max-length": 1}, name="~low"), policy({"expires": 60000}, name="~high", priority=2),
        pause(0.2), sent(b"1", b"2", b"3"), until("~q", 3),
    ),
    conversation(
        "policy/of-another-queue-type-is-none",
        QUEUE,
        policy({"max-length": 1, "delivery-limit": 5}, priority=2), policy({"max-length": 2}, name="~p2"),
        pause(0.2), sent(b"1", b"2", b"3"), until("~q", 2),
    ),
    conversation(
        "policy/for-exchanges-only",
        QUEUE, policy({"max-length": 1}, apply_to="exchanges"), pause(0.2), sent(b"1", b"2"), until("~q", 2),
    ),
    *[
        conversation(
            f"policy/for-{apply_to.replace('_', '-')}",
            QUEUE, declare("~quorum", arguments=QUORUM),
            policy({"max-length-bytes": 1}, pattern="^~q", apply_to=apply_to), pause(0.5),
            sent(b"1", b"2"), sent(b"1", b"2", queue="~quorum", first=3), until("~q", classic), until("~quorum", quorum),
            since="4.0",
        )
        for apply_to, classic, quorum in (
            ("all", 1, 1), ("queues", 1, 1), ("classic_queues", 1, 2), ("quorum_queues", 2, 1), ("streams", 2, 2),
        )
    ],
    conversation(
        "policy/message-ttl",
        QUEUE, sent(b"before"),
        policy({"message-ttl": 400}), pause(0.2), sent(b"after", first=2), until("~q", 2), pause(0.6), passive("~q"),
        get("~q", no_ack=True), passive("~q"),
    ),
    conversation(
        "policy/message-ttl-lower-than-argument",
        CONFIRMED, declare("~q", arguments={"x-message-ttl": 60000}),
        policy({"message-ttl": 200}), pause(0.2), sent(b"1"), until("~q", 0),
    ),
    conversation(
        "policy/message-ttl-cleared",
        QUEUE, policy({"message-ttl": 1000}), pause(0.2), sent(b"1"), clear_policy(), pause(0.1), sent(b"2", first=2), until("~q", 1),
        get("~q", no_ack=True),
    ),
    # To ask for a queue is to use it: nobody may ask too early.
    conversation("policy/expires", declare("~q"), policy({"expires": 300}), pause(1.5), until_gone("~q")),
    conversation(
        "policy/expires-not-while-consumed",
        declare("~q"), consume("~q"), policy({"expires": 200}), pause(0.6), passive("~q"),
        call("basic.cancel", consumer_tag="t"), pause(1.0), until_gone("~q"),
    ),
    conversation(
        "policy/dead-letter",
        QUEUE, declare("~graves"), sent(b"1", b"2"),
        policy({"dead-letter-exchange": "", "dead-letter-routing-key": "~graves"}), pause(0.2),
        get("~q"), reject(1, requeue=False), until("~graves", 1),
        clear_policy(), pause(0.2), get("~q"), reject(2, requeue=False), pause(0.2), passive("~graves"),
        get("~graves", no_ack=True),
    ),
    conversation(
        "policy/dead-letter-trimmed",
        QUEUE, declare("~graves"), sent(b"1", b"2", b"3"),
        policy({"dead-letter-exchange": "", "dead-letter-routing-key": "~graves", "max-length": 1}),
        until("~graves", 2), get("~graves", no_ack=True), get("~graves", no_ack=True), get("~q", no_ack=True),
    ),
    conversation(
        "policy/dead-letter-argument-wins",
        CONFIRMED, declare("~mine"), declare("~theirs"),
        declare("~q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "~mine"}),
        policy({"dead-letter-exchange": "", "dead-letter-routing-key": "~theirs"}), pause(0.2),
        sent(b"1"), get("~q"), reject(1, requeue=False), until("~mine", 1), passive("~theirs"),
    ),
    conversation(
        "policy/dead-letter-half-and-half",
        CONFIRMED, declare("~graves"), declare("~q", arguments={"x-dead-letter-exchange": ""}),
        policy({"dead-letter-routing-key": "~graves"}), pause(0.2),
        sent(b"1"), get("~q"), reject(1, requeue=False), until("~graves", 1),
    ),
    conversation(
        "policy/overflow",
        QUEUE, policy({"max-length": 1, "overflow": "reject-publish"}), pause(0.2),
        sent(b"1"), sent(b"2", first=2), clear_policy(), pause(0.2), sent(b"3", first=3), until("~q", 2),
    ),
    conversation(
        "policy/overflow-argument-wins",
        CONFIRMED, declare("~q", arguments={"x-overflow": "reject-publish"}),
        policy({"max-length": 1, "overflow": "drop-head"}), pause(0.2), sent(b"1"), sent(b"2", first=2), get("~q", no_ack=True),
    ),
    conversation(
        "policy/overflow-of-a-quorum-queue-the-policys-wins",
        CONFIRMED, declare("~q", arguments={**QUORUM, "x-overflow": "drop-head"}),
        policy({"max-length": 1, "overflow": "reject-publish"}), pause(0.3),
        sent(b"1"), sent(b"2", first=2), pause(0.2), sent(b"3", first=3), pause(0.2), sent(b"4", first=4), get("~q", no_ack=True),
    ),
    conversation(
        "policy/overflow-operators-wins",
        QUEUE, policy({"max-length": 1, "overflow": "drop-head"}),
        policy({"overflow": "reject-publish"}, operator=True), pause(0.2), sent(b"1"), sent(b"2", first=2), get("~q", no_ack=True),
        since="4.0",
    ),
    conversation(
        "policy/delivery-limit",
        CONFIRMED, declare("~q", arguments=QUORUM), policy({"delivery-limit": 1}), pause(0.3),
        sent(b"1"), until("~q", 1), get("~q"), nack(1), until("~q", 1), get("~q"), nack(2), until("~q", 0),
    ),
    conversation(
        "policy/delivery-limit-lower-than-argument",
        CONFIRMED, declare("~q", arguments={**QUORUM, "x-delivery-limit": 5}), policy({"delivery-limit": 1}), pause(0.3),
        sent(b"1"), until("~q", 1), get("~q"), nack(1), until("~q", 1), get("~q"), nack(2), until("~q", 0),
    ),
    conversation(
        "policy/alternate-exchange",
        exchange("~x"), exchange("~rest", "fanout"), QUEUE, bind("~q", "~rest"),
        publish("~x", "k", b"lost", mandatory=True), expect("basic.return"), confirms(1, 1),
        policy({"alternate-exchange": "~rest"}, pattern="^~x$"), pause(0.2),
        publish("~x", "k", b"caught", mandatory=True), confirms(2, 2), until("~q", 1), get("~q", no_ack=True),
        clear_policy(), pause(0.2),
        publish("~x", "k", b"lost", mandatory=True), expect("basic.return"), confirms(3, 3),
    ),
    conversation(
        "policy/alternate-exchange-declared-later",
        policy({"alternate-exchange": "~rest"}, pattern="^~x$", apply_to="exchanges"),
        exchange("~x"), exchange("~rest", "fanout"), QUEUE, bind("~q", "~rest"),
        publish("~x", "k", b"caught", mandatory=True), confirms(1, 1), until("~q", 1),
        exchange("~x"), exchange("~x", arguments={"alternate-exchange": "~rest"}),
    ),
    conversation(
        "policy/alternate-exchange-argument-wins",
        exchange("~x", arguments={"alternate-exchange": "~mine"}), exchange("~mine", "fanout"), exchange("~theirs", "fanout"),
        QUEUE, bind("~q", "~theirs"), policy({"alternate-exchange": "~theirs"}, pattern="^~x$"), pause(0.2),
        publish("~x", "k", b"lost", mandatory=True), expect("basic.return"), confirms(1, 1),
    ),
    conversation(
        "policy/alternate-exchange-of-the-default-one",
        exchange("~rest", "fanout"), QUEUE, bind("~q", "~rest"),
        policy({"alternate-exchange": "~rest"}, pattern="^$"), pause(0.2),
        publish("", "~nobody", b"lost", mandatory=True), expect("basic.return"), confirms(1, 1),
    ),
    conversation(
        "policy/stream-max-length-bytes",
        stream(x_stream_max_segment_size_bytes=1000), CONFIRMED, stored(*[b"m" * 2000] * 4),
        policy({"max-length-bytes": 1}), pause(1.0), stored(b"m" * 2000, first=5), pause(1.0),
        connect("b"), call("basic.qos", c="b", prefetch_count=10),
        consume("~q", c="b", arguments={"x-stream-offset": "first"}), deliveries(1, c="b"), quiet(c="b"),
        since="4.0",
    ),
    conversation(
        "policy/refused",
        policy({"max-length": -1}), policy({"message-ttl": "x"}), policy({"overflow": "x", "expires": 0}),
        policy({"bogus": {"a": [1, "x", None, 2.5, True]}, "max-length": 1}), policy({"bogus": 1, "max-length": -1}),
        policy({}), policy({"max-length": 1, "dead-letter-exchange": 5}), policy({"max-priority": 5}),
        policy({"alternate-exchange": "x"}, operator=True), policy({"max-age": "0D"}), policy({"max-age": "12"}),
        policy({"stream-max-segment-size-bytes": 3000000001}), policy({"queue-version": 3}), policy({"queue-mode": "x"}),
        clear_policy(),
    ),
    conversation(
        "policy/refused-by-newer-versions",
        policy({"max-length": -1}, apply_to="nope"), policy({"target-group-size": 0}),
        policy({"stream-filter-size-bytes": 15}), policy({"consumer-timeout": -1}), policy({"overflow": "x"}, operator=True),
        since="4.0",
    ),
    conversation("policy/refused-mirroring", policy({"ha-mode": "all"}), since="4.0"),
    conversation("policy/refused-pattern", policy({"max-length": 1}, pattern="("), policy({"max-length": 1}, pattern="*a")),
)  # fmt: skip
