"""The broker is killed under a worker: both come back, and what was confirmed or not yet acked is done."""

import time

import pytest

from interop.clients.celery.conftest import worker
from interop.clients.process import INSTALL, eventually

celery = pytest.importorskip("celery", reason=INSTALL)


@pytest.fixture(autouse=True)
def own_broker(lasting, monkeypatch):
    monkeypatch.setenv("CELERY_BROKER_URL", lasting.url)


def send(paths, **options):
    """One task a path, each confirmed: it leaves the time there."""
    with celery.Celery() as app:
        app.conf.broker_transport_options = {"confirm_publish": True}
        for path in paths:
            app.send_task("interop.clients.celery.tasks.mark", (str(path),), ignore_result=True, **options)


def test_a_worker_goes_on_after_the_broker_was_killed(lasting, tmp_path):
    first, waiting, last = (tmp_path / name for name in ("first", "waiting", "last"))
    with worker(lasting.url, "tasks", "hares"):
        send([first])
        eventually(first.exists, "the first task")
        begun = time.time()
        send([waiting], countdown=3)  # held by the worker, not yet acked
        lasting.kill()
        lasting.start()
        send([last])
        eventually(last.exists, "a task after the restart")
        eventually(lambda: waiting.exists() and waiting.read_text(), "the task that the worker had held")
        assert float(waiting.read_text()) >= begun + 3


def test_what_was_sent_before_the_kill_is_done_after_it(lasting, tmp_path):
    paths = [tmp_path / f"mark-{number}" for number in range(100)]
    send(paths)
    lasting.kill()
    lasting.start()
    with worker(lasting.url, "tasks", "hares"):
        eventually(lambda: all(path.exists() for path in paths), "all that was confirmed")
