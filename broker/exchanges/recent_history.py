"""x-recent-history: a fanout that keeps the last messages, and gives them to whoever is bound later.

``x-recent-history-length`` among its arguments says how many, 20 where nothing is said. A message whose header
``x-recent-history-no-store`` is true is not kept. What is kept is in memory only, counts there as what queues hold, and
is gone after a restart. Source: RabbitMQ's plugin rabbitmq_recent_history_exchange.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from broker.exchanges.base import Exchange, FindExchange
from broker.exchanges.binding import Binding, Destination, Destinations
from broker.exchanges.routing import route
from broker.exchanges.view import View
from broker.field_values import as_term
from broker.message import message_of, more_keys
from protocol.amqp import basic, properties
from protocol.amqp.errors import precondition_failed
from protocol.amqp.tables import wire_type

_LENGTH: Final = 20
_LENGTH_MAX: Final = 2**31 - 1
_INTEGERS: Final = ("byte", "short", "signedint", "long")
_PERSISTENT: Final = 2
# What one takes up beside its content.
_OVERHEAD_BYTES: Final = 157


class RecentHistoryExchange(Exchange):
    __slots__ = ("_destinations", "_recent")

    kind = "x-recent-history"

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        if "x-recent-history-length" in arguments:
            length = arguments["x-recent-history-length"]
            if wire_type(length) not in _INTEGERS or length <= 0:
                what = "'x-recent-history-length' must be a positive integer"
                raise precondition_failed(f"Invalid argument {as_term(length)}, {what}")

    def _prepare(self, random_bytes: Callable[[int], bytes]) -> None:  # noqa: ARG002
        self.sees_messages = True
        self._destinations = Destinations()
        length = min(self.arguments.get("x-recent-history-length", _LENGTH), _LENGTH_MAX)
        self._recent: deque[View] = deque(maxlen=length)

    def find(self, routing_keys: Sequence[str], message: View | None) -> Iterable[Destination]:  # noqa: ARG002
        if message is not None and message.headers().get("x-recent-history-no-store") is not True:
            self._keep(View(message.content, message.route, message.wall_ms))
        return self._destinations

    def bound(self, binding: Binding, find_exchange: FindExchange, turn: Any) -> None:
        destination = binding.destination
        queues: tuple[Any, ...] = (destination,)
        # A copy: an exchange may lead back to this one, which then keeps them anew.
        recent = list(self._recent)
        # To an exchange the plugin gives them the newest first.
        for view in reversed(recent) if isinstance(destination, Exchange) else recent:
            if isinstance(destination, Exchange):
                queues = route(destination, _keys(view), view, find_exchange).queues
            message = message_of(view.content, view.route)
            persistent = properties.delivery_mode(view.properties) == _PERSISTENT
            for queue in queues:
                queue.enqueue([message], len(view.content), turn, persistent=persistent)
            turn.refused.clear()

    def gone(self, turn: Any) -> None:  # noqa: ARG002
        self.hold(-sum(map(_size, self._recent)))
        self._recent.clear()

    def _keep(self, view: View) -> None:
        recent = self._recent
        more = _size(view)
        if len(recent) == recent.maxlen:
            more -= _size(recent[0])
        recent.append(view)
        self.hold(more)

    def _added(self, binding: Binding) -> None:
        self._destinations.add(binding.destination)

    def _removed(self, binding: Binding) -> None:
        self._destinations.remove(binding.destination)


def _size(view: View) -> int:
    return len(view.content) + _OVERHEAD_BYTES


def _keys(view: View) -> list[str]:
    return [basic.route_names(view.route)[1], *more_keys(view.headers(), "CC")]
