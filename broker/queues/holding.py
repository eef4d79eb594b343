"""Holding: what one queue holds, in memory and on disk.

A transient queue is all in memory. A durable one has a log (``store.queue_log``) for what must outlive the broker, and
memory holds a window of it: once 8 MiB of messages wait, later ones are written and not kept, and are read back in
blocks, in a thread, as the window empties.
"""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from broker.message import Message
from broker.queues.gauge import MemoryGauge
from broker.queues.ready_kinds import Waiting
from broker.queues.rules import Rules
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


class Holding:
    """The messages of a queue, apart from who gets them. ``held`` counts what waits in memory and what is out with
    consumers, ``held_bytes`` estimates its size.

    The size of a message that leaves is taken to be the mean, so nothing is counted once a message; an empty queue
    counts 0. ``open_log`` makes a durable queue's log when its first message comes; ``log`` is one that was restored.
    """

    def __init__(
        self,
        name: str,
        ready: Waiting,
        *,
        gauge: MemoryGauge,
        open_log: Callable[[], QueueLog] | None,
        log: QueueLog | None,
    ) -> None:
        self.name = name
        self.deleted = False
        self.held = 0
        self.held_bytes = 0.0
        self.ready = ready
        self.rules: Rules | None = None
        self._gauge = gauge
        self._open_log = open_log
        self._log = log
        self._reading = False
        if log is not None:
            log.read_on = self._read_on

    def dispatch(self, turn: "Turn", budget: int) -> int:
        """See ``turn.Dispatcher``."""
        raise NotImplementedError

    @property
    def message_count(self) -> int:
        """How many messages wait; those out with consumers do not count."""
        return len(self.ready) + (0 if self._log is None else self._log.behind)

    # -- in and out ----------------------------------------------------------------------------------------------------

    def _add(self, messages: list[Message], size_bytes: int, turn: "Turn", *, persistent: bool) -> QueueLog | None:
        if self._open_log is None:
            self._hold(len(messages), size_bytes)
            self.ready.push(messages)
            return None
        log = self._log
        if log is None:
            log = self._log = self._open_log()
            log.read_on = self._read_on
        base = log.append(messages, persistent=persistent, turn=turn)
        if log.behind or len(self.ready) > self._window():
            log.leave_behind(base, messages, persistent=persistent)
            if not persistent:
                self._hold(len(messages), size_bytes)
        else:
            log.loaded = base + len(messages)
            self._hold(len(messages), size_bytes)
            self.ready.push_row(base, messages)
        return log if persistent else None

    def settle(self, sequences: Sequence[int], turn: "Turn") -> None:
        """Messages that were handed out are done with. Whoever has room again for it says ``reconsider``."""
        if self._log is not None:
            self._log.settle(sequences, turn)
        self._let_go(len(sequences))

    def _settle_row(self, sequence: int, count: int, turn: "Turn") -> None:
        if self._log is not None:
            self._log.settle_range(sequence, sequence + count, turn)
        self._let_go(count)

    def purge(self, turn: "Turn") -> int:
        """Drop what waits; how many there were. What is out with consumers stays with them."""
        count, log = self.message_count, self._log
        in_memory = len(self.ready)
        if log is not None:
            in_memory += log.kept
            for begin, end in self.ready.numbers():
                log.settle_range(begin, end, turn)
            log.drop_behind(turn)
            turn.write(log, 0)
        self.ready.clear()
        self._let_go(in_memory)
        return count

    def _forget(self, turn: "Turn") -> None:
        """The queue is gone, and with it all that waits; what is out is held on."""
        log = self._log
        self._let_go(len(self.ready) + (0 if log is None else log.kept))
        self.ready.clear()
        if log is not None:
            log.delete(turn)
        self.deleted = True

    # -- how much it is ------------------------------------------------------------------------------------------------

    def _hold(self, count: int, size_bytes: int) -> None:
        size = size_bytes + count * MESSAGE_OVERHEAD_BYTES
        self.held += count
        self.held_bytes += size
        self._gauge.bytes += size

    def _let_go(self, count: int) -> None:
        size = self.held_bytes if count >= self.held else self.held_bytes * count / self.held
        self.held -= count
        self.held_bytes -= size
        self._gauge.bytes -= size

    def _piece(self) -> int:
        return self._messages_in(_PIECE_BYTES)

    def _window(self) -> int:
        if self.rules is not None and self.rules.whole:
            return sys.maxsize
        return self._messages_in(_WINDOW_BYTES)

    def _messages_in(self, size_bytes: int) -> int:
        return max(1, int(size_bytes * self.held / self.held_bytes)) if self.held_bytes else 1

    # -- what waits on disk --------------------------------------------------------------------------------------------

    def _refilled(self, log: QueueLog, turn: "Turn") -> bool:
        """As ``_refill``; False where nothing may be handed out yet: with priorities all that is safe on disk has to be
        read first. What is not safe yet is not waited for, or whoever publishes all the time would keep consumers
        waiting for ever.
        """
        self._refill(log, turn)
        return not (log.unread and self.rules is not None and self.rules.settings.max_priority)

    def _refill(self, log: QueueLog, turn: "Turn", *, at_once: bool = False) -> None:
        """Fill the window when it is half empty. ``at_once``: a get cannot wait, so its block is read here and now."""
        while log.behind and 2 * len(self.ready) < self._window():
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
                # A block that was asked for is not asked for again.
                if found is AT_TAIL or not self._reading:
                    self._reading = log.go_on_when(found, turn, self._fed) or self._reading
                return
            if log.log.damages:
                log.tell(turn)
            for head, messages, arrived_ms in found:
                self._take_in(head, messages, arrived_ms, log)
            # They were held all the time.
            self._let_go(log.kept_taken)
            if at_once and len(self.ready):
                return

    def _take_in(self, head: int, messages: list[Message], arrived_ms: int, log: QueueLog) -> None:
        if self.rules is not None:
            messages = self.rules.read(messages, arrived_ms)
        self._hold(len(messages), sum([len(message.content) for message in messages]))
        before = max(0, min(log.handed_out - head, len(messages)))
        if before:
            self.ready.push_row(head, messages[:before], again=True)
        if before < len(messages):
            self.ready.push_row(head + before, messages[before:])

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
        return max(log.handed_out, self.ready.never_handed_out(log.loaded))
