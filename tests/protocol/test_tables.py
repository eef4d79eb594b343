"""Writing field tables: what read_table reads, to the same bytes and with the same wire types."""

import pamqp.decode
import pamqp.encode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amqp.tables import (
    DEPTH_MAX,
    Byte,
    Decimal,
    Float,
    Long,
    Short,
    TableError,
    Timestamp,
    UnsignedByte,
    UnsignedInt,
    UnsignedShort,
    read_table,
    wire_type,
    write_table,
)
from tests.protocol.strategies import plain, tables


def integers(kind, bits, *, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high).map(kind)


def not_text(raw):
    try:
        raw.decode()
    except UnicodeDecodeError:
        return True
    return False


names = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda raw: raw.decode(errors="surrogateescape")),
    st.sampled_from(["", "é" * 127 + "x", "x" * 255]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    integers(Byte, 8, signed=True),
    integers(UnsignedByte, 8, signed=False),
    integers(Short, 16, signed=True),
    integers(UnsignedShort, 16, signed=False),
    integers(int, 32, signed=True),
    integers(UnsignedInt, 32, signed=False),
    integers(Long, 64, signed=True),
    integers(Timestamp, 64, signed=False),
    st.floats(width=32, allow_nan=False).map(Float),
    st.floats(allow_nan=False),
    st.builds(Decimal, st.integers(0, 255), st.integers(0, 2**32 - 1)),
    st.text(max_size=30),
    st.binary(min_size=1, max_size=20).filter(not_text),
    st.binary(max_size=20).map(bytearray),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)
all_tables = st.dictionaries(names, values, max_size=5)


def typed(value):
    """A value with the wire types of all that is in it, in order."""
    if isinstance(value, dict):
        return "table", [(name, typed(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return "array", [typed(inner) for inner in value]
    return wire_type(value), type(value), value


@given(all_tables)
def test_what_was_written_is_read_with_the_same_types(table):
    raw = write_table(table)
    read, stop = read_table(raw)
    assert stop == len(raw)
    assert typed(read) == typed(table)
    assert write_table(read) == raw


@given(tables)
def test_what_pamqp_wrote_and_we_read_is_written_to_the_same_bytes(table):
    raw = pamqp.encode.field_table(table)
    assert write_table(read_table(raw)[0]) == raw


@given(tables)
def test_what_we_wrote_is_read_by_pamqp(table):
    raw = write_table(read_table(pamqp.encode.field_table(table))[0])
    size, read = pamqp.decode.field_table(raw)
    assert size == len(raw)
    assert plain(read) == plain(table)


@given(st.binary(max_size=80))
def test_whatever_can_be_read_can_be_written(raw):
    try:
        table, _ = read_table(raw)
    except TableError:
        return
    again = write_table(table)
    assert write_table(read_table(again)[0]) == again


def test_not_a_number_stays_one():
    table = {"f": Float("nan"), "d": float("nan")}
    assert write_table(read_table(write_table(table))[0]) == write_table(table)


def test_as_deep_as_can_be_read():
    table = {}
    for _ in range(DEPTH_MAX):
        table = {"": table}
    assert typed(read_table(write_table(table))[0]) == typed(table)


@pytest.mark.parametrize(
    "value",
    [2**31, Byte(128), Timestamp(-1), Float(1e300), Decimal(256, 1), object(), (1, 2), {"x" * 256: 1}, "\ud800"],
)
def test_what_no_field_can_hold(value):
    with pytest.raises(TableError):
        write_table({"a": [value]})


def test_what_is_wrong_is_told():
    with pytest.raises(TableError, match="no field holds a value of <class 'complex'>"):
        write_table({"a": 1j})
    with pytest.raises(TableError, match="a name of 256 bytes"):
        write_table({"é" * 128: 1})
