"""x-consistent-hash: one destination, by a hash of the key, of a header or of a property.

A binding's key is its weight. When a queue comes or goes, few messages go elsewhere than before. ``hash-header`` among
the exchange's arguments names a header, ``hash-property`` one of three properties; messages without it all go to one
and the same destination. Of several bindings to one destination the oldest counts. Source: RabbitMQ's plugin
rabbitmq_consistent_hash_exchange.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.choice import hash_of, hash_of_value
from broker.exchanges.hash_table import fill
from broker.exchanges.view import View
from broker.field_values import as_term, as_text, comparable
from protocol.amqp import properties
from protocol.amqp.errors import precondition_failed

_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_PROPERTIES: Final = {
    "correlation_id": properties.CORRELATION_ID,
    "message_id": properties.MESSAGE_ID,
    "timestamp": properties.TIMESTAMP,
}


class ConsistentHashExchange(Exchange):
    __slots__ = ("_header", "_of", "_property", "_slots")

    kind = "x-consistent-hash"

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        for name in ("hash-header", "hash-property"):
            if name in arguments and not isinstance(arguments[name], (str, bytes)):
                raise precondition_failed(f"{name} must be a longstr")
        if "hash-header" in arguments and "hash-property" in arguments:
            raise precondition_failed("hash-header and hash-property are mutually exclusive")
        if "hash-property" in arguments and as_text(arguments["hash-property"]) not in _PROPERTIES:
            raise precondition_failed(f"Unsupported property: {as_text(arguments['hash-property'])}")

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        header, wanted = self.arguments.get("hash-header"), self.arguments.get("hash-property")
        self._header = None if header is None else as_text(header)
        self._property = 0 if wanted is None else _PROPERTIES[as_text(wanted)]
        self.sees_messages = self._header is not None or self._property > 0
        # By destination its bindings, the oldest first.
        self._of: dict[Destination, list[Binding]] = {}
        # None after a change: it is filled when the next message comes.
        self._slots: list[Destination] | None = None

    def validate(self, binding: Binding) -> None:
        key = binding.routing_key
        if not _INTEGER.fullmatch(key):
            raise precondition_failed(f"The binding key must be an integer: {as_term(key)}")
        # However large: it costs nothing here (RabbitMQ has a limit since 4.3).
        if int(key) < 1:
            raise precondition_failed("The binding key must be greater than 0")

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:
        if not self._of:
            return ()
        slots = self._slots
        if slots is None:
            slots = self._slots = fill(_weighted(bindings[0]) for bindings in self._of.values())
        return (slots[self._hash(routing_keys[0], message) % len(slots)],)

    def _hash(self, routing_key: str, message: View | None) -> int:
        if message is None or not self.sees_messages:
            return hash_of(routing_key.encode())
        if self._header is not None:
            return hash_of_value(comparable(message.headers().get(self._header)))
        return hash_of(properties.raw_property(message.properties, self._property))

    def _added(self, binding: Binding) -> None:
        bindings = self._of.setdefault(binding.destination, [])
        bindings.append(binding)
        if len(bindings) == 1:
            self._slots = None

    def _removed(self, binding: Binding) -> None:
        bindings = self._of[binding.destination]
        if bindings[0] is binding:
            self._slots = None
        bindings.remove(binding)
        if not bindings:
            del self._of[binding.destination]


def _weighted(binding: Binding) -> tuple[str, Destination, int]:
    destination = binding.destination
    ends = "exchange" if isinstance(destination, Exchange) else "queue"
    return f"{ends} {destination.name}", destination, int(binding.routing_key)
