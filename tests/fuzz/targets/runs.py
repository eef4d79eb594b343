"""Reading in runs against reading frame by frame, and cut in pieces: the same events, the same words."""

from collections.abc import Iterator

from protocol.amqp.connection import Connection
from tests.fuzz.answering import Answering
from tests.fuzz.pieces import HEAD_BYTES, pieces
from tests.fuzz.targets import connection
from tests.fuzz.targets.connection import OPENINGS

MAX_BYTES = 900
MUTATES = "frames"


class _FrameByFrame(Connection):
    """Without the hot path."""

    def _read_run(self) -> None:
        return None


def seeds() -> Iterator[bytes]:
    yield from connection.seeds()


def run(data: bytes) -> None:
    if len(data) < HEAD_BYTES:
        return
    opening, stream = OPENINGS[data[0] % len(OPENINGS)], data[HEAD_BYTES:]
    in_runs, in_frames, in_pieces = Answering(), Answering(_FrameByFrame), Answering()
    in_runs.put(opening + stream)
    in_frames.put(opening + stream)
    for piece in pieces(opening + stream, data[1] or 1):
        in_pieces.put(piece)
    for other in (in_frames, in_pieces):
        assert in_runs.events == other.events, (in_runs.events[-1:], other.events[-1:])
        assert in_runs.heard == other.heard
        assert in_runs.connection.state == other.connection.state
        assert in_runs.connection.held_bytes == other.connection.held_bytes
