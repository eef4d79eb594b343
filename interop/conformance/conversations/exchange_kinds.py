"""Exchanges of RabbitMQ's plugins: what they refuse, and where messages go."""

from typing import Any

from interop.conformance.steps import (
    Conversation,
    bind,
    call,
    confirms,
    conversation,
    declare,
    exchange,
    expect,
    get,
    passive,
    publish,
    until,
)

HASH = "x-consistent-hash"
HISTORY = "x-recent-history"
LENGTH = "x-recent-history-length"
_PLUGINS = {
    HASH: "rabbitmq_consistent_hash_exchange",
    "x-random": "rabbitmq_random_exchange",
    "x-modulus-hash": "rabbitmq_sharding",
    HISTORY: "rabbitmq_recent_history_exchange",
}


def _kind(kind: str, name: str, *steps: Any, **properties: str) -> Conversation:
    return conversation(f"exchange_kinds/{kind}-{name}", *steps, plugin=_PLUGINS.get(kind, ""), **properties)


def _hash(name: str, *steps: Any) -> Conversation:
    return _kind(HASH, name, *steps)


def _declared(name: str, arguments: dict[str, Any]) -> Conversation:
    return _hash(f"declare-{name}", exchange("~x", HASH, arguments=arguments))


def _weight(name: str, key: str) -> Conversation:
    return _hash(f"weight-{name}", exchange("~x", HASH), declare("~q"), bind("~q", "~x", key))


