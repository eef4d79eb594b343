"""What quorum queues do with messages that come back: their order, their count of deliveries."""

from typing import Any

from interop.conformance.conversations.quorum_words import CLOSE, ONE_AT_A_TIME, filled, quorum, taken
from interop.conformance.steps import (
    Conversation,
    Step,
    ack,
    call,
    connect,
    consume,
    conversation,
    deliveries,
    drop,
    expect,
    get,
    nack,
    open_channel,
    publish,
    quiet,
    reject,
    until,
)

CANCEL = call("basic.cancel", consumer_tag="t")


def _in_order(name: str, *steps: Any) -> list[Conversation]:
    """Asked with a delivery limit, with none, and without a word: unlimited, what is returned goes to the queue's end.

    For 3.10 it is no word that means no limit; -1 drops at the first return.
    """
    return [
        conversation(f"quorum-return/{name}-{word}", quorum(values=values), *steps, since=since)
        for word, values, since in (
            ("limited", {"x_delivery_limit": 30}, ""),
            ("unlimited", {"x_delivery_limit": -1}, "4.0"),
            ("usual", {}, ""),
        )
    ]


def _counted(name: str, *steps: Any) -> Conversation:
    return conversation(f"quorum-return/count-{name}", quorum(values={"x_delivery_limit": 30}), *steps)


def rounds(count: int, first: int = 1) -> list[Step]:
    """Take the one message and give it back, ``count`` times."""
    return [step for tag in range(first, first + count) for step in (get("~q"), reject(tag), until("~q", 1))]


CONVERSATIONS = [
    *_in_order("first", filled(b"1", b"2", b"3"), get("~q"), reject(1), until("~q", 3), taken(3)),
    *_in_order(
        "backwards",
        filled(b"1", b"2", b"3"),
        get("~q"),
        get("~q"),
        reject(2),
        quiet("~q"),
        reject(1),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "all-at-once",
        filled(b"1", b"2", b"3"),
        get("~q"),
        get("~q"),
        get("~q"),
        nack(0, multiple=True),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "all-of-a-consumer",
        filled(b"1", b"2", b"3"),
        consume("~q"),
        deliveries(3),
        CANCEL,
        nack(0, multiple=True),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "before-new-ones",
        filled(b"1", b"2"),
        get("~q"),
        publish("", "~q", b"3"),
        quiet("~q"),
        reject(1),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "channel-closed",
        filled(b"1", b"2", b"3"),
        get("~q"),
        get("~q"),
        CLOSE,
        until("~q", 3),
        call("channel.open"),
        taken(3),
    ),
    *_in_order(
        "channel-of-consumer-closed",
        filled(b"1", b"2", b"3", b"4"),
        call("basic.qos", prefetch_count=3),
        consume("~q"),
        deliveries(3),
        CLOSE,
        until("~q", 4),
        call("channel.open"),
        taken(4),
    ),
    *_in_order(
        "connection-lost",
        connect("b"),
        filled(b"1", b"2", b"3"),
        get("~q", c="b"),
        get("~q", c="b"),
        drop("b"),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "recover",
        filled(b"1", b"2", b"3"),
        get("~q"),
        get("~q"),
        call("basic.recover", requeue=True),
        until("~q", 3),
        taken(3),
    ),
    *_in_order(
        "to-other-consumer",
        ONE_AT_A_TIME,
        consume("~q", "x"),
        consume("~q", "y"),
        publish("", "~q", b"1"),
        deliveries(1),
        reject(1),
        deliveries(1),
        ack(2),
        quiet("~q"),
    ),
    *_in_order(
        "to-same-consumer",
        ONE_AT_A_TIME,
        filled(b"1", b"2"),
        consume("~q"),
        deliveries(1),
        reject(1),
        deliveries(1),
        ack(2),
        deliveries(1),
    ),
    _counted("first-time", filled(b"1"), get("~q")),
    _counted("first-time-to-consumer", filled(b"1"), consume("~q"), deliveries(1)),
    _counted("get-rejected", filled(b"1"), rounds(3), get("~q")),
    _counted("nacked", filled(b"1"), get("~q"), nack(1), until("~q", 1), get("~q")),
    _counted(
        "to-consumer-nacked",
        filled(b"1"),
        consume("~q"),
        deliveries(1),
        nack(1),
        deliveries(1),
        reject(2),
        deliveries(1),
    ),
    _counted("recovered", filled(b"1"), get("~q"), call("basic.recover", requeue=True), until("~q", 1), get("~q")),
    _counted(
        "channel-closed",
        filled(b"1"),
        get("~q"),
        CLOSE,
        until("~q", 1),
        call("channel.open"),
        get("~q"),
        CLOSE,
        until("~q", 1),
        call("channel.open"),
        get("~q"),
    ),
    _counted(
        "connection-closed",
        connect("b"),
        filled(b"1"),
        get("~q", c="b"),
        call("connection.close", c="b", ch=0, reply_code=200),
        until("~q", 1),
        get("~q"),
    ),
    _counted("connection-lost", connect("b"), filled(b"1"), get("~q", c="b"), drop("b"), until("~q", 1), get("~q")),
    _counted(
        "consumer-channel-closed",
        filled(b"1"),
        consume("~q"),
        deliveries(1),
        CLOSE,
        until("~q", 1),
        call("channel.open"),
        get("~q"),
    ),
    _counted(
        "channel-error",
        filled(b"1"),
        get("~q"),
        ack(9),
        expect("channel.close"),
        until("~q", 1),
        call("channel.open"),
        get("~q"),
    ),
    _counted(
        "mixed",
        filled(b"1"),
        get("~q"),
        reject(1),
        until("~q", 1),
        get("~q"),
        CLOSE,
        until("~q", 1),
        call("channel.open"),
        get("~q"),
        nack(1),
        until("~q", 1),
        get("~q"),
    ),
    _counted(
        "published-with-header",
        publish("", "~q", headers={"a": 1, "x-delivery-count": 7}),
        until("~q", 1),
        get("~q"),
        reject(1),
        until("~q", 1),
        get("~q"),
    ),
    _counted(
        "published-with-text-header",
        publish("", "~q", headers={"x-delivery-count": "many"}),
        until("~q", 1),
        get("~q"),
        reject(1),
        until("~q", 1),
        get("~q"),
    ),
    _counted(
        "with-headers",
        publish("", "~q", headers={"a": "b", "z": 1}),
        until("~q", 1),
        get("~q"),
        reject(1),
        until("~q", 1),
        get("~q"),
    ),
    _counted(
        "moved-on",
        publish("", "~q"),
        until("~q", 1),
        open_channel(2),
        get("~q"),
        get("~q", ch=2),
        reject(1),
        until("~q", 1),
        get("~q", ch=2),
    ),
    conversation(
        "quorum-return/count-without-limit",
        quorum(values={"x_delivery_limit": -1}),
        filled(b"1"),
        rounds(2),
        get("~q"),
        since="4.0",
    ),
    conversation("quorum-return/count-usual-limit", quorum(), filled(b"1"), rounds(2), get("~q")),
]
