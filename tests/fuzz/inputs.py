"""Inputs without libFuzzer: the same ones for the same seed, in whatever process, by number.

Every input is a seed changed a few times by the target's own mutator; some are made long, as only long ones fill a run.
"""

import random
from collections.abc import Iterator

from tests.fuzz import outcomes, targets
from tests.fuzz.mutation import Mutator, split
from tests.fuzz.pieces import HEAD_BYTES

_CHANGES = (1, 1, 1, 2, 3, 5)
# Numbers at which C integers end, or begin to be something else.
_EDGES = tuple(
    (value % 2**bits).to_bytes(bits // 8, "big")
    for bits in (8, 16, 32, 64)
    for value in (0, 1, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2**bits - 1, 2**bits - 8)
)
# A run ends at 256 publishes, or 512 settlements.
_COPIES = (2, 255, 256, 257, 300, 512, 513, 700)
_LONG_MAX = 40_000
# How often a stream has one of its frames in many copies.
_LONG_SHARE = 0.02


class Inputs:
    """The inputs of one kind, for one seed."""

    def __init__(self, kind: str, seed: int) -> None:
        self._kind = kind
        self._target = targets.load(outcomes.KINDS[kind][2])
        self._seeds = list(outcomes.seeds(kind))
        self._random = random.Random(f"{kind} {seed}")
        self._mutate = getattr(Mutator(self._any_bytes), self._target.MUTATES)

    def endless(self) -> Iterator[bytes]:
        """One after the other; of the same seed always the same."""
        rnd = self._random
        is_stream = self._target.MUTATES == "frames"
        while True:
            data = rnd.choice(self._seeds)[: self._target.MAX_BYTES]
            for _ in range(rnd.choice(_CHANGES)):
                data = self._mutate(data, self._target.MAX_BYTES, rnd.getrandbits(32))
            if is_stream:
                data = data.ljust(HEAD_BYTES, b"\0")
                if self._kind != "node" and rnd.random() < _LONG_SHARE:
                    data = self._made_long(data)
            yield data

    def _made_long(self, data: bytes) -> bytes:
        """Some neighbours among its frames many times over."""
        rnd = self._random
        frames = split(data[HEAD_BYTES:]) or [b""]
        begin = rnd.randrange(len(frames))
        end = begin + rnd.choice((1, 2, 3, 3))
        frames[begin:end] = frames[begin:end] * rnd.choice(_COPIES)
        return data[:HEAD_BYTES] + b"".join(frames)[:_LONG_MAX]

    def _any_bytes(self, data: bytes, size_max: int) -> bytes:
        rnd = self._random
        place = rnd.randrange(len(data) + 1)
        match rnd.randrange(6):
            case 0:
                changed = data[:place] + rnd.randbytes(rnd.choice((1, 1, 2, 8))) + data[place:]
            case 1:
                changed = data[:place] + data[place + rnd.choice((1, 1, 2, 4, 12)) :]
            case 2 if data:
                changed = data[:place] + bytes((data[place - 1] ^ 1 << rnd.randrange(8),)) + data[place + 1 :]
            case 3:
                other = rnd.choice(self._seeds)
                begin = rnd.randrange(len(other) + 1)
                changed = data[:place] + other[begin : begin + rnd.choice((2, 8, 30, 200))] + data[place:]
            case _:
                edge = rnd.choice(_EDGES)
                changed = data[:place] + edge + data[place + len(edge) :]
        return changed[:size_max]
