"""Field tables: bytes to values that remember their wire type, and such values to bytes again.

Ours, and not pamqp's, for three reasons. RabbitMQ's reply texts name a value's wire type and its headers exchange
compares by it inside nested tables, which pamqp forgets. pamqp copies the rest of the table for every field, so a
hostile 128 KiB frame of tiny fields stops the broker for half a second; here each byte is looked at once. And it reads
past the end of a value that is cut short, where RabbitMQ refuses.

    table   u32 size, then fields: short-string name, value
    array   u32 size, then values
    value   one byte of type, then what the type says (RabbitMQ's types, its errata page to AMQP 0-9-1)
"""

import struct
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

FieldTable = dict[str, Any]

# Deeper than any real table, shallow enough for every stack.
DEPTH_MAX = 100


# More values, however deep, than any real table has. Python reads some 1.5 a µs, and a frame of 128 KiB has room for
# 130,000: with 20 clients that sent such tables nobody else was served.
VALUES_MAX = 2048


class TableError(ValueError):
    """The bytes are no field table."""


class InOrder(dict[str, Any]):
    """A table that is written in its own order; pamqp, which writes the others of methods, sorts by key."""

    __slots__ = ()


class WireInt(int):
    """An integer that came as another type than a signed 32-bit one (a plain int)."""

    __slots__ = ()
    wire_type: ClassVar[str] = "signedint"


class Byte(WireInt):
    __slots__ = ()
    wire_type = "byte"


class UnsignedByte(WireInt):
    __slots__ = ()
    wire_type = "unsignedbyte"


class Short(WireInt):
    __slots__ = ()
    wire_type = "short"


class UnsignedShort(WireInt):
    __slots__ = ()
    wire_type = "unsignedshort"


class UnsignedInt(WireInt):
    __slots__ = ()
    wire_type = "unsignedint"


class Long(WireInt):
    __slots__ = ()
    wire_type = "long"


class Timestamp(WireInt):
    """Seconds since 1970."""

    __slots__ = ()
    wire_type = "timestamp"


class Float(float):
    """A float of 32 bits; a plain float came as one of 64."""

    __slots__ = ()


class Decimal(NamedTuple):
    """``unscaled / 10 ** scale``; 3.14 and 3.140 are two values."""

    scale: int
    unscaled: int


def _number(layout: str, make: Callable[[Any], Any]) -> Callable[[bytes, int], tuple[Any, int]]:
    shape = struct.Struct(layout)

    def read(data: bytes, pos: int) -> tuple[Any, int]:
        return make(shape.unpack_from(data, pos)[0]), pos + shape.size

    return read


def _decimal(data: bytes, pos: int) -> tuple[Decimal, int]:
    return Decimal(data[pos], int.from_bytes(_slice(data, pos + 1, 4), "big")), pos + 5


def _void(data: bytes, pos: int) -> tuple[None, int]:  # noqa: ARG001 - one signature for all readers
    return None, pos


def _text(data: bytes, pos: int) -> tuple[str | bytes, int]:
    raw, pos = _long_string(data, pos)
    try:
        return raw.decode(), pos
    except UnicodeDecodeError:
        return raw, pos


def _binary(data: bytes, pos: int) -> tuple[bytearray, int]:
    raw, pos = _long_string(data, pos)
    return bytearray(raw), pos


def _long_string(data: bytes, pos: int) -> tuple[bytes, int]:
    size = _size(data, pos)
    return _slice(data, pos + 4, size), pos + 4 + size


def _slice(data: bytes, pos: int, size: int) -> bytes:
    if pos + size > len(data):
        raise TableError("a value longer than its place")
    return data[pos : pos + size]


def _size(data: bytes, pos: int) -> int:
    return int.from_bytes(_slice(data, pos, 4), "big")


_READERS: dict[int, Callable[[bytes, int], tuple[Any, int]]] = {
    ord("t"): _number(">B", bool),
    ord("b"): _number(">b", Byte),
    ord("B"): _number(">B", UnsignedByte),
    ord("s"): _number(">h", Short),
    ord("u"): _number(">H", UnsignedShort),
    ord("I"): _number(">i", int),
    ord("i"): _number(">I", UnsignedInt),
    ord("l"): _number(">q", Long),
    ord("L"): _number(">q", Long),
    ord("f"): _number(">f", Float),
    ord("d"): _number(">d", float),
    ord("T"): _number(">Q", Timestamp),
    ord("D"): _decimal,
    ord("V"): _void,
    ord("S"): _text,
    ord("x"): _binary,
}
_TABLE, _ARRAY = ord("F"), ord("A")
_LONG = frozenset(b"Sx")
# How long a value of each type is that always is as long.
VALUE_BYTES = {
    ord("t"): 1,
    ord("b"): 1,
    ord("B"): 1,
    ord("s"): 2,
    ord("u"): 2,
    ord("I"): 4,
    ord("i"): 4,
    ord("f"): 4,
    ord("l"): 8,
    ord("L"): 8,
    ord("d"): 8,
    ord("T"): 8,
    ord("D"): 5,
    ord("V"): 0,
}


def crowded(data: bytes, pos: int, most: int = VALUES_MAX) -> bool:
    """Whether the table at ``pos`` has more than ``most`` values, those of tables and arrays in it included.

    At most so many are looked at. One that is too deep, or no table at all, need not be found out here.
    """
    size = int.from_bytes(data[pos : pos + 4], "big")
    if size <= most:
        # Each takes a byte at least.
        return False
    end = len(data)
    # Tables and arrays around the value: where each ends, and whether its values have names.
    around = [(pos + 4 + size, True)]
    pos += 4
    count = 0
    while 0 < len(around) <= DEPTH_MAX + 1 and pos < end:
        stop, named = around[-1]
        if pos >= stop:
            around.pop()
            continue
        if named:
            pos += 1 + data[pos]
        count += 1
        if count > most:
            return True
        kind = data[pos] if pos < end else 0
        width = VALUE_BYTES.get(kind)
        if width is not None:
            pos += 1 + width
        elif kind in _LONG:
            pos += 5 + int.from_bytes(data[pos + 1 : pos + 5], "big")
        elif kind in {_TABLE, _ARRAY}:
            around.append((pos + 5 + int.from_bytes(data[pos + 1 : pos + 5], "big"), kind == _TABLE))
            pos += 5
        else:
            return False
    return False


