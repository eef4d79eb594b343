"""Publisher: one channel's way in. A run of publishes is checked, routed and enqueued as one.

The route is looked up by the bytes of the publish method, so the same exchange and key again cost one dict access; any
change of topology drops the whole cache.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from broker.message import Message
from broker.queues.classic import ClassicQueue
from broker.vhost import VirtualHost
from protocol.amqp import basic, properties, replies
from protocol.amqp.content import properties_of, readdress
from protocol.amqp.errors import access_refused, not_implemented, precondition_failed

if TYPE_CHECKING:
    from broker.turn import Turn

# Routes remembered for one channel.
_ROUTES_MAX = 4096
# Ten years, as RabbitMQ allows for every time to live.
_EXPIRATION_MAX_MS = 315_360_000_000
_CHECKED = properties.EXPIRATION | properties.USER_ID
_NO_ROUTE = basic.short_string(replies.NO_ROUTE.name)

Queues = tuple[ClassicQueue, ...]


class Outlet(Protocol):
    """Where a publisher's messages go: to the queues at once, or into a transaction."""

    def deliver(self, messages: list[Message], queues: Queues, size_bytes: int, turn: "Turn") -> None:
        """Enqueue; ``size_bytes`` is that of the contents together."""

    def give_back(self, frames: bytes) -> None:
        """Send a basic.return with its content."""


class Direct:
    """The outlet of a channel that is not transactional. ``write`` takes frames."""

    __slots__ = ("give_back",)

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.give_back = write

    def deliver(self, messages: list[Message], queues: Queues, size_bytes: int, turn: "Turn") -> None:
        if len(queues) > 1:
            # One object in many queues: its memory is counted once.
            size_bytes //= len(queues)
        for queue in queues:
            queue.enqueue(messages, size_bytes, turn)


class _Route:
    __slots__ = ("exchange", "mandatory", "queues", "routing_key", "wire")

    def __init__(self, arguments: basic.PublishArguments, queues: Queues | None) -> None:
        self.exchange = arguments.exchange
        self.routing_key = arguments.routing_key
        self.mandatory = arguments.mandatory
        self.wire = arguments.route
        # None: depends on each message's headers.
        self.queues = queues


class Publisher:
    """``user`` is who logged in."""

    __slots__ = ("_channel", "_frame_max", "_routes", "_user", "_version", "_vhost")

    def __init__(
        self,
        vhost: VirtualHost[ClassicQueue],
        user: str,
        *,
        channel: int,
        frame_max: int,
    ) -> None:
        self._vhost = vhost
        self._user = user
        self._channel = channel
        self._frame_max = frame_max
        self._routes: dict[bytes, _Route] = {}
        self._version = -1

    def publish(self, run: basic.PublishRun, outlet: Outlet, turn: "Turn") -> int:
        """Take in a run; how many messages were taken.

        Raises SoftError 403, 404 or 406, HardError 540; messages of the run before the one at fault have been taken
        then.
        """
        route = self._route(run.arguments)
        contents = run.contents
        if run.flags & _CHECKED:
            contents = self._check_each(run, route, outlet, turn)
        self._deliver(route, contents, outlet, turn)
        return len(contents)

    def _route(self, arguments: bytes) -> _Route:
        if self._version != self._vhost.topology_version:
            self._routes.clear()
            self._version = self._vhost.topology_version
        route = self._routes.get(arguments)
        return self._find(arguments) if route is None else route

    def _find(self, raw: bytes) -> _Route:
        arguments = basic.PublishArguments(raw)
        if arguments.immediate:
            raise not_implemented("immediate=true")
        exchange = self._vhost.exchange(arguments.exchange)
        if exchange.internal:
            raise access_refused(f"cannot publish to internal {self._vhost.describe_exchange(exchange.name)}")
        routed = self._vhost.route(arguments.exchange, arguments.routing_key, _no_headers)
        route = _Route(arguments, routed.queues if routed.cacheable else None)
        if len(self._routes) >= _ROUTES_MAX:
            self._routes.clear()
        self._routes[raw] = route
        return route

    def _check_each(self, run: basic.PublishRun, route: _Route, outlet: Outlet, turn: "Turn") -> list[bytes]:
        """All contents if all are right; else those before the first wrong one are delivered and its error raised."""
        for i, content in enumerate(run.contents):
            try:
                self._check(properties_of(content))
            except Exception:
                self._deliver(route, run.contents[:i], outlet, turn)
                raise
        return run.contents

    def _check(self, raw: bytes) -> None:
        expiration = properties.short_string(raw, properties.EXPIRATION)
        if expiration is not None:
            check_expiration(expiration)
        user = properties.short_string(raw, properties.USER_ID)
        if user is not None and user != self._user:
            raise precondition_failed(f"user_id property set to '{user}' but authenticated user was '{self._user}'")

    def _deliver(self, route: _Route, contents: list[bytes], outlet: Outlet, turn: "Turn") -> None:
        if route.queues is None:
            for content in contents:
                self._deliver_to(route, self._route_by_headers(route, content), [content], outlet, turn)
        elif contents:
            self._deliver_to(route, route.queues, contents, outlet, turn)

    def _route_by_headers(self, route: _Route, content: bytes) -> Queues:
        def headers() -> Any:
            return properties.headers(properties_of(content))

        return self._vhost.route(route.exchange, route.routing_key, headers).queues

    def _deliver_to(self, route: _Route, queues: Queues, contents: list[bytes], outlet: Outlet, turn: "Turn") -> None:
        if queues:
            wire = route.wire
            outlet.deliver([Message(content, wire) for content in contents], queues, sum(map(len, contents)), turn)
        elif route.mandatory:
            self._give_back(route, contents, outlet)

    def _give_back(self, route: _Route, contents: list[bytes], outlet: Outlet) -> None:
        """basic.return, which must be on its way before the confirm."""
        head = basic.basic_return(self._channel, replies.NO_ROUTE.code, _NO_ROUTE, route.wire)
        for content in contents:
            outlet.give_back(head + readdress(content, self._channel, self._frame_max))


def check_expiration(text: str) -> None:
    """The expiration property: decimal milliseconds. Raises SoftError 406 in RabbitMQ's words."""
    digits = text.lstrip("+-")
    sign = text[: len(text) - len(digits)]
    number = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    if not number or len(sign) > 1:
        reason = "no_integer"
    elif len(number) < len(digits):
        reason = f'{{leftover_string,"{digits[len(number) :]}"}}'
    elif sign == "-" and int(number):
        reason = f"{{value_negative,-{int(number)}}}"
    elif int(number) > _EXPIRATION_MAX_MS:
        reason = f"{{value_too_large,{int(number)}}}"
    else:
        return
    raise precondition_failed(f"invalid expiration '{text}': {reason}")


def _no_headers() -> None:
    return None
