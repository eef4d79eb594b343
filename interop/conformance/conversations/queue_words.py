"""Words the conversations about what queues do by themselves share: expiry, length limits, dead-lettering."""

from typing import Any

from interop.conformance.steps import Call, Step, call, declare, get, publish, until

CONFIRMED = call("confirm.select")
# By the default exchange straight to the queue ~dead.
TO_DEAD = {"x_dead_letter_exchange": "", "x_dead_letter_routing_key": "~dead"}
DEAD = declare("~dead")


def queue(name: str = "~q", c: str = "a", ch: int = 1, **values: Any) -> Call:
    """queue.declare with the arguments ``values``: ``x_message_ttl=0``."""
    return declare(name, c, ch, arguments=arguments(**values))


def mortal(name: str = "~q", **values: Any) -> list[Step]:
    """The queue ~dead and a queue whose dead letters go there."""
    return [DEAD, queue(name, **TO_DEAD, **values)]


def arguments(**values: Any) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in values.items()}


def published(*bodies: bytes, to: str = "~q", **properties: Any) -> list[Step]:
    return [publish("", to, body, **properties) for body in bodies]


def died(count: int, name: str = "~dead") -> list[Step]:
    """Wait until so many dead letters lie there, then take them all."""
    return [until(name, count), *[get(name, no_ack=True)] * count]
