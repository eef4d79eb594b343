"""What the written conversations ask of a broker, and what they leave out, with the reason: see ``asked``."""

import re
from collections.abc import Iterator
from typing import Any

from interop.conformance import asked, record
from interop.conformance.conversations import ALL
from interop.conformance.steps import Call, Publish, Send

_BEFORE_TUNING = "4.0 says nothing before the connection is tuned: the socket is closed"
_LATER = "said by later versions"
_CLUSTER = "needs a cluster"

# What no conversation meets, and why.
LEFT_OUT = {
    "received connection.secure": "no mechanism that is on by default asks back",
    **dict.fromkeys(asked.BEFORE_TUNING, _BEFORE_TUNING),
    **dict.fromkeys(
        (
            "FRAME_ERROR - content body frame exceeds remaining content size",
            r"FRAME_ERROR - content body size \d+ exceeds maximum allowed size",
            "ACCESS_REFUSED - cannot bind or unbind to a volatile",
            "cannot declare exchange '.*' in vhost '.*': exchange limit of",
            "Feature `transient_nonexcl_queues` is deprecated",
        ),
        _LATER,
    ),
    **dict.fromkeys(
        (
            "access to vhost '.*' refused for user '.*': vhost '.*' is down",
            "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
            "CONNECTION_FORCED - Node was put into maintenance mode",
        ),
        "would end the node that others talk with",
    ),
    "does not have a running replica on the local node": _CLUSTER,
    "CONNECTION_FORCED - Closed via management plugin": "whoever closes a connection says why",
    "CONNECTION_FORCED - credential expired": "users of the broker's own have passwords, which do not expire",
    "New secret was refused by one of the backends": "the backend of the broker's own users refuses none",
}


def wanted() -> Iterator[str]:
    """All that is to be met, by the names ``met`` uses."""
    for name in asked.METHODS:
        yield f"sent {name}"
    for name in asked.OF_SERVERS:
        yield f"received {name}"
    for name, argument in asked.ARGUMENTS:
        yield f"{name} {argument}"
    for name, keys in asked.TABLES.items():
        yield from (f"{name} {key}" for key in keys)
    yield from (f"property {name}" for name in asked.PROPERTY_NAMES)
    yield from (f"header {name}" for name in asked.HEADERS)
    yield from asked.TEXTS


def met() -> set[str]:
    """What of it the conversations meet."""
    lines = [line.replace("\\'", "'") for lines in record.load().values() for line in lines]
    found = {f"sent {name}" for name in _after(">", lines)} | {f"received {name}" for name in _after("<", lines)}
    said = "\n".join(line for line in lines if " < " in line)
    found |= {text for text in asked.TEXTS if re.search(text, said)}
    for conversation in ALL:
        for step in conversation.steps:
            if isinstance(step, (Send, Call)):
                found |= {f"{step.method} {name}" for name in _given(step.arguments)}
            elif isinstance(step, Publish):
                found |= {f"basic.publish {name}" for name in _given(step.arguments)}
                found |= {f"property {name}" for name in step.properties}
                found |= {f"header {name}" for name in step.properties.get("headers") or {}}
    return found


def missing() -> list[str]:
    """What is neither met nor left out for a reason."""
    there = met()
    return [name for name in wanted() if name not in there and name not in LEFT_OUT]


def _after(arrow: str, lines: list[str]) -> set[str]:
    found = (re.match(rf"\w+/\d+ {arrow} ([a-z]+\.[a-z-]+)", line) for line in lines)
    return {match[1] for match in found if match}


def _given(arguments: dict[str, Any]) -> Iterator[str]:
    """Arguments with a value, and what is in their tables."""
    for name, value in arguments.items():
        if value:
            yield name
        if isinstance(value, dict):
            yield from value
