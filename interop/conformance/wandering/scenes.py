"""Random scenes: some steps that belong together, as programs take them, so that messages come to where they can go.

A step alone meets a queue that is there, a message in it and a channel of the right mode far too seldom.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from interop.conformance.steps import Call, Publish, Send, Step, again, call, get, publish, send, settle
from interop.conformance.wandering.names import OWN_CHANNELS, QUEUES, Draw, bits, rarely, seldom

_some_queues = st.sampled_from(QUEUES)
_two_queues = st.permutations(QUEUES).map(lambda names: names[:2])
_own_channels = st.sampled_from(OWN_CHANNELS)
_BODIES = (b"m", b"mm", b"0123456789")
_settled = settle(*QUEUES)


def safely(steps: Iterable[Step]) -> Iterator[Step]:
    """Each on a channel that is open, whatever the steps before did to it."""
    for step in steps:
        if isinstance(step, Call | Send | Publish):
            yield again(step.c, step.ch)
        yield step


@st.composite
def _published(draw: Draw, queue: str, c: str, ch: int, most: int = 3) -> list[Step]:
    """One message or several to a queue, each known by its body."""
    properties: dict[str, Any] = {}
    if draw(seldom):
        properties["priority"] = draw(st.sampled_from([1, 5, 9]))
    if draw(seldom):
        properties["expiration"] = "60000"
    if draw(bits):
        properties["delivery_mode"] = 2
    body = draw(st.sampled_from(_BODIES))
    count = draw(st.integers(1, most))
    return [publish("", queue, body + str(n).encode(), c, ch, **properties) for n in range(count)]


@st.composite
def _verdict(draw: Draw, c: str, ch: int, tag: int) -> Step:
    """A delivery, or all, put back, thrown away or done with."""
    method = draw(st.sampled_from(["basic.ack", "basic.nack", "basic.nack", "basic.reject"]))
    arguments: dict[str, Any] = {"delivery_tag": tag}
    if method != "basic.reject":
        arguments["multiple"] = draw(bits)
    if method != "basic.ack":
        arguments["requeue"] = draw(bits)
    return send(method, c, ch, **arguments)


@st.composite
def takes(draw: Draw, c: str, ch: int) -> list[Step]:
    """Published, taken one by one, settled in any order or not at all, and seen again after."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    count = draw(st.integers(1, 3))
    steps = [*draw(_published(queue, c, ch)), _settled, *[get(queue, c, ch) for _ in range(count)]]
    for tag in draw(st.lists(st.integers(1, count), max_size=2, unique=True)):
        steps += [draw(_verdict(c, ch, tag)), _settled]
    if draw(seldom):
        steps += [call("basic.recover", c, ch, requeue=True), _settled, get(queue, c, ch)]
    return [*steps, *draw(_left(c, ch)), _settled, get(queue, no_ack=True)]


@st.composite
def _left(draw: Draw, c: str, ch: int) -> list[Step]:
    """A channel closed mostly, with all it holds; or left open."""
    if draw(seldom):
        return []
    return [call("channel.close", c, ch, reply_code=200, reply_text="Goodbye")]


@st.composite
def dies(draw: Draw, c: str, ch: int) -> list[Step]:
    """Messages thrown away, and looked for in all queues."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    steps = [*draw(_published(queue, c, ch)), _settled]
    for tag in range(1, draw(st.integers(1, 2)) + 1):
        method = draw(st.sampled_from(["basic.reject", "basic.nack"]))
        steps += [get(queue, c, ch), send(method, c, ch, delivery_tag=tag, requeue=draw(seldom)), _settled]
    return [*steps, *[get(other, c, ch) for other in QUEUES if draw(bits)], *draw(_left(c, ch))]


@st.composite
def comes_again(draw: Draw, c: str, ch: int) -> list[Step]:
    """A message given back as often as a queue of delivery-limit 1 or 2 bears, and once more."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    steps = [*draw(_published(queue, c, ch, 1)), _settled]
    for tag in range(1, draw(st.integers(2, 4)) + 1):
        steps += [get(queue, c, ch), send("basic.nack", c, ch, delivery_tag=tag, requeue=True), _settled]
    return [*steps, *draw(_left(c, ch))]


