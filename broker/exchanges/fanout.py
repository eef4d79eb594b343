"""Fanout: every destination, whatever the key."""

from collections.abc import Callable, Iterable

from broker.exchanges.base import KeyedExchange
from broker.exchanges.binding import Binding, Destination, Destinations


class FanoutExchange(KeyedExchange):
    __slots__ = ("_all", "_destinations")

    kind = "fanout"

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self._destinations = Destinations()
        # The answer to every match; None after a change, so that 100,000 binds do not build it 100,000 times.
        self._all: tuple[Destination, ...] | None = ()

    def match(self, routing_key: str) -> Iterable[Destination]:  # noqa: ARG002 - nothing decides
        if self._all is None:
            self._all = tuple(self._destinations)
        return self._all

    def _added(self, binding: Binding) -> None:
        self._destinations.add(binding.destination)
        self._all = None

    def _removed(self, binding: Binding) -> None:
        self._destinations.remove(binding.destination)
        self._all = None
