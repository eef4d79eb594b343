"""x-single-active-consumer: who is served, who takes over and when, what happens to what the last one held."""

from typing import Any

from interop.conformance.steps import (
    Conversation,
    Step,
    ack,
    await_closed,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    expect,
    get,
    nack,
    passive,
    publish,
    quiet,
    reject,
    send,
    until,
)
from interop.conformance.wire import Typed

ONE_AT_A_TIME = call("basic.qos", prefetch_count=1)


def queue(kind: str, **arguments: Any) -> Step:
    values = {"x-queue-type": kind, "x-single-active-consumer": True}
    return declare("~q", arguments=values | {key.replace("_", "-"): value for key, value in arguments.items()})


def published(*bodies: bytes) -> list[Step]:
    return [publish("", "~q", body) for body in bodies]


def worker(tag: str, rank: int | None = None, c: str = "a", no_ack: bool = False) -> Step:
    return consume("~q", tag, c, no_ack=no_ack, arguments={} if rank is None else {"x-priority": rank})


def eager(tag: str, rank: int | None = None, c: str = "a") -> Step:
    """One without acknowledgements."""
    return worker(tag, rank, c, no_ack=True)


def cancel(tag: str, c: str = "a") -> Step:
    return call("basic.cancel", c, consumer_tag=tag)


CLOSE = call("channel.close", c="b", reply_code=200, reply_text="")


def _of(kind: str) -> list[Conversation]:
    """The same questions to a queue of each type."""

    def one(name: str, *steps: Any, since: str = "") -> Conversation:
        return conversation(f"single-active/{kind}-{name}", queue(kind), *steps, since=since)

    def there(ready: int, consumers: int) -> Step:
        # How a quorum queue counts its consumers is a question of its own (counts).
        return until("~q", ready, consumers) if kind == "classic" else quiet("~q")

    # After a cancel 3.10's classic queue sleeps until something else wakes it.
    awake = "4.0" if kind == "classic" else ""
    return [
        one("first-is-served", eager("x"), eager("y"), published(b"1", b"2", b"3"), deliveries(3)),
        one("counts", worker("x"), worker("y"), worker("z"), quiet("~q"), passive("~q")),
        one(
            "waits-though-the-active-is-full",
            *[ONE_AT_A_TIME, worker("x"), worker("y"), published(b"1", b"2"), deliveries(1)],
            *[there(1, 2), quiet("~q"), ack(1), deliveries(1)],
        ),
        one(
            "cancelled",
            *[eager("x"), eager("y"), eager("z"), published(b"1"), deliveries(1)],
            *[cancel("x"), published(b"2"), deliveries(1), cancel("y"), published(b"3"), deliveries(1)],
        ),
        one(
            "waiting-one-cancelled",
            *[eager("x"), eager("y"), eager("z"), cancel("y"), there(0, 2), cancel("x"), published(b"1")],
            deliveries(1),
        ),
        one(
            "cancelled-keeps-unacked",
            *[ONE_AT_A_TIME, worker("x"), worker("y"), published(b"1", b"2"), deliveries(1), cancel("x")],
            *[deliveries(1), quiet("~q"), ack(1), ack(2), until("~q", 0, 1), passive("~q")],
            since=awake,
        ),
        one(
            "cancelled-then-requeues",
            *[ONE_AT_A_TIME, worker("x"), worker("y"), published(b"1", b"2"), deliveries(1), cancel("x")],
            *[deliveries(1), reject(1), until("~q", 1, 1), ack(2), deliveries(1)],
            since=awake,
        ),
        one(
            "cancelled-comes-back-last",
            *[eager("x"), eager("y"), cancel("x"), eager("x"), published(b"1"), deliveries(1)],
            *[cancel("y"), published(b"2"), deliveries(1)],
        ),
        one(
            "channel-closed",
            *[connect("b"), ONE_AT_A_TIME, call("basic.qos", c="b", prefetch_count=1), worker("x", c="b")],
            *[worker("y"), published(b"1", b"2"), deliveries(1, c="b"), CLOSE, deliveries(1), ack(1), deliveries(1)],
        ),
        one(
            "channel-closed-several-held",
            *[connect("b"), worker("x", c="b"), worker("y"), published(b"1", b"2", b"3"), deliveries(3, c="b")],
            *[CLOSE, deliveries(3)],
        ),
        one(
            "channel-with-waiting-one-closed",
            *[connect("b"), worker("x"), worker("y", c="b"), worker("z"), CLOSE, there(0, 2), published(b"1")],
            deliveries(1),
        ),
        one(
            "channel-error",
            *[connect("b"), worker("x", c="b"), worker("y"), published(b"1"), deliveries(1, c="b"), ack(9, c="b")],
            *[expect("channel.close", c="b"), deliveries(1)],
        ),
        one(
            "connection-closed",
            *[connect("b"), worker("x", c="b"), worker("y"), published(b"1"), deliveries(1, c="b")],
            *[call("connection.close", c="b", ch=0, reply_code=200), deliveries(1)],
        ),
        one(
            "connection-lost",
            *[connect("b"), worker("x", c="b"), worker("y"), published(b"1"), deliveries(1, c="b"), drop("b")],
            deliveries(1),
        ),
        one(
            "order-of-joining",
            *[connect("b"), connect("c"), worker("x", c="b"), worker("y", c="c"), worker("z"), published(b"1")],
            *[deliveries(1, c="b"), drop("b"), deliveries(1, c="c"), drop("c"), deliveries(1)],
        ),
        one(
            "two-on-a-closed-channel",
            *[connect("b"), worker("x", c="b"), worker("y", c="b"), worker("z"), published(b"1")],
            *[deliveries(1, c="b"), CLOSE, deliveries(1)],
        ),
        one("higher-comes-later-idle", eager("low"), eager("high", 5), published(b"1", b"2"), deliveries(2)),
        one(
            "higher-comes-later-busy",
            *[ONE_AT_A_TIME, worker("low"), published(b"1", b"2", b"3"), deliveries(1), worker("high", 5)],
            *[there(2, 2), quiet("~q"), ack(1), deliveries(1), ack(2), deliveries(1)],
        ),
        *_higher_with_several(kind),
        one(
            "highest-of-waiting-follows",
            *[eager("first"), eager("low", -2), eager("usual", -1), eager("also", -1), there(0, 4), cancel("first")],
            *[published(b"1"), deliveries(1), cancel("usual"), published(b"2"), deliveries(1), cancel("also")],
            *[published(b"3"), deliveries(1)],
        ),
        one(
            "between-high-and-higher",
            *[eager("high", 5), eager("low"), eager("higher", 7), there(0, 3), published(b"1"), deliveries(1)],
            *[cancel("higher"), published(b"2"), deliveries(1), cancel("high"), published(b"3"), deliveries(1)],
        ),
        one("exclusive", consume("~q", "x", exclusive=True)),
        one("exclusive-second", worker("x"), consume("~q", "y", exclusive=True)),
        *[
            one("exclusive-first", consume("~q", "x", exclusive=True), worker("y"))
            for _ in range(kind == "quorum")
        ],
        one("get", published(b"1"), until("~q", 1), get("~q")),
        one("get-empty", get("~q")),
        one(
            "get-beside-consumer",
            *[ONE_AT_A_TIME, worker("x"), published(b"1", b"2"), deliveries(1), until("~q", 1, 1), get("~q")],
        ),
        one(
            "backlog",
            *[published(b"1", b"2", b"3"), until("~q", 3), ONE_AT_A_TIME, worker("x"), deliveries(1), worker("y")],
            *[there(2, 2), ack(1), deliveries(1), cancel("x"), deliveries(1)],
            since=awake,
        ),
        one(
            "prefetch-of-each",
            *[call("basic.qos", prefetch_count=2), worker("x"), ONE_AT_A_TIME, worker("y")],
            *[published(b"1", b"2", b"3", b"4"), deliveries(2), there(2, 2), cancel("x"), deliveries(1)],
            *[there(1, 1), ack(0, multiple=True), deliveries(1)],
            since=awake,
        ),
        one(
            "no-ack-beside-ack",
            *[eager("x"), worker("y"), published(b"1"), deliveries(1), cancel("x"), published(b"2"), deliveries(1)],
            *[ack(2), until("~q", 0, 1), passive("~q")],
        ),
        one(
            "nack-to-itself",
            *[worker("x"), worker("y"), published(b"1"), deliveries(1), nack(1), deliveries(1), ack(2), quiet("~q")],
        ),
        one(
            "recover",
            *[worker("x"), worker("y"), published(b"1", b"2"), deliveries(2)],
            *[send("basic.recover", requeue=True), expect("basic.recover-ok", "basic.deliver", "basic.deliver")],
        ),
        one(
            "deleted",
            *[worker("x"), worker("y"), send("queue.delete", queue="~q")],
            expect("queue.delete-ok", "basic.cancel", "basic.cancel"),
        ),
        one("delete-if-unused", worker("x"), call("queue.delete", queue="~q", if_unused=True)),
        one("same-tag-again", worker("x"), worker("x"), await_closed("a")),
        one("declared-again", queue(kind)),
        one("declared-again-without", declare("~q", arguments={"x-queue-type": kind})),
    ]


