"""Exclusive queues as a second connection meets them."""

from typing import Any

from interop.conformance.steps import (
    Conversation,
    bind,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    get,
    open_channel,
    passive,
    publish,
    quiet,
)


def _locked(name: str, step: Any, *after: Any) -> Conversation:
    return conversation(f"exclusive/{name}", connect("b"), declare("~q", exclusive=True), step, *after)


CONVERSATIONS = [
    _locked("declare", declare("~q", c="b")),
    _locked("declare-exclusive", declare("~q", c="b", exclusive=True)),
    _locked("passive", passive("~q", c="b")),
    _locked("get", get("~q", c="b")),
    _locked("consume", consume("~q", c="b")),
    _locked("purge", call("queue.purge", c="b", queue="~q")),
    _locked("delete", call("queue.delete", c="b", queue="~q")),
    _locked("delete-if-unused", call("queue.delete", c="b", queue="~q", if_unused=True)),
    _locked("bind", bind("~q", "amq.direct", "~k", c="b")),
    _locked("unbind", call("queue.unbind", c="b", queue="~q", exchange="amq.direct", routing_key="~k")),
    _locked(
        "unbind-existing",
        bind("~q", "amq.direct", "~k"),
        call("queue.unbind", c="b", queue="~q", exchange="amq.direct", routing_key="~k"),
        publish("amq.direct", "~k"),
        get("~q"),
    ),
    _locked("publish", publish("", "~q", c="b"), quiet(c="b"), get("~q")),
    _locked(
        "own-other-channel",
        *open_channel(2),
        get("~q", ch=2),
        passive("~q", ch=2),
        call("queue.delete", ch=2, queue="~q"),
    ),
    conversation(
        "exclusive/server-named",
        connect("b"),
        call("queue.declare", exclusive=True, save={"queue": "gen"}),
        passive("$gen", c="b"),
    ),
    conversation(
        "exclusive/deleted-is-free",
        connect("b"),
        declare("~q", exclusive=True),
        call("queue.delete", queue="~q"),
        declare("~q", c="b", exclusive=True),
    ),
    conversation(
        "exclusive/auto-delete",
        connect("b"),
        declare("~q", exclusive=True, auto_delete=True),
        consume("~q"),
        call("basic.cancel", consumer_tag="t"),
        passive("~q", c="b"),
    ),
    conversation(
        "exclusive/name-cut-in-long-text",
        connect("b"),
        declare("~" + "long-name-" * 10, exclusive=True),
        get("~" + "long-name-" * 10, c="b"),
    ),
    conversation(
        "exclusive/bound-and-fed",
        connect("b"),
        exchange("~x", "fanout"),
        declare("~q", exclusive=True),
        bind("~q", "~x"),
        consume("~q", no_ack=True),
        publish("~x", "k", c="b"),
        deliveries(1),
    ),
]
