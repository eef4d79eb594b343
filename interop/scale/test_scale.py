"""The instruments notice what may not be; and all commands, in small, with leveret and with RabbitMQ."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pamqp import body, commands, frame, header

from interop import rabbitmq
from interop.scale.checked import Broken, CheckedConsumer
from interop.scale.dead_letters import Rejecter
from interop.scale.expiring import ExpiringPublisher
from interop.scale.expiry import _expect_in_time
from interop.scale.numbered import Numbers
from interop.scale.stage import Bounds
from interop.scale.steady import describe, worst_second_ms

_ROOT = Path(__file__).parents[2]


class FakeClient:
    """The client's end of a socket pair, past the set-up; ``early`` is what came together with consume-ok."""

    def __init__(self, end, early=b""):
        self.socket = end
        self._early = early

    def call(self, method):
        pass

    def rest(self):
        return self._early


def delivery(tag, number, *, size=20, redelivered=False, offset=None):
    headers = None if offset is None else {"a": 1, "x-stream-offset": (1 << 40) + offset}
    frames = [
        commands.Basic.Deliver("scale", tag, redelivered=redelivered, exchange="", routing_key="q"),
        header.ContentHeader(body_size=size, properties=commands.Basic.Properties(delivery_mode=2, headers=headers)),
        body.ContentBody(number.to_bytes(16) + b"." * (size - 16)),
    ]
    return b"".join(frame.marshal(each, 1) for each in frames)


def take(data, *, chunk=None, kind=CheckedConsumer, **wanted):
    """What a consumer makes of the data, read in pieces of that size."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        chunk = chunk or len(data)
        consumer = kind(FakeClient(ours, data[:3]), "q", size=20, prefetch=10, **wanted)
        for start in range(3, len(data), chunk):
            theirs.sendall(data[start : start + chunk])
            consumer.read()
        return consumer


@pytest.mark.parametrize("size", [16, 100])
@pytest.mark.parametrize(("first", "most", "count"), [(0, 9, 9), (250, 900, 6), (65_536, 900, 256), (300, 1, 1)])
def test_a_block_holds_the_numbers_from_the_first_on(first, most, count, size):
    block = Numbers("q", size, 131_072).block(first, most)
    assert block.count == count
    data, bodies = bytes(block.data), []
    while data:
        used, _, found = frame.unmarshal(data)
        if isinstance(found, body.ContentBody):
            bodies.append(found.value)
        data = data[used:]
    assert [int.from_bytes(each[:16]) for each in bodies] == list(range(first, first + count))
    assert {len(each) for each in bodies} == {size}


@pytest.mark.parametrize("chunk", [1, 7, 61, 62, 1000])
def test_deliveries_are_read_however_they_are_cut(chunk):
    assert take(b"".join(delivery(n + 1, n) for n in range(9)), chunk=chunk).received == 9
    offset = 1 << 40
    data = b"".join(delivery(n + 1, offset + 5 + n, offset=5 + n) for n in range(9))
    assert take(data, chunk=chunk, offsets=True, start=offset + 5).next_number == offset + 14


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (delivery(1, 0) + delivery(2, 2), "delivery 2 should .*'number': 1}, and was .*'number': 2}"),
        (delivery(1, 0) + delivery(2, 0), "'number': 0}"),
        (delivery(1, 1), "'number': 1}"),
        (delivery(1, 0) + delivery(3, 1), "'tag': 3"),
        (delivery(1, 0) + delivery(2, 1, redelivered=True), "'redelivered': 1"),
    ],
)
def test_what_is_lost_doubled_or_wrongly_marked_is_noticed(data, complaint):
    with pytest.raises(Broken, match=complaint):
        take(data)


def test_a_wrong_offset_or_none_is_noticed():
    offset = 1 << 40
    with pytest.raises(Broken, match=f"'offset': {offset + 2}, 'number': {offset + 1}"):
        take(delivery(1, offset, offset=0) + delivery(2, offset + 1, offset=2), offsets=True, start=offset)
    with pytest.raises(Broken, match="without x-stream-offset"):
        take(delivery(1, 0), offsets=True)


def test_what_was_held_must_be_marked_and_the_rest_may_be_after_a_kill():
    marked = delivery(1, 0, redelivered=True) + delivery(2, 1, redelivered=True)
    assert take(marked + delivery(3, 2), marked=2).redelivered == 2
    with pytest.raises(Broken):
        take(marked + delivery(3, 2), marked=3)
    with pytest.raises(Broken):
        take(marked + delivery(3, 2), marked=1)
    assert take(marked + delivery(3, 2), marked=1, others_marked=True).redelivered == 2
    with pytest.raises(Broken):
        take(delivery(1, 0) + delivery(2, 1, redelivered=True), marked=1, others_marked=True)


def test_what_expires_before_its_time_is_noticed():
    _expect_in_time(1, [10.0, 10.1], now=10.1)
    with pytest.raises(Broken, match=r"message 1 expired 100\.0 ms before its time"):
        _expect_in_time(1, [10.0, 10.1], now=10.0)


def test_rejected_messages_that_go_round_begin_again():
    data = b"".join(delivery(n + 1, n % 3) for n in range(9))
    assert take(data, circle=3, kind=Rejecter).received == 9
    with pytest.raises(Broken):
        take(data, circle=4, kind=Rejecter)


@pytest.mark.parametrize("own", [True, False])
def test_messages_that_expire_are_of_one_length_with_their_deaths(own):
    """What the dead letter tells of the time to live, the body does without."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = FakeClient(ours)
        client.frame_max = 131_072
        lives = [0.5, 0.0049, 12.345, 0.0]
        publisher = ExpiringPublisher(client, "q", lambda number, now: now + lives[number], own=own, window=10)
        publisher.upto = len(lives)
        data, properties, bodies = bytes(publisher._next_block().data), [], []
    while data:
        used, _, found = frame.unmarshal(data)
        if isinstance(found, header.ContentHeader):
            properties.append(found.properties)
        elif isinstance(found, body.ContentBody):
            bodies.append(found.value)
        data = data[used:]
    assert [int.from_bytes(each[-16:]) for each in bodies] == list(range(len(lives)))
    if own:
        assert [each.expiration for each in properties] == ["500", "4", "12345", "0"]
        lengths = {len(one) + len(each.expiration) for one, each in zip(bodies, properties, strict=True)}
    else:
        assert {each.expiration for each in properties} == {None}
        lengths = {len(one) for one in bodies}
    assert len(lengths) == 1


