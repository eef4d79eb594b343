"""The default exchange, named "": it routes to the queue whose name is the routing key, and keeps no bindings."""

from collections.abc import Callable, Iterable

from broker.exchanges.base import KeyedExchange
from broker.exchanges.binding import Binding, Destination


class DefaultExchange(KeyedExchange):
    """``find_queue`` gives the queue of a name, or None."""

    __slots__ = ("_find_queue",)

    kind = "direct"

    def __init__(self, find_queue: Callable[[str], Destination | None]) -> None:
        super().__init__("", durable=True)
        self._find_queue = find_queue

    def match(self, routing_key: str) -> Iterable[Destination]:
        queue = self._find_queue(routing_key)
        return () if queue is None else (queue,)

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:
        """Nothing: the queues of the virtual host are the index."""

    def _added(self, binding: Binding) -> None:
        raise AssertionError(f"{binding.destination!r} was bound to the default exchange; clients are refused earlier")

    _removed = _added
