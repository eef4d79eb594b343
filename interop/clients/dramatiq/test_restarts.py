"""The broker is killed under a Dramatiq worker: both come back, and what was confirmed is done."""

import pytest

from interop.clients.dramatiq.conftest import worker
from interop.clients.dramatiq.looking import lines
from interop.clients.process import INSTALL, eventually

dramatiq = pytest.importorskip("dramatiq", reason=INSTALL)
rabbitmq = pytest.importorskip("dramatiq.brokers.rabbitmq", reason=INSTALL)


def send(url, path, *numbers, **options):
    """By a broker of its own: the actors' one belongs to the broker of the other tests."""
    broker = rabbitmq.RabbitmqBroker(url=url, confirm_delivery=True, max_priority=10)
    for number in numbers:
        broker.enqueue(
            dramatiq.Message(queue_name="warren", actor_name="write", args=(str(path), number), kwargs={}, options={}),
            **options,
        )
    broker.close()


def test_a_worker_goes_on_after_the_broker_was_killed(lasting, path):
    with worker(lasting.url):
        send(lasting.url, path, 1)
        eventually(lambda: lines(path) == ["1"], "the first message")
        send(lasting.url, path, 2, delay=3000)
        lasting.kill()
        lasting.start()
        send(lasting.url, path, 3)
        eventually(lambda: sorted(lines(path)) == ["1", "2", "3"], "both others")


def test_what_was_sent_before_the_kill_is_done_after_it(lasting, path):
    send(lasting.url, path, *range(100))
    lasting.kill()
    lasting.start()
    with worker(lasting.url):
        eventually(lambda: len(lines(path)) == 100, "all that was confirmed")
    assert sorted(map(int, lines(path))) == list(range(100))
