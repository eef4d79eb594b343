"""Where a stream's consumer wants to begin, as its argument x-stream-offset says it, and spans of time as streams take.

    first, last, next       a longstr or a byte array; next where there is no such argument
    an integer              that offset; every width, and the oldest message where it is negative
    a timestamp             that time, in seconds
    7D, 1h                  so long ago: digits and a unit, as in x-max-age. Months have 30 days and years 365

Source: RabbitMQ 4.0, rabbit_stream_queue:parse_offset_arg/1 and rabbit_amqqueue:check_max_age/1, and what it was seen
to do. Where it crashes instead of refusing (texts that do not begin with a digit, floats, tables), a value is refused
here in the words for its like, as later versions do it for texts.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from broker.field_values import as_term
from protocol.amqp import erlang
from protocol.amqp.errors import precondition_failed
from protocol.amqp.tables import Timestamp, wire_type
from streams.offset_spec import Exact, First, Last, Next, OffsetSpec, Since

NAME: Final = "x-stream-offset"

_DAY_MS: Final = 24 * 3600 * 1000
_UNITS_MS: Final = {
    b"Y": 365 * _DAY_MS,
    b"M": 30 * _DAY_MS,
    b"D": _DAY_MS,
    b"h": 3600 * 1000,
    b"m": 60 * 1000,
    b"s": 1000,
}
# As RabbitMQ: from the beginning, but not to the end, so that a line feed and what follows it do not matter.
_SPAN: Final = re.compile(rb"([0-9]+)(.*)")
# Digits that are read. More are more than any time there is, and Python refuses to read 4,300.
_DIGITS_MAX: Final = 20
_NAMED: Final[dict[bytes, OffsetSpec]] = {b"first": First(), b"last": Last(), b"next": Next()}


def span_ms(text: str | bytes) -> int | None:
    """The span in ms; None where this is none. No span is 0."""
    match = _SPAN.match(_raw(text))
    if match is None:
        return None
    number = int(match[1].lstrip(b"0")[:_DIGITS_MAX] or b"0")
    return number * _UNITS_MS.get(match[2], 0) or None


def max_age_ms(text: str | bytes) -> int:
    """The value of an x-max-age that ``arguments.age`` let through."""
    span = span_ms(text)
    assert span is not None
    return span


def offset_spec(resource: str, arguments: Mapping[str, Any], now_ms: int) -> OffsetSpec:
    """Where to begin. ``resource`` is the queue as texts name it. Raises SoftError 406."""
    if NAME not in arguments:
        return Next()
    value = arguments[NAME]
    spec = _parse(value, now_ms)
    if spec is None:
        raise precondition_failed(f"invalid arg '{NAME}' for {resource}: {refusal(value)}")
    return spec


def refusal(value: object) -> str | None:
    """Why it is none, in RabbitMQ's words; None where it is good."""
    if _parse(value, 0) is not None:
        return None
    shown = erlang.binary(_raw(value), latin_1=True) if isinstance(value, (str, bytes)) else as_term(value)
    return f"{{invalid_stream_offset_arg,{{{wire_type(value)},{shown}}}}}"


def _parse(value: object, now_ms: int) -> OffsetSpec | None:
    if isinstance(value, (str, bytes, bytearray)):
        return _NAMED.get(_raw(value)) or _so_long_ago(value, now_ms)
    if isinstance(value, Timestamp):
        return Since(value * 1000)
    if isinstance(value, int) and not isinstance(value, bool):
        return Exact(max(value, 0))
    return None


def _so_long_ago(value: str | bytes | bytearray, now_ms: int) -> Since | None:
    span = None if isinstance(value, bytearray) else span_ms(value)
    return None if span is None else Since(max(now_ms - span, 0))


def _raw(text: str | bytes | bytearray) -> bytes:
    return text.encode(errors="surrogateescape") if isinstance(text, str) else bytes(text)
