"""Publisher: one channel's way in. A run of publishes is checked, routed and enqueued as one.

The route is looked up by the bytes of the publish method, so the same exchange and key again cost one dict access; any
change of topology drops the whole cache.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from broker.access import WRITE
from broker.exchanges.view import View
from broker.message import ExpiringMessage, Message, messages_of, more_keys
from broker.queues import Queue
from broker.queues.delay import KIND as DELAY
from broker.session.permits import Permits
from broker.session.reply_to import PSEUDO_QUEUE
from broker.session.tap import Tap
from broker.store.committing import Logged
from broker.vhost import VirtualHost
from protocol.amqp import basic, erlang, properties, replies
from protocol.amqp.content import properties_of, readdress, with_properties
from protocol.amqp.errors import access_refused, not_implemented, precondition_failed
from protocol.amqp.tables import FieldTable, wire_type

if TYPE_CHECKING:
    from broker.turn import Turn

# Routes remembered for one channel, at some 500 bytes each.
_ROUTES_MAX = 1024
# Ten years, as RabbitMQ allows for every time to live.
_EXPIRATION_MAX_MS = 315_360_000_000
# Properties for which a message must be looked into: it may be refused, rewritten, or routed by them.
_LOOKED_INTO = properties.EXPIRATION | properties.USER_ID | properties.MORE_KEYS | properties.DIRECT_REPLY
_NO_ROUTE = basic.short_string(replies.NO_ROUTE.name)

Queues = tuple[Queue, ...]


class Outlet(Protocol):
    """Where a publisher's messages go: to the queues at once, or into a transaction."""

    def deliver(
        self, messages: list[Message], queues: Queues, size_bytes: int, turn: "Turn", *, persistent: bool
    ) -> Iterable[Logged]:
        """Enqueue; ``size_bytes`` is that of the contents together. Returns the logs that must have them first."""

    def give_back(self, frames: bytes) -> None:
        """Send a basic.return with its content."""


class Direct:
    """The outlet of a channel that is not transactional. ``write`` takes frames."""

    __slots__ = ("give_back",)

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.give_back = write

    def deliver(
        self, messages: list[Message], queues: Queues, size_bytes: int, turn: "Turn", *, persistent: bool
    ) -> Iterable[Logged]:
        turn.enqueued += len(messages) * len(queues)
        # Each counts the whole size, though they share one object: which of them will hold it longest nobody knows yet,
        # and an alarm that comes early is better than one that comes when memory is gone.
        logs = []
        for queue in queues:
            log = queue.enqueue(messages, size_bytes, turn, persistent=persistent)
            if log is not None:
                logs.append(log)
        return logs


class _Route:
    """``has_topics``: it goes through a topic exchange. ``guarded``: there the user has topic permissions."""

    __slots__ = ("exchange", "guarded", "has_topics", "mandatory", "queues", "routing_key", "wire")

    def __init__(
        self,
        arguments: basic.PublishArguments,
        queues: Queues | None,
        has_topics: bool,
        guarded: bool,
    ) -> None:
        self.has_topics = has_topics
        self.guarded = guarded
        self.exchange = arguments.exchange
        self.routing_key = arguments.routing_key
        self.mandatory = arguments.mandatory
        self.wire = arguments.route
        # None: depends on each message.
        self.queues = queues


