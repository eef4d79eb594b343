"""Committing: the broker's logs that have something to write, taken together; one batch is under way at a time.

While a batch is being written and synced, whatever arrives forms the next one: group commit, without a timer. A batch
is performed in a thread (or at once, where the logs are in memory); everything else here runs in turns.

A confirm may rely on a queue's definition being safe, so the definitions come first in every batch, and when they
cannot be written nothing else of the batch is.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from broker.turn import ERROR, WARNING, Backlog
from streams.commit import Commit
from streams.log import Log
from streams.writer import LogWriter

if TYPE_CHECKING:
    from broker.turn import Turn

# What waits to be written, or is being written, before publishers are not read any more: a tenth of a second of a slow
# disk's work. They go on at half of it.
_CONGESTED_BYTES: Final = 16 * 1024 * 1024
# Settlements wait this long for a commit that carries messages: a crash in between gives these messages out once more,
# flagged. At 2,000 messages a second, each acked alone, a commit for each ack doubled the broker's work.
_PATIENCE_S: Final = 0.02
# A disk that refused a write is asked again this often.
_RETRY_S: Final = 1.0
# Files of logs that are kept open between commits; to open one again costs 10 µs.
_OPEN_FILES: Final = 256
# Logs in one batch, each of which has its file open meanwhile: a publish to a fanout of 10,000 queues takes many.
_LOGS_AT_ONCE: Final = 256


class Logged:
    """A log with its writer, and whoever waits for its commits. ``writer`` is set by the maker."""

    __slots__ = ("log", "waiters", "writer")

    writer: LogWriter

    def __init__(self, log: Log) -> None:
        self.log = log
        # Called in the turn that follows the next commit, in the order they came.
        self.waiters: dict[Callable[[Turn], None], None] = {}

    def is_done(self, number: int) -> bool:
        """Whether what was appended while ``writer.forming`` was ``number`` is safe, or gone with the whole log.

        The log is gone when the deletion is committed: a crash before that may bring it back, and all that is safe.
        """
        return self.writer.done >= number

    def gather(self, now_ms: int) -> None:
        """A commit is about to be taken: append what was put off until now."""

    def committed(self, turn: "Turn") -> None:
        """A commit succeeded."""
        waiters, self.waiters = self.waiters, {}
        for waiter in waiters:
            turn.flush(waiter)

    def take_findings(self) -> list[tuple[int, str]]:
        """What opening or reading found out about the log's files since it was asked last: level and text of each."""
        log = self.log
        found = [(WARNING, str(repair)) for repair in log.repairs] + [(ERROR, str(damage)) for damage in log.damages]
        log.repairs.clear()
        log.damages.clear()
        return found

    def tell(self, turn: "Turn") -> None:
        """Report the findings."""
        for level, text in self.take_findings():
            turn.notice(level, text)


class Batch:
    """One commit of each log that had something to write."""

    __slots__ = ("_commits", "_first_alone")

    def __init__(self, commits: list[tuple[Logged, Commit]], *, first_alone: bool) -> None:
        self._commits: list[tuple[Logged, Commit, OSError | None]] = [(log, commit, None) for log, commit in commits]
        self._first_alone = first_alone

    def perform(self) -> None:
        """Write and sync. Keeps each log's OSError instead of raising it."""
        rest = self._commits
        if self._first_alone:
            self._attempt(rest[:1])
            error = self._commits[0][2]
            rest = rest[1:]
            if error is not None:
                self._commits[1:] = [(log, commit, error) for log, commit, _ in rest]
                return
        self._attempt(rest)

    def _attempt(self, part: list[tuple[Logged, Commit, OSError | None]]) -> None:
        """All are written before the first is synced: the disk then has them together."""
        errors: dict[int, OSError] = {}
        for verb in (Commit.write, Commit.sync):
            for _, commit, _ in part:
                if id(commit) not in errors:
                    try:
                        verb(commit)
                    except OSError as error:
                        errors[id(commit)] = error
        if errors:
            self._commits = [(log, commit, errors.get(id(commit), before)) for log, commit, before in self._commits]

    def results(self) -> list[tuple[Logged, Commit, OSError | None]]:
        return self._commits


