"""Every method but the hot ones, through pamqp; the only file that imports it.

``decode`` turns a method frame's payload into a pamqp object, ``encode`` turns one into a whole frame.
"""

import struct
from typing import ClassVar

from pamqp import commands
from pamqp import decode as _decode
from pamqp import encode as _encode
from pamqp.base import Frame as Method
from pamqp.commands import Basic, Channel, Confirm, Connection, Exchange, Queue, Tx

from protocol.amqp import erlang, replies, tables
from protocol.amqp.errors import HardError, MalformedText

__all__ = [
    "Access",
    "Basic",
    "Channel",
    "Confirm",
    "Connection",
    "Exchange",
    "Method",
    "Queue",
    "Tx",
    "channel_open_ok",
    "decode",
    "encode",
    "ids",
    "queue_declare_ok",
]

# A short string whole, a long string's size: what is enough to decode an argument, or to know how much is.
_ARGUMENT_HEAD_BYTES = 256
# Values in what a client says of itself before it has logged in; client libraries say some twenty. Anybody may send
# them, and 1,600, as fit into a first frame, took 1.3 ms.
_EARLY_VALUES_MAX = 256


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


def ids(method: Method | type[Method]) -> tuple[int, int]:
    """The class and method id."""
    return method.index >> 16, method.index & 0xFFFF


def decode(payload: bytes) -> Method:
    """A method from its frame's payload (class id, method id, arguments); tables as ``protocol.amqp.tables`` reads
    them.

    Raises HardError: 501 where the arguments cannot be decoded, 503 for a method that nobody knows.
    """
    index = int.from_bytes(payload[:4], "big")
    kind = _KNOWN.get(index)
    if kind is None:
        raise HardError(replies.COMMAND_INVALID, "unimplemented method", index >> 16, index & 0xFFFF)
    # Without pamqp's constructors: some of them warn that their method is deprecated. Every argument is set below.
    method: Method = object.__new__(kind)
    try:
        _decode_arguments(method, payload)
    except UnicodeDecodeError:
        raise MalformedText from None
    except (ValueError, IndexError, struct.error):
        text = f"cannot decode {erlang.binary(payload[4:], erlang.REPLY_BYTES)}"
        raise HardError(replies.FRAME_ERROR, text, index >> 16, index & 0xFFFF) from None
    return method


def _decode_arguments(method: Method, data: bytes) -> None:
    """Not pamqp's own ``unmarshal``: that one takes arguments that are cut short or have something behind them."""
    pos, bit = 4, 0
    for name in method.__slots__:
        kind = method.amqp_type(name)
        if kind == "bit":
            setattr(method, name, bool(data[pos] >> bit & 1))
            bit += 1
            continue
        pos, bit = pos + (bit > 0), 0
        value: object
        if kind == "table":
            value, pos = _read_table(data, pos, _EARLY_VALUES_MAX if type(method) is Connection.StartOk else None)
        else:
            size, value = _decode.by_type(data[pos : pos + _ARGUMENT_HEAD_BYTES], kind)
            if size > _ARGUMENT_HEAD_BYTES:
                size, value = _decode.by_type(data[pos : pos + size], kind)
            pos += size
        setattr(method, name, value)
    if pos + (bit > 0) != len(data):
        raise ValueError("cut short, or something behind the arguments")


def _read_table(data: bytes, pos: int, most: int | None) -> tuple[tables.FieldTable, int]:
    if tables.crowded(data, pos, most or tables.VALUES_MAX):
        raise tables.TableError("too many values")
    return tables.read_table(data, pos)


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
        in_order = isinstance(value, tables.InOrder)
        out.append(tables.write_table(value) if in_order else _encode.by_type(value, kind))
    if bits:
        out.append(_pack_bits(bits))
    return b"".join(out)


def _pack_bits(bits: list[bool]) -> bytes:
    packed = sum(bit << place for place, bit in enumerate(bits))
    bits.clear()
    return bytes((packed,))


def channel_open_ok() -> Channel.OpenOk:
    """channel.open-ok as RabbitMQ sends it; pamqp's constructor insists on a channel id of "0"."""
    method = Channel.OpenOk()
    method.channel_id = ""
    return method


def queue_declare_ok(queue: str, message_count: int, consumer_count: int) -> Queue.DeclareOk:
    """queue.declare-ok for any name that RabbitMQ takes; pamqp's constructor would refuse some."""
    method = Queue.DeclareOk(message_count=message_count, consumer_count=consumer_count)
    method.queue = queue
    return method
