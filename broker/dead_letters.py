"""Dead lettering in one virtual host: from a queue, through its dead letter exchange, into other queues.

A durable queue lets go of a dead letter when the queues it went to have it safe: a crash in between may deliver it
twice, and loses none. (RabbitMQ's at-most-once strategy may lose it.) Nobody hears of one that goes nowhere, unless the
queue's strategy is at-least-once: then it stays with the queue, and is tried again. Source:
https://www.rabbitmq.com/docs/dlx
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.dead_letter import NO_PLACE, REJECTED, Coroner, Death, Letter
from broker.queues.ready import Entry
from broker.store.committing import Logged
from broker.store.promise import Awaited
from broker.vhost import VirtualHost
from protocol.amqp import basic, properties
from protocol.amqp.content import properties_of
from protocol.amqp.errors import SoftError

if TYPE_CHECKING:
    from broker.turn import Turn

# What a dead letter costs, in messages handed out: it is looked up, written anew and put into a queue.
_COST = 5
_ROUTES_MAX = 1024
_PERSISTENT = 2


class _Run:
    """Neighbours that go to the same queues, and are persistent or are not."""

    __slots__ = ("entries", "messages", "persistent", "queues")

    def __init__(self, queues: tuple[Any, ...], *, persistent: bool) -> None:
        self.queues = queues
        self.persistent = persistent
        self.messages: list[Message] = []
        self.entries: list[Entry] = []


class DeadLettering:
    """See ``queues.dead_letter.DeadLetters``."""

    __slots__ = ("_coroner", "_routes", "_version", "_vhost")

    def __init__(self, vhost: VirtualHost[Any], *, continues_published: bool = False) -> None:
        self._vhost = vhost
        self._coroner = Coroner(continues_published=continues_published)
        self._routes: dict[tuple[str, str], tuple[Any, ...]] = {}
        self._version = -1

    def bury(self, death: Death, turn: "Turn") -> int:
        """Publish dead letters and settle them in their queue. What it cost, in messages handed out."""
        settings = death.queue.settings
        exchange, key = settings.dead_letter_exchange, settings.dead_letter_key
        logs: set[Logged] = set()
        buried: list[int] = []
        stuck: list[Entry] = []
        for run in self._runs(death, exchange, key, turn):
            missed = self._enqueue(run, logs, turn)
            if missed and settings.at_least_once:
                stuck += run.entries
            else:
                buried += [number for number, _ in run.entries]
        self._let_go(death.queue, buried, logs, turn)
        if stuck:
            death.queue.unburied(Death(death.queue, stuck, death.reason), turn)
        return _COST * len(death.entries)

    def _runs(self, death: Death, exchange: str, key: str | None, turn: "Turn") -> "list[_Run]":
        runs: list[_Run] = []
        now_s = turn.wall_ms // 1000
        wire = b""
        wire_key: str | None = None
        for entry in death.entries:
            letter = self._coroner.write(entry[1], death.queue.name, death.reason, now_s, keeps_cc=key is None)
            keys = letter.keys if key is None else [key]
            if keys[0] != wire_key:
                wire_key = keys[0]
                wire = basic.short_string(exchange) + basic.short_string(wire_key)
            queues = self._queues(exchange, keys, letter, death.reason)
            persistent = properties.delivery_mode(properties_of(letter.content)) == _PERSISTENT
            if not runs or runs[-1].queues != queues or runs[-1].persistent != persistent:
                runs.append(_Run(queues, persistent=persistent))
            runs[-1].messages.append(Message(letter.content, wire))
            runs[-1].entries.append(entry)
        return runs

    def _queues(self, exchange: str, keys: Sequence[str], letter: Letter, reason: str) -> tuple[Any, ...]:
        found = self._route(exchange, keys, letter)
        if reason == REJECTED:
            return found
        circling = [queue for queue in found if letter.would_circle(queue.name)]
        return tuple([queue for queue in found if queue not in circling]) if circling else found

    def _route(self, exchange: str, keys: Sequence[str], letter: Letter) -> tuple[Any, ...]:
        if self._version != self._vhost.topology_version:
            self._version = self._vhost.topology_version
            self._routes.clear()
        known = self._routes.get((exchange, keys[0])) if len(keys) == 1 else None
        if known is not None:
            return known
        try:
            routed = self._vhost.route(
                exchange, keys[0], lambda: properties.headers(properties_of(letter.content)), keys[1:]
            )
        except SoftError:
            # The exchange is gone, or never was.
            return ()
        if routed.cacheable and len(keys) == 1:
            if len(self._routes) >= _ROUTES_MAX:
                self._routes.clear()
            self._routes[exchange, keys[0]] = routed.queues
        return routed.queues

    def _enqueue(self, run: _Run, logs: set[Logged], turn: "Turn") -> bool:
        """Put letters into their queues. True if some of them found no place anywhere, or not everywhere."""
        size = sum([len(message.content) for message in run.messages])
        for queue in run.queues:
            log = queue.enqueue(run.messages, size, turn, persistent=run.persistent)
            if log is not None:
                logs.add(log)
        turn.enqueued += len(run.messages) * len(run.queues)
        refused = bool(turn.refused)
        turn.refused.clear()
        return refused or not run.queues

    def _let_go(self, queue: Any, numbers: list[int], logs: set[Logged], turn: "Turn") -> None:
        numbers = [number for number in numbers if number != NO_PLACE]
        if not numbers:
            return
        if logs and queue.durable:
            Awaited(logs, lambda turn: queue.settle(numbers, turn))
        else:
            queue.settle(numbers, turn)