class Committing:
    """``definitions`` is the log that goes first, None where there is none.

    ``failure`` is what the disk said last, None when all is well. ``retry_at`` is in monotonic seconds.
    """

    __slots__ = ("_backlog", "_bytes_under_way", "_open", "definitions", "failure", "retry_at", "under_way")

    def __init__(self, backlog: Backlog) -> None:
        self.definitions: Logged | None = None
        self.failure: OSError | None = None
        self.retry_at: float | None = None
        self.under_way: Batch | None = None
        self._backlog = backlog
        self._bytes_under_way = 0
        self._open: OrderedDict[Logged, None] = OrderedDict()

    @property
    def waiting_bytes(self) -> int:
        """What is not safe yet."""
        return self._backlog.unwritten_bytes + self._bytes_under_way

    def is_congested(self, *, was: bool) -> bool:
        """Whether publishers had better wait for the disk."""
        return self.waiting_bytes > (_CONGESTED_BYTES // 2 if was else _CONGESTED_BYTES)

    def next_deadline(self) -> float | None:
        """When ``take`` may give something that it does not give now, whatever else happens. Monotonic seconds."""
        if self.under_way is not None:
            return None
        if self.retry_at is None and self._backlog.patient:
            return self._backlog.patient_since + _PATIENCE_S
        return self.retry_at

    def take(self, turn: "Turn") -> Batch | None:
        """The next batch, or None when there is nothing to write, or one is under way, or the disk is left alone."""
        backlog = self._backlog
        if self.under_way is not None or (self.retry_at or 0.0) > turn.now:
            return None
        if not backlog.unwritten and not (backlog.patient and turn.now >= backlog.patient_since + _PATIENCE_S):
            return None
        waiting = {**backlog.unwritten, **backlog.patient}
        if self.definitions in waiting:
            waiting = {self.definitions: None, **waiting}
        backlog.unwritten, backlog.patient = {}, {}
        commits: list[tuple[Logged, Commit]] = []
        first_alone = False
        for log in waiting:
            if len(commits) == _LOGS_AT_ONCE:
                backlog.unwritten[log] = None
                continue
            log.gather(turn.wall_ms)
            commit = log.writer.take_pending()
            if commit is not None:
                commits.append((log, commit))
                first_alone = first_alone or log is self.definitions
        if not commits:
            return None
        self._bytes_under_way, backlog.unwritten_bytes = backlog.unwritten_bytes, 0
        self.under_way = Batch(commits, first_alone=first_alone)
        return self.under_way

    def finished(self, batch: Batch, turn: "Turn") -> None:
        """A batch was performed: what it carried is safe, or waits for the next attempt."""
        assert batch is self.under_way
        self.under_way = None
        backlog = self._backlog
        failure = None
        for log, commit, error in batch.results():
            if error is not None:
                failure = error
                log.writer.failed(commit)
                backlog.unwritten[log] = None
                continue
            log.writer.committed(commit)
            self._note_open(log)
            log.committed(turn)
            if log.writer.has_work:
                backlog.unwritten[log] = None
            elif log.writer.deleted:
                self._open.pop(log, None)
        if failure is not None:
            # Counted again with the next attempt.
            backlog.unwritten_bytes += self._bytes_under_way
        self._bytes_under_way = 0
        self._judge(failure, turn)

    def _note_open(self, log: Logged) -> None:
        self._open[log] = None
        self._open.move_to_end(log)
        if len(self._open) > _OPEN_FILES:
            self._open.popitem(last=False)[0].writer.rest()

    def _judge(self, failure: OSError | None, turn: "Turn") -> None:
        if failure is not None:
            if self.failure is None:
                turn.notice(ERROR, f"cannot write to the data directory: {failure}; trying again until it works")
            self.retry_at = turn.now + _RETRY_S
        elif self.failure is not None:
            turn.notice(WARNING, "the data directory can be written to again")
            self.retry_at = None
        self.failure = failure

    def close(self) -> None:
        """Close the files that are open."""
        while self._open:
            self._open.popitem()[0].writer.close()
