"""Broadcast: what the broker itself publishes to one of its internal exchanges, for whoever has bound a queue there."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from broker.exchanges.view import View
from broker.message import Message
from broker.turn import Backlog
from broker.vhost import VirtualHost
from protocol.amqp import basic

if TYPE_CHECKING:
    from broker.turn import Turn

# What one message costs, in messages handed out.
_COST: Final = 8
# Messages made in one piece of work, before others get their chance.
_PIECE: Final = 256
_KEY_MAX_BYTES: Final = 255

# Makes a message's content; the argument is the time of day, in ms since 1970.
Build = Callable[[int], bytes]


class Broadcast:
    """Messages go out at the end of the turn, which ``backlog`` is for, in the order they were sent. Nobody waits for
    them, and a queue that is full does without.
    """

    __slots__ = ("_backlog", "_exchange", "_persistent", "_waiting", "vhost")

    def __init__(self, vhost: VirtualHost[Any], exchange: str, backlog: Backlog, *, persistent: bool) -> None:
        self.vhost = vhost
        self._exchange = exchange
        self._backlog = backlog
        self._persistent = persistent
        self._waiting: list[tuple[str, Build]] = []

    @property
    def heard(self) -> bool:
        """Whether anybody listens at all."""
        return self.vhost.exchanges[self._exchange].has_bindings

    def send(self, key: str, build: Build) -> None:
        """Publish a message. Of a key that is too long what a short string holds counts."""
        if not self._waiting:
            self._backlog.chores.append(self._publish)
        self._waiting.append((key.encode()[:_KEY_MAX_BYTES].decode(errors="ignore"), build))

    def _publish(self, turn: "Turn") -> int:
        now, self._waiting = self._waiting[:_PIECE], self._waiting[_PIECE:]
        if self._waiting:
            turn.chore(self._publish)
        for key, build in now:
            wire = basic.short_string(self._exchange) + basic.short_string(key)
            content = build(turn.wall_ms)
            for queue in self.vhost.route(self._exchange, key, View(content, wire, turn.wall_ms)).queues:
                queue.enqueue([Message(content, wire)], len(content), turn, persistent=self._persistent)
        turn.refused.clear()
        return _COST * len(now)
