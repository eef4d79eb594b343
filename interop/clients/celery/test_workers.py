"""Workers of other kinds: killed at work, with priorities, with chords, on quorum queues."""

import time

import pytest

from interop.clients.process import INSTALL, eventually

celery = pytest.importorskip("celery", reason=INSTALL)
_PATIENCE_S = 30


def test_a_killed_workers_task_is_done_by_another(work, tmp_path):
    from interop.clients.celery import tasks

    begun = tmp_path / "begun"
    doomed = work("tasks", "doomed", "-Q", "digging")
    call = tasks.dig.apply_async((str(begun),), queue="digging")
    eventually(begun.exists, "the first worker to begin")
    doomed.kill()
    work("tasks", "heir", "-Q", "digging")
    assert call.get(_PATIENCE_S) == "heir@localhost"
    tasks.app.close()


def test_the_highest_priority_is_done_first(work, tmp_path):
    from interop.clients.celery import ranked

    lines = tmp_path / "lines"
    for number, priority in enumerate([0, 9, 3, 9, 0, 5, 10]):
        call = ranked.write.apply_async((str(lines), f"{priority} {number}"), priority=priority)
    work("ranked", "ranked", "--concurrency", "1")
    eventually(lambda: lines.exists() and lines.read_text().count("\n") == 7, "all tasks")
    assert lines.read_text().splitlines() == ["10 6", "9 1", "9 3", "5 5", "3 2", "0 0", "0 4"]
    call.forget()
    ranked.app.close()


def test_a_chord_sums_up_what_its_group_gave(work, monkeypatch, tmp_path):
    monkeypatch.setenv("WARREN_RESULTS", str(tmp_path))
    from interop.clients.celery import chords

    chords.app.conf.result_backend = f"file://{tmp_path}"
    work("chords", "chords")
    result = celery.chord(chords.square.s(number) for number in range(10))(chords.total.s())
    assert result.get(_PATIENCE_S) == 285
    chords.app.close()


def test_on_quorum_queues_the_broker_keeps_what_is_for_later(work):
    from interop.clients.celery import quorum

    work("quorum", "council")
    begun = time.time()
    later = quorum.now.apply_async(countdown=3)
    assert begun <= quorum.now.delay().get(_PATIENCE_S) < begun + 3
    # It waits for whole seconds there: Celery takes the countdown's floor.
    assert begun + 2 <= later.get(_PATIENCE_S) < begun + 8
    quorum.app.close()