def read_table(data: bytes, pos: int = 0, depth: int = 0) -> tuple[FieldTable, int]:
    """The table at ``pos`` and where it ends. Of a name that stands twice the first value counts, as in RabbitMQ.

    Raises TableError.
    """
    stop = _end(data, pos, depth)
    pos += 4
    table: FieldTable = {}
    while pos < stop:
        # Not every client writes UTF-8; what it wrote must not be lost, nor stop anybody.
        name = _slice(data, pos + 1, data[pos]).decode(errors="surrogateescape")
        value, pos = _read_value(data, pos + 1 + data[pos], depth)
        table.setdefault(name, value)
    if pos != stop:
        raise TableError("a field longer than its table")
    return table, pos


def _read_array(data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
    stop = _end(data, pos, depth)
    pos += 4
    array = []
    while pos < stop:
        value, pos = _read_value(data, pos, depth)
        array.append(value)
    if pos != stop:
        raise TableError("a value longer than its array")
    return array, pos


def _end(data: bytes, pos: int, depth: int) -> int:
    stop = pos + 4 + _size(data, pos)
    if stop > len(data) or depth > DEPTH_MAX:
        raise TableError("longer than its place, or too deep")
    return stop


def _read_value(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
    if pos >= len(data):
        raise TableError("a name without a value")
    kind = data[pos]
    if kind == _TABLE:
        return read_table(data, pos + 1, depth + 1)
    if kind == _ARRAY:
        return _read_array(data, pos + 1, depth + 1)
    reader = _READERS.get(kind)
    if reader is None:
        raise TableError(f"unknown field type {kind}")
    try:
        return reader(data, pos + 1)
    except (IndexError, struct.error):
        raise TableError("a value longer than its place") from None


def _writer(letter: str, layout: str) -> Callable[[Any], bytes]:
    shape = struct.Struct(">c" + layout)
    code = letter.encode()

    def write(value: Any) -> bytes:
        return shape.pack(code, value)

    return write


def _write_decimal(value: Decimal) -> bytes:
    return struct.pack(">cBI", b"D", value.scale, value.unscaled)


def _write_void(value: None) -> bytes:  # noqa: ARG001 - one signature for all writers
    return b"V"


def _write_text(value: str) -> bytes:
    return _sized(b"S", value.encode(errors="surrogateescape"))


def _write_bytes(value: bytes) -> bytes:
    return _sized(b"S", value)


def _write_binary(value: bytearray) -> bytes:
    return _sized(b"x", value)


def _write_array(value: list[Any]) -> bytes:
    return _sized(b"A", b"".join([_WRITERS[type(inner)](inner) for inner in value]))


def _write_inner_table(value: FieldTable) -> bytes:
    return b"F" + _table_bytes(value)


def _sized(code: bytes, content: bytes | bytearray) -> bytes:
    return b"".join((code, len(content).to_bytes(4, "big"), content))


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    bool: _writer("t", "B"),
    Byte: _writer("b", "b"),
    UnsignedByte: _writer("B", "B"),
    Short: _writer("s", "h"),
    UnsignedShort: _writer("u", "H"),
    int: _writer("I", "i"),
    UnsignedInt: _writer("i", "I"),
    Long: _writer("l", "q"),
    Float: _writer("f", "f"),
    float: _writer("d", "d"),
    Timestamp: _writer("T", "Q"),
    Decimal: _write_decimal,
    type(None): _write_void,
    str: _write_text,
    bytes: _write_bytes,
    bytearray: _write_binary,
    dict: _write_inner_table,
    list: _write_array,
}
_NO_FIELDS = bytes(4)


def write_table(table: FieldTable) -> bytes:
    """The bytes of a table, as ``read_table`` reads it: every value keeps its wire type, the fields their order.

    Raises TableError for a value that no field can hold: a plain int beyond 32 bits, a name beyond 255 bytes, a type
    that is none of ``read_table``'s.
    """
    try:
        return _table_bytes(table)
    except KeyError as error:
        raise TableError(f"no field holds a value of {error.args[0]}") from None
    except (struct.error, OverflowError, UnicodeEncodeError, RecursionError) as error:
        raise TableError(str(error)) from None


def _table_bytes(table: FieldTable) -> bytes:
    if not table:
        return _NO_FIELDS
    parts: list[bytes] = []
    for name, value in table.items():
        raw = name.encode(errors="surrogateescape")
        if len(raw) > 255:
            raise TableError(f"a name of {len(raw)} bytes")
        parts += (bytes((len(raw),)), raw, _WRITERS[type(value)](value))
    content = b"".join(parts)
    return len(content).to_bytes(4, "big") + content


def wire_type(value: object) -> str:
    """RabbitMQ's name for the type that a value came as."""
    if isinstance(value, WireInt):
        return value.wire_type
    return _WIRE_TYPES[type(value)]


_WIRE_TYPES: dict[type, str] = {
    bool: "bool",
    bytearray: "binary",
    bytes: "longstr",  # one that is not UTF-8
    Decimal: "decimal",
    dict: "table",
    float: "double",
    Float: "float",
    int: "signedint",
    list: "array",
    str: "longstr",
    type(None): "void",
}
