"""What a dead letter tells of its deaths: x-death, x-first-death-*, x-last-death-*, and what happens to its keys."""

from typing import Any

from interop.conformance.conversations.dead_letter import rejected, to
from interop.conformance.conversations.queue_words import DEAD, TO_DEAD, died, mortal, published, queue
from interop.conformance.steps import (
    Step,
    bind,
    call,
    consume,
    conversation,
    deliveries,
    exchange,
    get,
    passive,
    publish,
    quiet,
    reject,
    skip,
    until,
)
from interop.conformance.wire import Typed

_DEATH = {
    "count": Typed("l", 7),
    "reason": "rejected",
    "queue": "~q",
    "time": Typed("T", 12345),
    "exchange": "somewhere",
    "routing-keys": ["a", "b"],
}


def again(tag: int, name: str = "~q") -> list[Step]:
    """Take the one in that queue, show it, reject it: delivery ``tag`` of the channel."""
    return [until(name, 1), get(name), reject(tag, requeue=False)]


def turns(**values: Any) -> list[Step]:
    """Two queues whose dead letters go to each other, one message in ~q."""
    return [
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r", **values),
        queue("~r", x_dead_letter_exchange="", x_dead_letter_routing_key="~q"),
    ]


def sent(key: str = "~q", **headers: Any) -> Step:
    return publish("", key, headers=headers)


FANOUT = [exchange("~x", "fanout"), DEAD, bind("~dead", "~x")]
TOPIC = [exchange("~x", "topic"), DEAD, bind("~dead", "~x", "#")]

