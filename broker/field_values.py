"""Values of field tables, as ``protocol.amqp.tables`` reads them: when two are equal, and how RabbitMQ prints them."""

from typing import Any

from protocol.amqp import erlang
from protocol.amqp.tables import Decimal, wire_type

Comparable = tuple[object, ...]


def comparable(value: object) -> Comparable:
    """A hashable stand-in: two field values are equal for RabbitMQ exactly if their stand-ins are equal in Python.

    Python takes ``1 == 1.0 == True``, RabbitMQ does not. Texts and byte arrays are both bytes to RabbitMQ. Of a value
    itself the wire type does not count (a short 1 is a long 1); within a table or an array it does.
    """
    if isinstance(value, dict):
        return ("table", *sorted((name, wire_type(inner), comparable(inner)) for name, inner in value.items()))
    if isinstance(value, list):
        return ("array", *((wire_type(inner), comparable(inner)) for inner in value))
    if isinstance(value, (bytes, bytearray)):
        return (str, _text(bytes(value)))
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return (kind, kind(value))
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
        return f"{{{value.scale},{value.unscaled}}}"
    return repr(value)
