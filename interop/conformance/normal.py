"""What may differ from run to run and from broker to broker, and nothing else, made equal; and values shown as text.

Generated queue names, reply names and consumer tags are numbered in order of appearance (so it still shows which is
which). Of the server's properties the values that name a version, platform or cluster are hidden, their presence and
types are not; nor is it shown how a throw-away node is called. A death that happened just now shows as such; times that
a client wrote itself stay. Of a virtual host that is deleted RabbitMQ tells a client just that, or that it is down, as
chance has it.
"""

import re
import time
from typing import Any

from interop.conformance.peer import Event
from interop.conformance.wire import Typed

_GENERATED = re.compile(r"amq\.(?:(gen|ctag)-[A-Za-z0-9_-]{22}|rabbitmq\.(reply-to)\.[A-Za-z0-9+/=_.-]+)")
_DEATH_TIME = re.compile(r"(?<=, time: T )[0-9]+")
_DOWN = re.compile(r"(?<=CONNECTION_FORCED - vhost )('.*' is) down")
_NODE = re.compile(r"\b(?:r[0-9a-f]{8}|leveret)@localhost\b")
# Far more than a conversation lasts, and than two clocks of one machine differ.
_NOW_S = 600
_HIDDEN = {"leveret", "cluster_name", "copyright", "information", "platform", "version"}


class Normaliser:
    """One conversation's view: its prefix shows as ``~`` again."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers: dict[str, str] = {}

    def __call__(self, line: str) -> str:
        line = _DEATH_TIME.sub(_now, _GENERATED.sub(self._number, line)).replace(self._prefix, "~")
        return _NODE.sub("NODE", _DOWN.sub(r"\1 deleted", line))

    def arguments(self, event: Event) -> dict[str, Any]:
        if event.name != "connection.start":
            return event.arguments
        shown = [
            (key, tag, "..." if key in _HIDDEN else value) for key, tag, value in event.arguments["server_properties"]
        ]
        return {**event.arguments, "server_properties": shown}

    def _number(self, match: re.Match[str]) -> str:
        return self._numbers.setdefault(match[0], f"amq.{match[1] or match[2]}-<{len(self._numbers) + 1}>")


def _now(match: re.Match[str]) -> str:
    return "now" if abs(int(match[0]) - time.time()) < _NOW_S else match[0]


def render(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    if isinstance(value, Typed):
        return _tagged(value.tag, value.value)
    if isinstance(value, list):
        return "{" + ", ".join(_item(item) for item in value) + "}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _item(item: Any) -> str:
    """A received table's (key, tag, value) or array's (tag, value); or a plain value we sent in an array."""
    if isinstance(item, tuple) and len(item) == 3:
        return f"{item[0]}: {_tagged(item[1], item[2])}"
    if isinstance(item, tuple) and len(item) == 2:
        return _tagged(*item)
    return _shown(item)


def _tagged(tag: str, value: Any) -> str:
    return f"{tag} {_shown(value)}"
