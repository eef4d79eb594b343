"""queue.declare, purge, delete: counts, equivalence, passive, names, the last declared queue, auto-delete, cancels."""

from typing import Any

from interop.conformance.steps import (
    CAPABILITIES,
    Call,
    Conversation,
    ack,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    open_channel,
    passive,
    publish,
    quiet,
    reject,
    send,
)


def _again(name: str, first: dict[str, Any] | None = None, **second: Any) -> Conversation:
    first = {"durable": True, **(first or {})}
    return conversation(f"queue/again-{name}", declare("~q", **first), declare("~q", **{**first, **second}))


def delete(queue: str, **arguments: bool) -> Call:
    return call("queue.delete", queue=queue, **arguments)


def purge(queue: str) -> Call:
    return call("queue.purge", queue=queue)


THREE = [declare("~q"), *[publish("", "~q", str(n).encode()) for n in range(3)]]
DEAF = {**CAPABILITIES, "consumer_cancel_notify": False}

CONVERSATIONS = [
    conversation("queue/declare", declare("~q"), declare("~q"), passive("~q")),
    conversation("queue/declare-transient", declare("~q", durable=False), passive("~q")),
    conversation(
        "queue/declare-exclusive", declare("~q", exclusive=True), declare("~q", exclusive=True), passive("~q")
    ),
    conversation("queue/declare-counts", THREE, passive("~q"), consume("~q"), deliveries(3), declare("~q")),
    conversation("queue/declare-nowait", send("queue.declare", queue="~q", durable=True, nowait=True), passive("~q")),
    conversation(
        "queue/declare-nowait-error", send("queue.declare", queue="amq.~q", durable=True, nowait=True), quiet()
    ),
    _again("not-durable", durable=False),
    _again("durable", first={"durable": False}, durable=True),
    _again("auto-delete", auto_delete=True),
    _again("not-auto-delete", first={"auto_delete": True}, auto_delete=False),
    _again("exclusive", exclusive=True),
    _again("not-exclusive", first={"exclusive": True}, exclusive=False),
    _again("exclusive-durable-differs", first={"exclusive": True, "durable": False}, durable=True),
    _again("exclusive-durable-differs-other-way", first={"exclusive": True, "durable": True}, durable=False),
    _again("several-differences", durable=False, auto_delete=True),
    _again("unknown-arguments", first={"arguments": {"x-mine": 1}}, arguments={"x-mine": "two", "x-yours": True}),
    conversation("queue/passive-missing", passive("~q")),
    conversation("queue/passive-empty-name", passive("")),
    conversation("queue/passive-empty-name-after-declare", declare("~q"), passive("")),
    conversation(
        "queue/passive-other-flags",
        declare("~q"),
        call("queue.declare", queue="~q", passive=True, auto_delete=True, arguments={"x-max-length": "no"}),
    ),
    conversation("queue/passive-reserved", passive("amq.~q")),
    conversation(
        "queue/passive-nowait", declare("~q"), send("queue.declare", queue="~q", passive=True, nowait=True), quiet()
    ),
    conversation("queue/reserved", declare("amq.~q")),
    conversation("queue/reserved-exclusive", declare("amq.~q", exclusive=True)),
    conversation(
        "queue/name-with-line-ends",
        declare("~q\r\nx"),
        passive("~qx"),
        publish("", "~qx"),
        delete("~q\rx"),
        get("~q\nx"),
    ),
    conversation("queue/name-not-ascii", declare("~grüße"), publish("", "~grüße"), get("~grüße"), passive("~größe")),
    conversation("queue/name-longest", declare("~" + "n" * 240), passive("~" + "m" * 240)),
    conversation("queue/name-with-quotes", passive('~it\'s "q" <here> \t\\')),
    conversation(
        "queue/server-named",
        call("queue.declare", exclusive=True, save={"queue": "gen"}),
        passive("$gen"),
        publish("", "$gen"),
        get("$gen"),
        call("queue.declare", exclusive=True, save={"queue": "gen2"}),
        passive("$gen"),
    ),
    conversation(
        "queue/server-named-declared-again",
        call("queue.declare", exclusive=True, save={"queue": "gen"}),
        call("queue.declare", queue="$gen", exclusive=True),
    ),
    conversation(
        "queue/server-named-shared",
        call("queue.declare", durable=True, auto_delete=True, save={"queue": "gen"}),
        connect("b"),
        passive("$gen", c="b"),
        delete("$gen"),
    ),
    conversation("queue/last-declared-missing-get", get("")),
    conversation("queue/last-declared-missing-consume", consume("")),
    conversation("queue/last-declared-missing-purge", purge("")),
    conversation("queue/last-declared-missing-delete", delete("")),
    conversation("queue/last-declared-missing-bind", call("queue.bind", exchange="amq.direct", routing_key="~k")),
    conversation("queue/last-declared-missing-unbind", call("queue.unbind", exchange="amq.direct", routing_key="~k")),
    conversation(
        "queue/last-declared",
        declare("~other"),
        declare("~q"),
        publish("", "~q"),
        publish("", "~q"),
        get(""),
        purge(""),
        consume(""),
        publish("", "~q"),
        deliveries(1),
        delete(""),
        expect("basic.cancel"),
        get(""),
    ),
    conversation(
        "queue/last-declared-passive", declare("~q"), declare("~other"), passive("~q"), publish("", "~q"), get("")
    ),
    conversation("queue/last-declared-a-channel", declare("~q"), open_channel(2), get("", ch=2)),
    conversation(
        "queue/last-declared-server-named",
        call("queue.declare", exclusive=True),
        call("queue.bind", exchange="amq.direct", routing_key="~k"),
        publish("amq.direct", "~k"),
        get(""),
    ),
    conversation(
        "queue/last-declared-unharmed-by-other-methods",
        declare("~q"),
        declare("~r"),
        publish("", "~q"),
        get("~q"),
        publish("", "~r"),
        get(""),
    ),
    conversation("queue/purge", THREE, purge("~q"), passive("~q"), purge("~q")),
    conversation("queue/purge-missing", purge("~q")),
    conversation("queue/purge-nowait", THREE, send("queue.purge", queue="~q", nowait=True), passive("~q")),
    conversation("queue/purge-leaves-unacked", THREE, get("~q"), purge("~q"), reject(1), get("~q"), get("~q")),
    conversation("queue/delete", THREE, delete("~q"), passive("~q")),
    conversation("queue/delete-missing", delete("~q")),
    conversation("queue/delete-missing-flags", delete("~q", if_unused=True, if_empty=True)),
    conversation("queue/delete-nowait", declare("~q"), send("queue.delete", queue="~q", nowait=True), passive("~q")),
    conversation("queue/delete-counts-ready-only", THREE, get("~q"), delete("~q")),
    conversation("queue/delete-if-empty", THREE, delete("~q", if_empty=True)),
    conversation(
        "queue/delete-if-empty-unacked-only", declare("~q"), publish("", "~q"), get("~q"), delete("~q", if_empty=True)
    ),
    conversation("queue/delete-if-unused", declare("~q"), consume("~q"), delete("~q", if_unused=True)),
    conversation(
        "queue/delete-if-unused-and-empty",
        THREE,
        call("basic.qos", prefetch_count=1),
        consume("~q"),
        deliveries(1),
        delete("~q", if_unused=True, if_empty=True),
    ),
    conversation("queue/delete-if-unused-fine", THREE, delete("~q", if_unused=True)),
    conversation("queue/delete-reserved-missing", delete("amq.~q")),
    conversation(
        "queue/delete-cancels-consumers",
        connect("b"),
        declare("~q"),
        consume("~q", "one", c="b"),
        consume("~q", "two", c="b"),
        delete("~q"),
        expect("basic.cancel", "basic.cancel", c="b"),
        quiet(c="b"),
    ),
    conversation(
        "queue/delete-cancels-own-consumer",
        declare("~q"),
        consume("~q"),
        send("queue.delete", queue="~q"),
        expect("queue.delete-ok", "basic.cancel"),
        send("basic.cancel-ok", consumer_tag="t"),
        quiet(),
    ),
    conversation(
        "queue/delete-silent-without-capability",
        connect("b", capabilities=DEAF),
        connect("d", capabilities={}),
        declare("~q"),
        consume("~q", c="b"),
        consume("~q", c="d"),
        delete("~q"),
        quiet(c="b"),
        quiet(c="d"),
    ),
    conversation(
        "queue/delete-then-ack",
        connect("b"),
        THREE,
        passive("~q"),
        get("~q", c="b"),
        get("~q", c="b"),
        get("~q", c="b"),
        delete("~q"),
        ack(1, c="b"),
        reject(2, c="b"),
        send("basic.nack", c="b", delivery_tag=3, requeue=True),
        quiet(c="b"),
        ack(3, c="b"),
        quiet(c="b"),
    ),
    conversation(
        "queue/delete-consumer-tag-free-again",
        declare("~q"),
        consume("~q"),
        send("queue.delete", queue="~q"),
        expect("queue.delete-ok", "basic.cancel"),
        declare("~q"),
        consume("~q"),
        publish("", "~q"),
        deliveries(1),
    ),
    conversation(
        "queue/auto-delete-cancel",
        declare("~q", auto_delete=True),
        consume("~q"),
        call("basic.cancel", consumer_tag="t"),
        passive("~q"),
    ),
    conversation(
        "queue/auto-delete-cancel-nowait",
        declare("~q", auto_delete=True),
        consume("~q"),
        send("basic.cancel", consumer_tag="t", nowait=True),
        passive("~q"),
    ),
    conversation(
        "queue/auto-delete-two-consumers",
        declare("~q", auto_delete=True),
        consume("~q", "1"),
        consume("~q", "2"),
        call("basic.cancel", consumer_tag="1"),
        passive("~q"),
        call("basic.cancel", consumer_tag="2"),
        passive("~q"),
    ),
    conversation(
        "queue/auto-delete-never-consumed", declare("~q", auto_delete=True), publish("", "~q"), get("~q"), passive("~q")
    ),
    conversation(
        "queue/auto-delete-with-messages",
        declare("~q", auto_delete=True),
        consume("~q"),
        publish("", "~q"),
        deliveries(1),
        call("basic.cancel", consumer_tag="t"),
        ack(1),
        quiet(),
        passive("~q"),
    ),
    conversation(
        "queue/auto-delete-takes-exchange",
        exchange("~x", "fanout", auto_delete=True),
        declare("~q", auto_delete=True),
        call("queue.bind", queue="~q", exchange="~x"),
        consume("~q"),
        call("basic.cancel", consumer_tag="t"),
        call("exchange.declare", exchange="~x", type="fanout", passive=True),
    ),
    conversation(
        "queue/declare-again-while-consumed",
        declare("~q"),
        consume("~q"),
        declare("~q"),
        call("basic.cancel", consumer_tag="t"),
        declare("~q"),
    ),
]
