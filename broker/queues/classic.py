"""ClassicQueue: messages in order, each to one consumer, kept until it is settled.

A transient queue is all in memory. A durable one has a log (``store.queue_log``) for what must outlive the broker, and
memory holds a window of it: once 8 MiB of messages wait, later ones are written and not kept, and are read back in
blocks, in a thread, as the window empties.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from broker.message import Message
from broker.queues.gauge import MemoryGauge
from broker.queues.ready import Entry, Ready
from broker.queues.subscribers import Subscriber, Subscribers
from broker.store.queue_log import QueueLog
from broker.turn import ERROR
from streams.cursor import AT_TAIL, NEED_BLOCK, Wait
from streams.errors import ReadFailed
from streams.reads import BlockRead

if TYPE_CHECKING:
    from broker.turn import Turn

# What a queued message costs beside its content: the object, its place in the deque, the bytes' own head (measured:
# 234-250 bytes in all for a 16-byte message, whose content is 46).
MESSAGE_OVERHEAD_BYTES = 200
# Deliveries are handed over in pieces of about this size, as an outbox only says that it is full afterwards; whoever
# takes part in one piece may share an outbox with all the others.
_PIECE_BYTES = 256 * 1024
# What waits in memory of a durable queue, by the estimate above: some 30,000 small messages. A block from the disk has
# 2,600 of them and takes 0.2 ms, in which a fast consumer takes 500.
_WINDOW_BYTES = 8 * 1024 * 1024


class ClassicQueue:
    """A queue. ``held`` counts what waits in memory and what is out with consumers, ``held_bytes`` estimates its size.

    The size of a message that leaves is taken to be the mean, so nothing is counted once a message; an empty queue
    counts 0. ``open_log`` makes a durable queue's log when its first message comes; ``log`` is one that was restored.
    """

    def __init__(
        self,
        name: str,
        *,
        durable: bool,
        auto_delete: bool,
        exclusive_owner: object | None,
        arguments: dict[str, Any],
        gauge: MemoryGauge,
        log_id: int = 0,
        open_log: Callable[[], QueueLog] | None = None,
        log: QueueLog | None = None,
    ) -> None:
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.exclusive_owner = exclusive_owner
        self.arguments = arguments
        self.log_id = log_id
        self.deleted = False
        self.heeds_conditions = True
        self.ever_consumed = False
        self.held = 0
        self.held_bytes = 0.0
        self._ready = Ready()
        self._subscribers = Subscribers()
        self._gauge = gauge
        self._open_log = open_log
        self._log = log
        self._reading = False
        if log is not None:
            log.read_on = self._read_on

    @property
    def message_count(self) -> int:
        """How many messages wait; those out with consumers do not count."""
        return len(self._ready) + (0 if self._log is None else self._log.behind)

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
        if self._open_log is None:
            self._hold(len(messages), size_bytes)
            self._ready.push(messages)
            return None
        log = self._log
        if log is None:
            log = self._log = self._open_log()
            log.read_on = self._read_on
        base = log.append(messages, persistent=persistent, turn=turn)
        if log.behind or len(self._ready) > self._window():
            log.leave_behind(base, messages, persistent=persistent)
            if not persistent:
                self._hold(len(messages), size_bytes)
        else:
            log.loaded = base + len(messages)
            self._hold(len(messages), size_bytes)
            self._ready.push_row(base, messages)
        return log if persistent else None

    def _hold(self, count: int, size_bytes: int) -> None:
        size = size_bytes + count * MESSAGE_OVERHEAD_BYTES
        self.held += count
        self.held_bytes += size
        self._gauge.bytes += size

    def dispatch(self, turn: "Turn", budget: int) -> int:
        """Hand waiting messages to consumers with room, in turn. See ``turn.Dispatcher``."""
        ready, subscribers, log = self._ready, self._subscribers, self._log
        given = 0
        if not subscribers:
            return 0
        while True:
            if log is not None and log.behind:
                self._refill(log, turn)
            if not (ready.returned or ready.fresh):
                break
            if given >= budget:
                turn.touch(self)
                break
            wanted = 1 if ready.returned else min(self._piece(), budget - given, len(ready.fresh))
            takers, each = subscribers.with_room(wanted)
            if not takers:
                break
            if ready.returned:
                sequence, message = ready.take_returned()
                takers[0].deliver([message], sequence, 1, redelivered=True)
                if takers[0].no_ack:
                    self._settle_row(sequence, 1, turn)
            else:
                self._deal(takers, each, turn)
            subscribers.served(takers)
            given += each * len(takers)
        return given

    def _piece(self) -> int:
        return self._messages_in(_PIECE_BYTES)

    def _window(self) -> int:
        return self._messages_in(_WINDOW_BYTES)

    def _messages_in(self, size_bytes: int) -> int:
        return max(1, int(size_bytes * self.held / self.held_bytes)) if self.held_bytes else 1

    def _deal(self, takers: list[Subscriber], each: int, turn: "Turn") -> None:
        ready, k = self._ready, len(takers)
        sequence, again = ready.head, ready.again
        messages = ready.take_fresh(each * k)
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
        ready, log = self._ready, self._log
        if log is not None and log.behind and not (ready.returned or ready.fresh):
            self._refill(log, turn, at_once=True)
            # More than one may have come, and there may be consumers who wait for them.
            turn.touch(self)
        if ready.returned:
            return *ready.take_returned(), True
        if not ready.fresh:
            return None
        sequence, again = ready.head, ready.again
        return sequence, ready.take_fresh(1)[0], again

    def settle(self, sequences: Sequence[int], turn: "Turn") -> None:
        """Messages that were handed out are done with. Whoever has room again for it says ``reconsider``."""
        if self._log is not None:
            self._log.settle(sequences, turn)
        self._let_go(len(sequences))

    def _settle_row(self, sequence: int, count: int, turn: "Turn") -> None:
        if self._log is not None:
            self._log.settle_range(sequence, sequence + count, turn)
        self._let_go(count)

    def put_back(self, entries: list[Entry], turn: "Turn") -> None:
        """Messages that were handed out come back to their old places, to be redelivered."""
        if self.deleted:
            self._let_go(len(entries))
            return
        self._ready.put_back(entries)
        turn.touch(self)

    def purge(self, turn: "Turn") -> int:
        """Drop what waits; how many there were. What is out with consumers stays with them."""
        count, log = self.message_count, self._log
        in_memory = len(self._ready)
        if log is not None:
            in_memory += log.kept
            for begin, end in self._ready.numbers():
                log.settle_range(begin, end, turn)
            log.drop_behind(turn)
            turn.write(log, 0)
        self._ready.clear()
        self._let_go(in_memory)
        return count

    # -- what waits on disk --------------------------------------------------------------------------------------------

    def _refill(self, log: QueueLog, turn: "Turn", *, at_once: bool = False) -> None:
        """Fill the window when it is half empty. ``at_once``: a get cannot wait, so its block is read here and now."""
        while log.behind and 2 * len(self._ready) < self._window():
            try:
                found = log.next_pieces()
                if found is NEED_BLOCK and at_once:
                    block = log.wanted_block
                    assert block is not None
                    block.perform()
                    log.feed(block)
                    continue
            except ReadFailed as error:
                turn.notice(ERROR, f"queue '{self.name}': {error}")
                return
            if isinstance(found, Wait):
                self._wait(found, log, turn)
                return
            if log.log.damages:
                log.tell(turn)
            for head, messages in found:
                self._take_in(head, messages, log)
            # They were held all the time.
            self._let_go(log.kept_taken)
            if at_once and len(self._ready):
                return

    def _take_in(self, head: int, messages: list[Message], log: QueueLog) -> None:
        self._hold(len(messages), sum([len(message.content) for message in messages]))
        before = max(0, min(log.handed_out - head, len(messages)))
        if before:
            self._ready.push_row(head, messages[:before], again=True)
        if before < len(messages):
            self._ready.push_row(head + before, messages[before:])

    def _wait(self, what: Wait, log: QueueLog, turn: "Turn") -> None:
        block = log.wanted_block
        if what is AT_TAIL:
            # Whatever is behind and not durable yet has to become so; ``read_on`` is called then.
            turn.write(log, 0)
        elif block is not None and not self._reading:
            self._reading = True
            turn.read(block, self._fed)

    def _fed(self, block: BlockRead, turn: "Turn") -> None:
        self._reading = False
        log = self._log
        if log is None or self.deleted:
            return
        try:
            log.feed(block)
        except ReadFailed as error:
            turn.notice(ERROR, f"queue '{self.name}': {error}")
            turn.read_again(self)
            return
        turn.touch(self)

    def _read_on(self, turn: "Turn") -> None:
        turn.touch(self)

    def handed_out(self) -> int:
        """For a restart: messages before this place may have been delivered, those from it on never were."""
        log = self._log
        if log is None:
            return 0
        return max(log.handed_out, self._ready.never_handed_out(log.loaded))

    def _let_go(self, count: int) -> None:
        size = self.held_bytes if count >= self.held else self.held_bytes * count / self.held
        self.held -= count
        self.held_bytes -= size
        self._gauge.bytes -= size

    # -- consumers -----------------------------------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber, turn: "Turn") -> None:
        self._subscribers.add(subscriber)
        self.ever_consumed = True
        turn.touch(self)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """It gets no more; what it was given stays with it until settled."""
        self._subscribers.remove(subscriber)

    def reconsider(self, subscriber: Subscriber, turn: "Turn") -> None:
        """It may have room again."""
        self._subscribers.reconsider(subscriber)
        turn.touch(self)

    # -- end -----------------------------------------------------------------------------------------------------------

    def delete(self, turn: "Turn") -> int:
        """Drop what waits, tell the consumers; how many messages waited.

        What is out with clients counts on: it takes up memory until they settle it or go.
        """
        count, log = self.message_count, self._log
        self._let_go(len(self._ready) + (0 if log is None else log.kept))
        self._ready.clear()
        if log is not None:
            log.delete(turn)
        self.deleted = True
        subscribers, self._subscribers = self._subscribers, Subscribers()
        for subscriber in subscribers:
            subscriber.queue_gone(turn)
        return count
