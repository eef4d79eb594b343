"""Consumers of quorum queues at the corners: a tag used again, levels and returns between several, odd limits."""

from typing import Any

from interop.conformance.conversations.quorum_words import CLOSE, DEAD, ONE_AT_A_TIME, filled, quorum, taken
from interop.conformance.steps import (
    Conversation,
    Step,
    ack,
    bind,
    call,
    confirms,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    exchange,
    get,
    nack,
    open_channel,
    publish,
    quiet,
    reject,
    until,
)

CANCEL = call("basic.cancel", consumer_tag="t")
SINGLE = {"x_single_active_consumer": True}


def limit(count: int, c: str = "a", ch: int = 1) -> Step:
    return call("basic.qos", c, ch, prefetch_count=count)


def published(*bodies: bytes) -> list[Step]:
    return [publish("", "~q", body) for body in bodies]


def ranked(*messages: tuple[bytes, int]) -> list[Step]:
    return [publish("", "~q", body, priority=priority) for body, priority in messages]


def _odd_limit(name: str, value: Any) -> Conversation:
    """What a delivery limit of another type comes to: a message is given back three times."""
    return conversation(
        f"quorum-consume/odd-limit-{name}",
        DEAD,
        quorum(values={"x_delivery_limit": value, "x_dead_letter_exchange": "~dlx"}),
        filled(b"1", b"2"),
        ONE_AT_A_TIME,
        consume("~q"),
        *[step for tag in (1, 2, 3) for step in (deliveries(1), reject(tag))],
        deliveries(1),
        since="4.0",
    )


