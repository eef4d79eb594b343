"""Deduplication, as LavinMQ offers it on exchanges of every kind: of messages with the same id only the first counts.

An exchange with the argument ``x-message-deduplication`` true remembers the ids of the last ``x-cache-size`` messages
(128 where nothing is said), each for ``x-cache-ttl`` ms or for as long as there is room; a message's own header
``x-cache-ttl`` goes before that. The id is the header that ``x-deduplication-header`` names (a header of that same name
where nothing is said); messages without it are never duplicates. What was remembered is forgotten in a restart.
Source: LavinMQ, docs/deduplication.md and src/lavinmq/deduplication.cr.
"""

from collections.abc import Mapping
from typing import Any, Final

from broker.exchanges.view import View
from broker.field_values import Comparable, as_text, comparable
from protocol.amqp.errors import precondition_failed
from protocol.amqp.tables import Timestamp

_SIZE: Final = 128
_HEADER: Final = "x-deduplication-header"


class Deduplication:
    """What one exchange remembers. ``arguments`` are its own, checked."""

    __slots__ = ("_header", "_known", "_size", "_ttl_ms")

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._size: int = arguments.get("x-cache-size", _SIZE)
        self._ttl_ms: int | None = arguments.get("x-cache-ttl")
        self._header = as_text(arguments.get("x-deduplication-header", _HEADER))
        # By id, until when, in ms since 1970; None for as long as there is room. The oldest first.
        self._known: dict[Comparable, int | None] = {}

    def is_duplicate(self, message: View) -> bool:
        """Whether it is one; if it is not, the next of its kind will be."""
        headers = message.headers()
        if self._header not in headers:
            return False
        known, number = self._known, comparable(headers[self._header])
        if number in known:
            until_ms = known[number]
            if until_ms is None or until_ms > message.wall_ms:
                return True
            del known[number]
        if len(known) >= self._size:
            del known[next(iter(known))]
        ttl_ms = headers.get("x-cache-ttl")
        if not _is_count(ttl_ms):
            ttl_ms = self._ttl_ms
        known[number] = None if ttl_ms is None else message.wall_ms + int(ttl_ms)  # type: ignore[call-overload]
        return False


def deduplication(arguments: Mapping[str, Any]) -> Deduplication | None:
    """What an exchange with these arguments remembers; None where it does not. Raises SoftError 406."""
    if arguments.get("x-message-deduplication") is not True:
        return None
    for name, least in (("x-cache-ttl", 0), ("x-cache-size", 1)):
        if name in arguments and not (_is_count(arguments[name]) and arguments[name] >= least):
            raise precondition_failed(f"{name} header not a Int")
    if not isinstance(arguments.get("x-deduplication-header", _HEADER), (str, bytes)):
        raise precondition_failed("x-deduplication-header header not a String")
    return Deduplication(arguments)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, (bool, Timestamp)) and value >= 0
