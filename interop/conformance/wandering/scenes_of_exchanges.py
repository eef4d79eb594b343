"""Random scenes about where messages go: exchanges in a row, alternates, what is still in use; and streams."""

from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Step, call, pause, publish, send, settle
from interop.conformance.wandering.names import KEYS, OWN_CHANNELS, PATTERNS, QUEUES, STREAM, Draw, bits, rarely, seldom
from interop.conformance.wire import Typed

_settled = settle(*QUEUES)
_patterns = st.sampled_from(PATTERNS)
_keys = st.sampled_from(KEYS)
_kinds = st.sampled_from(["fanout", "topic", "direct"])
# A reader of RabbitMQ's is told of what is new in a stream some milliseconds later.
_READ_S = 0.03
# Not "last", which depends on how messages share chunks; nor what RabbitMQ crashes at (accepted/crashes.py).
_offsets = st.sampled_from(["first", "next", 0, 1, Typed("T", 0), "1h"])


@st.composite
def goes_through(draw: Draw, c: str, ch: int) -> list[Step]:
    """Two exchanges bound to one another and to queues, a message through both, and one of them gone or unbound."""
    first, second = draw(st.permutations(["~fanout", "~topic", "~direct"]))[:2]
    steps: list[Step] = [call("exchange.declare", c, ch, exchange=name, type=name[1:]) for name in (first, second)]
    link = {"destination": second, "source": first, "routing_key": draw(_patterns)}
    steps.append(call("exchange.bind", c, ch, **link))
    if draw(rarely):
        steps.append(call("exchange.bind", c, ch, destination=first, source=second, routing_key=draw(_patterns)))
    for queue in draw(st.lists(st.sampled_from(QUEUES), min_size=1, max_size=2, unique=True)):
        exchange = draw(st.sampled_from([first, second, second]))
        steps.append(call("queue.bind", c, ch, queue=queue, exchange=exchange, routing_key=draw(_patterns)))
    steps += [publish(first, draw(_keys), b"m", c, ch, mandatory=draw(bits)), _settled]
    match draw(st.sampled_from(["nothing", "unbind", "delete", "delete if unused"])):
        case "unbind":
            steps.append(call("exchange.unbind", c, ch, **link))
        case "delete":
            steps.append(call("exchange.delete", c, ch, exchange=second))
        case "delete if unused":
            steps.append(call("exchange.delete", c, ch, exchange=first, if_unused=True))
    return [*steps, publish(first, draw(_keys), b"n", c, ch, mandatory=draw(bits))]


@st.composite
def falls_through(draw: Draw, c: str, ch: int) -> list[Step]:
    """An exchange with an alternate, which may be missing, internal or itself; messages that it routes and does not."""
    alternate = draw(st.sampled_from(["~fanout", "~topic", "~nowhere", "~x"]))
    steps: list[Step] = [call("exchange.delete", c, ch, exchange="~x")]
    if alternate in ("~fanout", "~topic"):
        steps.append(call("exchange.declare", c, ch, exchange=alternate, type=alternate[1:]))
        key = draw(_patterns)
        steps.append(
            call("queue.bind", c, ch, queue=draw(st.sampled_from(QUEUES)), exchange=alternate, routing_key=key)
        )
    arguments: dict[str, Any] = {"arguments": {"alternate-exchange": alternate}, "type": draw(_kinds)}
    steps.append(call("exchange.declare", c, ch, exchange="~x", **arguments, internal=draw(rarely)))
    if draw(bits):
        steps.append(call("queue.bind", c, ch, queue=draw(st.sampled_from(QUEUES)), exchange="~x", routing_key="k"))
    return [*steps, *[publish("~x", draw(_keys), b"m", c, ch, mandatory=draw(bits)) for _ in range(2)]]


@st.composite
def reads_a_stream(draw: Draw, c: str, ch: int) -> list[Step]:
    """Messages in a stream, read from somewhere, with credit, and asked what streams do not do."""
    ch = draw(st.sampled_from(OWN_CHANNELS))
    # What another stream left behind would be counted when RabbitMQ gets to it.
    steps: list[Step] = [call("queue.delete", c, ch, queue=STREAM)]
    values = {"x-queue-type": "stream"} | ({"x-max-length-bytes": 100000} if draw(rarely) else {})
    steps.append(call("queue.declare", c, ch, queue=STREAM, durable=True, arguments=values))
    count = draw(st.integers(1, 3))
    steps += [publish("", STREAM, str(n).encode(), c, ch, delivery_mode=2) for n in range(count)]
    steps.append(pause(_READ_S))
    if not draw(rarely):
        steps.append(call("basic.qos", c, ch, prefetch_count=draw(st.sampled_from([1, 2, 10]))))
    flags = {"no_ack": draw(rarely), "exclusive": draw(rarely)}
    at = {"x-stream-offset": draw(_offsets)} if draw(bits) else {}
    steps.append(call("basic.consume", c, ch, queue=STREAM, consumer_tag="t", arguments=at, **flags))
    steps += [pause(_READ_S), _settled, send("basic.ack", c, ch, delivery_tag=1), pause(_READ_S), _settled]
    match draw(st.sampled_from(["nothing", "nothing", "get", "purge", "nack", "publish", "cancel", "delete"])):
        case "get":
            steps.append(call("basic.get", c, ch, queue=STREAM))
        case "purge":
            steps.append(call("queue.purge", c, ch, queue=STREAM))
        case "nack":
            steps.append(send("basic.nack", c, ch, delivery_tag=2, requeue=draw(bits)))
        case "publish":
            steps += [publish("", STREAM, b"later", "a", 1), pause(_READ_S)]
        case "cancel":
            steps.append(call("basic.cancel", c, ch, consumer_tag="t"))
        case "delete":
            steps.append(call("queue.delete", c, ch, queue=STREAM, if_empty=draw(seldom), if_unused=draw(seldom)))
    return [*steps, _settled, call("channel.close", c, ch, reply_code=200, reply_text="Goodbye")]
