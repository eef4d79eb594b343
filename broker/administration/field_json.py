"""Field tables as JSON, as RabbitMQ has them in definitions: what JSON has no type for becomes the nearest.

A whole number comes back as a 64-bit one, whatever it was; for whether arguments are equal that does not count.
"""

from typing import Any

from broker.administration.refused import Refused
from protocol.amqp.tables import Decimal, FieldTable, Long, TableError, write_table


def to_json(value: Any) -> Any:
    """A value of a field table, or a table, as JSON holds it."""
    if isinstance(value, dict):
        return {name: to_json(inner) for name, inner in value.items()}
    if isinstance(value, Decimal):
        return float(value.unscaled) / 10.0**value.scale
    if isinstance(value, (bytes, bytearray)):
        return value.decode(errors="surrogateescape")
    if isinstance(value, list):
        return [to_json(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def from_json(arguments: Any) -> FieldTable:
    """A table as clients might have sent it. Raises Refused where none could be."""
    # An empty table is an empty list to some programs.
    table = _from_json(arguments or {})
    if not isinstance(table, dict):
        raise Refused("arguments have to be an object")
    try:
        write_table(table)
    except TableError as error:
        raise Refused(f"arguments: {error}") from None
    return table


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _from_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_from_json(inner) for inner in value]
    if isinstance(value, str):
        return _text(value)
    return Long(value) if type(value) is int else value


def _text(value: str) -> str | bytes:
    """What is no UTF-8 is bytes, in tables as ``protocol.amqp.tables`` reads them."""
    raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