CONVERSATIONS = [
    conversation(
        "quorum-consume/other-tag-while-holding",
        *[quorum(), ONE_AT_A_TIME, filled(b"1", b"2"), consume("~q"), deliveries(1), CANCEL, consume("~q", "u")],
        deliveries(1),
    ),
    conversation(
        "quorum-consume/tag-again-when-done",
        *[quorum(), ONE_AT_A_TIME, filled(b"1", b"2"), consume("~q"), deliveries(1), ack(1), deliveries(1), ack(2)],
        *[CANCEL, consume("~q"), published(b"3"), deliveries(1)],
    ),
    conversation(
        "quorum-consume/same-tag-on-two-channels",
        *[quorum(), connect("b"), consume("~q", no_ack=True), consume("~q", c="b", no_ack=True)],
        *[published(b"1"), deliveries(1), published(b"2"), deliveries(1, "b")],
    ),
    conversation(
        "quorum-consume/more-room-waits-first",
        *[quorum(values=SINGLE), ONE_AT_A_TIME, consume("~q"), consume("~q", "one"), limit(5), consume("~q", "five")],
        *[CANCEL, published(b"1"), deliveries(1)],
    ),
    conversation(
        "quorum-consume/more-room-but-lower-waits-longer",
        *[quorum(values=SINGLE), limit(5), consume("~q"), consume("~q", "low", arguments={"x-priority": -2})],
        *[ONE_AT_A_TIME, consume("~q", "high", arguments={"x-priority": -1}), CANCEL, published(b"1"), deliveries(1)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/back-to-waiting",
        *[quorum(values=SINGLE), consume("~q", "low", no_ack=True)],
        *[consume("~q", "t", no_ack=True, arguments={"x-priority": 5}), published(b"1"), deliveries(1), CANCEL],
        *[published(b"2"), deliveries(1)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/yielding-one-is-cancelled",
        *[quorum(values=SINGLE), ONE_AT_A_TIME, consume("~q"), published(b"1", b"2"), deliveries(1)],
        *[consume("~q", "high", arguments={"x-priority": 5}), CANCEL, deliveries(1), reject(1), quiet("~q"), ack(2)],
        deliveries(1),
        since="4.0",
    ),
    conversation(
        "quorum-consume/yielding-one-is-lost",
        *[quorum(values=SINGLE), connect("b"), consume("~q", "low", c="b"), published(b"1"), deliveries(1, "b")],
        *[consume("~q", "usual"), consume("~q", "high", arguments={"x-priority": 5}), drop("b"), deliveries(1)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/yields-to-the-highest",
        *[quorum(values=SINGLE), ONE_AT_A_TIME, consume("~q", "low"), published(b"1"), deliveries(1)],
        *[consume("~q", "high", arguments={"x-priority": 5}), consume("~q", "higher", arguments={"x-priority": 7})],
        *[ack(1), published(b"2"), deliveries(1)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-in-one-go",
        *[quorum(), ranked((b"n0", 0), (b"n1", 0), (b"n2", 0), (b"u0", 9), (b"u1", 9), (b"u2", 9)), until("~q", 6)],
        *[consume("~q", no_ack=True), deliveries(6)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-to-two",
        *[quorum(), ranked((b"n0", 0), (b"n1", 0), (b"u0", 9), (b"u1", 9)), until("~q", 4), ONE_AT_A_TIME],
        *[consume("~q", "x"), deliveries(1), consume("~q", "y"), deliveries(1), ack(2), deliveries(1), ack(1)],
        deliveries(1),
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-after-single-ones",
        *[quorum(), ranked((b"n0", 0)), until("~q", 1), taken(1)],
        *[ranked((b"n1", 0), (b"n2", 0), (b"u0", 9), (b"u1", 9)), until("~q", 4), taken(4)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-purged",
        *[quorum(), ranked((b"n0", 0), (b"u0", 9)), until("~q", 2), call("queue.purge", queue="~q")],
        *[ranked((b"n1", 0), (b"u1", 9)), until("~q", 2), taken(3)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-unlimited-is-urgent-no-more",
        quorum(values={"x_delivery_limit": -1}),
        *[ranked((b"n0", 0), (b"u0", 9)), until("~q", 2), get("~q"), reject(1), until("~q", 2), taken(2)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/levels-expire",
        quorum(),
        *[publish("", "~q", b"n0"), publish("", "~q", b"u0", priority=9, expiration="1"), until("~q", 1), taken(2)],
        since="4.0",
    ),
    conversation(
        "quorum-consume/returned-to-the-higher-consumer",
        *[quorum(), ONE_AT_A_TIME, consume("~q", "low"), consume("~q", "high", arguments={"x-priority": 5})],
        *[published(b"1"), deliveries(1), published(b"2"), deliveries(1), ack(1), nack(2), deliveries(1)],
    ),
    conversation(
        "quorum-consume/two-channels-of-which-one-ends",
        *[quorum(), open_channel(2), limit(1, ch=2), filled(b"1", b"2", b"3"), consume("~q", ch=2)],
        *[deliveries(1, ch=2), get("~q"), call("channel.close", ch=2, reply_code=200, reply_text=""), quiet("~q"), quiet("~q")],
        *[get("~q"), get("~q")],
    ),
    conversation(
        "quorum-consume/no-ack-channel-closed",
        *[quorum(), consume("~q", no_ack=True), published(b"1"), deliveries(1), CLOSE, until("~q", 0)],
    ),
    conversation(
        "quorum-consume/copies",
        *[quorum(), quorum("~r"), publish("", "~q", headers={"CC": ["~r"], "BCC": ["~r"]}), until("~q", 1)],
        *[until("~r", 1), get("~q"), get("~r")],
    ),
    conversation(
        "quorum-consume/confirmed-with-classic-and-stream",
        *[exchange("~x", "fanout"), quorum(), declare("~c"), declare("~s", arguments={"x-queue-type": "stream"})],
        *[bind(name, "~x") for name in ("~q", "~c", "~s")],
        *[call("confirm.select"), publish("~x", ""), confirms(1, 1), until("~q", 1), until("~c", 1)],
    ),
    conversation(
        "quorum-consume/transaction-rejects",
        *[quorum(), filled(b"1", b"2"), call("tx.select"), get("~q"), reject(1), quiet("~q"), call("tx.commit")],
        *[until("~q", 2), get("~q")],
    ),
    *[_odd_limit(name, value) for name, value in {"text": "1", "double": 1.0, "bool": True, "void": None}.items()],
]
