"""Every method that only a server may send, sent by a client; the ticket that no broker looks at; arguments nobody else
asks for."""

from typing import Any

from interop.conformance.conversations.handshake_words import HELLO, OPEN, PROPERTIES, login, tune
from interop.conformance.steps import (
    Step,
    ack,
    await_closed,
    bind,
    call,
    conversation,
    declare,
    exchange,
    get,
    passive,
    publish,
    quiet,
    raw,
    send,
    skip,
)
from interop.conformance.wire import HEADER, METHOD, METHODS, encode_header, encode_method, frame

# With a ticket of access.request, which brokers have ignored since that method left the specification.
_TICKET = 7
_COMMIT = frame(METHOD, 1, encode_method("tx.commit", {}))

_OF_CONNECTIONS = (
    "connection.start", "connection.secure", "connection.open-ok", "connection.blocked", "connection.unblocked", "connection.update-secret-ok",
    "connection.start-ok", "connection.secure-ok", "connection.tune", "connection.tune-ok", "connection.open",
)  # fmt: skip
_OF_CHANNELS = (
    "channel.open-ok", "access.request-ok", "exchange.declare-ok", "exchange.delete-ok", "exchange.bind-ok", "exchange.unbind-ok", "queue.bind-ok", "queue.unbind-ok",
    "queue.purge-ok", "queue.delete-ok", "basic.qos-ok", "basic.consume-ok", "basic.recover-ok", "tx.select-ok", "tx.commit-ok", "tx.rollback-ok",
)  # fmt: skip
_WITH_CONTENT = ("basic.return", "basic.get-ok")


def _ticketed(*names: str, **arguments: Any) -> list[Step]:
    return [call(name, ticket=_TICKET, **arguments) for name in names]


def _declared(name: str, **arguments: Any) -> Any:
    return conversation(f"method/declare-with-{name}", declare("~q", arguments={f"x-{key}".replace("_", "-"): value for key, value in arguments.items()}))


def _quorum(name: str, **arguments: Any) -> Any:
    return _declared(f"{name}-of-a-quorum-queue", queue_type="quorum", **arguments)


