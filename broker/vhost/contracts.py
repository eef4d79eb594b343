"""What a virtual host asks of those it does not know: its queues, whoever taps or keeps what happens in it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding
from broker.policies.policy import Policy
from broker.store.definition_state import BindingDefinition, ExchangeDefinition, PolicyDefinition, QueueDefinition

if TYPE_CHECKING:
    from broker.vhost.vhost import VirtualHost

Arguments = Mapping[str, Any]


class Queue(Protocol):
    """What a virtual host asks of a queue of any kind."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str:
        """``classic``, ``quorum`` or ``stream``."""

    @property
    def durable(self) -> bool: ...
    @property
    def auto_delete(self) -> bool: ...
    @property
    def exclusive_owner(self) -> object | None: ...
    @property
    def arguments(self) -> dict[str, Any]: ...
    @property
    def effective(self) -> Mapping[str, Any]:
        """What the arguments and the policies come to."""

    @property
    def message_count(self) -> int: ...
    @property
    def consumer_count(self) -> int: ...
    @property
    def ever_consumed(self) -> bool: ...
    @property
    def log_id(self) -> int:
        """Which log holds its messages; 0 for none."""

    @property
    def heeds_conditions(self) -> bool:
        """Whether its deletion may depend on its being empty or unused."""

    def delete(self, turn: Any) -> int: ...
    def reconfigure(self, effective: Mapping[str, Any], turn: Any) -> None: ...
    def used(self, turn: Any) -> None: ...
    def begin(self, turn: Any) -> None: ...


class Guard(Protocol):
    """Refuses with SoftError 403 what whoever acts may not do; what it returns is for others."""

    def queue(self, permission: str, name: str) -> object: ...
    def exchange(self, permission: str, name: str) -> object: ...
    def topic(self, permission: str, exchange: str, key: str) -> object:
        """To read from a topic exchange by a binding key."""

    def any_of_queue(self, name: str) -> object:
        """To know whether a queue is there."""

    def any_of_exchange(self, name: str) -> object:
        """The same of an exchange."""


class _Nobody:
    """Guards what the broker does of itself, and what is asked for inside: all is allowed."""

    def queue(self, permission: str, name: str) -> None: ...
    def exchange(self, permission: str, name: str) -> None: ...
    def topic(self, permission: str, exchange: str, key: str) -> None: ...
    def any_of_queue(self, name: str) -> None: ...
    def any_of_exchange(self, name: str) -> None: ...


UNGUARDED: Final[Guard] = _Nobody()


class Origin(Protocol):
    """Whose messages they are."""

    @property
    def connection(self) -> str:
        """Both addresses."""

    @property
    def channel(self) -> int: ...
    @property
    def user(self) -> str: ...


class Firehose(Protocol):
    """Is shown what is published and delivered. See ``broker.firehose``."""

    def published(
        self, messages: Iterable[Any], queues: Sequence[Any], more_keys: Sequence[str], origin: Origin
    ) -> None: ...
    def delivered(self, queue: str, messages: Iterable[Any], origin: Origin, *, redelivered: bool) -> None: ...


class Watcher(Protocol):
    """Is told of what comes and goes, durable or not. See ``broker.events``."""

    def exchange_created(self, vhost: "VirtualHost[Any]", exchange: Exchange) -> None: ...
    def exchange_deleted(self, vhost: "VirtualHost[Any]", exchange: Exchange) -> None: ...
    def queue_created(self, vhost: "VirtualHost[Any]", queue: Queue) -> None: ...
    def queue_deleted(self, vhost: "VirtualHost[Any]", queue: Queue) -> None: ...
    def binding_created(self, vhost: "VirtualHost[Any]", binding: Binding) -> None: ...
    def binding_deleted(self, vhost: "VirtualHost[Any]", binding: Binding) -> None: ...
    def policy_set(self, vhost: "VirtualHost[Any]", policy: Policy) -> None: ...
    def policy_cleared(self, vhost: "VirtualHost[Any]", name: str) -> None: ...


class Journal(Protocol):
    """Takes what is durable, each right after it changed: exchanges, queues, bindings of which both ends are, policies.

    A binding that goes because an end of it goes is not told; an auto-delete exchange that goes because of it is. The
    predeclared exchanges are not told of, bindings from and to them are.
    """

    def exchange_declared(self, exchange: ExchangeDefinition) -> None: ...
    def exchange_deleted(self, vhost: str, name: str) -> None: ...
    def queue_declared(self, queue: QueueDefinition) -> None: ...
    def queue_deleted(self, vhost: str, name: str) -> None: ...
    def bound(self, binding: BindingDefinition) -> None: ...
    def unbound(self, binding: BindingDefinition) -> None: ...
    def policy_set(self, policy: PolicyDefinition) -> None: ...
    def policy_cleared(self, vhost: str, name: str, *, operator: bool) -> None: ...
    def vhost_set(self, name: str, metadata: dict[str, Any]) -> None: ...
    def vhost_deleted(self, name: str) -> None: ...


Q = TypeVar("Q", bound=Queue)
