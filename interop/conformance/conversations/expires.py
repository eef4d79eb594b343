"""Queues that go when nobody used them for a while (x-expires).

Asking for the queue would be using it: an auto-delete exchange, bound to nothing else, tells that it is gone.
"""

from interop.conformance.conversations.queue_words import DEAD, TO_DEAD, arguments, published, queue
from interop.conformance.steps import (
    Step,
    ack,
    bind,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    drop,
    exchange,
    expect,
    get,
    passive,
    pause,
    publish,
    quiet,
    until_no_exchange,
)

_GONE = [until_no_exchange("~x"), publish("", "~q", mandatory=True), expect("basic.return")]


def watched(*declaring: Step) -> list[Step]:
    """The exchange that goes with the queue."""
    return [*declaring, exchange("~x", auto_delete=True), bind("~q", "~x")]


def kept_by(*using: Step) -> list[Step]:
    """Used at 0.3 s, the queue is still there at 0.6 s, though 0.5 s without use would have ended it."""
    return [queue(x_expires=500), pause(0.3), *using, pause(0.3), publish("", "~q", mandatory=True), quiet("~q")]


def not_kept_by(*using: Step) -> list[Step]:
    return [watched(queue(x_expires=200)), pause(0.1), *using, _GONE]


CONVERSATIONS = [
    conversation("expires/idle", watched(queue(x_expires=50)), _GONE, passive("~q")),
    conversation("expires/argument-of-64-bits", watched(queue(x_expires=50)), _GONE),
    conversation("expires/declared-anew", watched(queue(x_expires=50)), _GONE, queue(x_expires=60000)),
    conversation("expires/declared-anew-otherwise", watched(queue(x_expires=50)), _GONE, queue()),
    conversation("expires/get", kept_by(get("~q"))),
    conversation("expires/get-with-ack", kept_by(published(b"m")[0], get("~q"), ack(1))),
    conversation("expires/declare", kept_by(queue(x_expires=500))),
    conversation("expires/passive", kept_by(call("queue.declare", queue="~q", passive=True))),
    conversation("expires/declare-refused", not_kept_by(queue(x_expires=201), call("channel.open"))),
    conversation("expires/publish", not_kept_by(publish("", "~q"))),
    conversation("expires/bind", not_kept_by(bind("~q", "amq.direct", "~"))),
    conversation("expires/purge", not_kept_by(call("queue.purge", queue="~q"))),
    conversation(
        "expires/consumer",
        watched(queue(x_expires=50)),
        consume("~q"),
        pause(0.2),
        passive("~q"),
        call("basic.cancel", consumer_tag="t"),
        _GONE,
    ),
    conversation(
        "expires/consumer-whose-connection-ends",
        watched(queue(x_expires=50)),
        connect("b"),
        consume("~q", c="b"),
        pause(0.2),
        passive("~q"),
        drop("b"),
        _GONE,
    ),
    conversation(
        "expires/unacked-of-a-get",
        watched(queue(x_expires=50)),
        published(b"m"),
        get("~q"),
        _GONE,
        ack(1),
        quiet(),
    ),
    conversation(
        "expires/unacked-of-a-consumer",
        watched(queue(x_expires=50)),
        published(b"m"),
        consume("~q"),
        deliveries(1),
        call("basic.cancel", consumer_tag="t"),
        _GONE,
        ack(1),
        quiet(),
    ),
    conversation(
        "expires/no-dead-letters",
        DEAD,
        watched(queue(x_expires=50, **TO_DEAD)),
        published(b"1", b"2"),
        _GONE,
        passive("~dead"),
    ),
    conversation(
        "expires/exclusive",
        watched(declare("~q", exclusive=True, arguments=arguments(x_expires=50))),
        _GONE,
        passive("~q"),
    ),
    conversation(
        "expires/auto-delete",
        watched(declare("~q", auto_delete=True, arguments=arguments(x_expires=50))),
        _GONE,
        passive("~q"),
    ),
    conversation(
        "expires/transient",
        watched(declare("~q", exclusive=True, durable=False, arguments=arguments(x_expires=50))),
        _GONE,
    ),
    conversation(
        "expires/after-redeclare-by-consumer",
        watched(queue(x_expires=50)),
        consume("~q", no_ack=True),
        published(b"1"),
        deliveries(1),
        pause(0.1),
        published(b"2"),
        deliveries(1),
        passive("~q"),
    ),
]