def _higher_with_several(kind: str) -> list[Conversation]:
    """A higher priority joins while the active one holds two messages and has room for more."""
    start = [queue(kind), worker("low"), published(b"1", b"2"), deliveries(2), worker("high", 5), published(b"3")]
    name = f"single-active/{kind}-higher-comes-later-holding-several"
    if kind == "classic":
        return [conversation(name, start, deliveries(1), ack(1), ack(2), published(b"4"), deliveries(1))]
    rest = [quiet("~q"), ack(1), quiet("~q"), ack(2), deliveries(1), published(b"4"), deliveries(1)]
    return [conversation(name, start, rest, since="4.0")]


CONVERSATIONS = [
    *_of("classic"),
    *_of("quorum"),
    conversation(
        "single-active/false",
        declare("~q", arguments={"x-single-active-consumer": False}),
        *[eager("x"), eager("y"), published(b"1", b"2"), deliveries(2)],
    ),
    conversation(
        "single-active/with-priorities-of-messages",
        queue("classic", x_max_priority=5),
        ONE_AT_A_TIME,
        [publish("", "~q", b"low", priority=1), publish("", "~q", b"high", priority=5), until("~q", 2)],
        *[worker("x"), deliveries(1), worker("y"), cancel("x"), deliveries(1)],
        since="4.0",
    ),
    conversation(
        "single-active/exclusive-queue",
        declare("~q", exclusive=True, arguments={"x-single-active-consumer": True}),
        *[eager("x"), eager("y"), published(b"1"), deliveries(1)],
    ),
    conversation(
        "single-active/auto-delete",
        declare("~q", auto_delete=True, arguments={"x-single-active-consumer": True}),
        *[worker("x"), worker("y"), cancel("x"), passive("~q"), cancel("y"), passive("~q")],
    ),
    *[
        conversation(f"single-active/argument-{name}", declare("~q", arguments={"x-single-active-consumer": value}))
        for name, value in {"number": 1, "void": None, "text": "true", "byte": Typed("b", 1), "table": {}}.items()
    ],
]