CONVERSATIONS = [
    *[conversation(f"method/{name}-while-running", send(name, ch=0), await_closed()) for name in _OF_CONNECTIONS],
    *[conversation(f"method/{name}-on-a-channel", send(name), await_closed()) for name in ("connection.close-ok", "connection.blocked", "connection.open")],
    *[conversation(f"method/{name}-from-a-client", send(name), await_closed()) for name in _OF_CHANNELS],
    *[conversation(f"method/{name}-from-a-client", send(name), raw(frame(HEADER, 1, encode_header(0, {})), label="header"), await_closed()) for name in _WITH_CONTENT],
    *[
        conversation(f"method/{name}-on-channel-0", send(name, ch=0), await_closed())
        for name in ("channel.open", "queue.declare", "basic.publish", "basic.ack", "exchange.declare", "confirm.select", "tx.select")
    ],
    conversation(
        "method/ticket",
        *_ticketed("exchange.declare", exchange="~x", type="fanout"),
        *_ticketed("exchange.declare", exchange="~y", type="fanout"),
        *_ticketed("exchange.bind", "exchange.unbind", source="~x", destination="~y"),
        *_ticketed("queue.declare", queue="~q", durable=True),
        *_ticketed("queue.bind", queue="~q", exchange="~x"),
        *[send("basic.publish", ticket=_TICKET, exchange="~x"), raw(frame(HEADER, 1, encode_header(0, {})), label="header")],
        *_ticketed("basic.get", queue="~q"),
        *_ticketed("basic.consume", queue="~q", consumer_tag="t"),
        *_ticketed("queue.unbind", queue="~q", exchange="~x"),
        *_ticketed("queue.purge", "queue.delete", queue="~q"),
        *_ticketed("exchange.delete", exchange="~x"),
    ),
    conversation(
        "method/reserved-texts",
        call("channel.open", ch=2, out_of_band="aside"),
        send("queue.declare", ch=2, queue="~q", durable=True, nowait=True),
        quiet(ch=2),
    ),
    # In one piece, so that no broker is done with the commit when it sees what follows.
    *[
        conversation(
            f"method/{name}-while-a-transaction-commits",
            *[declare("~q"), call("tx.select"), publish("", "~q", b"1", delivery_mode=2), publish("", "~q", b"2", delivery_mode=2), get("~q")],
            *[raw(_COMMIT + frame(METHOD, 1, encode_method(name, arguments)), label=f"tx.commit, {name}"), await_closed()],
        )
        for name, arguments in (
            ("queue.declare", {"queue": "amq.gen-none", "passive": True}), ("tx.commit", {}), ("tx.rollback", {}), ("basic.qos", {"prefetch_count": 1}),
            ("basic.ack", {"delivery_tag": 1}), ("confirm.select", {}), ("channel.flow", {"active": True}),
        )
    ],
    conversation(
        "method/publish-while-a-transaction-commits",
        *[declare("~q"), call("tx.select"), publish("", "~q", delivery_mode=2)],
        raw(_COMMIT + frame(METHOD, 1, encode_method("basic.publish", {"routing_key": "none"})) + frame(HEADER, 1, encode_header(0, {})), label="tx.commit, basic.publish"),
        await_closed(),
    ),
    conversation(
        "method/channel-close-while-a-transaction-commits",
        *[declare("~q"), call("tx.select"), publish("", "~q", delivery_mode=2)],
        raw(_COMMIT + frame(METHOD, 1, encode_method("channel.close", {"reply_code": 200})), label="tx.commit, channel.close"),
        *[skip("channel.close-ok", ch=1), call("channel.open"), passive("~q")],
    ),
    conversation("method/declare-after-a-commit-of-nothing", declare("~q"), call("tx.select"), send("tx.commit"), call("queue.declare", queue="~q", passive=True)),
    conversation("method/declare-after-a-commit-of-the-unroutable", call("tx.select"), publish("", "~q"), send("tx.commit"), call("basic.qos", prefetch_count=1)),
    conversation(
        "method/declare-after-a-commit-of-acks",
        *[declare("~q"), publish("", "~q"), get("~q"), call("tx.select"), ack(1), send("tx.commit"), call("basic.qos", prefetch_count=1)],
    ),
    conversation(
        "method/connection-name",
        *HELLO,
        login(properties={**PROPERTIES, "connection_name": "mine", "product": "conversations"}),
        *[skip("connection.tune"), tune(), OPEN, call("channel.open"), declare("~q"), passive("~q")],
        bare=True,
    ),
    conversation("method/access-request-all", call("access.request", realm="/data", exclusive=True, passive=True, active=True, read=True, write=True)),
    # Bindings between exchanges differ by their arguments, too.
    conversation(
        "method/exchange-bind-arguments",
        *[exchange("~s", "headers"), exchange("~d", "fanout"), declare("~q"), bind("~q", "~d")],
        call("exchange.bind", source="~s", destination="~d", arguments={"x-match": "any", "a": 1}),
        call("exchange.bind", source="~s", destination="~d", arguments={"x-match": "any", "b": 1}),
        publish("~s", "", b"a", headers={"a": 1}),
        call("exchange.unbind", source="~s", destination="~d", arguments={"x-match": "any", "a": 1}),
        publish("~s", "", b"none", headers={"a": 1}),
        publish("~s", "", b"b", headers={"b": 1}),
        *[get("~q", no_ack=True)] * 3,
    ),
    conversation(
        "method/exchange-bind-arguments-wrong",
        *[exchange("~s", "headers"), exchange("~d", "fanout")],
        call("exchange.bind", source="~s", destination="~d", arguments={"x-match": "some"}),
    ),
    # Arguments of later versions, which 4.0 stores.
    _declared("delayed-retry-max", delayed_retry_type="all", delayed_retry_min=1000, delayed_retry_max=2000),
    _quorum("delayed-retry-max", delayed_retry_type="all", delayed_retry_min=1000, delayed_retry_max=2000),
    _declared("consumer-disconnected-timeout", consumer_disconnected_timeout=60000),
    _quorum("consumer-disconnected-timeout", consumer_disconnected_timeout=60000),
    conversation("method/declare-with-name-prefix", declare("", exclusive=True, arguments={"x-name-prefix": "mine-"})),
    _declared("name-prefix-and-a-name", name_prefix="mine-"),
    # A term of Erlang's in a text is broken where its line would have eighty characters.
    *[
        conversation(f"method/expiration-{'negative-' * (digits < '0')}of-{len(digits)}-characters", declare("~q"), publish("", "~q", expiration=digits), quiet())
        for digits in ("9" * 18, "9" * 19, "9" * 20, "9" * 25, "-" + "9" * 17, "-" + "9" * 18, "-" + "9" * 19, "-" + "9" * 20, "-" + "9" * 30)
    ],
]  # fmt: skip

if missing := {*_OF_CONNECTIONS, *_OF_CHANNELS, *_WITH_CONTENT} - METHODS.keys():
    raise ValueError(f"no such methods: {missing}")
