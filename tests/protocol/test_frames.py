"""FrameBuffer: frames come out as they went in, however the bytes were cut; what is no frame is refused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amqp.frames import FrameBuffer, FramingLost

frames = st.tuples(st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=50))


def wire(kind, channel, payload):
    return bytes([kind]) + channel.to_bytes(2, "big") + len(payload).to_bytes(4, "big") + payload + b"\xce"


def all_frames(buffer):
    return list(iter(buffer.next_frame, None))


@given(st.lists(frames, max_size=6), st.data())
def test_any_cut_gives_the_same_frames(given_frames, data):
    written = b"".join(wire(*frame) for frame in given_frames)
    marks = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=8)))
    buffer, read = FrameBuffer(4096), []
    for start, stop in itertools.pairwise([0, *marks, len(written)]):
        buffer.feed(written[start:stop])
        read += all_frames(buffer)
    assert read == given_frames


@pytest.mark.parametrize("size", [0, 1, 4088, 4096])
def test_up_to_the_limit(size):
    buffer = FrameBuffer(4096)
    buffer.feed(wire(3, 1, bytes(size)))
    assert buffer.next_frame() == (3, 1, bytes(size))


def test_what_is_too_large_is_refused_as_soon_as_its_size_is_known():
    buffer = FrameBuffer(4096)
    buffer.feed(wire(3, 1, bytes(4097))[:6])
    assert buffer.next_frame() is None
    buffer.feed(wire(3, 1, bytes(4097))[6:7])
    with pytest.raises(FramingLost, match="frame_too_large,4097,4088"):
        buffer.next_frame()


@pytest.mark.parametrize("end", [0, 1, 0xCD, 0xCF])
def test_a_wrong_end_is_refused(end):
    buffer = FrameBuffer(4096)
    buffer.feed(wire(1, 1, b"abc")[:-1] + bytes([end]))
    with pytest.raises(FramingLost, match="invalid_frame_end_marker"):
        buffer.next_frame()


def test_what_was_read_is_not_kept():
    buffer = FrameBuffer(4096)
    for _ in range(10):
        buffer.feed(wire(1, 1, bytes(1000)) * 3)
        assert len(all_frames(buffer)) == 3
        assert buffer.data == b""


def test_half_a_frame_is_kept_without_the_frames_before_it():
    buffer = FrameBuffer(4096)
    whole = wire(1, 1, bytes(1000))
    buffer.feed(whole * 5 + whole[:10])
    all_frames(buffer)
    buffer.feed(whole[10:11])
    assert len(buffer.data) - buffer.pos == 11
    assert len(buffer.data) == 11
