"""Recordings: what real clients sent, a stream a connection (``record`` makes them anew), and the parts they have."""

from collections.abc import Iterator
from functools import cache

from protocol.amqp import methods, tables
from protocol.amqp.errors import HardError
from protocol.amqp.tables import Byte, Decimal, Float, Long, Short, Timestamp, UnsignedByte, UnsignedInt, UnsignedShort
from tests.conversation import cut
from tests.fuzz import stored
from tests.hostile.noise import CONVERSATION, opening

RECORDED = stored.CORPUS / "recorded"

# Frames.
_STRETCH = 8
_OPEN = b"\x00\x0a\x00\x28"
_CHANNEL_OPEN = b"\x00\x14\x00\x0a"
_ALL_TYPES = {
    "bool": True,
    "byte": Byte(-1),
    "ubyte": UnsignedByte(200),
    "short": Short(-300),
    "ushort": UnsignedShort(60000),
    "int": -70000,
    "uint": UnsignedInt(4_000_000_000),
    "long": Long(2**40),
    "time": Timestamp(1_700_000_000),
    "float": Float(0.5),
    "double": 2.25,
    "decimal": Decimal(2, 314),
    "void": None,
    "text": "tëxt",
    "not text": b"\xff\xfe",
    "binary": bytearray(b"\0\1"),
    "table": {"a": {"b": {}}},
    "array": [1, "x", [None, {"c": False}]],
}


@cache
def streams() -> tuple[bytes, ...]:
    """All that clients sent, from the first byte to the last."""
    recorded = [stream for path in sorted(RECORDED.glob("*.txt")) for stream in stored.read(path)]
    return (*recorded, opening() + CONVERSATION)


@cache
def frames() -> tuple[bytes, ...]:
    """Each frame once."""
    found = {raw: None for stream in streams() for raw in cut(stream) if not raw.startswith(b"AMQP")}
    return tuple(found)


def behind_the_opening() -> Iterator[bytes]:
    """The same from connection.open on, without the opening of channels 1 and 2."""
    for stream in streams():
        all_frames = list(cut(stream))
        opens = [number for number, raw in enumerate(all_frames) if raw[7:11] == _OPEN and raw[0] == 1]
        if opens:
            later = all_frames[opens[0] + 1 :]
            yield b"".join(raw for raw in later if raw[7:11] != _CHANNEL_OPEN or raw[2] > 2)


def stretches() -> Iterator[bytes]:
    """The same, a few frames at a time: shorter inputs are sooner done with."""
    for stream in behind_the_opening():
        found = list(cut(stream))
        for start in range(0, len(found), _STRETCH // 2):
            yield b"".join(found[start : start + _STRETCH])


def methods_of_all() -> Iterator[methods.Method]:
    for payload in methods_raw():
        try:
            yield methods.decode(payload)
        except HardError:
            continue


@cache
def methods_raw() -> tuple[bytes, ...]:
    """The payloads of their method frames."""
    return tuple({raw[7:-1]: None for raw in frames() if raw[0] == 1})


@cache
def table_list() -> tuple[bytes, ...]:
    """Their field tables, and one with a value of every type."""
    found = {tables.write_table(_ALL_TYPES): None}
    found |= {tables.write_table({name: value}): None for name, value in _ALL_TYPES.items()}
    for method in methods_of_all():
        for name in method.__slots__:
            value = getattr(method, name)
            if isinstance(value, dict):
                found[tables.write_table(value)] = None
    return tuple(found)


@cache
def properties() -> tuple[bytes, ...]:
    """What stands in their content headers; all properties at once; a table in the headers of each."""
    found = {raw[19:-1]: None for raw in frames() if raw[0] == 2}
    found |= {b"\x20\x00" + table: None for table in table_list()}
    texts = b"\4text\4gzip" + table_list()[0] + b"\2\5\1c\x15amq.rabbitmq.reply-to\00512345\1m" + bytes(8)
    found[b"\xff\xfc" + texts + b"\1t\5guest\1a\1c"] = None
    found[b"\xdf\xfc\4text\4gzip\1\1\1c\1r\0010\1m" + bytes(8) + b"\1t\1u\1a\1c"] = None
    return tuple(found)


def logins() -> Iterator[tuple[str, bytes]]:
    """Mechanisms and responses."""
    found = {}
    for method in methods_of_all():
        if isinstance(method, methods.Connection.StartOk):
            response = method.response
            found[method.mechanism, response.encode() if isinstance(response, str) else response] = None
    found["AMQPLAIN", tables.write_table({"LOGIN": "guest", "PASSWORD": "guest"})[4:]] = None
    yield from (each for each in found if each[0] in ("PLAIN", "AMQPLAIN"))