CONVERSATIONS = [
    *[
        _kind(
            kind,
            "one-queue",
            exchange("~x", kind),
            exchange("~x", kind),
            publish("~x", "", mandatory=True),
            expect("basic.return"),
            declare("~q"),
            bind("~q", "~x", "" if kind == "x-local-random" else "1"),
            call("confirm.select"),
            *[publish("~x", "", b"%d" % number, mandatory=True) for number in range(3)],
            confirms(1, 3),
            passive("~q"),
            get("~q"),
            since="4.0" if kind == "x-local-random" else "",
        )
        for kind in (HASH, "x-random", "x-modulus-hash", "x-local-random")
    ],
    *[
        _kind(
            kind,
            "any-key",
            exchange("~x", kind),
            declare("~q"),
            bind("~q", "~x", "a key"),
            publish("~x", "another", headers={"CC": ["third"]}),
            passive("~q"),
            get("~q"),
        )
        for kind in ("x-random", "x-modulus-hash")
    ],
    _kind(
        "x-local-random",
        "other-key",
        exchange("~x", "x-local-random"),
        declare("~q"),
        bind("~q", "~x", ""),
        publish("~x", "k", mandatory=True),
        passive("~q"),
        get("~q"),
        since="4.0",
    ),
    _kind(
        "x-local-random",
        "bind-key",
        exchange("~x", "x-local-random"),
        declare("~q"),
        bind("~q", "~x", "k"),
        since="4.0",
    ),
    *[
        _kind(
            "x-local-random",
            f"bind-{kind}",
            exchange("~x", "x-local-random"),
            declare("~q", arguments={"x-queue-type": kind}),
            bind("~q", "~x", ""),
            since="4.0",
        )
        for kind in ("quorum", "stream")
    ],
    _kind(
        "x-local-random",
        "bind-exchange",
        exchange("~x", "x-local-random"),
        exchange("~y"),
        call("exchange.bind", source="~x", destination="~y", routing_key=""),
        since="4.0",
    ),
    _declared("header", {"hash-header": "h"}),
    _declared("property-message-id", {"hash-property": "message_id"}),
    _declared("property-correlation-id", {"hash-property": "correlation_id"}),
    _declared("property-timestamp", {"hash-property": "timestamp"}),
    _declared("property-unknown", {"hash-property": "app_id"}),
    _declared("both", {"hash-header": "h", "hash-property": "message_id"}),
    _hash(
        "again-otherwise",
        exchange("~x", HASH, arguments={"hash-header": "h"}),
        exchange("~x", HASH, arguments={"hash-property": "message_id"}),
        exchange("~x", HASH),
        exchange("~x", "fanout"),
    ),
    _weight("one", "1"),
    _weight("plus", "+5"),
    _weight("leading-zeros", "005"),
    _weight("empty", ""),
    _weight("text", "a"),
    _weight("float", "1.0"),
    _weight("space", " 1"),
    _weight("zero", "0"),
    _weight("negative", "-1"),
    _weight("too-large", "10001"),
    _hash(
        "exchange-bound",
        exchange("~x", HASH),
        exchange("~f", "fanout"),
        declare("~q"),
        bind("~q", "~f"),
        call("exchange.bind", source="~x", destination="~f", routing_key="1"),
        publish("~x", "k"),
        get("~q"),
    ),
    _hash(
        "several-keys-choose-one-queue",
        exchange("~x", HASH),
        exchange("~all", "fanout"),
        declare("~p"),
        declare("~q"),
        bind("~p", "~x", "1"),
        bind("~q", "~x", "1"),
        call("exchange.bind", source="~x", destination="~all", routing_key="1"),
        bind("~q", "~all"),
        bind("~p", "~all"),
        call("queue.delete", queue="~p"),
        publish("~x", "a", headers={"CC": [str(number) for number in range(40)]}),
        passive("~q"),
        get("~q"),
    ),
    _hash(
        "header-missing",
        exchange("~x", HASH, arguments={"hash-header": "h"}),
        declare("~q"),
        bind("~q", "~x", "1"),
        publish("~x", "a"),
        publish("~x", "a", headers={}),
        publish("~x", "a", headers={"h": "text"}),
        publish("~x", "a", headers={"h": 1}),
        publish("~x", "a", headers={"h": ["list", 2]}),
        publish("~x", "a", headers={"h": {"table": 1}}),
        publish("~x", "a", headers={"h": None}),
        passive("~q"),
    ),
    *[
        _hash(
            f"property-{name}",
            exchange("~x", HASH, arguments={"hash-property": name}),
            declare("~q"),
            bind("~q", "~x", "1"),
            publish("~x", "a"),
            publish("~x", "a", **{name: value}),
            passive("~q"),
        )
        for name, value in (("message_id", "m"), ("correlation_id", "c"), ("timestamp", 1_700_000_000))
    ],
    _hash(
        "alternate-where-nothing-is-bound",
        exchange("~ae", "fanout"),
        exchange("~x", HASH, arguments={"alternate-exchange": "~ae"}),
        declare("~q"),
        bind("~q", "~ae"),
        publish("~x", "k"),
        get("~q"),
    ),
    *[
        _kind(HISTORY, f"length-{name}", exchange("~x", HISTORY, arguments={LENGTH: length}))
        for name, length in (("zero", 0), ("negative", -1), ("text", "5"), ("float", 1.0), ("void", None), ("true", True))
    ],
    _kind(
        HISTORY,
        "new-queue",
        exchange("~x", HISTORY, arguments={LENGTH: 2}),
        *[publish("~x", f"k{number}", b"%d" % number, message_id=f"m{number}") for number in range(3)],
        publish("~x", "k", b"not kept", headers={"x-recent-history-no-store": True}),
        declare("~q"),
        bind("~q", "~x", "any"),
        until("~q", 2),
        *[get("~q") for _ in range(3)],
        bind("~q", "~x", "any"),
        bind("~q", "~x", "another"),
        until("~q", 2),
        publish("~x", "k", b"fanned out"),
        until("~q", 3),
        *[get("~q") for _ in range(4)],
    ),
    _kind(
        HISTORY,
        "unroutable-is-kept",
        exchange("~x", HISTORY),
        publish("~x", "k", mandatory=True),
        expect("basic.return"),
        declare("~q"),
        bind("~q", "~x", "any"),
        until("~q", 1),
        get("~q"),
    ),
    _kind(
        HISTORY,
        "new-exchange",
        exchange("~x", HISTORY),
        exchange("~y"),
        declare("~q"),
        bind("~q", "~y", "k"),
        publish("~x", "k", b"one"),
        publish("~x", "k", b"two", headers={"CC": ["other"]}),
        call("exchange.bind", source="~x", destination="~y", routing_key=""),
        until("~q", 2),
        *[get("~q") for _ in range(2)],
    ),
    _hash(
        "unbound-again",
        exchange("~x", HASH),
        declare("~q"),
        bind("~q", "~x", "2"),
        publish("~x", "k"),
        call("queue.unbind", queue="~q", exchange="~x", routing_key="2"),
        publish("~x", "k", mandatory=True),
        expect("basic.return"),
        passive("~q"),
    ),
]
