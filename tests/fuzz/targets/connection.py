"""The server's half of a connection, from each of its states, answered by a broker of a few lines."""

from collections.abc import Iterator

from tests.fuzz import recordings
from tests.fuzz.answering import Answering
from tests.fuzz.pieces import HEAD_BYTES, pieces
from tests.hostile.noise import frame

MAX_BYTES = 1200
MUTATES = "frames"

_TUNE_OK = frame(1, 0, b"\x00\x0a\x00\x1f\x00\x03\x00\x00\x10\x00\x00\x05")
_OPEN = frame(1, 0, b"\x00\x0a\x00\x28\x01/\x00\x00")
_CHANNELS = b"".join(frame(1, number, b"\x00\x14\x00\x0a\x00") for number in (1, 2))
_PURGE = frame(1, 2, b"\x00\x32\x00\x1e\x00\x00\x01q\x00")
_BEGUN = frame(1, 1, b"\x00\x3c\x00\x28\x00\x00\x00\x01q\x00")
_BAD = frame(9, 0, b"")
_HEADER = b"AMQP\x00\x00\x09\x01"
_START_OK = frame(1, 0, b"\x00\x0a\x00\x0b\x00\x00\x00\x00\x05PLAIN\x00\x00\x00\x0c\x00guest\x00guest\x05en_US")
_STEPS = (_HEADER, _START_OK, _TUNE_OK, _OPEN, _CHANNELS)
# Where the stream begins: before anything, then after each step, then in a channel that is being closed, in the midst
# of a content, and in a connection that is being closed.
OPENINGS = (
    *(b"".join(_STEPS[:count]) for count in range(len(_STEPS) + 1)),
    b"".join(_STEPS) + _PURGE,
    b"".join(_STEPS) + _BEGUN,
    b"".join(_STEPS) + _BAD,
)
WITH_CHANNELS, _IN_A_CONTENT = 5, 7
# From this mode on the broker ends channel 1 by itself, behind one of the first pieces: a delivery waited too long.
_ENDS_A_CHANNEL = 128


def seeds() -> Iterator[bytes]:
    begun = frame(2, 1, b"\x00\x3c\0\0" + (10).to_bytes(8, "big") + b"\0\0") + frame(3, 1, b"first")
    yield bytes((_IN_A_CONTENT, 0)) + begun + frame(3, 1, b" half")
    yield bytes((_IN_A_CONTENT + 9 * 17, 0)) + begun
    for stream in recordings.streams():
        yield b"\0\0" + stream
    for number, part in enumerate(recordings.stretches()):
        yield bytes((WITH_CHANNELS + (0, 9 * 15)[number % 2], (0, 90, 40)[number % 3])) + part


def run(data: bytes) -> None:
    if len(data) < HEAD_BYTES:
        return
    peer = Answering()
    peer.put(OPENINGS[data[0] % len(OPENINGS)])
    for number, piece in enumerate(pieces(data[HEAD_BYTES:], data[1])):
        peer.put(piece)
        if data[0] >= _ENDS_A_CHANNEL and number == data[0] % 8:
            peer.end_channel(1)
    peer.wait()
