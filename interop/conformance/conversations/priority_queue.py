"""Queues with x-max-priority: the order messages leave in, what a priority beyond the range or none means, limits."""

from typing import Any

from interop.conformance.steps import (
    Step,
    ack,
    bind,
    call,
    confirms,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    get,
    nack,
    passive,
    publish,
    quiet,
    reject,
    until,
)
from interop.conformance.wire import Typed

CLOSE = call("channel.close", reply_code=200, reply_text="")


def ranked(limit: Any = 5, **arguments: Any) -> Step:
    """The queue with priorities 0 to ``limit``."""
    values = {"x-max-priority": limit, **{key.replace("_", "-"): value for key, value in arguments.items()}}
    return declare("~q", arguments=values)


def sent(*messages: tuple[bytes, int | None]) -> list[Step]:
    """Publish bodies with their priorities (None: without) and wait until all are in the queue."""
    steps: list[Step] = [
        publish("", "~q", body, **({} if priority is None else {"priority": priority})) for body, priority in messages
    ]
    return [*steps, until("~q", len(messages))]


def taken(count: int) -> list[Step]:
    return [get("~q", no_ack=True) for _ in range(count)]


MIXED = sent((b"a1", 1), (b"b3", 3), (b"c0", None), (b"d3", 3), (b"e5", 5), (b"f1", 1))
ONE_AT_A_TIME = call("basic.qos", prefetch_count=1)
DEAD: list[Step] = [exchange("~dlx", "fanout"), declare("~dead"), bind("~dead", "~dlx")]

