"""What a binding is, and a counted set of the destinations that bindings lead to."""

from collections.abc import Mapping
from typing import Any, Protocol

from broker.field_values import comparable


class Destination(Protocol):
    """What can be bound: a queue or an exchange. Compared and hashed by identity."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str:
        """A queue's type (``classic``) or an exchange's (``direct``)."""


class Binding:
    """From the exchange named ``source`` to ``destination``.

    ``identity`` tells bindings apart: the same source, destination, key and arguments are the same binding, and other
    arguments make another one (RabbitMQ, "AMQP 0-9-1 model": bindings are a set).
    """

    __slots__ = ("arguments", "destination", "identity", "routing_key", "source")

    def __init__(
        self, source: str, destination: Destination, routing_key: str, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self.source = source
        self.destination = destination
        self.routing_key = routing_key
        self.arguments: dict[str, Any] = dict(arguments or {})
        self.identity = (source, destination, routing_key, comparable(self.arguments))


class Destinations(dict[Destination, int]):
    """Destinations in the order they were bound, each with the number of bindings that lead to it.

    A destination may be bound twice with one key and different arguments; it goes when the last of these goes.
    """

    __slots__ = ()

    def add(self, destination: Destination) -> None:
        self[destination] = self.get(destination, 0) + 1

    def remove(self, destination: Destination) -> None:
        """Take one binding away. Raises KeyError where there is none."""
        if self[destination] == 1:
            del self[destination]
        else:
            self[destination] -= 1
