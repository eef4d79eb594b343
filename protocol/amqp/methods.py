"""Every method but the hot ones, through pamqp; the only file that imports it.

``decode`` turns a method frame's payload into a pamqp object, ``encode`` turns one into a whole frame.
"""

import struct
from typing import Any, ClassVar

from pamqp import commands
from pamqp import decode as _decode
from pamqp import encode as _encode
from pamqp.base import Frame as Method
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from protocol.amqp import erlang, replies
from protocol.amqp.errors import HardError

__all__ = [
    "Access",
    "Basic",
    "Channel",
    "Confirm",
    "Connection",
    "Exchange",
    "FieldTable",
    "Method",
    "Queue",
    "Tx",
    "decode",
    "decode_table",
    "encode",
    "ids",
    "queue_declare_ok",
]

FieldTable = dict[str, Any]


class Access:
    """Class access left the specification with 0-9-1; very old clients still ask, and RabbitMQ still answers."""

    class Request(Method):
        __slots__: ClassVar[list[str]] = ["realm", "exclusive", "passive", "active", "write", "read"]  # noqa: RUF023 - wire order
        index: ClassVar[int] = 0x001E000A
        name: ClassVar[str] = "Access.Request"
        _realm = "shortstr"
        _exclusive = _passive = _active = _write = _read = "bit"

    class RequestOk(Method):
        __slots__: ClassVar[list[str]] = ["ticket"]
        index: ClassVar[int] = 0x001E000B
        name: ClassVar[str] = "Access.RequestOk"
        _ticket = "short"

        def __init__(self, ticket: int = 1) -> None:
            self.ticket = ticket


_KNOWN = {**commands.INDEX_MAPPING, Access.Request.index: Access.Request}

_HEAD = struct.Struct(">BHII")
# What pamqp lets out on bytes that are no method: its own ValueError, and what Python raises where it does not look.
_UNDECODABLE = (ValueError, struct.error, KeyError, IndexError, TypeError, OverflowError, OSError, RecursionError)


def ids(method: Method | type[Method]) -> tuple[int, int]:
    """The class and method id."""
    return method.index >> 16, method.index & 0xFFFF


def decode(payload: bytes) -> Method:
    """A method from its frame's payload (class id, method id, arguments).

    Raises HardError: 501 where the arguments cannot be decoded, 503 for a method that nobody knows.
    """
    index = int.from_bytes(payload[:4], "big")
    kind = _KNOWN.get(index)
    if kind is None or len(payload) < 4:
        raise HardError(replies.COMMAND_INVALID, "unimplemented method", index >> 16, index & 0xFFFF)
    method: Method = kind()
    try:
        method.unmarshal(payload[4:])
    except _UNDECODABLE:
        raise HardError(
            replies.FRAME_ERROR, f"cannot decode {erlang.binary(payload[4:])}", index >> 16, index & 0xFFFF
        ) from None
    return method


def decode_table(data: bytes) -> FieldTable:
    """A field table, four bytes of length before it."""
    return _decode.field_table(data)[1]


def encode(channel: int, method: Method) -> bytes:
    """A whole method frame.

    Not pamqp's own ``marshal``: that one refuses to write names outside a pattern of its own (a queue named
    ``jobs|new``, say), which RabbitMQ allows.
    """
    arguments = _encode_arguments(method)
    return b"%b%b\xce" % (_HEAD.pack(1, channel, 4 + len(arguments), method.index), arguments)


def _encode_arguments(method: Method) -> bytes:
    out: list[bytes] = []
    bits: list[bool] = []
    for name in method.__slots__:
        kind = method.amqp_type(name)
        value = getattr(method, name)
        if kind == "bit":
            bits.append(bool(value))
            continue
        if bits:
            out.append(_pack_bits(bits))
        out.append(_encode.by_type(value, kind))
    if bits:
        out.append(_pack_bits(bits))
    return b"".join(out)


def _pack_bits(bits: list[bool]) -> bytes:
    packed = sum(bit << place for place, bit in enumerate(bits))
    bits.clear()
    return bytes((packed,))


def queue_declare_ok(queue: str, message_count: int, consumer_count: int) -> Queue.DeclareOk:
    """queue.declare-ok for any name that RabbitMQ takes; pamqp's constructor would refuse some."""
    method = Queue.DeclareOk(message_count=message_count, consumer_count=consumer_count)
    method.queue = queue
    return method
