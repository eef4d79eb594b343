"""Each promise broken on purpose: some life soon finds out, and says what is wrong."""

import re

import pytest

from broker.message import Message
from broker.node import Node
from broker.queues.classic import ClassicQueue
from broker.queues.ready import Ready
from broker.session.confirms import Promise
from broker.session.subscription import Limit
from broker.store.committing import Batch, Committing
from broker.store.queue_log import QueueLog
from broker.store.settled import SettledSet
from broker.store.stream_log import StreamLog
from broker.turn import Turn
from streams.commit import Commit
from streams.layout import Layout
from streams.writer import LogWriter
from tests.simulation.durable import life

SEEDS = 300


def confirm_too_early(patch) -> None:
    patch.setattr(Promise, "kept", property(lambda _: True))


def answer_too_early(patch) -> None:
    def touched(node: Node) -> None:
        node.backlog.unwritten[node.definitions] = None

    patch.setattr(Node, "_definitions_touched", touched)


def forget_settlements(patch) -> None:
    gather = QueueLog.gather

    def forgetful(log: QueueLog, now_ms: int) -> None:
        log._newly.clear()
        gather(log, now_ms)

    patch.setattr(QueueLog, "gather", forgetful)


def forget_the_redelivered_mark(patch) -> None:
    mark(patch, again=False)


def mark_all_redelivered(patch) -> None:
    mark(patch, again=True)


def mark(patch, *, again: bool) -> None:
    push_row = Ready.push_row

    def push(ready: Ready, head: int, messages: list[Message], **_: bool) -> None:
        push_row(ready, head, messages, again=again)

    patch.setattr(Ready, "push_row", push)


def write_definitions_beside_the_rest(patch) -> None:
    make = Batch.__init__
    patch.setattr(Batch, "__init__", lambda batch, commits, *, first_alone: make(batch, commits, first_alone=False))


def leave_out_syncs(patch) -> None:
    def rename_only(commit: Commit) -> None:
        commit._sync, was = False, commit._sync
        sync(commit)
        commit._sync = was

    sync = Commit.sync
    patch.setattr(Commit, "sync", rename_only)


def show_readers_what_is_not_safe(patch) -> None:
    take, written = Committing.take, Layout.written
    shown: list[Commit] = []

    def take_and_show(committing: Committing, turn: Turn) -> Batch | None:
        batch = take(committing, turn)
        for logged, commit, _ in () if batch is None else batch.results():
            if isinstance(logged, StreamLog) and commit.segment is not None:
                written(logged.writer._layout, commit)
                shown.append(commit)
                logged.on_committed(turn)
        return batch

    def written_once(layout: Layout, commit: Commit) -> None:
        if all(commit is not each for each in shown):
            written(layout, commit)

    patch.setattr(Committing, "take", take_and_show)
    patch.setattr(Layout, "written", written_once)


def keep_everything_in_memory(patch) -> None:
    patch.setattr(ClassicQueue, "_window", lambda _: 1_000_000)


def leave_files_behind(patch) -> None:
    remove_all = LogWriter._remove_all

    def forget(writer: LogWriter) -> None:
        remove_all(writer)
        writer._removals.clear()

    patch.setattr(LogWriter, "_remove_all", forget)


def let_go_of_what_is_not_settled(patch) -> None:
    patch.setattr(SettledSet, "settled_within", lambda _, begin, end: end - begin)


def lose_what_memory_does_not_hold(patch) -> None:
    patch.setattr(QueueLog, "leave_behind", lambda *_, **__: None)


def put_back_at_the_end(patch) -> None:
    def put_back(ready: Ready, entries) -> None:
        for sequence, message in entries:
            ready.push_row(sequence, [message])

    patch.setattr(Ready, "put_back", put_back)


def give_one_more_than_there_is_room(patch) -> None:
    room = Limit.room
    patch.setattr(Limit, "room", lambda limit: room(limit) + 1)


def append_message_by_message(patch) -> None:
    append = LogWriter.append

    def one_by_one(writer: LogWriter, records, now_ms: int, *rest, **more) -> int:
        writer._open = None
        base = writer.next_offset
        for record in records:
            append(writer, [record], now_ms, *rest, **more)
            writer._open = None
        return base

    patch.setattr(LogWriter, "append", one_by_one)


def forget_a_reader_whose_block_was_refused(patch) -> None:
    patch.setattr(Turn, "read_again", lambda *_: None)


@pytest.mark.parametrize(
    ("breach", "complaint"),
    [
        (confirm_too_early, r"the confirm of \d+ was sent, and .* are not safe"),
        (answer_too_early, r"needs state \d+ of the definitions, and \d+ is safe"),
        (forget_settlements, r"\[.*\] were settled, safely, and are back"),
        (forget_the_redelivered_mark, r"may have been delivered before and is not flagged"),
        (mark_all_redelivered, r"is flagged and was never delivered"),
        (
            write_definitions_beside_the_rest,
            r"was sent, and .* are not safe|safe up to \d+, and after the crash|are lost",
        ),
        (leave_out_syncs, r"safe up to \d+, and after the crash it ends at \d+|are lost|definitions: there is"),
        (show_readers_what_is_not_safe, r"\d+ was delivered and \d+ are safe"),
        (keep_everything_in_memory, r"has \d+ messages in memory, and \d+ are a full window"),
        (leave_files_behind, r"files of .*, which are gone"),
        (let_go_of_what_is_not_settled, r"are lost"),
        (lose_what_memory_does_not_hold, r"message count \d+, not \d+"),
        (put_back_at_the_end, r"were given out, and .* were first|may have been delivered before and is not flagged"),
        (give_one_more_than_there_is_room, r"outstanding, prefetch|outstanding on the channel, shared prefetch"),
        (append_message_by_message, r"half of a batch shows"),
        (forget_a_reader_whose_block_was_refused, r"mostly on disk, and .* has room|was never given"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_promise_is_noticed(breach, complaint, monkeypatch):
    breach(monkeypatch)
    for seed in range(SEEDS):
        try:
            life.run(seed)
        except Exception as error:
            if re.search(complaint, str(error), re.DOTALL):
                return
    pytest.fail(f"{SEEDS} lives, and nobody noticed")
