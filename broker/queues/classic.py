"""ClassicQueue: messages in order, each to one consumer, kept until it is settled.

How it keeps them is in ``holding``; who gets them, and what else becomes of them, is here. What it does beside - time
to live, limits, priorities - is in ``rules``; a queue without any of that has none.
"""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from broker.message import ExpiringMessage, Message, priority_of
from broker.queues.arguments import CLASSIC
from broker.queues.burials import Burials
from broker.queues.dead_letter import MAXLEN, NO_PLACE, REJECTED, DeadLetters, Death
from broker.queues.gauge import MemoryGauge
from broker.queues.holding import Holding
from broker.queues.ready import Entry, Ready
from broker.queues.ready_kinds import PriorityReady, Waiting, sized
from broker.queues.rules import Rules, taken
from broker.queues.settings import REJECT_TO_DEAD_LETTERS, Settings
from broker.queues.subscribers import SingleActive, Subscriber, Subscribers
from broker.store.queue_log import QueueLog

if TYPE_CHECKING:
    from broker.turn import Turn

# Messages that expire before others get their chance: 1 ms. And those that a get may find too old before it gives up.
_EXPIRING = 2048
_EXPIRED_AT_ONCE = 8192


class ClassicQueue(Holding):
    """A queue. ``effective`` is what arguments and policies come to. ``on_idle`` is called when nobody used the queue
    for as long as ``x-expires`` says.
    """

    kind = CLASSIC
    # A delete may depend on its being empty or unused.
    heeds_conditions = True
    # Whether one who consumes exclusively is alone.
    heeds_exclusive = True
    # Messages that a consumer which asks for no limit may have in flight; 0 for no limit.
    prefetch_usual = 0

    def __init__(
        self,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        exclusive_owner: object | None,
        arguments: dict[str, Any],
        gauge: MemoryGauge,
        effective: Mapping[str, Any] | None = None,
        log_id: int = 0,
        open_log: Callable[[], QueueLog] | None = None,
        log: QueueLog | None = None,
        dead_letters: DeadLetters | None = None,
        on_idle: "Callable[[ClassicQueue, Turn], None] | None" = None,
    ) -> None:
        self.durable = durable
        self.auto_delete = auto_delete
        self.exclusive_owner = exclusive_owner
        self.arguments = arguments
        self.effective: Mapping[str, Any] = arguments if effective is None else effective
        self.settings = self._settings()
        self.log_id = log_id
        self.ever_consumed = False
        super().__init__(name, self._make_ready(), gauge=gauge, open_log=open_log, log=log)
        self._subscribers = self._make_subscribers()
        self.burials = Burials(dead_letters)
        self._on_idle = on_idle
        # Monotonic seconds: when it will have been unused for too long, and when anything is to be done next.
        self._idle_at: float | None = None
        self._due: float | None = None
        if self._looks_into_messages() or (log is not None and log.has_expiring):
            self._begin_rules()

    def _settings(self) -> Settings:
        return Settings(self.effective)

    def _make_ready(self) -> Waiting:
        return PriorityReady() if self.settings.max_priority else Ready()

    def _make_subscribers(self) -> Subscribers:
        return SingleActive(yields=False) if self.settings.single_active else Subscribers()

    def _looks_into_messages(self) -> bool:
        return self.settings.looks_into_messages

    def urgency(self, content: bytes) -> int:
        """The priority of a message here."""
        most = self.settings.max_priority
        return min(priority_of(content), most) if most else 0

    def _begin_rules(self) -> Rules:
        """From now on the queue looks into its messages."""
        if type(self.ready) is Ready:
            self.ready = sized(self.ready)
        self.rules = Rules(self)
        return self.rules

    def reconfigure(self, effective: Mapping[str, Any], turn: "Turn") -> None:
        """A policy came, changed or went."""
        self.effective = effective
        self.settings = self._settings()
        if self.rules is None and self._looks_into_messages():
            self._begin_rules()
        self.used(turn)
        turn.touch(self)

    @property
    def consumer_count(self) -> int:
        return len(self._subscribers)

    @property
    def has_exclusive_consumer(self) -> bool:
        return self._subscribers.has_exclusive()

    # -- messages ------------------------------------------------------------------------------------------------------

    def enqueue(
        self, messages: list[Message], size_bytes: int, turn: "Turn", *, persistent: bool = False
    ) -> QueueLog | None:
        """Add messages at the end. ``size_bytes`` is that of their contents together.

        Returns the log whose next commit makes them safe; None where nothing has to be waited for.
        """
        turn.touch(self)
        if self.rules is not None or type(messages[0]) is not Message:
            return self._enqueue_by_rules(messages, size_bytes, turn, persistent=persistent)
        return self._add(messages, size_bytes, turn, persistent=persistent)

    def _enqueue_by_rules(
        self, messages: list[Message], size_bytes: int, turn: "Turn", *, persistent: bool
    ) -> QueueLog | None:
        rules = self.rules or self._begin_rules()
        if self.settings.max_priority and len(self.ready):
            # What came just before is seen to before these overtake it.
            turn.catch_up_with(self)
            turn.touch(self)
        expires = isinstance(messages[0], ExpiringMessage)
        kept = rules.received(messages, turn.wall_ms)
        if rules.take_turns(kept, turn.wall_ms):
            log = self._enqueue_singly(rules, messages, kept, turn, persistent=persistent)
        else:
            log = self._add(kept, size_bytes, turn, persistent=persistent)
        if log is not None and expires:
            log.has_expiring = True
        return log

    def _enqueue_singly(
        self, rules: Rules, messages: list[Message], kept: list[Message], turn: "Turn", *, persistent: bool
    ) -> QueueLog | None:
        """One by one: see ``Rules.take_turns``."""
        log = None
        refused: list[Message] = []
        for published, message in zip(messages, kept, strict=True):
            if rules.refuses and not self._has_room(rules, message, turn):
                refused.append(message)
                turn.refused.add(published)
                continue
            log = self._add([message], len(message.content), turn, persistent=persistent) or log
            if self._subscribers or message.deadline_ms <= turn.wall_ms or (not rules.refuses and rules.is_over):
                # What a consumer waits for, has no time or is over a limit goes before another one comes.
                turn.touch(self)
                turn.catch_up_with(self)
        if refused and self.settings.overflow == REJECT_TO_DEAD_LETTERS:
            self.burials.add(self, [(NO_PLACE, message) for message in refused], MAXLEN, turn)
        turn.touch(self)
        return log

    def _has_room(self, rules: Rules, message: Message, turn: "Turn") -> bool:
        """Whether a queue that refuses takes this one: perhaps what waits is taken by consumers or has outlived its
        time, as it does in RabbitMQ before the next message comes.
        """
        if not rules.has_room(message) and (self._subscribers or rules.is_due(turn.wall_ms)):
            turn.touch(self)
            turn.catch_up_with(self)
        return rules.has_room(message)

    def dispatch(self, turn: "Turn", budget: int) -> int:
        """Hand waiting messages to consumers with room, in turn. See ``turn.Dispatcher``."""
        if self.rules is None:
            return self._hand_out(turn, budget) if self._subscribers else 0
        return self._dispatch_by_rules(self.rules, turn, budget)

    def _dispatch_by_rules(self, rules: Rules, turn: "Turn", budget: int) -> int:
        """As ``dispatch``: what has outlived its time goes first. What does so in this very moment may still be taken:
        with a time to live of 0 a message that a consumer waits for is delivered.
        """
        log = self._log
        most = min(budget, _EXPIRING)
        spent = rules.expire(turn.wall_ms - 1, most, turn)
        if spent >= most:
            turn.touch(self)
            return spent
        if self._subscribers and spent < budget:
            spent += self._hand_out(turn, budget - spent)
        if spent < budget:
            spent += rules.trim(budget - spent, turn)
        if spent < budget:
            spent += rules.expire(turn.wall_ms, budget - spent, turn)
        waiting = len(self.ready)
        if log is not None and log.behind:
            self._refill(log, turn)
        if spent >= budget or len(self.ready) > waiting:
            turn.touch(self)
        self._look_ahead(turn)
        return spent

    def _hand_out(self, turn: "Turn", budget: int) -> int:
        ready, subscribers, log, rules = self.ready, self._subscribers, self._log, self.rules
        given = 0
        while True:
            if log is not None and log.behind and not self._refilled(log, turn):
                break
            level = ready.level
            if not (level.returned or level.fresh):
                break
            if given >= budget:
                turn.touch(self)
                break
            wanted = 1 if level.returned else min(self._piece(), budget - given, level.run)
            takers, each = subscribers.with_room(wanted) if rules is None else self._takers(rules, level, wanted, turn)
            if not takers:
                expired = 0 if rules is None else rules.expire(turn.wall_ms - 1, budget - given, turn)
                if not expired:
                    break
                given += expired
                continue
            if level.returned:
                sequence, message = level.take_returned()
                takers[0].deliver([message], sequence, 1, redelivered=True)
                if takers[0].no_ack:
                    self._settle_row(sequence, 1, turn)
            else:
                self._deal(level, takers, each, turn)
            subscribers.served(takers)
            given += each * len(takers)
        return given

    def _takers(self, rules: Rules, level: Ready, wanted: int, turn: "Turn") -> tuple[list[Subscriber], int]:
        """Who is to be given the next messages, and how many each. Of these only those are looked at that somebody
        would take: of a backlog, one for each that is acked.
        """
        takers, each = self._subscribers.with_room(wanted)
        asked = each * len(takers)
        good = rules.deliverable(level, asked, turn.wall_ms - 1) if asked else 0
        if good == asked:
            return takers, each
        return self._subscribers.with_room(good) if good else ([], 0)

    def _deal(self, level: Ready, takers: list[Subscriber], each: int, turn: "Turn") -> None:
        k = len(takers)
        sequence, again = level.head, level.again
        messages = level.take_fresh(each * k)
        no_ack = [taker.no_ack for taker in takers]
        for i, taker in enumerate(takers):
            taker.deliver(messages[i::k] if k > 1 else messages, sequence + i, k, redelivered=again)
        if all(no_ack):
            self._settle_row(sequence, len(messages), turn)
        elif any(no_ack):
            for i in range(k):
                if no_ack[i]:
                    self.settle(range(sequence + i, sequence + len(messages), k), turn)

    def take(self, turn: "Turn") -> tuple[int, Message, bool] | None:
        """The next message for a basic.get: its number, itself, whether it was handed out before; None for none."""
        log, rules = self._log, self.rules
        self.used(turn)
        if rules is not None and rules.expire(turn.wall_ms, _EXPIRED_AT_ONCE, turn, at_once=True) >= _EXPIRED_AT_ONCE:
            # So many have outlived their time at once that others must have their chance before all are gone.
            turn.touch(self)
            return None
        if log is not None and log.behind and (not len(self.ready) or (rules is not None and rules.whole)):
            self._refill(log, turn, at_once=True)
            # More than one may have come, and there may be consumers who wait for them.
            turn.touch(self)
        level = self.ready.level
        again = level.again or bool(level.returned)
        if not (level.returned or level.fresh):
            return None
        sequence, message = taken(level)
        if rules is not None:
            # Whoever gets it is told how many are left, and the next one may be about to go.
            rules.expire(turn.wall_ms, _EXPIRED_AT_ONCE, turn)
            turn.touch(self)
        return sequence, message, again

    def discard(self, entries: list[Entry], turn: "Turn") -> None:
        """Messages that were handed out were refused, for good."""
        if self.deleted:
            self._let_go(len(entries))
        else:
            self.bury(entries, REJECTED, turn)

    def put_back(
        self,
        entries: list[Entry],
        turn: "Turn",
        *,
        failed: bool = True,  # noqa: ARG002
        ended: bool = False,  # noqa: ARG002
    ) -> None:
        """Messages that were handed out come back to their old places, to be redelivered. ``failed``: it counts as an
        attempt, where attempts count. ``ended``: nobody gave them back, their channel ended.
        """
        if self.deleted:
            self._let_go(len(entries))
            return
        self.ready.put_back(entries)
        turn.touch(self)
        if self.rules is not None:
            # Before consumers get any of it, as in RabbitMQ.
            self.rules.trim(sys.maxsize, turn)
            self.rules.expire_returned(turn.wall_ms, turn)

    # -- how messages end otherwise ------------------------------------------------------------------------------------

    def bury(self, entries: list[Entry], reason: str, turn: "Turn") -> int:
        """Messages leave for a reason other than an ack. What that cost, in dispatched messages."""
        if self.settings.dead_letter_exchange is None:
            self.settle([sequence for sequence, _ in entries], turn)
        else:
            self.burials.add(self, entries, reason, turn)
        return len(entries)

    def unburied(self, death: Death, turn: "Turn") -> None:
        """Dead letters found no place, and must not be lost, unless the queue is."""
        if self.deleted:
            self._let_go(len(death.entries))
            return
        self.burials.failed(death, turn)
        self._look_ahead(turn)

    # -- consumers -----------------------------------------------------------------------------------------------------

    def used(self, turn: "Turn") -> None:
        """Somebody declared it, asked it for a message, or was its last consumer: it may be unused for long again."""
        expires_ms = self.settings.expires_ms
        self._idle_at = None if expires_ms is None else turn.now + expires_ms / 1000
        if expires_ms is not None:
            self._look_ahead(turn)

    def begin(self, turn: "Turn") -> None:
        """The broker begins, and the queue was restored."""
        self.used(turn)
        if self.rules is not None:
            turn.touch(self)

    def subscribe(self, subscriber: Subscriber, turn: "Turn") -> None:
        self._subscribers.add(subscriber)
        self.ever_consumed = True
        turn.touch(self)

    def unsubscribe(self, subscriber: Subscriber, turn: "Turn") -> None:
        """It gets no more; what it was given stays with it until settled."""
        self._subscribers.remove(subscriber)
        if not self._subscribers:
            self.used(turn)
        elif self.settings.single_active:
            # Another one takes its place.
            turn.touch(self)

    def reconsider(self, subscriber: Subscriber, turn: "Turn") -> None:
        """It may have room again."""
        self._subscribers.reconsider(subscriber)
        turn.touch(self)

    # -- time ----------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """See ``timetable.Timed``."""
        return self._due

    def tick(self, turn: "Turn") -> None:
        """A message may have outlived its time, or the queue itself."""
        self._due = None
        if self.deleted:
            return
        self.burials.tick(turn)
        if self._idle_at is not None and self._idle_at <= turn.now and not self._subscribers and self._on_idle:
            self._on_idle(self, turn)
        elif self.rules is not None:
            turn.touch(self)
        else:
            self._look_ahead(turn)

    def _look_ahead(self, turn: "Turn") -> None:
        """Have the queue looked at when the next message, or the queue, will have outlived its time."""
        moments = []
        if self._idle_at is not None and not self._subscribers:
            moments.append(self._idle_at)
        if self.burials.again_at is not None:
            moments.append(self.burials.again_at)
        deadline_ms = None if self.rules is None else self.rules.next_deadline_ms()
        if deadline_ms is not None:
            moments.append(turn.now + (deadline_ms - turn.wall_ms) / 1000)
        self._due = min(moments, default=None)
        if moments:
            turn.look_at(self)

    # -- end -----------------------------------------------------------------------------------------------------------

    def delete(self, turn: "Turn") -> int:
        """Drop what waits, tell the consumers; how many messages waited.

        What is out with clients counts on: it takes up memory until they settle it or go.
        """
        count = self.message_count
        self._forget(turn)
        self._idle_at = None
        self._let_go(self.burials.give_up())
        turn.forget(self)
        subscribers, self._subscribers = self._subscribers, self._make_subscribers()
        for subscriber in subscribers:
            subscriber.queue_gone(turn)
        return count