class Publisher:
    """``permits``: what its user may do. ``reply_to``: the name of the channel's reply queue, "" where it has none."""

    __slots__ = (
        "_access",
        "_access_version",
        "_channel",
        "_done",
        "_frame_max",
        "_guarded",
        "_harmless",
        "_harmless_ttl_ms",
        "_logs",
        "_permits",
        "_persistent",
        "_routes",
        "_tap",
        "_topology",
        "_version",
        "_vhost",
        "refused",
        "reply_to",
    )

    def __init__(
        self,
        vhost: VirtualHost[Queue],
        permits: Permits,
        *,
        channel: int,
        frame_max: int,
        tap: Tap,
    ) -> None:
        self._vhost = vhost
        self._topology = vhost.topology
        self._permits = permits
        self._access = permits.access
        self._access_version = -1
        # Of the exchanges that it may write to, as long as nothing changes: whether topics must be asked for there.
        self._guarded: dict[str, bool] = {}
        self._tap = tap
        self._channel = channel
        self._frame_max = frame_max
        self._routes: dict[bytes, _Route] = {}
        self._version = -1
        # Of the run under way: whether it is persistent, how many of it are done, and the logs it went to.
        self._persistent = False
        self._done = 0
        self._logs: list[Logged] = []
        # Properties that were looked into last and changed nothing, and the time to live they give: publishers repeat
        # them, and to compare them costs 0.2 us where to look into them costs 3.
        self._harmless = b""
        self._harmless_ttl_ms: int | None = None
        # Which of the last run's messages some queue would not have, by their places in it.
        self.refused: list[int] = []
        self.reply_to = ""

    def publish(self, run: basic.PublishRun, outlet: Outlet, turn: "Turn") -> list[Logged]:
        """Take in a run; the logs that must have it before it is confirmed.

        Raises SoftError 403, 404 or 406, HardError 540; messages of the run before the one at fault have been taken
        then.
        """
        route = self._route(run.arguments)
        self._persistent = run.persistent
        self._logs = []
        self._done = 0
        if self.refused:
            self.refused = []
        # None: each message must be looked into.
        queues = None if run.flags & _LOOKED_INTO else route.queues
        if route.guarded and (queues is not None or not self._permits.checks_copies):
            self._permits.topic(WRITE, route.exchange, route.routing_key)
        if queues is None:
            self._publish_each(route, run.contents, outlet, turn)
        else:
            if self._vhost.firehose is not None:
                self._tap.published(run.contents, route.wire, queues)
            self._deliver(route, queues, run.contents, outlet, turn)
        return self._logs

    def _route(self, arguments: bytes) -> _Route:
        if self._version != self._topology.version or self._access_version != self._access.version:
            self._routes.clear()
            self._guarded.clear()
            self._version = self._topology.version
            self._access_version = self._access.version
        route = self._routes.get(arguments)
        return self._find(arguments) if route is None else route

    def _find(self, raw: bytes) -> _Route:
        arguments = basic.PublishArguments(raw)
        if arguments.immediate:
            raise not_implemented("immediate=true")
        name = arguments.exchange
        guarded = self._guarded.get(name)
        lasting = guarded is not None or self._permits.exchange(WRITE, name)
        exchange = self._vhost.exchange(name)
        if exchange.internal:
            raise access_refused(f"cannot publish to internal {self._vhost.describe_exchange(exchange.name)}")
        has_topics = exchange.has_topics
        if guarded is None:
            guarded = has_topics and self._permits.minds_topics(name)
            if lasting:
                self._guarded[name] = guarded
        if has_topics and not guarded:
            self._permits.remember_topic(WRITE, name, arguments.routing_key)
        routed = self._vhost.route(name, arguments.routing_key, None)
        queues = routed.queues if routed.cacheable else None
        route = _Route(arguments, queues, has_topics, guarded)
        if not lasting:
            # The channel remembers what is not allowed any more, and may forget it any time.
            return route
        if len(self._routes) >= _ROUTES_MAX:
            self._routes.clear()
        self._routes[raw] = route
        return route

    def _publish_each(self, route: _Route, contents: list[bytes], outlet: Outlet, turn: "Turn") -> None:
        """Look into each message; neighbours that go to the same queues are delivered together, if all or none of them
        have a time to live of their own.
        """
        group: list[bytes] = []
        lives: list[int] = []
        queues, expires = route.queues or (), False
        try:
            for content in contents:
                where, sent, lives_ms = self._look_into(route, content, turn)
                if self._vhost.firehose is not None:
                    self._tap.published([sent], route.wire, where, _hidden_keys(content))
                if (where is not queues and where != queues) or expires is (lives_ms is None):
                    # Not in the next statement: what raises there must not find them again.
                    waiting, group, ttls, lives = group, [], lives, []
                    self._deliver(route, queues, waiting, outlet, turn, ttls_ms=ttls)
                    queues, expires = where, lives_ms is not None
                group.append(sent)
                if lives_ms is not None:
                    lives.append(lives_ms)
        finally:
            self._deliver(route, queues, group, outlet, turn, ttls_ms=lives)

    def _look_into(self, route: _Route, content: bytes, turn: "Turn") -> tuple[Queues, bytes, int | None]:
        """Where one message goes, as what, and how long it may live, in ms. Raises SoftError 403, 406."""
        raw = properties_of(content)
        if raw == self._harmless and route.queues is not None and not route.guarded:
            return route.queues, content, self._harmless_ttl_ms
        published = content
        if properties.short_string(raw, properties.REPLY_TO) == PSEUDO_QUEUE:
            if not self.reply_to:
                raise precondition_failed("fast reply consumer does not exist")
            raw = properties.with_short_string(raw, properties.REPLY_TO, self.reply_to)
            content = with_properties(content, raw)
        expiration = properties.short_string(raw, properties.EXPIRATION)
        ttl_ms = None if expiration is None else check_expiration(expiration)
        if ttl_ms is not None and expiration != str(ttl_ms):
            # "+60000" and "007" go out as RabbitMQ 4 writes them.
            raw = properties.with_short_string(raw, properties.EXPIRATION, str(ttl_ms))
            content = with_properties(content, raw)
        keys: list[str] = []
        with_bcc = content
        if b"\x02CC" in raw or b"\x03BCC" in raw:
            headers = properties.headers(raw) or {}
            keys = _checked_keys(headers, "CC") + _checked_keys(headers, "BCC")
            if "BCC" in headers:
                content = with_properties(content, properties.without_header(raw, "BCC"))
        self._check_topics(route, keys)
        self._check_user(properties.short_string(raw, properties.USER_ID))
        if route.queues is not None and not keys:
            if content is published:
                self._harmless, self._harmless_ttl_ms = raw, ttl_ms
            return route.queues, content, ttl_ms
        view = View(content, route.wire, turn.wall_ms)
        queues = self._vhost.route(route.exchange, route.routing_key, view, keys).queues
        # What is held back is routed by all its keys when its time has come.
        return queues, with_bcc if _only_held_back(queues) else content, ttl_ms

    def _check_topics(self, route: _Route, keys: list[str]) -> None:
        """Refuse with SoftError 403 keys that the user may not publish under."""
        if route.has_topics and self._permits.checks_copies:
            for key in (route.routing_key, *keys) if route.guarded else keys:
                self._permits.topic(WRITE, route.exchange, key)

    def _check_user(self, claimed: str | None) -> None:
        """Refuse with SoftError 406 a user-id that is another's."""
        user = self._permits.user
        if claimed is not None and claimed != user and not self._permits.impersonates:
            raise precondition_failed(f"user_id property set to '{claimed}' but authenticated user was '{user}'")

    def _deliver(
        self,
        route: _Route,
        queues: Queues,
        contents: list[bytes],
        outlet: Outlet,
        turn: "Turn",
        *,
        ttls_ms: Sequence[int] = (),
    ) -> None:
        """Contents that go to the same queues, and live as long as their queues say or each for one of ``ttls_ms``."""
        if queues and contents:
            wire = route.wire
            if not ttls_ms:
                messages = messages_of(contents, wire)
            else:
                messages = [
                    ExpiringMessage(content, wire, ttl_ms) for content, ttl_ms in zip(contents, ttls_ms, strict=True)
                ]
            self._logs += outlet.deliver(messages, queues, sum(map(len, contents)), turn, persistent=self._persistent)
            if turn.refused:
                self.refused += [self._done + i for i, message in enumerate(messages) if message in turn.refused]
                turn.refused.clear()
        if route.mandatory and contents and (not queues or _only_held_back(queues)):
            self._give_back(route, contents, outlet)
        self._done += len(contents)

    def _give_back(self, route: _Route, contents: list[bytes], outlet: Outlet) -> None:
        """basic.return, which must be on its way before the confirm."""
        head = basic.basic_return(self._channel, replies.NO_ROUTE.code, _NO_ROUTE, route.wire)
        for content in contents:
            outlet.give_back(head + readdress(content, self._channel, self._frame_max))