def test_the_worst_second_counts():
    calm = [(n / 1000, 0.001, 0.0) for n in range(3000)]
    storm = [(sent_at, 0.2 if 1 <= sent_at < 1.1 else took, late) for sent_at, took, late in calm]
    assert worst_second_ms(calm) == 1
    assert worst_second_ms(storm) == 200
    # Of the whole it is the 97th in a hundred.
    assert "p99 200.0" in describe(storm)
    assert "p99 1.0" in describe(calm)


def test_a_broken_bound_is_remembered(capsys):
    bounds = Bounds()
    bounds.hold("a thing", 3, 4, "s")
    assert not bounds.broken
    bounds.hold("a thing", 5, 4, "s")
    bounds.hold("a thing", 3, 4, "s")
    assert bounds.broken
    assert capsys.readouterr().out.count("BROKEN") == 1


COMMANDS = [
    ["streams", "--count", "3000"],
    ["backlog", "--count", "3000", "--held", "50"],
    ["backlog", "--count", "3000", "--held", "0", "--size", "200", "--kill"],
    ["definitions", "--count", "300", "--kill"],
    ["expiry", "--count", "1000"],
    ["dead_letters", "--count", "3000"],
]
# Bounds are not what a small run is about: the machine may be busy.
BOUNDS = {
    "streams": [],
    "backlog": ["--start-s", "60"],
    "definitions": ["--start-s", "60"],
    "expiry": ["--growth", "1e9"],
    "dead_letters": ["--p99-ms", "60000", "--calm-s", "0.2", "--circle-s", "0.5"],
}


def run(arguments):
    bounds = ["--rss-mb", "2000", *BOUNDS[arguments[0]]]
    command = [sys.executable, "-m", "interop.scale", *arguments, *bounds]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.parametrize("durability", ["fsync", "os"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_leveret_passes_in_small(arguments, durability):
    ended = run([*arguments, "--durability", durability])
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.rabbitmq
@pytest.mark.skipif(rabbitmq.installed() is None, reason="no RabbitMQ here; python -m interop.rabbitmq.install")
@pytest.mark.parametrize("arguments", COMMANDS[:2], ids=" ".join)
def test_rabbitmq_passes_in_small(arguments):
    ended = run([*arguments, "--rabbitmq", "/"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.search("each once and in order|50 marked redelivered", ended.stdout)
