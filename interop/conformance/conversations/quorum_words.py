"""Words of the conversations about quorum queues."""

from typing import Any

from interop.conformance.steps import Step, bind, call, declare, exchange, get, publish, until


def quorum(queue: str = "~q", c: str = "a", ch: int = 1, values: dict[str, Any] | None = None, **flags: Any) -> Step:
    """Declare a quorum queue; the keys of ``values`` may be written with _ for -."""
    given = {key.replace("_", "-"): value for key, value in (values or {}).items()}
    return declare(queue, c, ch, arguments={"x-queue-type": "quorum", **given}, **flags)


def filled(*bodies: bytes, queue: str = "~q") -> list[Step]:
    """Publish the bodies and wait until they are there: a quorum queue takes what is published in its own time."""
    return [*[publish("", queue, body) for body in bodies], until(queue, len(bodies))]


def taken(count: int, queue: str = "~q") -> list[Step]:
    return [get(queue, no_ack=True) for _ in range(count)]


DEAD: list[Step] = [exchange("~dlx", "fanout"), declare("~dead"), bind("~dead", "~dlx")]
ONE_AT_A_TIME = call("basic.qos", prefetch_count=1)
CLOSE = call("channel.close", reply_code=200, reply_text="")
