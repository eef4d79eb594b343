"""Writing field tables: what read_table reads, to the same bytes and with the same wire types."""

import pamqp.decode
import pamqp.encode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amqp.tables import DEPTH_MAX, Byte, Decimal, Float, TableError, Timestamp, read_table, write_table
from tests.protocol.strategies import plain, tables
from tests.protocol.typed_tables import all_tables, typed


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
