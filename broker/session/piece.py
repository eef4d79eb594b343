"""Piece: as much of a client's input as is handled before others have their turn, in time and not in frames."""

from collections.abc import Callable

# Some 30 methods, or 500 frames that say nothing.
_PIECE_S = 0.0005
# What moving a message may take beside that; ten times what it usually does.
_MESSAGE_S = 20e-6


class Piece:
    """``stopwatch`` gives seconds from anywhere; ``limit_s`` is how long a piece may be."""

    __slots__ = ("_stopwatch", "_until", "limit_s")

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self._stopwatch = stopwatch
        self._until = 0.0
        self.limit_s = _PIECE_S

    def begin(self) -> None:
        self._until = self._stopwatch() + self.limit_s

    def moved(self, messages: int) -> None:
        """That many were published or settled: what that takes ends no piece."""
        self._until += messages * _MESSAGE_S

    def over(self) -> bool:
        return self._stopwatch() > self._until
