"""Consumers at the corners: the values of x-priority, exclusive ones, and who is told that its queue is gone."""

from typing import Any

from interop.conformance.steps import (
    Step,
    ack,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    expect,
    get,
    passive,
    publish,
    quiet,
    reject,
    send,
    until,
    until_gone,
)
from interop.conformance.wire import Typed

ONE_AT_A_TIME = call("basic.qos", prefetch_count=1)
CANCEL = call("basic.cancel", consumer_tag="t")
CLOSE_B = call("channel.close", c="b", reply_code=200, reply_text="")
MUTE = {"authentication_failure_close": True}
DELETE = call("queue.delete", queue="~q")


def published(*bodies: bytes) -> list[Step]:
    return [publish("", "~q", body) for body in bodies]


def worker(tag: str, priority: Any = None, c: str = "a", no_ack: bool = False) -> Step:
    return consume("~q", tag, c, no_ack=no_ack, arguments={} if priority is None else {"x-priority": priority})


def alone(tag: str, c: str = "a") -> Step:
    return consume("~q", tag, c, exclusive=True)


CONVERSATIONS = [
    *[
        conversation(f"consumer-priority/value-{name}", declare("~q"), worker("t", value))
        for name, value in {
            "bool": True,
            "double": 1.0,
            "float": Typed("f", 1.0),
            "decimal": Typed("D", (0, 1)),
            "timestamp": Typed("T", 1),
            "bytes": b"1",
            "empty": "",
            "table": {},
            "array": [1],
            "short": Typed("s", -1),
            "ubyte": Typed("B", 200),
            "ushort": Typed("u", 60000),
            "largest": Typed("l", (1 << 63) - 1),
            "smallest": Typed("l", -(1 << 63)),
        }.items()
    ],
    conversation("consumer-priority/void", declare("~q"), consume("~q", arguments={"x-priority": None})),
    conversation(
        "consumer-priority/three-levels",
        *[declare("~q"), ONE_AT_A_TIME, worker("low", -5), worker("usual"), worker("high", 5)],
        *[published(b"1", b"2", b"3", b"4"), deliveries(3), ack(1), deliveries(1)],
    ),
    conversation(
        "consumer-priority/zero-is-usual",
        *[declare("~q"), worker("none", no_ack=True), worker("zero", 0, no_ack=True), published(b"1", b"2")],
        deliveries(2),
    ),
    conversation(
        "consumer-priority/far-apart",
        *[declare("~q"), worker("low", Typed("l", -(1 << 40)), no_ack=True)],
        *[worker("high", Typed("l", 1 << 40), no_ack=True), published(b"1", b"2"), deliveries(2)],
    ),
    conversation(
        "consumer-priority/high-goes",
        *[declare("~q"), worker("low", no_ack=True), worker("t", 5, no_ack=True), published(b"1"), deliveries(1)],
        *[CANCEL, published(b"2"), deliveries(1)],
    ),
    conversation(
        "consumer-priority/high-on-other-channel-goes",
        *[declare("~q"), connect("b"), worker("low"), worker("t", 5, "b"), published(b"1"), deliveries(1, "b")],
        *[CLOSE_B, deliveries(1)],
    ),
    conversation(
        "consumer-priority/requeued-goes-to-the-high",
        *[declare("~q"), ONE_AT_A_TIME, worker("low"), worker("high", 5), published(b"1", b"2"), deliveries(2)],
        *[ack(1), reject(2), deliveries(1)],
    ),
    conversation(
        "consumer-priority/equal-turns-with-room",
        *[declare("~q"), ONE_AT_A_TIME, worker("a", 1), worker("b", 1), worker("c", 1)],
        *[published(b"1", b"2", b"3", b"4", b"5"), deliveries(3), ack(2), deliveries(1), ack(1), deliveries(1)],
    ),
    conversation("exclusive-consumer/first", declare("~q"), alone("x"), worker("y")),
    conversation("exclusive-consumer/second", declare("~q"), worker("x"), alone("y")),
    conversation("exclusive-consumer/twice", declare("~q"), alone("x"), alone("y")),
    conversation("exclusive-consumer/other-connection", declare("~q"), alone("x"), connect("b"), worker("y", c="b")),
    conversation(
        "exclusive-consumer/free-after-channel",
        *[declare("~q"), connect("b"), alone("x", "b"), CLOSE_B, worker("y")],
    ),
    conversation(
        "exclusive-consumer/free-after-connection",
        *[declare("~q"), connect("b"), alone("x", "b"), until("~q", 0, 1), drop("b"), until("~q", 0), alone("y")],
    ),
    conversation(
        "exclusive-consumer/others-gone",
        *[declare("~q"), worker("t"), CANCEL, alone("x"), published(b"1"), deliveries(1)],
    ),
    conversation(
        "exclusive-consumer/get-and-purge",
        *[declare("~q"), ONE_AT_A_TIME, alone("x"), published(b"1", b"2", b"3"), deliveries(1), until("~q", 2, 1)],
        *[get("~q"), call("queue.purge", queue="~q"), passive("~q")],
    ),
    conversation("exclusive-consumer/delete-if-unused", declare("~q"), alone("x"), call("queue.delete", queue="~q", if_unused=True)),
    conversation(
        "exclusive-consumer/with-priority",
        *[declare("~q"), consume("~q", "x", exclusive=True, arguments={"x-priority": 5}), worker("y", 9)],
    ),
    conversation(
        "cancelled-by-broker/several-on-a-channel",
        *[declare("~q"), worker("x"), worker("y"), until("~q", 0, 2), send("queue.delete", queue="~q")],
        *[expect("queue.delete-ok", "basic.cancel", "basic.cancel"), quiet()],
    ),
    conversation(
        "cancelled-by-broker/several-connections",
        *[declare("~q"), connect("b"), worker("x", c="b"), worker("y"), until("~q", 0, 2), send("queue.delete", queue="~q")],
        *[expect("queue.delete-ok", "basic.cancel"), expect("basic.cancel", c="b")],
    ),
    conversation(
        "cancelled-by-broker/without-capability",
        *[declare("~q"), connect("b", MUTE), worker("x", c="b"), DELETE, quiet(c="b")],
        call("basic.cancel", c="b", consumer_tag="x"),
    ),
    conversation(
        "cancelled-by-broker/capability-false",
        *[declare("~q"), connect("b", {"consumer_cancel_notify": False}), worker("x", c="b"), DELETE, quiet(c="b")],
    ),
    conversation(
        "cancelled-by-broker/holding-unacked",
        *[declare("~q"), worker("t"), published(b"1", b"2"), deliveries(2), send("queue.delete", queue="~q")],
        *[expect("queue.delete-ok", "basic.cancel"), ack(1), reject(2), quiet(), ack(1), expect("channel.close")],
    ),
    conversation(
        "cancelled-by-broker/tag-free-again",
        *[declare("~q"), worker("t"), until("~q", 0, 1), send("queue.delete", queue="~q"), expect("queue.delete-ok", "basic.cancel")],
        *[declare("~q"), worker("t", no_ack=True), published(b"1"), deliveries(1)],
    ),
    conversation(
        "cancelled-by-broker/cancelled-by-client-before",
        *[declare("~q"), worker("t"), CANCEL, DELETE, quiet()],
    ),
    conversation(
        "cancelled-by-broker/nowait-consumer",
        *[declare("~q"), send("basic.consume", queue="~q", consumer_tag="t", nowait=True), until("~q", 0, 1)],
        *[send("queue.delete", queue="~q"), expect("queue.delete-ok", "basic.cancel")],
    ),
    conversation(
        "cancelled-by-broker/exclusive-queue-of-a-lost-connection",
        *[connect("b"), declare("~q", c="b", exclusive=True), worker("t", c="b"), drop("b"), until_gone("~q")],
        declare("~q", passive=True),
    ),
    conversation(
        "cancelled-by-broker/auto-delete-last-consumer",
        *[declare("~q", auto_delete=True), worker("t"), CANCEL, quiet()],
    ),
    conversation(
        "cancelled-by-broker/quorum-holding-unacked",
        declare("~q", arguments={"x-queue-type": "quorum"}),
        *[worker("t"), published(b"1"), deliveries(1), send("queue.delete", queue="~q")],
        *[expect("queue.delete-ok", "basic.cancel"), ack(1), quiet()],
    ),
]
