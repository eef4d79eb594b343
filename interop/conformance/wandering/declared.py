"""Random steps about what is declared: queues, exchanges, bindings, with arguments right and wrong."""

from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Step, again, call, send
from interop.conformance.wandering.names import (
    EXCHANGES,
    KINDS,
    PATTERNS,
    QUEUES,
    Draw,
    bits,
    exchanges,
    often,
    own_exchanges,
    queues,
    rarely,
    seldom,
)
from interop.conformance.wire import Typed

# Wrong values stand behind the right ones: Hypothesis shrinks towards the first.
_LIMITS = [0, 1, 2, 3, -1, "1", True, Typed("l", 2), 1 << 40]
_VALUES: dict[str, list[Any]] = {
    "x-max-length": _LIMITS,
    "x-max-length-bytes": [0, 2, 5, 20, -1, "1", Typed("s", 2)],
    "x-message-ttl": [60000, 0, Typed("l", 60000), -1, "0", 1 << 50],
    "x-expires": [60000, 0, -1, None, "a", 1 << 50],
    "x-dead-letter-exchange": ["", "~fanout", "~x", "amq.direct", "~nowhere", 1, True],
    "x-dead-letter-routing-key": ["~a", "~b", "a.b", 1],
    "x-overflow": ["drop-head", "reject-publish", "reject-publish-dlx", "drop-tail", 1],
    "x-max-priority": [2, 5, 0, 255, 256, -1, "1"],
    "x-single-active-consumer": [True, False, "true", 1],
    "x-queue-mode": ["lazy", "default", "other", 1],
    "x-queue-version": [1, 2, 3, "2"],
    "x-queue-leader-locator": ["client-local", "balanced", "other", 1],
    "x-delivery-limit": [1, 2, 0, -1, "1"],
    "x-dead-letter-strategy": ["at-most-once", "at-least-once", "other", 1],
    "x-quorum-initial-group-size": [1, 3, 0, "1"],
    "x-max-age": ["1h", "1D", "1x", "", 5],
    "x-mine": [1, "one", None, {"a": 1}, [1, "two"]],
}
_OFTEN = ["x-max-length", "x-dead-letter-exchange", "x-overflow", "x-dead-letter-routing-key", "x-message-ttl"]
_TYPES = ["classic", "classic", "classic", "quorum", "quorum", "nonsense", 1]
_names = st.sampled_from([*_OFTEN, *_OFTEN, *_OFTEN, *_VALUES])
_pairs = _names.flatmap(lambda name: st.tuples(st.just(name), _value(name)))
_wild_arguments = st.lists(_pairs, max_size=4).map(dict)
_headers = st.dictionaries(st.sampled_from(["h", "i", "x-h"]), st.sampled_from([1, "one", True, None, 2.5]), max_size=2)
_matches = st.sampled_from(["", "", "all", "any", "any-with-x", "all-with-x", "some", 1])


def _value(name: str) -> st.SearchStrategy[Any]:
    """A right one mostly."""
    values = _VALUES[name]
    return st.sampled_from([*values[:2], *values[:2], *values[:3], *values])


@st.composite
def _sound_arguments(draw: Draw) -> dict[str, Any]:
    """What a program may want of a queue; all of it together is refused by nobody."""
    quorum, values = draw(seldom), dict[str, Any]()
    if quorum:
        values = {"x-queue-type": "quorum"} | (
            {"x-delivery-limit": draw(st.sampled_from([1, 2]))} if draw(bits) else {}
        )
    if draw(bits):
        values["x-dead-letter-exchange"] = draw(st.sampled_from(["", "", "", "~fanout", "~topic", "~x"]))
        if draw(often):
            values["x-dead-letter-routing-key"] = draw(st.sampled_from([*QUEUES, *QUEUES, "a.b"]))
    if draw(seldom):
        values["x-message-ttl"] = draw(st.sampled_from([60000, 0]))
    if draw(seldom):
        limit = draw(st.sampled_from(["x-max-length", "x-max-length", "x-max-length-bytes"]))
        values[limit] = draw(st.sampled_from([1, 2, 3, 5, 0]))
        # A quorum queue notices late that it is full.
        if draw(bits) and not quorum:
            values["x-overflow"] = draw(st.sampled_from(["reject-publish", "reject-publish-dlx", "drop-head"]))
    if draw(seldom):
        values["x-single-active-consumer"] = True
    if draw(seldom) and not quorum:
        values["x-max-priority"] = draw(st.sampled_from([2, 5, 9]))
    return values


@st.composite
def queue_arguments(draw: Draw) -> dict[str, Any]:
    return dict(draw(_sound_arguments() if draw(often) else _wild_arguments))


