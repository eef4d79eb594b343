"""An input for a target that takes a stream: two bytes that say how to throw it, then the bytes to throw.

mode u8 | cut u8 | stream
"""

from collections.abc import Iterator

HEAD_BYTES = 2
# So many turns at most: what a cut after every byte finds, it finds early.
_PIECES_MAX = 40


def pieces(stream: bytes, cut: int) -> Iterator[bytes]:
    """The stream whole (0), in pieces of ``cut`` bytes (below 64), or in pieces whose sizes only ``cut`` knows."""
    if not cut:
        yield stream
        return
    least = len(stream) // _PIECES_MAX + 1
    pos, state = 0, cut
    while pos < len(stream):
        state = (state * 75 + 74) % 65537
        step = max(least, cut if cut < 64 else state % 97 + 1)
        yield stream[pos : pos + step]
        pos += step