def _hidden_keys(content: bytes) -> list[str]:
    return _checked_keys(properties.headers(properties_of(content)) or {}, "BCC")


def _only_held_back(queues: Queues) -> bool:
    """Whether all they are is where delayed exchanges hold messages back; to RabbitMQ's plugin these are unrouted."""
    return bool(queues) and all(queue.kind == DELAY for queue in queues)


def _checked_keys(headers: FieldTable, name: str) -> list[str]:
    """The routing keys in a CC or BCC header; members that are no texts are passed over. Raises SoftError 406."""
    value = headers.get(name)
    if name in headers and not isinstance(value, list):
        reason = f'{{unacceptable_type_in_header,"{name}",{wire_type(value)}}}'
        raise precondition_failed(f"invalid message: {reason}")
    return more_keys(headers, name)


def check_expiration(text: str) -> int:
    """The expiration property: decimal milliseconds. Raises SoftError 406 in RabbitMQ's words."""
    if text.isascii() and text.isdecimal() and int(text) <= _EXPIRATION_MAX_MS:
        return int(text)
    digits = text.lstrip("+-")
    sign = text[: len(text) - len(digits)]
    number = digits[: len(digits) - len(digits.lstrip("0123456789"))]
    column = len(f"invalid expiration '{text}': ")
    if not number or len(sign) > 1:
        reason = "no_integer"
    elif len(number) < len(digits):
        reason = f'{{leftover_string,"{digits[len(number) :]}"}}'
    elif sign == "-" and int(number):
        reason = erlang.pair("value_negative", -int(number), column)
    elif int(number) > _EXPIRATION_MAX_MS:
        reason = erlang.pair("value_too_large", int(number), column)
    else:
        return int(number)
    raise precondition_failed(f"invalid expiration '{text}': {reason}")
