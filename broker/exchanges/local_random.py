"""x-local-random: one classic queue by chance, whatever the key; bindings have none.

RabbitMQ picks among the queues of the node that the publisher is connected to; here every queue is such a one. Source:
RabbitMQ 4.0, rabbit_exchange_type_local_random.
"""

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding
from broker.exchanges.choice import ChanceExchange
from protocol.amqp.errors import precondition_failed


class LocalRandomExchange(ChanceExchange):
    __slots__ = ()

    kind = "x-local-random"

    def validate(self, binding: Binding) -> None:
        destination = binding.destination
        if binding.routing_key:
            raise precondition_failed(f"Non empty binding '{binding.routing_key}' key not permitted")
        if isinstance(destination, Exchange):
            raise precondition_failed("Destination not found")
        if destination.kind != "classic":
            raise precondition_failed(f"Queue type rabbit_{destination.kind}_queue not valid for this exchange type")
