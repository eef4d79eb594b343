"""DefinitionsJournal: takes from virtual hosts and from access what is to outlive a restart, and adds the time."""

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

    def vhost_deleted(self, name: str) -> None:
        self._definitions.vhost_deleted(name, self._clock_ms())
        self._touched()

    def user_set(self, user: dict[str, Any]) -> None:
        self._definitions.user_set(user, self._clock_ms())
        self._touched()

    def user_deleted(self, name: str) -> None:
        self._definitions.user_deleted(name, self._clock_ms())
        self._touched()

    def permissions_set(self, user: str, vhost: str, patterns: dict[str, str]) -> None:
        self._definitions.permissions_set(user, vhost, patterns, self._clock_ms())
        self._touched()

    def permissions_cleared(self, user: str, vhost: str) -> None:
        self._definitions.permissions_cleared(user, vhost, self._clock_ms())
        self._touched()

    def topic_permissions_set(self, user: str, vhost: str, exchange: str, patterns: dict[str, str]) -> None:
        self._definitions.topic_permissions_set(user, vhost, exchange, patterns, self._clock_ms())
        self._touched()

    def topic_permissions_cleared(self, user: str, vhost: str, exchange: str) -> None:
        self._definitions.topic_permissions_cleared(user, vhost, exchange, self._clock_ms())
        self._touched()
