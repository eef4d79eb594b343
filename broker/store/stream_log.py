"""StreamLog: a stream queue's log, with a word to its queue after each commit."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from broker.store.committing import Logged

if TYPE_CHECKING:
    from broker.turn import Turn


class StreamLog(Logged):
    """``on_committed`` is set by the queue."""

    __slots__ = ("on_committed",)

    on_committed: "Callable[[Turn], None]"

    def committed(self, turn: "Turn") -> None:
        super().committed(turn)
        self.on_committed(turn)
