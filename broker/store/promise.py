"""What waits for logs to be safe: one promise each, and whoever waits for several."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from broker.store.committing import Logged

if TYPE_CHECKING:
    from broker.turn import Turn


class Promise:
    """A log, and the commit that has to be done."""

    __slots__ = ("log", "number")

    def __init__(self, log: Logged) -> None:
        self.log = log
        self.number = log.writer.appended

    @property
    def kept(self) -> bool:
        return self.log.is_done(self.number)


class Awaited:
    """Calls ``then`` once, when logs are safe as far as they had been appended to when this was made."""

    __slots__ = ("_promises", "_then")

    def __init__(self, logs: Iterable[Logged], then: "Callable[[Turn], None]") -> None:
        self._promises = [Promise(log) for log in logs]
        self._then = then
        self._ask_again()

    def _ask_again(self) -> None:
        for promise in self._promises:
            promise.log.waiters[self._look] = None

    def _look(self, turn: "Turn") -> None:
        before = self._promises
        self._promises = [promise for promise in before if not promise.kept]
        if self._promises:
            self._ask_again()
        elif before:
            self._then(turn)
