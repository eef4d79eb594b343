"""Words the conversations about streams share.

RabbitMQ puts what it finds waiting into one chunk, so how several publishes share chunks is chance. ``stored`` waits
for each confirm: every message is a chunk of its own. It is persistent, because 4.0 gives transient messages a delivery
mode that 3.10 does not (stream-property/mode-* ask for that).
"""

from typing import Any

from interop.conformance.steps import Call, Step, call, confirms, consume, declare, publish

CONFIRMED = call("confirm.select")


def stream(queue: str = "~q", c: str = "a", ch: int = 1, **values: Any) -> Call:
    """queue.declare of a stream. ``values`` are its arguments: ``x_max_age="1h"``."""
    return declare(queue, c, ch, arguments=arguments(x_queue_type="stream", **values))


def arguments(**values: Any) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in values.items()}


def prefetch(count: int, c: str = "a", ch: int = 1) -> Call:
    return call("basic.qos", c, ch, prefetch_count=count)


def read(offset: Any = ..., tag: str = "t", queue: str = "~q", c: str = "a", ch: int = 1, **values: Any) -> Call:
    """basic.consume from ``offset`` on, from the argument's own default if left out; ``values`` as in ``stream``."""
    if offset is not ...:
        values = {"x_stream_offset": offset, **values}
    return consume(queue, tag, c, ch, arguments=arguments(**values))


def stored(
    *bodies: bytes, first: int = 1, queue: str = "~q", c: str = "a", ch: int = 1, **properties: Any
) -> list[Step]:
    """Publishes confirmed one by one; ``first`` is the number of the first confirm."""
    properties = {"delivery_mode": 2, **properties}
    steps: list[Step] = []
    for number, body in enumerate(bodies, first):
        steps += [publish("", queue, body, c, ch, **properties), confirms(number, number, c, ch)]
    return steps


def filled(count: int, queue: str = "~q", **values: Any) -> list[Step]:
    """A stream with the messages 0, 1, ... at the offsets 0, 1, ..., and confirms on."""
    return [stream(queue, **values), CONFIRMED, *stored(*[str(n).encode() for n in range(count)], queue=queue)]
