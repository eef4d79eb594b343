"""x-local-random: one classic queue by chance, for messages with the empty key.

RabbitMQ picks among the queues of the node that the publisher is connected to; here every queue is such a one. Source:
RabbitMQ 4.0, rabbit_exchange_type_local_random.
"""

from collections.abc import Callable, Iterable, Sequence

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.choice import Bag, Dice
from broker.exchanges.view import View
from protocol.amqp.errors import precondition_failed


class LocalRandomExchange(Exchange):
    __slots__ = ("_bag", "_dice")

    kind = "x-local-random"

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:
        self.sees_messages = True
        self._dice = Dice(random_bytes)
        self._bag: Bag[Binding] = Bag()

    def validate(self, binding: Binding) -> None:
        destination = binding.destination
        if binding.routing_key:
            raise precondition_failed(f"Non empty binding '{binding.routing_key}' key not permitted")
        if isinstance(destination, Exchange):
            raise precondition_failed("Destination not found")
        if destination.kind != "classic":
            raise precondition_failed(f"Queue type rabbit_{destination.kind}_queue not valid for this exchange type")

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        return (self._bag[self._dice.below(len(self._bag))].destination,) if self._bag else ()

    def _added(self, binding: Binding) -> None:
        self._bag.add(binding)

    def _removed(self, binding: Binding) -> None:
        self._bag.remove(binding)
