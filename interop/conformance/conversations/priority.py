"""Consumer priorities: the higher ones are served first, as long as they have room."""

from typing import Any

from interop.conformance.steps import (
    Step,
    ack,
    call,
    consume,
    conversation,
    declare,
    deliveries,
    publish,
    quiet,
)
from interop.conformance.wire import Typed


def published(*bodies: bytes) -> list[Step]:
    return [publish("", "~q", body) for body in bodies]


def worker(tag: str, priority: Any = None, no_ack: bool = False) -> Step:
    arguments = {} if priority is None else {"x-priority": priority}
    return consume("~q", tag, no_ack=no_ack, arguments=arguments)


ONE_EACH = [declare("~q"), call("basic.qos", prefetch_count=1)]

CONVERSATIONS = [
    conversation(
        "priority/higher-takes-all",
        declare("~q"),
        worker("low", no_ack=True),
        worker("high", 5, no_ack=True),
        published(b"1", b"2", b"3"),
        deliveries(3),
    ),
    conversation(
        "priority/spills-over", ONE_EACH, worker("low"), worker("high", 5), published(b"1", b"2", b"3"), deliveries(2)
    ),
    conversation(
        "priority/negative-is-lower",
        ONE_EACH,
        worker("below", -1),
        worker("usual"),
        published(b"1", b"2"),
        deliveries(2),
    ),
    conversation(
        "priority/room-again",
        ONE_EACH,
        worker("low"),
        worker("high", 5),
        published(b"1", b"2"),
        deliveries(2),
        ack(2),
        ack(1),
        quiet("~q"),
        published(b"3"),
        deliveries(1),
    ),
    conversation(
        "priority/equal-take-turns",
        declare("~q"),
        worker("never", no_ack=True),
        worker("a", 5, no_ack=True),
        worker("b", 5, no_ack=True),
        published(b"1", b"2", b"3", b"4"),
        deliveries(4),
    ),
    conversation(
        "priority/one-that-comes-late",
        ONE_EACH,
        published(b"1", b"2", b"3"),
        worker("low"),
        deliveries(1),
        worker("high", 5),
        deliveries(1),
        ack(2),
        deliveries(1),
    ),
    conversation(
        "priority/types",
        ONE_EACH,
        worker("byte", Typed("b", 1)),
        worker("long", Typed("l", 1 << 40)),
        worker("unsigned", Typed("i", 2)),
        published(b"1", b"2", b"3"),
        deliveries(3),
    ),
]
