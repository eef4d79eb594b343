"""Values of field tables made comparable: with all their wire types, or as pamqp sees them."""

import datetime as dt
import decimal
import math
from typing import Any

from protocol.amqp.tables import Decimal, wire_type


def typed(value: Any) -> Any:
    """A value with the wire types of all that is in it, in order. Not-a-numbers are equal."""
    if isinstance(value, dict):
        return "table", [(name, typed(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return "array", [typed(inner) for inner in value]
    return wire_type(value), type(value).__name__, repr(value)


def depth(value: Any) -> int:
    """How many tables and arrays stand in each other; 0 for the outermost alone."""
    inner = value.values() if isinstance(value, dict) else value
    return max((1 + depth(each) for each in inner if isinstance(each, dict | list)), default=0)


def plain(value: Any) -> Any:
    """Without wire types: times are seconds, decimals as they read."""
    match value:
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case dt.datetime():
            return ("time", int(value.timestamp()))
        case Decimal():
            # pamqp takes it for a signed one.
            return ("decimal", value.unscaled - (value.unscaled >> 31 << 32))
        case decimal.Decimal():
            return ("decimal", int(value.scaleb(-value.as_tuple().exponent)))
        case bytearray():
            return bytes(value)
        case _:
            return value


def same(ours: Any, theirs: Any) -> bool:
    """Whether two plain values say the same. pamqp takes times above 2**32 for milliseconds."""
    match ours, theirs:
        case dict(), dict():
            return list(ours) == list(theirs) and all(same(ours[name], theirs[name]) for name in ours)
        case list(), list():
            return len(ours) == len(theirs) and all(map(same, ours, theirs))
        case int(), ("time", seconds):
            return ours == seconds or ours >= 2**32
        case float(), float():
            return ours == theirs or (math.isnan(ours) and math.isnan(theirs))
        case _:
            return (type(ours) is type(theirs) and ours == theirs) or _alike(ours, theirs)


def _alike(ours: Any, theirs: Any) -> bool:
    # A subclass for the wire type on our side; text that is not UTF-8 on either.
    return isinstance(ours, type(theirs)) and ours == theirs
