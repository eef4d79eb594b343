"""Definitions: the log that holds every virtual host, user and permission, every durable exchange, queue, binding and
policy, and the state it adds up to.

Each change is a record (``definition_records``), appended when it happens and safe with the writer's next commit. Each
new segment holds a checkpoint of everything, behind what its first commit brings, so that older segments can go. The
one before the newest is kept, in case a checkpoint is damaged later.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from broker.store import definition_records as records
from broker.store.definition_state import (
    BindingDefinition,
    ExchangeDefinition,
    PolicyDefinition,
    QueueDefinition,
    State,
)
from broker.store.errors import UnreadableRecord
from streams.chunk import Batch
from streams.cursor import Cursor, Wait
from streams.files import Files
from streams.format import Kind
from streams.log import Log
from streams.offset_spec import Exact, First
from streams.segment import read_controls
from streams.writer import Durability, LogWriter

LOG_NAME: Final = "d"
# A segment is left when this much stands in it beside its checkpoint, and as much again as the checkpoint takes: so
# opening reads at most about twice what there is to define, and writing checkpoints at most doubles what is written.
SEGMENT_BYTES: Final = 1024 * 1024
# The writer never rolls by itself: beyond a fixed size, each commit would repeat a checkpoint larger than that.
_NEVER: Final = 2**62

_CHECKPOINT: Final = frozenset({int(Kind.CHECKPOINT)})
_ALL: Final = frozenset({int(Kind.CHECKPOINT), int(Kind.USER)})


class Definitions:
    """The definitions of one node. ``state`` is what the log says, changes that wait for a commit included.

    ``damaged``: some of the log could not be read, so definitions may be missing, or be there although they were
    deleted. The owner commits ``writer`` and reports what ``log.damages`` and ``log.repairs`` hold. A change costs
    8 µs. All times in ms since 1970.
    """

    __slots__ = ("_checkpoint_bytes", "_left", "_sound", "damaged", "log", "state", "writer")

    def __init__(self, log: Log, *, salt: int, durability: Durability) -> None:
        """Read everything from an open log, of which the caller holds the lease. See ``open``."""
        self.log = log
        self.state = State()
        self.writer = LogWriter(log, salt=salt, segment_bytes=_NEVER, durability=durability, snapshot=self._snapshot)
        self._checkpoint_bytes = 0
        # The number of the first segment whose checkpoint is known to be good; all later ones' are.
        self._sound = log.next_segment_number
        # The number of the segment that was last asked to be left.
        self._left = -1
        self._restore()
        self.damaged = bool(log.damages)
        if self.damaged:
            # What was lost may have been the start of a run that was killed.
            self.state.marks = None
            # What could be read goes into a whole segment.
            self.writer.roll()

    @classmethod
    def open(
        cls,
        files: Files,
        folder: str,
        *,
        salt: int,
        durability: Durability,
        entries: Iterable[str] | None = None,
    ) -> "Definitions":
        """Read the definitions in a folder, of which the caller holds the lease; none in a folder without any.

        Blocks: 10,000 queues with as many bindings take 140 ms, 270 with the most changes behind them. ``salt`` is 32
        random bits for a new log; ``entries`` as for ``Log.open``. Raises UnreadableRecord, UnsupportedVersion,
        ReadFailed, OSError.
        """
        log = Log.open(files, folder, LOG_NAME, entries=entries, tail_bytes=0)
        return cls(log, salt=salt, durability=durability)

    # --- reading ---

    def _restore(self) -> None:
        """The newest checkpoint that can be read, and everything behind it."""
        for segment in reversed(self.log.segments):
            found = read_controls(self.log.files, segment, _CHECKPOINT)
            if found:
                if segment is self.log.active:
                    self._checkpoint_bytes = found[-1].end - found[-1].position
                    self._sound = segment.number
                self._replay(found[-1])
                cursor = self.log.cursor(Exact(found[-1].base_offset))
                break
        else:
            cursor = self.log.cursor(First(), kinds=_ALL)
        for batch in _batches(cursor):
            self._replay(batch)

    def _replay(self, batch: Batch) -> None:
        if batch.kind == Kind.CHECKPOINT:
            self.state = State()
        state, replay = self.state, records.replay
        number = 0
        try:
            for number, record in enumerate(batch.records):  # noqa: B007 - for the error below
                replay(record, state)
        except ValueError as error:
            offset = batch.base_offset + (number if batch.kind == Kind.USER else 0)
            segment = self.log.segment_of(offset)
            path = segment.path if segment is not None else self.log.folder
            raise UnreadableRecord(path, offset, str(error)) from None

    # --- what happens ---

    def next_log_id(self) -> int:
        """A number for a new queue's log. It is never given out again once a queue was declared with it."""
        log_id = self.state.next_log_id
        self.state.next_log_id += 1
        return log_id

    def skip_log_ids(self, below: int) -> None:
        """Give out none below this one: so that logs found on disk that no definition knows never get a queue."""
        self.state.next_log_id = max(self.state.next_log_id, below)

    def exchange_declared(self, exchange: ExchangeDefinition, now_ms: int) -> None:
        record = records.exchange_declared(exchange)
        self.state.declare_exchange(exchange)
        self._append(record, now_ms)

    def exchange_deleted(self, vhost: str, name: str, now_ms: int) -> None:
        """It is gone with all bindings from and to it."""
        if self.state.delete_exchange(vhost, name):
            self._append(records.exchange_deleted(vhost, name), now_ms)

    def queue_declared(self, queue: QueueDefinition, now_ms: int) -> None:
        record = records.queue_declared(queue)
        self.state.declare_queue(queue)
        self._append(record, now_ms)

    def queue_deleted(self, vhost: str, name: str, now_ms: int) -> None:
        """It is gone with all bindings to it."""
        if self.state.delete_queue(vhost, name):
            self._append(records.queue_deleted(vhost, name), now_ms)

    def bound(self, binding: BindingDefinition, now_ms: int) -> None:
        record = records.bound(binding)
        if self.state.bind(binding):
            self._append(record, now_ms)

    def unbound(self, binding: BindingDefinition, now_ms: int) -> None:
        """The same binding is gone: one of equal ``identity``."""
        if self.state.unbind(binding):
            self._append(records.unbound(binding), now_ms)

    def policy_set(self, policy: PolicyDefinition, now_ms: int) -> None:
        record = records.policy_set(policy)
        self.state.set_policy(policy)
        self._append(record, now_ms)

    def policy_cleared(self, vhost: str, name: str, now_ms: int, *, operator: bool) -> None:
        if self.state.clear_policy(vhost, name, operator=operator):
            self._append(records.policy_cleared(vhost, name, operator=operator), now_ms)

    def vhost_set(self, name: str, metadata: dict[str, Any], now_ms: int) -> None:
        """What is set of a virtual host, in place of what was: values that JSON can hold."""
        self.state.set_vhost(name, metadata)
        self._append(records.vhost_set(name, metadata), now_ms)

    def vhost_deleted(self, name: str, now_ms: int) -> None:
        """It is gone with all that is in it."""
        if self.state.delete_vhost(name):
            self._append(records.vhost_deleted(name), now_ms)

    def user_set(self, user: dict[str, Any], now_ms: int) -> None:
        """A user, in place of any of its name: values that JSON can hold."""
        self.state.set_user(user)
        self._append(records.user_set(user), now_ms)

    def user_deleted(self, name: str, now_ms: int) -> None:
        """It is gone with its permissions."""
        if self.state.delete_user(name):
            self._append(records.user_deleted(name), now_ms)

    def permissions_set(self, user: str, vhost: str, patterns: dict[str, str], now_ms: int) -> None:
        self.state.permissions[user, vhost] = patterns
        self._append(records.permissions_set(user, vhost, patterns), now_ms)

    def permissions_cleared(self, user: str, vhost: str, now_ms: int) -> None:
        if self.state.permissions.pop((user, vhost), None) is not None:
            self._append(records.permissions_cleared(user, vhost), now_ms)

    def topic_permissions_set(
        self, user: str, vhost: str, exchange: str, patterns: dict[str, str], now_ms: int
    ) -> None:
        self.state.topic_permissions[user, vhost, exchange] = patterns
        self._append(records.topic_permissions_set(user, vhost, exchange, patterns), now_ms)

    def topic_permissions_cleared(self, user: str, vhost: str, exchange: str, now_ms: int) -> None:
        if self.state.topic_permissions.pop((user, vhost, exchange), None) is not None:
            self._append(records.topic_permissions_cleared(user, vhost, exchange), now_ms)

    def started(self, now_ms: int) -> None:
        """A new run begins: the marks of the last clean stop count no more."""
        self.state.started(self.state.generation + 1)
        self._append(records.started(self.state.generation), now_ms)

    def stopped(self, marks: Mapping[int, int], now_ms: int) -> None:
        """A clean stop; nothing is delivered any more. See ``State.marks``."""
        self.state.marks = dict(marks)
        self._append(records.stopped(marks), now_ms)

    # --- writing ---

    def _append(self, record: bytes, now_ms: int) -> None:
        self.writer.append((record,), now_ms)
        active = self.log.active
        if (
            active is not None
            and active.end >= SEGMENT_BYTES + 2 * self._checkpoint_bytes
            and active.number != self._left
        ):
            self._left = active.number
            self.writer.roll()

    def _snapshot(self) -> Iterable[tuple[Kind, Sequence[bytes]]]:
        """For the writer: what a new segment begins with. The moment to let go of what stands before the last one."""
        active = self.log.active
        if active is not None and active.number >= self._sound:
            self.writer.truncate_before(active.base_offset)
        checkpoint = records.checkpoint(self.state)
        self._checkpoint_bytes = sum(map(len, checkpoint)) + 4 * len(checkpoint)
        return [(Kind.CHECKPOINT, checkpoint)]


def _batches(cursor: Cursor) -> Iterator[Batch]:
    """All that are there; blocks. Raises ReadFailed."""
    while True:
        found = cursor.next_records()
        if isinstance(found, Batch):
            yield found
        elif found is Wait.AT_TAIL:
            return
        else:
            request = cursor.request
            assert request is not None
            request.perform()
            cursor.feed(request)
