"""Field tables: read, written and read again; the same as pamqp reads them; and what a Checker walks over is what can
be read.
"""

import struct
from collections.abc import Iterator

from pamqp import decode, encode

from protocol.amqp import properties, tables
from tests.fuzz import recordings
from tests.fuzz.values import depth, plain, same, typed

MAX_BYTES = 250
MUTATES = "table"

# What pamqp raises for what it does not know, or reads past its end.
PAMQP_REFUSES = (ValueError, IndexError, KeyError, TypeError, struct.error, OverflowError, RecursionError, OSError)


def seeds() -> Iterator[bytes]:
    yield from recordings.table_list()


def run(data: bytes) -> None:
    checked = _is_checked(data)
    try:
        table, stop = tables.read_table(data)
    except tables.TableError:
        assert not checked, "a Checker takes what cannot be read"
        _compare_refusal(data)
        return
    assert checked == (stop == len(data)), "a Checker refuses what can be read"
    raw = data[:stop]
    written = tables.write_table(table)
    again, end = tables.read_table(written)
    assert end == len(written)
    assert typed(again) == typed(table), "what was written is not what was read"
    for value in table.values():
        assert isinstance(tables.wire_type(value), str)
    _compare(raw, table)


def _is_checked(data: bytes) -> bool:
    """Whether the table, alone, is one that a message may bear."""
    try:
        properties.Checker().check(b"\x20\x00" + data)
    except properties.BadProperties:
        return False
    return True


def _compare(raw: bytes, table: tables.FieldTable) -> None:
    try:
        size, found = decode.field_table(raw)
    except PAMQP_REFUSES:
        # Times beyond the year 9999, names that are not UTF-8, a decimal's scale.
        return
    assert size == len(raw), "pamqp ends elsewhere"
    # Of a name that stands twice pamqp takes the last value, we the first; what we write then is shorter.
    if len(tables.write_table(table)) == len(raw):
        assert same(plain(table), plain(found)), (table, found)


def _compare_refusal(data: bytes) -> None:
    """What pamqp reads, and writes again to the very same bytes, is a table, unless it is too deep for us."""
    try:
        size, found = decode.field_table(data)
        again = encode.field_table(found)
    except PAMQP_REFUSES:
        return
    assert size > len(data) or again != data[:size] or depth(found) > tables.DEPTH_MAX, "pamqp reads and writes it"
