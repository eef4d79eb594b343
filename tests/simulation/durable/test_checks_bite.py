"""Each promise broken on purpose: some life soon finds out, and says what is wrong."""

import re

import pytest

from broker.message import Message
from broker.node import Node
from broker.queues.ready import Ready
from broker.session.confirms import Promise
from broker.store.committing import Batch, Committing
from broker.store.queue_log import QueueLog
from broker.store.stream_log import StreamLog
from broker.turn import Turn
from streams.commit import Commit
from streams.layout import Layout
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
