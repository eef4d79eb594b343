"""The layouts, to the byte, and at a version that is not ours: what is not 1 must be seen, not passed over."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.chunk import ChunkBuilder, read_batch, read_header, verify
from streams.format import (
    BEGINS_COMMIT,
    CHUNK_HEADER,
    FOOTER,
    HEADER_BYTES,
    SEGMENT_HEADER,
    Footer,
    Kind,
    SegmentHeader,
    read_footer,
    read_segment_header,
)

FOOTER_FIELDS = {
    "epoch": 1,
    "number": 2,
    "waypoint": 3,
    "next_offset": 4,
    "first_ms": 5,
    "last_ms": 6,
    "last_chunk_base": 7,
}


def build(records, kind=Kind.USER, bloom=b"", **place):
    builder = ChunkBuilder(kind, 77)
    builder.add(records, sum(map(len, records)) + 4 * len(records), 1234, bloom)
    return builder.encode(**{"position": 64, "epoch": 3, "number": 9, "flags": BEGINS_COMMIT, "salt": 5} | place)


def test_all_headers_have_64_bytes():
    assert SEGMENT_HEADER.size == CHUNK_HEADER.size == FOOTER.size == HEADER_BYTES == 64


@pytest.mark.parametrize("version", [1, 2])
def test_a_segment_header_keeps_its_fields_at_any_version(version):
    packed = SegmentHeader(2**40, 7, 3, 0xDEADBEEF, 99, version=version).pack()
    assert packed[:8] == b"LEVERLOG"
    assert struct.unpack_from("<H", packed, 12) == (version,)
    header = read_segment_header(packed)
    fields = (header.base_offset, header.number, header.epoch, header.salt, header.created_ms, header.version)
    assert fields == (2**40, 7, 3, 0xDEADBEEF, 99, version)


@pytest.mark.parametrize("byte", range(64))
def test_a_segment_header_with_any_byte_changed_is_none(byte):
    packed = bytearray(SegmentHeader(1, 2, 3, 4, 5).pack())
    packed[byte] ^= 0x10
    assert read_segment_header(bytes(packed)) is None


def test_a_footer_is_valid_with_its_segment_s_salt_only():
    packed = Footer(**FOOTER_FIELDS).pack(11)
    footer = read_footer(packed, 11)
    assert {name: getattr(footer, name) for name in FOOTER_FIELDS} == FOOTER_FIELDS
    assert read_footer(packed, 12) is None
    assert read_footer(packed[1:], 11) is None


@pytest.mark.parametrize("byte", range(64))
def test_a_footer_with_any_byte_changed_is_none(byte):
    packed = bytearray(Footer(**FOOTER_FIELDS).pack(11))
    packed[byte] ^= 0x10
    assert read_footer(bytes(packed), 11) is None


def test_a_chunk_to_the_byte():
    data = build([b"ab", b""], bloom=b"\x81")
    assert data[:4] == b"LVCK"
    assert data[8:12] == bytes([1, Kind.USER, BEGINS_COMMIT, 1])
    assert struct.unpack_from("<IIIQQQQQ", data, 12) == (2, 11, 3, 9, 77, 1234, 64, 0)
    assert data[64:] == b"\x81" + struct.pack("<II", 2, 0) + b"ab"


@pytest.mark.parametrize(("version", "known"), [(1, True), (2, False)])
def test_a_chunk_of_another_version_is_no_chunk_of_ours(version, known):
    data = build([b"x"], version=version)
    assert (read_header(data, 0, 64) is not None) is known


def test_a_chunk_is_valid_at_its_own_place_only():
    data = build([b"x"])
    assert read_header(data, 0, 64) is not None
    assert read_header(data, 0, 128) is None
    assert read_header(b"??" + data, 2, 64) is not None
    assert read_header(data[:63], 0, 64) is None


@given(st.lists(st.binary(max_size=50), max_size=30), st.binary(max_size=255), st.integers(0, 2**32 - 1))
def test_records_come_out_as_they_went_in(records, bloom, salt):
    data = build(records, bloom=bloom, salt=salt)
    header = read_header(data, 0, 64)
    assert verify(data, 0, header, salt)
    batch = read_batch(b"before" + data + b"after", 6, header)
    assert (batch.records, batch.bloom, batch.base_offset) == (records, bloom, 77)
    assert (batch.position, batch.end) == (64, 64 + len(data))


@given(st.data())
def test_a_chunk_with_any_bit_changed_is_refused(data):
    chunk = bytearray(build([b"abc", b"", b"defgh"], bloom=b"\x01\x02"))
    bit = data.draw(st.integers(0, len(chunk) * 8 - 1))
    chunk[bit // 8] ^= 1 << bit % 8
    changed = bytes(chunk)
    header = read_header(changed, 0, 64)
    assert header is None or not verify(changed, 0, header, 5)


def test_a_chunk_under_another_salt_is_refused():
    data = build([b"x"], salt=5)
    assert not verify(data, 0, read_header(data, 0, 64), 6)


def test_filters_of_one_chunk_are_united_and_one_batch_without_ends_filtering():
    builder = ChunkBuilder(Kind.USER, 0)
    builder.add([b"a"], 5, 1, b"\x01\x80")
    builder.add([b"b"], 5, 1, b"\x02\x00")
    assert builder.bloom == b"\x03\x80"
    builder.add([b"c"], 5, 1)
    builder.add([b"d"], 5, 1, b"\x02\x00")
    assert builder.bloom == b""