@st.composite
def serves(draw: Draw, c: str, ch: int) -> list[Step]:
    """A consumer with a prefetch count, messages for it before and after, settled, cancelled with some still out."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    steps: list[Step] = []
    if prefetch := draw(st.sampled_from([0, 1, 2])):
        steps.append(call("basic.qos", c, ch, prefetch_count=prefetch, global_=draw(seldom)))
    flags = {"no_ack": draw(seldom), "exclusive": draw(seldom)}
    steps += [call("basic.consume", c, ch, queue=queue, consumer_tag="t", **flags), _settled]
    steps += [*draw(_published(queue, "a", 1)), _settled]
    for tag in draw(st.lists(st.integers(1, 3), max_size=2, unique=True)):
        steps += [draw(_verdict(c, ch, tag)), _settled]
    if draw(bits):
        steps += [call("basic.cancel", c, ch, consumer_tag="t"), *draw(_published(queue, "a", 1)), _settled]
    return [*steps, *draw(_left(c, ch))]


@st.composite
def compete(draw: Draw, c: str, ch: int) -> list[Step]:
    """Two consumers of one queue, of which one is preferred, or exclusive, or goes away while it holds something."""
    queue = draw(_some_queues)
    first, second = ("a", OWN_CHANNELS[0]), ("b", OWN_CHANNELS[1])
    steps: list[Step] = []
    for place in (first, second):
        arguments = draw(st.sampled_from([{}, {}, {"x-priority": 1}, {"x-priority": -1}]))
        exclusive = draw(rarely)
        steps.append(call("basic.qos", *place, prefetch_count=draw(st.sampled_from([1, 2]))))
        steps.append(
            call("basic.consume", *place, queue=queue, consumer_tag="t", arguments=arguments, exclusive=exclusive)
        )
    steps += [_settled, *draw(_published(queue, "a", 1)), _settled, draw(_verdict(*first, 1)), _settled]
    leaver = draw(st.sampled_from([first, second]))
    steps += [call("channel.close", *leaver, reply_code=200, reply_text="Goodbye"), _settled]
    other = second if leaver == first else first
    return [*steps, send("basic.ack", *other, delivery_tag=0, multiple=True), _settled, *draw(_left(*other))]


@st.composite
def transacts(draw: Draw, c: str, ch: int) -> list[Step]:
    """Publishes and settlements in a transaction, committed or rolled back, or lost with the channel."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    steps = [*draw(_published(queue, "a", 1)), call("tx.select", c, ch), _settled]
    tag = 0
    for _ in range(draw(st.integers(1, 2))):
        steps += draw(_published(draw(_some_queues), c, ch, 2))
        if draw(bits):
            tag += 1
            steps += [get(queue, c, ch), draw(_verdict(c, ch, tag))]
        if draw(rarely):
            steps.append(publish("", "~nowhere", b"m", c, ch, mandatory=True))
        if draw(rarely):
            steps.append(draw(_verdict(c, ch, 9)))
        steps += [_settled, call(draw(st.sampled_from(["tx.commit", "tx.commit", "tx.rollback"])), c, ch), _settled]
    return [*steps, *draw(_left(c, ch))]


@st.composite
def is_confirmed(draw: Draw, c: str, ch: int) -> list[Step]:
    """Publishes on a channel that confirms: to a queue that may be full, to nowhere, through an exchange."""
    ch = draw(_own_channels)
    steps: list[Step] = [call("confirm.select", c, ch)]
    for _ in range(draw(st.integers(1, 3))):
        to = draw(st.sampled_from(["queue", "queue", "queue", "nowhere", "exchange"]))
        if to == "queue":
            steps += draw(_published(draw(_some_queues), c, ch))
        elif to == "nowhere":
            steps.append(publish("", "~nowhere", b"m", c, ch, mandatory=draw(bits)))
        else:
            exchange = draw(st.sampled_from(["~fanout", "~topic", "~x", "amq.fanout"]))
            steps.append(publish(exchange, "a.b", b"m", c, ch, mandatory=draw(bits)))
        steps.append(_settled)
    return [*steps, *draw(_left(c, ch))]


@st.composite
def loses_its_queue(draw: Draw, c: str, ch: int) -> list[Step]:
    """A consumer whose queue is deleted by another, or goes with its last consumer or its connection."""
    queue, ch = draw(_some_queues), draw(_own_channels)
    steps: list[Step] = [call("queue.delete", queue=queue)]
    flags = {draw(st.sampled_from(["durable", "auto_delete", "exclusive"])): True}
    steps += [call("queue.declare", c, ch, queue=queue, **flags)]
    steps += [call("basic.consume", c, ch, queue=queue, consumer_tag="t"), *draw(_published(queue, "a", 1)), _settled]
    match draw(st.sampled_from(["delete", "if unused", "if empty", "cancel", "close"])):
        case "delete":
            steps.append(call("queue.delete", queue=queue))
        case "if unused":
            steps.append(call("queue.delete", queue=queue, if_unused=True))
        case "if empty":
            steps.append(call("queue.delete", queue=queue, if_empty=True))
        case "cancel":
            steps.append(call("basic.cancel", c, ch, consumer_tag="t"))
        case _:
            steps.append(call("channel.close", c, ch, reply_code=200, reply_text="Goodbye"))
    return [*steps, _settled, *draw(_left(c, ch))]


@st.composite
def asks(draw: Draw, c: str, ch: int) -> list[Step]:
    """A question with a direct reply-to, answered, or asked without listening. One answer a channel: see accepted/."""
    queue = draw(_some_queues)
    asker, answerer = (c, OWN_CHANNELS[0]), ("b", OWN_CHANNELS[1])
    reply_to, close = "amq.rabbitmq.reply-to", {"reply_code": 200, "reply_text": "Goodbye"}
    steps: list[Step] = [call("channel.open", *place) for place in (asker, answerer)]
    steps = [call("channel.close", *place, **close) for place in (asker, answerer)]
    if not draw(rarely):
        steps.append(call("basic.consume", *asker, queue=reply_to, consumer_tag="t", no_ack=not draw(rarely)))
    if draw(rarely):
        steps.append(call("basic.consume", *asker, queue=reply_to, consumer_tag="u", no_ack=True))
    steps += [call("queue.purge", queue=queue), publish("", queue, b"?", *asker, reply_to=reply_to), _settled]
    steps.append(call("basic.get", *answerer, save={"reply_to": "reply"}, queue=queue, no_ack=True))
    if draw(seldom):
        steps.append(call("basic.cancel", *asker, consumer_tag="t"))
    steps += [publish("", "$reply", b"!", *answerer), _settled]
    return [*steps, *[call("channel.close", *place, **close) for place in (asker, answerer)]]
