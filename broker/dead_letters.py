"""Dead lettering in one virtual host: from a queue, through its dead letter exchange, into other queues.

A durable queue lets go of a dead letter when the queues it went to have it safe: a crash in between may deliver it
twice, and loses none. (RabbitMQ's at-most-once strategy may lose it.) Nobody hears of one that goes nowhere, unless the
queue's strategy is at-least-once: then it stays with the queue, and is tried again. Source:
https://www.rabbitmq.com/docs/dlx
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from broker.exchanges.view import View
from broker.message import Message
from broker.queues.coroner import Coroner, Letter
from broker.queues.dead_letter import NO_PLACE, REJECTED, Death
from broker.queues.ready import Entry
from broker.store.committing import Logged
from broker.store.promise import Awaited
from broker.vhost import VirtualHost
from protocol.amqp import basic
from protocol.amqp.errors import SoftError

if TYPE_CHECKING:
    from broker.turn import Turn

# What a dead letter costs, in messages handed out, beside each queue that it is put into: it is written anew and looked
# up. And what it costs more if its history has to be decoded (see ``Coroner``).
_COST = 3
_HISTORY_COST = 16
_ROUTES_MAX = 1024


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
        histories = self._coroner.histories
        enqueued = 0
        for run in self._runs(death, exchange, key, turn):
            enqueued += len(run.messages) * len(run.queues)
            missed = self._enqueue(run, logs, turn)
            if missed and settings.at_least_once:
                stuck += run.entries
            else:
                buried += [number for number, _ in run.entries]
        self._let_go(death.queue, buried, logs, turn)
        if stuck:
            death.queue.unburied(Death(death.queue, stuck, death.reason), turn)
        return _COST * len(death.entries) + enqueued + _HISTORY_COST * (self._coroner.histories - histories)

    def _runs(self, death: Death, exchange: str, key: str | None, turn: "Turn") -> "list[_Run]":
        runs: list[_Run] = []
        run = _Run((), persistent=False)
        now_s = turn.wall_ms // 1000
        name, reason = death.queue.name, death.reason
        wire = b""
        # Where letters go that have the history of the one before, if their other headers have no say in it.
        queues: tuple[Any, ...] = ()
        known_keys: list[str] | None = None
        for entry in death.entries:
            letter = self._coroner.write(entry[1], name, reason, now_s)
            # Letters of one history share this list.
            if letter.keys is not known_keys:
                keys = letter.keys if key is None else [key]
                wire = basic.short_string(exchange) + basic.short_string(keys[0])
                queues, same_for_all = self._queues(
                    exchange, keys, letter, View(letter.content, wire, turn.wall_ms), reason
                )
                known_keys = letter.keys if same_for_all else None
            if not runs or run.queues != queues or run.persistent != letter.persistent:
                run = _Run(queues, persistent=letter.persistent)
                runs.append(run)
            run.messages.append(Message(letter.content, wire))
            run.entries.append(entry)
        return runs

    def _queues(
        self, exchange: str, keys: Sequence[str], letter: Letter, view: View, reason: str
    ) -> tuple[tuple[Any, ...], bool]:
        """Where a letter goes, and whether all of its history do that go on under the same keys."""
        found, same_for_all = self._route(exchange, keys, view)
        if reason != REJECTED:
            circling = [queue for queue in found if letter.would_circle(queue.name)]
            if circling:
                found = tuple([queue for queue in found if queue not in circling])
        return found, same_for_all

    def _route(self, exchange: str, keys: Sequence[str], view: View) -> tuple[tuple[Any, ...], bool]:
        if self._version != self._vhost.topology_version:
            self._version = self._vhost.topology_version
            self._routes.clear()
        known = self._routes.get((exchange, keys[0])) if len(keys) == 1 else None
        if known is not None:
            return known, True
        try:
            routed = self._vhost.route(exchange, keys[0], view, keys[1:])
        except SoftError:
            # The exchange is gone, or never was.
            return (), True
        if routed.cacheable and len(keys) == 1:
            if len(self._routes) >= _ROUTES_MAX:
                self._routes.clear()
            self._routes[exchange, keys[0]] = routed.queues
        return routed.queues, routed.cacheable

    def _enqueue(self, run: _Run, logs: set[Logged], turn: "Turn") -> bool:
        """Put letters into their queues. True if some of them found no place anywhere, or not everywhere."""
        size = sum([len(message.content) for message in run.messages])
        for queue in run.queues:
            log = queue.enqueue(run.messages, size, turn, persistent=run.persistent)
            if log is not None:
                logs.add(log)
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
