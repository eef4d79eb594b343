"""Bits flipped in a log's closed segment: told by name and place, and everything else in it is served."""

from random import Random

import pytest

from streams.writer import LogWriter
from tests.conversation import Basic, Broker, Confirm
from tests.streams.faulty import FaultyFiles

STREAM = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 3000}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Segments and chunks of a few messages."""
    monkeypatch.setattr("broker.store.store.QUEUE_SEGMENT_BYTES", 3000)
    monkeypatch.setattr(LogWriter, "CHUNK_BYTES", 500)


def bodies(*numbers):
    return [b"message %04d %s" % (number, b"." * 50) for number in numbers]


def filled(files, **arguments):
    """A broker that took a hundred messages, some at a time, and stopped."""
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True, arguments=arguments)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    for begin in range(0, 100, 5):
        client.publish(1, *bodies(*range(begin, begin + 5)), delivery_mode=2)
        client.expect(Basic.Ack)
    broker.stop()


def segments(files, kind):
    return sorted(path for path in files.entries if path.startswith(f"data/logs/{kind}1."))


def flip(files, path):
    """One bit in the middle of the file."""
    data = files.entries[path].now
    data[len(data) // 2] ^= 0x10


def test_a_damaged_queue_gives_all_but_what_was_hit():
    files = FaultyFiles(Random(1))
    filled(files)
    paths = segments(files, "q")
    assert len(paths) > 3
    flip(files, paths[1])
    broker = Broker(files=files.after_kill(Random(1)))
    client = broker.connect(1)
    client.consume(no_ack=False)
    got = client.deliveries()
    damages = [notice for notice in broker.notices if "damaged" in notice]
    assert len(damages) == 1
    assert damages[0].startswith(f"{paths[1]}: bytes ")
    missing = [body for body in bodies(*range(100)) if body not in [each.body for each in got]]
    assert 0 < len(missing) <= 10
    assert [each.body for each in got] == [body for body in bodies(*range(100)) if body not in missing]
    assert broker.queue("q").message_count == 0
    client.ack(1, 0, multiple=True)
    broker.stop()
    again = Broker(files=files.after_kill(Random(1)))
    assert again.queue("q").message_count == 0
    client = again.connect(1)
    client.publish(1, b"life goes on", delivery_mode=2)
    assert client.drain() == [b"life goes on"]


def test_a_damaged_stream_gives_all_but_what_was_hit_at_the_same_offsets():
    files = FaultyFiles(Random(1))
    filled(files, **STREAM)
    paths = segments(files, "s")
    assert len(paths) > 3
    flip(files, paths[1])
    broker = Broker(files=files.after_kill(Random(1)))
    client = broker.connect(1)
    client.consume(prefetch=1000, arguments={"x-stream-offset": "first"})
    got = {each.properties.headers["x-stream-offset"]: each.body for each in client.deliveries()}
    damages = [notice for notice in broker.notices if "damaged" in notice]
    assert len(damages) == 1
    assert damages[0].startswith(f"{paths[1]}: bytes ")
    assert "offsets" in damages[0]
    assert 90 <= len(got) < 100
    assert got == {offset: body for offset, body in enumerate(bodies(*range(100))) if offset in got}


def test_damaged_settlements_give_messages_again_and_nothing_is_lost():
    """What said that they were settled is gone: they come once more, marked, rather than any other being lost."""
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare(durable=True)
    client.publish(1, *bodies(*range(10)), delivery_mode=2)
    client.consume(prefetch=5)
    client.ack(1, *[each.delivery_tag for each in client.deliveries()])
    client.frames()
    broker.stop()
    (path,) = segments(files, "q")
    data = files.entries[path].now
    chunk = data.rfind(b"LVCK")
    data[chunk + 70] ^= 1
    again = Broker(files=files.after_kill(Random(1)))
    client = again.connect(1)
    client.consume(tag="again")
    got = client.deliveries()
    assert [each.body for each in got][-5:] == bodies(*range(5, 10))
    assert all(each.redelivered for each in got)
