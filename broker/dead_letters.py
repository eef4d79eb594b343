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
    """Neighbours that go to the same queues, and are persistent or are not. ``homeless``: nobody would take them."""

    __slots__ = ("entries", "homeless", "messages", "persistent", "queues")

    def __init__(self, queues: tuple[Any, ...], *, persistent: bool, homeless: bool) -> None:
        self.queues = queues
        self.persistent = persistent
        self.homeless = homeless
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
        logs = set(death.logs)
        buried: list[int] = []
        # By the names of the queues that have them.
        stuck: dict[frozenset[str], list[Entry]] = {}
        histories = self._coroner.histories
        enqueued = 0
        for run in self._runs(death, exchange, key, turn):
            enqueued += len(run.messages) * len(run.queues)
            refusals = self._enqueue(run, logs, turn)
            if settings.at_least_once and (refusals or run.homeless):
                buried += _sift(run, refusals, death.reached, stuck)
            else:
                buried += [number for number, _ in run.entries]
        self._let_go(death.queue, buried, logs, turn)
        for reached, entries in stuck.items():
            death.queue.unburied(Death(death.queue, entries, death.reason, reached, frozenset(logs)), turn)
        return _COST * len(death.entries) + enqueued + _HISTORY_COST * (self._coroner.histories - histories)

    def _runs(self, death: Death, exchange: str, key: str | None, turn: "Turn") -> "list[_Run]":
        runs: list[_Run] = []
        run = _Run((), persistent=False, homeless=True)
        now_s = turn.wall_ms // 1000
        name, reason = death.queue.name, death.reason
        wire = b""
        # Where letters go that have the history of the one before, if their other headers have no say in it.
        queues: tuple[Any, ...] = ()
        homeless = True
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
                homeless = not queues
                if death.reached:
                    queues = tuple([queue for queue in queues if queue.name not in death.reached])
            if not runs or (run.queues, run.persistent, run.homeless) != (queues, letter.persistent, homeless):
                run = _Run(queues, persistent=letter.persistent, homeless=homeless)
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

    def _enqueue(self, run: _Run, logs: set[Logged], turn: "Turn") -> dict[Message, set[str]]:
        """Put letters into their queues. The names of those that would not have one, by letter."""
        size = sum([len(message.content) for message in run.messages])
        refusals: dict[Message, set[str]] = {}
        for queue in run.queues:
            log = queue.enqueue(run.messages, size, turn, persistent=run.persistent)
            if log is not None:
                logs.add(log)
            for message in turn.refused:
                refusals.setdefault(message, set()).add(queue.name)
            turn.refused.clear()
        return refusals

    def _let_go(self, queue: Any, numbers: list[int], logs: set[Logged], turn: "Turn") -> None:
        numbers = [number for number in numbers if number != NO_PLACE]
        if not numbers:
            return
        if logs and queue.durable:
            Awaited(logs, lambda turn: queue.settle(numbers, turn))
        else:
            queue.settle(numbers, turn)


def _sift(
    run: _Run,
    refusals: dict[Message, set[str]],
    reached: frozenset[str],
    stuck: dict[frozenset[str], list[Entry]],
) -> list[int]:
    """The numbers of those that found all their places; the others go to ``stuck``, where they went already."""
    names = reached.union([queue.name for queue in run.queues])
    buried: list[int] = []
    for entry, message in zip(run.entries, run.messages, strict=True):
        missed = refusals.get(message)
        if missed or run.homeless:
            stuck.setdefault(names - missed if missed else names, []).append(entry)
        else:
            buried.append(entry[0])
    return buried
