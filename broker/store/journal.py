"""DefinitionsJournal: takes from virtual hosts what is to outlive a restart, and adds the time."""

from collections.abc import Callable
from typing import Any

from broker.store.definition_state import BindingDefinition, ExchangeDefinition, PolicyDefinition, QueueDefinition
from broker.store.definitions import Definitions


class DefinitionsJournal:
    """``clock_ms`` gives ms since 1970; ``touched`` is called after each change, when there is a commit to make."""

    __slots__ = ("_clock_ms", "_definitions", "_touched")

    def __init__(self, definitions: Definitions, clock_ms: Callable[[], int], touched: Callable[[], None]) -> None:
        self._definitions = definitions
        self._clock_ms = clock_ms
        self._touched = touched

    def exchange_declared(self, exchange: ExchangeDefinition) -> None:
        self._definitions.exchange_declared(exchange, self._clock_ms())
        self._touched()

    def exchange_deleted(self, vhost: str, name: str) -> None:
        self._definitions.exchange_deleted(vhost, name, self._clock_ms())
        self._touched()

    def queue_declared(self, queue: QueueDefinition) -> None:
        self._definitions.queue_declared(queue, self._clock_ms())
        self._touched()

    def queue_deleted(self, vhost: str, name: str) -> None:
        self._definitions.queue_deleted(vhost, name, self._clock_ms())
        self._touched()

    def bound(self, binding: BindingDefinition) -> None:
        self._definitions.bound(binding, self._clock_ms())
        self._touched()

    def unbound(self, binding: BindingDefinition) -> None:
        self._definitions.unbound(binding, self._clock_ms())
        self._touched()

    def policy_set(self, policy: PolicyDefinition) -> None:
        self._definitions.policy_set(policy, self._clock_ms())
        self._touched()

    def policy_cleared(self, vhost: str, name: str, *, operator: bool) -> None:
        self._definitions.policy_cleared(vhost, name, self._clock_ms(), operator=operator)
        self._touched()

    def vhost_set(self, name: str, metadata: dict[str, Any]) -> None:
        self._definitions.vhost_set(name, metadata, self._clock_ms())
        self._touched()
