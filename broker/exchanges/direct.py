"""Direct: the routing key equals the binding key, byte for byte."""

from collections.abc import Callable, Iterable

from broker.exchanges.base import KeyedExchange
from broker.exchanges.binding import Binding, Destination, Destinations


class DirectExchange(KeyedExchange):
    __slots__ = ("_by_key",)

    kind = "direct"

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self._by_key: dict[str, Destinations] = {}

    def match(self, routing_key: str) -> Iterable[Destination]:
        return self._by_key.get(routing_key, ())

    def _added(self, binding: Binding) -> None:
        self._by_key.setdefault(binding.routing_key, Destinations()).add(binding.destination)

    def _removed(self, binding: Binding) -> None:
        destinations = self._by_key[binding.routing_key]
        destinations.remove(binding.destination)
        if not destinations:
            del self._by_key[binding.routing_key]
