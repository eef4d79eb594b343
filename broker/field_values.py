"""Values of AMQP field tables: when two are equal, what RabbitMQ calls their types and how it prints them.

Values are as pamqp decodes them. It does not keep the wire type of integers and floats, so ``wire_type`` names the
smallest of ``signedint`` and ``long`` that holds an integer, and ``double`` for every float: a client that sent a short
reads ``signedint`` in the text of its error. Nothing is compared by these names.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from protocol.amqp import erlang

_WIRE_TYPES: dict[type, str] = {
    bool: "bool",
    bytearray: "binary",
    bytes: "longstr",  # a longstr that is not UTF-8
    datetime: "timestamp",
    Decimal: "decimal",
    dict: "table",
    float: "double",
    list: "array",
    str: "longstr",
    type(None): "void",
}


def wire_type(value: object) -> str:
    """RabbitMQ's name for the type of a field value (see the top of this file for integers)."""
    if type(value) is int:
        return "signedint" if -(2**31) <= value < 2**31 else "long"
    return _WIRE_TYPES[type(value)]


def comparable(value: object) -> tuple[object, ...]:
    """A hashable stand-in: two field values are equal for RabbitMQ exactly if their stand-ins are equal in Python.

    Python takes ``1 == 1.0 == True``, RabbitMQ does not. Texts and byte arrays are both bytes to RabbitMQ.
    """
    if isinstance(value, dict):
        return ("table", *sorted((name, comparable(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ("array", *map(comparable, value))
    if isinstance(value, (bytes, bytearray)):
        return (str, _text(bytes(value)))
    return (type(value), value)


def _text(value: bytes) -> str:
    """Bytes as text that no other bytes give, and that equals the decoded text where they are UTF-8."""
    return value.decode(errors="surrogateescape")


def as_text(value: object) -> str:
    """As ``~ts`` prints a text and ``~tp`` anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bytes, bytearray)):
        return value.decode(errors="replace")
    return as_term(value)


def as_term(value: object) -> str:
    """As ``~tp`` prints a decoded field value: an Erlang term."""
    if isinstance(value, str):
        return erlang.binary(value.encode(errors="surrogateescape"))
    if isinstance(value, (bytes, bytearray)):
        return erlang.binary(bytes(value))
    if isinstance(value, list):
        return "[" + ",".join(f"{{{wire_type(inner)},{as_term(inner)}}}" for inner in value) + "]"
    if isinstance(value, dict):
        return "[" + ",".join(_field(name, inner) for name, inner in value.items()) + "]"
    return _scalar(value)


def _field(name: str, value: Any) -> str:
    return f"{{{as_term(name)},{wire_type(value)},{as_term(value)}}}"


def _scalar(value: object) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        digits = value.as_tuple()
        return f"{{{-int(digits.exponent)},{int(value.scaleb(-int(digits.exponent)))}}}"
    if isinstance(value, datetime):
        return str(int(value.timestamp()))
    return repr(value)
