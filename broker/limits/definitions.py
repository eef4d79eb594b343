"""DefinitionLimits: queues, exchanges and bindings of a node, and what memory they take.

The texts are those of RabbitMQ's rabbit_queue_type and rabbit_exchange, but for the limit in bytes, which it has not.
"""

from collections.abc import Mapping
from typing import Any, Final

from protocol.amqp.errors import SoftError, precondition_failed

MAX_QUEUES: Final = "max-queues"

# Measured of the process, with CPython 3.11: 3,700 to 3,900 bytes, 440 and 930 to 2,000, beside names and arguments.
QUEUE_BYTES: Final = 4096
EXCHANGE_BYTES: Final = 1024
BINDING_BYTES: Final = 2048
# An entry of a dictionary or list with the object it holds, and what a text takes beside its characters.
_VALUE_BYTES: Final = 100


class DefinitionLimits:
    """``queue_max`` and ``exchange_max`` are numbers, ``bytes_max`` an estimate of what all definitions take together.

    What is counted is what there is, whether it outlives a restart or not.
    """

    __slots__ = ("bytes_held", "bytes_max", "exchange_max", "exchanges", "queue_max", "queues")

    def __init__(self, *, queue_max: int = 0, exchange_max: int = 0, bytes_max: int = 0) -> None:
        self.queue_max = queue_max
        self.exchange_max = exchange_max
        self.bytes_max = bytes_max
        self.queues = 0
        self.exchanges = 0
        self.bytes_held = 0

    # -- before there is one more; each raises SoftError 406 -----------------------------------------------------------

    def check_queue(self, name: str, vhost: str, *, of_vhost: int, own: Mapping[str, int]) -> None:
        """``of_vhost``: how many its virtual host has; ``own``: what is set of that."""
        what = f"cannot declare queue '{name}'"
        most = own.get(MAX_QUEUES, -1)
        if 0 <= most <= of_vhost:
            raise precondition_failed(f"{what}: queue limit in vhost '{vhost}' ({most}) is reached")
        if 0 < self.queue_max <= self.queues:
            raise precondition_failed(f"{what}: queue limit in cluster ({self.queue_max}) is reached")
        self._check_bytes(what)

    def check_exchange(self, resource: str) -> None:
        what = f"cannot declare {resource}"
        if 0 < self.exchange_max <= self.exchanges:
            raise precondition_failed(f"{what}: exchange limit of {self.exchange_max} is reached")
        self._check_bytes(what)

    def check_binding(self, resource: str) -> None:
        self._check_bytes(f"cannot bind {resource}")

    def _check_bytes(self, what: str) -> None:
        if 0 < self.bytes_max <= self.bytes_held:
            raise self._full(what)

    def _full(self, what: str) -> SoftError:
        return precondition_failed(f"{what}: definitions limit of {self.bytes_max} bytes is reached")

    # -- what comes and goes -------------------------------------------------------------------------------------------

    def queue(self, count: int, name: str, arguments: Mapping[str, Any]) -> None:
        """One more, or with a ``count`` of -1 one fewer."""
        self.queues += count
        self.bytes_held += count * (QUEUE_BYTES + _size(name) + _size(arguments))

    def exchange(self, count: int, name: str, arguments: Mapping[str, Any]) -> None:
        self.exchanges += count
        self.bytes_held += count * (EXCHANGE_BYTES + _size(name) + _size(arguments))

    def binding(self, count: int, key: str, arguments: Mapping[str, Any]) -> None:
        self.bytes_held += count * (BINDING_BYTES + _size(key) + _size(arguments))


def _size(value: Any) -> int:
    """What a decoded field value takes, about. Tables are nested no deeper than their reader allows."""
    if isinstance(value, Mapping):
        return sum(_VALUE_BYTES + _size(name) + _size(inner) for name, inner in value.items())
    if isinstance(value, list):
        return sum(_VALUE_BYTES + _size(inner) for inner in value)
    if isinstance(value, (str, bytes, bytearray)):
        return len(value)
    return 0
