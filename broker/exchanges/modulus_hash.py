"""x-modulus-hash: the key's hash, modulo the number of bindings, tells the binding; binding keys are ignored.

The destinations stand sorted by name, so the same bindings give the same choice after a restart; another binding moves
most keys. Source: RabbitMQ, rabbit_exchange_type_modulus_hash.
"""

from collections.abc import Callable, Iterable, Sequence

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.choice import hash_of
from broker.exchanges.view import View


class ModulusHashExchange(Exchange):
    """All keys of a message together are hashed."""

    __slots__ = ("_sorted",)

    kind = "x-modulus-hash"

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        # None after a change, so that 100,000 binds do not sort 100,000 times.
        self._sorted: list[Destination] | None = None

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        if not self.bindings:
            return ()
        if self._sorted is None:
            destinations = [binding.destination for binding in self.bindings.values()]
            self._sorted = sorted(destinations, key=lambda each: (not isinstance(each, Exchange), each.name))
        chosen = hash_of("\0".join(routing_keys).encode()) % len(self._sorted)
        return (self._sorted[chosen],)

    def _added(self, binding: Binding) -> None:  # noqa: ARG002
        self._sorted = None

    def _removed(self, binding: Binding) -> None:  # noqa: ARG002
        self._sorted = None
