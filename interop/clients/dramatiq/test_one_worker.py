"""A Dramatiq worker and those who send to it: delays, retries, the dead."""

import time

import pika
import pytest

from interop.clients.dramatiq.conftest import worker
from interop.clients.dramatiq.looking import lines, waiting
from interop.clients.process import INSTALL, eventually

dramatiq = pytest.importorskip("dramatiq", reason=INSTALL)
pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture(scope="module")
def running(url):
    with worker(url, prefetch=8) as program:
        yield program
        assert program.stop() == 0


def test_an_actor_does_what_it_is_sent(actors, path):
    for number in range(50):
        actors.write.send(str(path), number)
    eventually(lambda: len(lines(path)) == 50, "fifty lines")
    assert sorted(map(int, lines(path))) == list(range(50))


def test_a_delayed_message_is_done_later(actors, path):
    begun = time.time()
    actors.write_time.send_with_options(args=(str(path),), delay=1500)
    actors.write_time.send(str(path))
    eventually(lambda: len(lines(path)) == 2, "two lines")
    at_once, later = map(float, lines(path))
    assert at_once < begun + 1.5 <= later


def test_a_failed_message_is_tried_again(actors, path):
    actors.fragile.send(str(path), 3)
    eventually(lambda: len(lines(path)) == 4, "the fourth attempt")


def test_what_fails_for_good_lies_with_the_dead(actors, path, url):
    before = waiting(url, "warren.XQ")
    message = actors.hopeless.send(str(path))
    eventually(lambda: waiting(url, "warren.XQ") == before + 1, "a message in the queue of the dead")
    assert lines(path) == ["tried"]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        while (got := channel.basic_get("warren.XQ"))[0] is not None:
            _, properties, body = got
        assert message.message_id in body.decode()
        death = properties.headers["x-death"][0]
        assert (death["queue"], death["reason"], death["count"]) == ("warren", "rejected", 1)


def test_groups_and_pipelines_wait_for_nobody(actors, path):
    dramatiq.pipeline([
        actors.write.message_with_options(args=(str(path), "first"), pipe_ignore=True),
        actors.write.message_with_options(args=(str(path), "second"), pipe_ignore=True),
    ]).run()  # fmt: skip
    eventually(lambda: len(lines(path)) == 2, "both lines")
    assert lines(path) == ["first", "second"]