CONVERSATIONS = [
    conversation("priority-queue/order", ranked(), MIXED, taken(7)),
    conversation("priority-queue/order-to-consumer", ranked(), MIXED, consume("~q", no_ack=True), deliveries(6)),
    conversation("priority-queue/clamped", ranked(2), sent((b"a2", 2), (b"b9", 9), (b"c1", 1), (b"d2", 2)), taken(4)),
    conversation("priority-queue/clamped-255", ranked(2), sent((b"a1", 1), (b"b255", 255), (b"c2", 2)), taken(3)),
    conversation("priority-queue/none-is-zero", ranked(), sent((b"a", None), (b"b", 0), (b"c", None)), taken(3)),
    conversation("priority-queue/none-below-one", ranked(1), sent((b"a", None), (b"b", 1), (b"c", 0)), taken(3)),
    conversation("priority-queue/limit-zero", ranked(0), sent((b"a", 0), (b"b", 5), (b"c", None)), taken(3)),
    conversation(
        "priority-queue/limit-255",
        ranked(255),
        sent((b"a", 0), (b"b", 254), (b"c", 255), (b"d", 128), (b"e", 9)),
        taken(5),
    ),
    conversation("priority-queue/without", declare("~q"), MIXED, taken(6)),
    conversation("priority-queue/counts", ranked(), MIXED, passive("~q"), get("~q"), passive("~q")),
    conversation(
        "priority-queue/prefetch-already-there",
        ranked(),
        ONE_AT_A_TIME,
        sent((b"low", 0)),
        consume("~q"),
        deliveries(1),
        [publish("", "~q", b"lower", priority=1), publish("", "~q", b"high", priority=5), until("~q", 2, 1)],
        ack(1),
        deliveries(1),
        ack(2),
        deliveries(1),
    ),
    conversation(
        "priority-queue/requeue-keeps-level",
        ranked(),
        sent((b"a1", 1), (b"b3", 3), (b"c1", 1)),
        get("~q"),
        get("~q"),
        reject(2),
        until("~q", 2),
        reject(1),
        until("~q", 3),
        taken(3),
    ),
    conversation(
        "priority-queue/requeue-together",
        ranked(),
        MIXED,
        *[get("~q") for _ in range(6)],
        nack(0, multiple=True),
        until("~q", 6),
        taken(6),
    ),
    conversation(
        "priority-queue/requeue-before-newer-of-its-level",
        ranked(),
        sent((b"a1", 1), (b"b1", 1)),
        get("~q"),
        [publish("", "~q", b"c1", priority=1), publish("", "~q", b"d2", priority=2), until("~q", 3)],
        reject(1),
        until("~q", 4),
        taken(4),
    ),
    conversation(
        "priority-queue/channel-closed-requeues",
        ranked(),
        MIXED,
        *[get("~q") for _ in range(4)],
        CLOSE,
        until("~q", 6),
        call("channel.open"),
        taken(6),
    ),
    conversation(
        "priority-queue/drop-head-lowest-first",
        ranked(x_max_length=2),
        *[publish("", "~q", body, priority=priority) for body, priority in ((b"a2", 2), (b"b1", 1), (b"c1", 1))],
        quiet("~q"),
        passive("~q"),
        taken(3),
    ),
    conversation(
        "priority-queue/drop-head-newest-lowest",
        ranked(x_max_length=2),
        *[publish("", "~q", body, priority=priority) for body, priority in ((b"a2", 2), (b"b3", 3), (b"c1", 1))],
        quiet("~q"),
        passive("~q"),
        taken(3),
    ),
    conversation(
        "priority-queue/drop-head-dead-letters",
        DEAD,
        ranked(x_max_length=2, x_dead_letter_exchange="~dlx"),
        *[publish("", "~q", body, priority=priority) for body, priority in ((b"a5", 5), (b"b2", 2), (b"c3", 3))],
        until("~dead", 1),
        call("basic.get", queue="~q", no_ack=True),
        call("basic.get", queue="~q", no_ack=True),
    ),
    conversation(
        "priority-queue/drop-head-bytes",
        ranked(x_max_length_bytes=6),
        *[publish("", "~q", body, priority=rank) for body, rank in ((b"aaa", 2), (b"bb", 1), (b"cccc", 1))],
        quiet("~q"),
        passive("~q"),
        taken(3),
    ),
    conversation(
        "priority-queue/reject-publish",
        call("confirm.select"),
        ranked(x_max_length=1, x_overflow="reject-publish"),
        publish("", "~q", b"a1", priority=1),
        confirms(1, 1),
        publish("", "~q", b"b5", priority=5),
        confirms(2, 2),
        taken(2),
    ),
    conversation("priority-queue/purge", ranked(), MIXED, get("~q"), call("queue.purge", queue="~q"), passive("~q")),
    conversation("priority-queue/delete-counts", ranked(), MIXED, call("queue.delete", queue="~q")),
    conversation("priority-queue/delete-if-empty", ranked(), MIXED, call("queue.delete", queue="~q", if_empty=True)),
    conversation(
        "priority-queue/to-consumers-by-their-priority",
        ranked(),
        ONE_AT_A_TIME,
        MIXED,
        consume("~q", "low"),
        deliveries(1),
        consume("~q", "high", arguments={"x-priority": 1}),
        deliveries(1),
        ack(2),
        deliveries(1),
        ack(1),
        deliveries(1),
    ),
    conversation(
        "priority-queue/expired-once-the-higher-are-gone",
        ranked(),
        publish("", "~q", b"stays", priority=5),
        publish("", "~q", b"goes", priority=1, expiration="1"),
        consume("~q", no_ack=True),
        deliveries(1),
        until("~q", 0, 1),
    ),
    conversation("priority-queue/nack-drops", ranked(), sent((b"a", 1), (b"b", 4)), get("~q"), reject(1, requeue=False),
                 quiet("~q"), taken(2)),
    *[
        conversation(f"priority-queue/argument-{name}", ranked(value))
        for name, value in {
            "zero": 0,
            "one": 1,
            "255": 255,
            "256": 256,
            "minus-one": -1,
            "byte": Typed("b", 5),
            "long": Typed("l", 5),
            "bool": True,
            "double": 5.0,
            "void": None,
            "text": "5",
            "bytes": b"5",
            "timestamp": Typed("T", 5),
            "table": {},
            "array": [5],
            "decimal": Typed("D", (0, 5)),
        }.items()
    ],
    conversation("priority-queue/again-equal", ranked(5), ranked(Typed("b", 5))),
    conversation("priority-queue/again-other", ranked(5), ranked(6)),
    conversation("priority-queue/again-gone", ranked(5), declare("~q")),
    conversation("priority-queue/again-zero-over-none", declare("~q"), ranked(0)),
]