CONVERSATIONS = [
    conversation("death/own-headers-stay", mortal(), sent(apple=1, mouse=True, zebra="z"), rejected(), died(1)),
    conversation("death/table-empty", mortal(), sent(), rejected(), died(1)),
    conversation(
        "death/headers-are-sorted",
        mortal(),
        sent(**{"y": 1, "x-zz": 2, "b": 3, "x-aa": 4, "Z": 5, "x-death-note": 6, "a": 7}),
        consume("~q"),
        skip("basic.deliver", ch=1),
        reject(1, requeue=False),
        died(1),
    ),
    conversation("death/same-queue-again", to(""), published(b"m"), again(1), again(2), again(3), again(4)),
    conversation("death/two-queues-in-turns", turns(), published(b"m"), again(1), again(2, "~r"), again(3), again(4, "~r"), until("~q", 1), get("~q")),
    conversation(
        "death/two-reasons",
        turns(),
        published(b"m", expiration="1"),
        again(1, "~r"),
        again(2),
        again(3, "~r"),
        until("~q", 1),
        get("~q"),
    ),
    conversation(
        "death/three-queues",
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_dead_letter_exchange="", x_dead_letter_routing_key="~s"),
        queue("~s", x_dead_letter_exchange="", x_dead_letter_routing_key="~dead"),
        DEAD,
        published(b"m"),
        again(1),
        again(2, "~r"),
        again(3, "~s"),
        died(1),
    ),
    conversation(
        "death/expiration-of-the-second-death",
        queue("~r", x_message_ttl=1, **TO_DEAD),
        DEAD,
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        published(b"m", expiration="60000"),
        rejected(),
        died(1),
    ),
    conversation("death/expiration-of-one-rejected", mortal(), published(b"m", expiration="60000"), rejected(), died(1)),
    conversation("death/expiration-with-zeros", mortal(), published(b"m", expiration="0060000"), rejected(), died(1)),
    conversation(
        "death/does-not-expire-again",
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", **TO_DEAD),
        DEAD,
        published(b"m", expiration="1"),
        until("~r", 1),
        quiet("~r"),
        passive("~dead"),
        get("~r"),
    ),
    conversation("death/keys-with-cc", TOPIC, to("~x"), sent(CC=["~one", "~two"]), rejected(), died(1)),
    conversation("death/keys-with-bcc", TOPIC, to("~x"), sent(BCC=["~one", "~two"]), rejected(), died(1)),
    conversation(
        "death/keys-with-cc-and-bcc", TOPIC, to("~x"), sent(CC=["~one"], BCC=["~two", "~one"]), rejected(), died(1)
    ),
    conversation(
        "death/cc-is-used-again",
        exchange("~x"),
        DEAD,
        bind("~dead", "~x", "~one"),
        to("~x"),
        sent(CC=["~one"]),
        rejected(),
        died(1),
    ),
    conversation(
        "death/bcc-is-used-again",
        exchange("~x"),
        DEAD,
        bind("~dead", "~x", "~one"),
        to("~x"),
        sent(BCC=["~one"]),
        rejected(),
        quiet("~q"),
        passive("~dead"),
    ),
    conversation("death/cc-with-another-key", mortal(), sent(CC=["~one"], other=1), rejected(), died(1)),
    conversation("death/bcc-with-another-key", mortal(), sent(BCC=["~one"], other=1), rejected(), died(1)),
    conversation("death/only-cc-with-another-key", mortal(), sent(CC=["~one"]), rejected(), died(1)),
    conversation(
        "death/cc-with-another-key-twice",
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_dead_letter_exchange="~x"),
        TOPIC,
        sent(CC=["~one"]),
        again(1),
        again(2, "~r"),
        died(1),
    ),
    conversation(
        "death/cc-with-another-key-thrice",
        queue(x_dead_letter_exchange="", x_dead_letter_routing_key="~r"),
        queue("~r", x_dead_letter_exchange="~y"),
        exchange("~y", "topic"),
        queue("~s", x_dead_letter_exchange="~x"),
        bind("~s", "~y", "#"),
        TOPIC,
        sent(CC=["~one"]),
        again(1),
        again(2, "~r"),
        again(3, "~s"),
        died(1),
    ),
    conversation(
        "death/cc-with-the-same-key-again",
        to("~y", x_dead_letter_routing_key="~q"),
        exchange("~y", "topic"),
        queue("~s", x_dead_letter_exchange="~x"),
        bind("~s", "~y", "#"),
        TOPIC,
        sent(CC=["~one"]),
        again(1),
        again(2, "~s"),
        died(1),
    ),
    conversation(
        "death/cc-used-twice",
        to("~y"),
        exchange("~y", "topic"),
        queue("~s", x_dead_letter_exchange="~x"),
        bind("~s", "~y", "#"),
        TOPIC,
        sent(CC=["~one"]),
        again(1),
        again(2, "~s"),
        died(1),
    ),
    conversation(
        "death/arrived-by-cc",
        TOPIC,
        to("~x"),
        sent("~nowhere", CC=["~q"]),
        rejected(),
        died(1),
    ),
    conversation(
        "death/by-way-of-an-alternate-exchange",
        exchange("~ae", "fanout"),
        exchange("~y", arguments={"alternate-exchange": "~ae"}),
        FANOUT,
        to("~x"),
        bind("~q", "~ae"),
        publish("~y", "~k"),
        rejected(),
        died(1),
    ),
    conversation(
        "death/by-way-of-another-exchange",
        exchange("~y", "fanout"),
        exchange("~z", "fanout"),
        call("exchange.bind", source="~z", destination="~y"),
        FANOUT,
        to("~x"),
        bind("~q", "~y"),
        publish("~z", "~k"),
        rejected(),
        died(1),
    ),
    conversation("death/republished-by-a-client", to(""), sent(**{"x-death": [_DEATH]}), again(1), until("~q", 1), get("~q")),
    conversation("death/delivered-with-one-of-a-client", queue(), sent(**{"x-death": [_DEATH]}), get("~q")),
    conversation(
        "death/one-of-a-client-for-another-queue",
        to(""),
        sent(**{"x-death": [{**_DEATH, "queue": "~other"}]}),
        again(1),
        until("~q", 1),
        get("~q"),
    ),
    conversation(
        "death/one-of-a-client-with-first-death-headers",
        to(""),
        sent(
            **{
                "x-death": [_DEATH],
                "x-first-death-exchange": "~nothing",
                "x-first-death-queue": "~nowhere",
                "x-first-death-reason": "boredom",
                "x-last-death-reason": "fun",
            }
        ),
        again(1),
        until("~q", 1),
        get("~q"),
    ),
    conversation(
        "death/first-death-headers-of-a-client",
        to(""),
        sent(**{"x-first-death-reason": "boredom", "x-last-death-queue": 5}),
        again(1),
        until("~q", 1),
        get("~q"),
    ),
    *[
        conversation(
            f"death/{name}-instead-of-deaths",
            to(""),
            sent(**{"x-death": value}),
            again(1),
            until("~q", 1),
            get("~q"),
            # The array of text ends the queue's process.
            since="4.0",
        )
        for name, value in [
            ("text", "dead"),
            ("a-number", 5),
            ("a-table", {"count": 3}),
            ("an-empty-array", []),
            ("an-array-of-text", ["dead"]),
            ("an-empty-table-in-an-array", [{}]),
        ]
    ],
    conversation(
        "death/one-of-a-client-without-count",
        to(""),
        sent(**{"x-death": [{"queue": "~q", "reason": "rejected"}, {"queue": "~q", "reason": "rejected"}]}),
        again(1),
        until("~q", 1),
        get("~q"),
    ),
    conversation(
        "death/in-a-delivery-to-a-consumer",
        mortal(),
        consume("~dead"),
        sent(a="a", b="b"),
        get("~q"),
        reject(1, requeue=False),
        deliveries(1),
    ),
    conversation(
        "death/redelivered",
        mortal(),
        published(b"m"),
        get("~q"),
        reject(1),
        get("~q"),
        reject(2, requeue=False),
        until("~dead", 1),
        get("~dead"),
        reject(3),
        get("~dead"),
    ),
]
