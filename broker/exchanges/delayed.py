"""x-delayed-message: holds messages back for as long as their header ``x-delay`` says, then routes them.

How it routes is another kind's business, which the argument ``x-delayed-type`` names. What is held back waits in a
queue of the exchange's own, which brings it back here with the header negated. A message without the header, or with
one that is no number of ms from 1 to 2^32 - 1, is routed at once. Source: RabbitMQ's plugin
rabbitmq_delayed_message_exchange, 3.10 to 4.2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from broker.exchanges.base import Exchange, FindExchange
from broker.exchanges.binding import Binding, Destination
from broker.exchanges.view import View
from broker.field_values import as_text
from broker.message import delay_ms
from protocol.amqp.errors import precondition_failed

KIND = "x-delayed-message"


class Waiting(Destination, Protocol):
    """Where messages wait for their time."""

    @property
    def log_id(self) -> int: ...
    def begin(self, turn: Any) -> None: ...
    def delete(self, turn: Any) -> None: ...


class DelayedExchange(Exchange):
    """``inner`` is an exchange of the same name and arguments that routes; ``waiting`` must be set before the first
    message comes.
    """

    __slots__ = ("inner", "waiting")

    kind = KIND
    waiting: Waiting

    def __init__(self, name: str, *, inner: Exchange, **properties: Any) -> None:
        self.inner = inner
        super().__init__(name, **properties)

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self.sees_messages = True

    @property
    def log_id(self) -> int:
        return self.waiting.log_id

    def validate(self, binding: Binding) -> None:
        self.inner.validate(binding)

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:
        if message is not None and delay_ms(message.headers()):
            return (self.waiting,)
        return self.inner.find(routing_keys, message)

    def bound(self, binding: Binding, find_exchange: FindExchange, turn: Any) -> None:
        self.inner.bound(binding, find_exchange, turn)

    def begin(self, turn: Any) -> None:
        self.waiting.begin(turn)

    def gone(self, turn: Any) -> None:
        self.waiting.delete(turn)
        self.inner.gone(turn)

    def _added(self, binding: Binding) -> None:
        self.inner.bind(binding)

    def _removed(self, binding: Binding) -> None:
        self.inner.unbind(binding)


def inner_kind(arguments: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """The kind that routes, one of those ``known``. Raises SoftError 406."""
    named = arguments.get("x-delayed-type")
    if not isinstance(named, (str, bytes)):
        raise precondition_failed("Invalid argument, 'x-delayed-type' must be an existing exchange type")
    kind = as_text(named)
    if kind == KIND:
        raise precondition_failed("Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'")
    if kind not in known:
        raise precondition_failed(f"{'unknown' if kind else 'invalid'} exchange type '{kind}'")
    return kind
