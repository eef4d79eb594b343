"""x-random: one binding by chance, whatever the key. Source: RabbitMQ's plugin rabbitmq_random_exchange."""

from collections.abc import Callable, Iterable, Sequence

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.choice import Bag, Dice
from broker.exchanges.view import View


class RandomExchange(Exchange):
    """A destination that is bound twice comes twice as often."""

    __slots__ = ("_bag", "_dice")

    kind = "x-random"

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:
        self.sees_messages = True
        self._dice = Dice(random_bytes)
        self._bag: Bag[Binding] = Bag()

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        return (self._bag[self._dice.below(len(self._bag))].destination,) if self._bag else ()

    def _added(self, binding: Binding) -> None:
        self._bag.add(binding)

    def _removed(self, binding: Binding) -> None:
        self._bag.remove(binding)
