"""One worker with Celery's default settings: calls, delays, retries, groups and chains, remote control, events."""

import subprocess
import sys
import threading
import time

import pytest

from interop.clients.celery.conftest import worker
from interop.clients.process import INSTALL, eventually

celery = pytest.importorskip("celery", reason=INSTALL)
_PATIENCE_S = 30


@pytest.fixture(scope="module", autouse=True)
def hares(broker_url):
    with worker(broker_url, "tasks", "hares") as running:
        yield running  # killed in the end: Celery's own orderly stop has been seen to take half a minute, with RabbitMQ


@pytest.fixture(scope="module")
def tasks(broker_url):
    from interop.clients.celery import tasks

    yield tasks
    tasks.app.close()


def test_a_task_gives_its_result(tasks):
    assert tasks.add.delay(2, 3).get(_PATIENCE_S) == 5


def test_many_tasks_give_each_its_own(tasks):
    calls = [tasks.add.delay(number, number) for number in range(200)]
    assert [call.get(_PATIENCE_S) for call in calls] == [2 * number for number in range(200)]


def test_an_error_comes_back_as_itself(tasks):
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        tasks.divide.delay(1, 0).get(_PATIENCE_S)


def test_a_countdown_is_waited_for(tasks):
    begun = time.time()
    assert tasks.now.apply_async(countdown=1.5).get(_PATIENCE_S) >= begun + 1.5


def test_an_eta_does_not_hold_up_what_comes_after(tasks):
    later = tasks.now.apply_async(countdown=2)
    sooner = tasks.now.delay()
    assert sooner.get(_PATIENCE_S) < later.get(_PATIENCE_S)


def test_a_task_that_has_expired_is_not_done(tasks):
    with pytest.raises(celery.exceptions.TaskRevokedError):
        tasks.add.apply_async((1, 1), countdown=0.5, expires=0.1).get(_PATIENCE_S)


def test_retries_end_with_the_result(tasks):
    assert tasks.fragile.delay(2).get(_PATIENCE_S) == 3


def test_retries_end_with_the_last_one(tasks):
    with pytest.raises(celery.exceptions.MaxRetriesExceededError):
        tasks.fragile.delay(9).get(_PATIENCE_S)


def test_groups_and_chains(tasks):
    assert celery.group(tasks.add.s(number, 1) for number in range(5)).delay().get(_PATIENCE_S) == [1, 2, 3, 4, 5]
    assert celery.chain(tasks.add.s(1, 2), tasks.add.s(3), tasks.add.s(4)).delay().get(_PATIENCE_S) == 10


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("inspect", "ping"), "hares@localhost: OK\n        pong"),
        (("status",), "1 node online"),
    ],
    ids=["ping", "status"],
)
def test_the_command_line_finds_the_worker(broker_url, command, answer):
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "interop.clients.celery.tasks", *command],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer in done.stdout


def test_a_worker_is_told_to_consume_from_one_more_queue(tasks):
    (answer,) = tasks.app.control.add_consumer("warren-extra", destination=["hares@localhost"], reply=True)
    assert answer == {"hares@localhost": {"ok": "add consumer warren-extra"}}
    assert tasks.add.apply_async((4, 4), queue="warren-extra").get(_PATIENCE_S) == 8
    tasks.app.control.cancel_consumer("warren-extra", destination=["hares@localhost"])


def test_a_revoked_task_is_not_done(tasks):
    call = tasks.now.apply_async(countdown=1)
    call.revoke()
    with pytest.raises(celery.exceptions.TaskRevokedError):
        call.get(_PATIENCE_S)


def test_a_receiver_sees_a_tasks_life(tasks):
    seen = {}
    with tasks.app.connection_for_read() as connection:
        receiver = tasks.app.events.Receiver(connection, handlers={"*": lambda event: _keep(seen, event)})
        ended = threading.Event()

        def watch():
            for _ in receiver.consume(limit=None, timeout=None):
                if ended.is_set():
                    return

        watcher = threading.Thread(target=watch)
        tasks.app.control.enable_events()
        watcher.start()
        try:
            eventually(lambda: None in seen, "a worker's heartbeat event")
            call = tasks.add.delay(1, 1)
            assert call.get(_PATIENCE_S) == 2
            eventually(lambda: "task-succeeded" in seen.get(call.id, ()), "the event of its end")
        finally:
            ended.set()
            tasks.add.delay(0, 0)  # one more event wakes the watcher
            watcher.join(_PATIENCE_S)
            tasks.app.control.disable_events()
    assert set(seen[call.id]) == {"task-sent", "task-received", "task-started", "task-succeeded"}


def _keep(seen, event):
    """By task, None being what concerns no task."""
    seen.setdefault(event.get("uuid"), []).append(event["type"])