@st.composite
def declares_queue(draw: Draw, c: str, ch: int) -> list[Step]:
    arguments: dict[str, Any] = {"queue": draw(st.sampled_from([*QUEUES, *QUEUES, *QUEUES, "", "amq.q", "~s"]))}
    values = draw(queue_arguments())
    if arguments["queue"] == "~s":
        values = {"x-queue-type": "stream"} | {name: values[name] for name in values if draw(seldom)}
    elif arguments["queue"] and draw(rarely):
        # Where the broker is to give the name, RabbitMQ crashes if it does not know the type (accepted/crashes.py).
        values["x-queue-type"] = draw(st.sampled_from(_TYPES))
    arguments["durable"] = not draw(seldom)
    # A name given by the broker would stay behind, unless it goes with its connection.
    arguments["exclusive"] = draw(seldom) or arguments["queue"] == ""
    arguments |= {"auto_delete": draw(seldom), "passive": draw(rarely), "arguments": values}
    return [_asked(draw, "queue.declare", c, ch, arguments)]


@st.composite
def deletes_queue(draw: Draw, c: str, ch: int) -> list[Step]:
    arguments = {"queue": draw(queues), "if_unused": draw(seldom), "if_empty": draw(seldom)}
    return [_asked(draw, "queue.delete", c, ch, arguments)]


@st.composite
def purges(draw: Draw, c: str, ch: int) -> list[Step]:
    return [_asked(draw, "queue.purge", c, ch, {"queue": draw(queues)})]


@st.composite
def declares_exchange(draw: Draw, c: str, ch: int) -> list[Step]:
    name = draw(st.sampled_from([*EXCHANGES, *EXCHANGES, *EXCHANGES, "amq.direct", "amq.x", "", "~nowhere"]))
    kind = (
        name[1:] if name[1:] in KINDS and not draw(rarely) else draw(st.sampled_from([*KINDS, *KINDS, "nonsense", ""]))
    )
    flags = {flag: draw(seldom) for flag in ("durable", "auto_delete", "internal")} | {"passive": draw(rarely)}
    values: dict[str, Any] = {}
    if draw(seldom):
        values["alternate-exchange"] = draw(st.sampled_from(["~fanout", "~x", "amq.fanout", "~nowhere", "", 1]))
    return [_asked(draw, "exchange.declare", c, ch, {"exchange": name, "type": kind, **flags, "arguments": values})]


@st.composite
def deletes_exchange(draw: Draw, c: str, ch: int) -> list[Step]:
    return [_asked(draw, "exchange.delete", c, ch, {"exchange": draw(exchanges), "if_unused": draw(bits)})]


@st.composite
def binds_queue(draw: Draw, c: str, ch: int) -> list[Step]:
    binding = {"queue": draw(queues), "exchange": draw(exchanges), **draw(_bindings())}
    if draw(seldom):
        return [call("queue.unbind", c, ch, **binding)]
    return [_asked(draw, "queue.bind", c, ch, binding)]


@st.composite
def binds_exchange(draw: Draw, c: str, ch: int) -> list[Step]:
    """To one of its own, so that the binding goes with it."""
    binding = {"destination": draw(own_exchanges), "source": draw(exchanges), **draw(_bindings())}
    return [_asked(draw, draw(st.sampled_from(["exchange.bind", "exchange.bind", "exchange.unbind"])), c, ch, binding)]


@st.composite
def _bindings(draw: Draw) -> dict[str, Any]:
    arguments = draw(_headers)
    if match := draw(_matches):
        arguments["x-match"] = match
    return {"routing_key": draw(st.sampled_from(PATTERNS)), "arguments": arguments}


def _asked(draw: Draw, method: str, c: str, ch: int, arguments: dict[str, Any]) -> Step:
    """Mostly with a reply."""
    arguments = {name: value for name, value in arguments.items() if value not in (False, {})}
    return send(method, c, ch, **arguments, nowait=True) if draw(rarely) else call(method, c, ch, **arguments)


@st.composite
def beginnings(draw: Draw) -> list[Step]:
    """Most of the queues and exchanges, bound to one another."""
    steps: list[Step] = []
    for queue in QUEUES:
        if draw(often):
            arguments = draw(queue_arguments())
            steps += [again(), call("queue.declare", queue=queue, durable=True, arguments=arguments)]
    for exchange in draw(st.lists(st.sampled_from(EXCHANGES), max_size=3, unique=True)):
        kind = exchange[1:] if exchange != "~x" else draw(st.sampled_from(KINDS))
        steps += [again(), call("exchange.declare", exchange=exchange, type=kind)]
        for queue in draw(st.lists(st.sampled_from(QUEUES), max_size=2, unique=True)):
            binding = draw(_bindings())
            steps += [again(), call("queue.bind", queue=queue, exchange=exchange, **binding)]
    return steps
