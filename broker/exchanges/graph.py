"""All exchanges of one virtual host and the bindings between them: adding, and taking away with what must follow.

Whether a client may is not asked here.
"""

from collections.abc import Callable, Iterable

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination


class BindingGraph:
    """``version`` grows with every change that may alter a route. ``on_unbound`` is told of each binding that goes."""

    __slots__ = ("_bindings_to", "_on_unbound", "exchanges", "version")

    def __init__(self, on_unbound: Callable[[Binding], None] | None = None) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.version = 0
        self._on_unbound = on_unbound or _nobody_asks
        # By destination, so that a queue's end costs as much as it has bindings, not as the host has.
        self._bindings_to: dict[Destination, dict[object, Binding]] = {}

    def add(self, exchange: Exchange) -> None:
        self.exchanges[exchange.name] = exchange
        self.version += 1

    def remove(self, exchange: Exchange) -> list[Exchange]:
        """Remove an exchange with all bindings from and to it. Returns it and those that went with it."""
        gone = [exchange, *self.unbind(self._take(exchange))]
        self.version += 1
        return gone

    def bind(self, binding: Binding) -> bool:
        """Add a binding to its source exchange; False where the same one is there."""
        if not self.exchanges[binding.source].bind(binding):
            return False
        self._bindings_to.setdefault(binding.destination, {})[binding.identity] = binding
        self.version += 1
        return True

    def unbind(self, bindings: Iterable[Binding]) -> list[Exchange]:
        """Take bindings away, and each auto-delete exchange whose last one went, and what was bound to that, and so on.

        Returns the exchanges that went. A list of what is left to do, no recursion: a client may chain more exchanges
        than Python stacks calls.
        """
        gone = []
        waiting = list(bindings)
        while waiting:
            binding = waiting.pop()
            source = self.exchanges.get(binding.source)
            if source is None or not source.unbind(binding):
                continue
            self._forget(binding)
            self.version += 1
            if source.auto_delete and not source.has_bindings:
                waiting += self._take(source)
                gone.append(source)
        return gone

    def unbind_destination(self, destination: Destination) -> list[Exchange]:
        """Take away every binding to a destination that is no more. Returns the exchanges that went with them."""
        gone = self.unbind(self._bindings_to.pop(destination, {}).values())
        self.version += 1
        return gone

    def _take(self, exchange: Exchange) -> list[Binding]:
        """Remove an exchange and the bindings from it; returns the bindings to it, which are still to be taken away."""
        del self.exchanges[exchange.name]
        for binding in list(exchange.bindings.values()):
            exchange.unbind(binding)
            self._forget(binding)
        return list(self._bindings_to.pop(exchange, {}).values())

    def _forget(self, binding: Binding) -> None:
        self._on_unbound(binding)
        known = self._bindings_to.get(binding.destination)
        if known is not None:
            known.pop(binding.identity, None)
            if not known:
                del self._bindings_to[binding.destination]


def _nobody_asks(binding: Binding) -> None:
    pass
