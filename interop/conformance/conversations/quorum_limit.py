"""x-delivery-limit of quorum queues: when a message is one return too many, and where it goes; safe dead letters."""

from typing import Any

from interop.conformance.conversations.quorum_return import rounds
from interop.conformance.conversations.quorum_words import CLOSE, DEAD, ONE_AT_A_TIME, filled, quorum
from interop.conformance.steps import (
    Conversation,
    Step,
    ack,
    call,
    consume,
    conversation,
    deliveries,
    get,
    nack,
    quiet,
    reject,
    until,
)


def _limit(name: str, limit: int | None, *steps: Any, since: str = "", **more: Any) -> Conversation:
    values = {"x_dead_letter_exchange": "~dlx", **more}
    if limit is not None:
        values["x_delivery_limit"] = limit
    return conversation(f"quorum-limit/{name}", DEAD, quorum(values=values), filled(b"m"), *steps, since=since)


DEAD_LETTER: list[Step] = [until("~dead", 1), call("basic.get", queue="~dead", no_ack=True)]

CONVERSATIONS = [
    _limit("two", 2, rounds(2), get("~q"), reject(3), DEAD_LETTER),
    _limit("one", 1, rounds(1), get("~q"), reject(2), DEAD_LETTER),
    _limit("zero", 0, get("~q"), reject(1), DEAD_LETTER),
    # To 3.10 a limit below zero is a limit like others, and none is what it has where nothing is said.
    _limit("none", -1, rounds(25), get("~q"), since="4.0"),
    _limit("minus-two", -2, get("~q"), reject(1), until("~q", 1), get("~q"), since="4.0"),
    _limit("usual-20", None, rounds(20), get("~q"), reject(21), DEAD_LETTER, since="4.0"),
    _limit("usual-20-not-yet", None, rounds(20), get("~q")),
    _limit("by-nack", 1, get("~q"), nack(1), until("~q", 1), get("~q"), nack(2), DEAD_LETTER),
    _limit(
        "by-recover",
        1,
        get("~q"),
        call("basic.recover", requeue=True),
        until("~q", 1),
        get("~q"),
        call("basic.recover", requeue=True),
        DEAD_LETTER,
    ),
    _limit(
        "by-channel-closed",
        1,
        get("~q"),
        CLOSE,
        until("~q", 1),
        call("channel.open"),
        get("~q"),
        CLOSE,
        call("channel.open"),
        DEAD_LETTER,
    ),
    _limit(
        "by-consumer",
        2,
        consume("~q"),
        deliveries(1),
        reject(1),
        deliveries(1),
        reject(2),
        deliveries(1),
        reject(3),
        DEAD_LETTER,
    ),
    _limit("with-key", 0, get("~q"), reject(1), DEAD_LETTER, x_dead_letter_routing_key="~other"),
    _limit("rejected-before-the-limit", 5, rounds(2), get("~q"), reject(3, requeue=False), DEAD_LETTER),
    conversation(
        "quorum-limit/nowhere-to-go",
        quorum(values={"x_delivery_limit": 1}),
        filled(b"m"),
        rounds(1),
        get("~q"),
        reject(2),
        until("~q", 0),
        get("~q"),
    ),
    conversation(
        "quorum-limit/others-go-on",
        DEAD,
        quorum(values={"x_delivery_limit": 1, "x_dead_letter_exchange": "~dlx"}),
        filled(b"1", b"2"),
        ONE_AT_A_TIME,
        consume("~q"),
        deliveries(1),
        reject(1),
        deliveries(1),
        reject(2),
        deliveries(1),
        until("~dead", 1),
        ack(3),
        quiet("~q"),
    ),
    conversation(
        "quorum-limit/dead-letter-into-quorum",
        quorum("~dead"),
        quorum(values={"x_delivery_limit": 1, "x_dead_letter_exchange": "", "x_dead_letter_routing_key": "~dead"}),
        filled(b"m"),
        rounds(1),
        get("~q"),
        reject(2),
        until("~dead", 1),
        call("basic.get", queue="~dead"),
        nack(3),
        until("~dead", 1),
        call("basic.get", queue="~dead", no_ack=True),
    ),
    conversation(
        "quorum-limit/at-least-once",
        DEAD,
        quorum(
            values={
                "x_delivery_limit": 1,
                "x_dead_letter_exchange": "~dlx",
                "x_dead_letter_strategy": "at-least-once",
                "x_overflow": "reject-publish",
            }
        ),
        filled(b"m"),
        rounds(1),
        get("~q"),
        reject(2),
        DEAD_LETTER,
    ),
    conversation(
        "quorum-limit/at-least-once-rejected",
        DEAD,
        quorum(
            values={
                "x_dead_letter_exchange": "~dlx",
                "x_dead_letter_strategy": "at-least-once",
                "x_overflow": "reject-publish",
            }
        ),
        filled(b"m"),
        get("~q"),
        reject(1, requeue=False),
        DEAD_LETTER,
    ),
    conversation(
        "quorum-limit/at-least-once-drop-head",
        DEAD,
        quorum(values={"x_dead_letter_exchange": "~dlx", "x_dead_letter_strategy": "at-least-once"}),
        filled(b"m"),
        get("~q"),
        reject(1, requeue=False),
        DEAD_LETTER,
    ),
    conversation(
        "quorum-limit/at-least-once-nobody-there",
        quorum(
            values={
                "x_dead_letter_exchange": "",
                "x_dead_letter_routing_key": "~later",
                "x_dead_letter_strategy": "at-least-once",
                "x_overflow": "reject-publish",
            }
        ),
        filled(b"m"),
        get("~q"),
        reject(1, requeue=False),
        until("~q", 0),
        quiet(),
        get("~q"),
    ),
    conversation(
        "quorum-limit/classic-takes-no-notice",
        call("queue.declare", queue="~q", durable=True, arguments={"x-delivery-limit": 1}),
    ),
]
