"""What hostile clients did to the broker before it was besieged, each kept under its name."""

import sys

import pytest

from protocol.amqp.content import ContentAssembler
from protocol.amqp.properties import BadProperties, Checker
from protocol.amqp.tables import VALUES_MAX, TableError, crowded, read_table, write_table
from tests.conversation import Basic, Broker, Connection
from tests.hostile.noise import frame


def sized(table: bytes) -> bytes:
    return len(table).to_bytes(4, "big") + table


def test_a_body_of_two_bytes_a_frame_takes_no_more_room_than_it_has():
    """An object for each piece: forty times the body's size."""
    assembler = ContentAssembler(1, 10**6, Checker())
    assembler.start(b"\0\0\0\0\0")
    assembler.add(2, b"\0\x3c\0\0" + (100_000).to_bytes(8, "big") + b"\0\0")
    for number in range(49_999):
        assembler.add(3, number.to_bytes(2, "big"))
    assert sum(sys.getsizeof(piece) for piece in assembler.bodies) < 300_000
    assert assembler.add(3, b"ab")
    body = b"".join(number.to_bytes(2, "big") for number in range(49_999)) + b"ab"
    assert assembler.finish().endswith(body + b"\xce")


@pytest.mark.parametrize("sizes", [[1, 2000, 1, 1, 3000, 5], [2000, 1], [1] * 10])
def test_small_and_large_pieces_of_a_body_stay_in_order(sizes):
    pieces = [bytes([65 + place]) * size for place, size in enumerate(sizes)]
    assembler = ContentAssembler(1, 10**6, Checker())
    assembler.start(b"\0\0\0\0\0")
    assembler.add(2, b"\0\x3c\0\0" + sum(sizes).to_bytes(8, "big") + b"\0\0")
    assert [assembler.add(3, piece) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert assembler.finish().endswith(b"".join(pieces) + b"\xce")


CROWDED = {
    "many fields": b"\x00V" * 60_000,
    "an array of nothing": b"\x01aA" + sized(b"V" * 120_000),
    "small tables in an array": b"\x01aA" + sized((b"F" + sized(b"\x00V" * 20)) * 200),
    "texts": b"\x01aS\0\0\0\x01x" * (VALUES_MAX + 1),
}
ROOMY = {
    "as many as may be": b"\x01aI\0\0\0\x01" * VALUES_MAX,
    "one long text": b"\x01aS" + sized(b"x" * 100_000),
    "as many in arrays": b"".join(b"\x01aA" + sized(b"t\x01" * 1022) for _ in range(2)),
}


@pytest.mark.parametrize("table", CROWDED.values(), ids=CROWDED)
def test_a_table_of_thousands_of_values_is_refused_before_it_is_read(table):
    """Reading 130,000 of them stopped the broker for 0.1 s, as often as somebody sent them."""
    assert crowded(sized(table), 0)
    with pytest.raises(BadProperties):
        Checker().check(b"\x20\x00" + sized(table))


@pytest.mark.parametrize("table", ROOMY.values(), ids=ROOMY)
def test_a_large_table_of_few_values_is_taken(table):
    assert not crowded(sized(table), 0)
    Checker().check(b"\x20\x00" + sized(table))
    assert read_table(sized(table))[1] == len(table) + 4


@pytest.mark.parametrize("table", [b"\x01a?" * 3000, b"\x01aS\xff\xff\xff\xff" + bytes(5000), b"\xff" * 5000])
def test_what_is_no_table_is_not_found_crowded(table):
    assert not crowded(sized(table), 0)
    with pytest.raises(TableError):
        read_table(sized(table))


def test_who_declares_with_such_a_table_is_refused_and_nobody_else():
    broker = Broker()
    hostile, other = broker.connect(1), broker.connect(1)
    table = sized(b"\x00V" * 4000)
    hostile.send_bytes(frame(1, 1, b"\0\x32\0\x0a\0\0\x04bomb\x08" + table))
    assert hostile.frames()[-1].name == "Connection.Close"
    other.declare("mine")
    assert broker.queues == {"mine"}
    assert write_table({}) == sized(b"")


class Stepping:
    """A stopwatch on which each look takes as long as a few methods."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 0.0001
        return self.seconds


def test_tiny_methods_are_done_a_piece_at_a_time():
    """64 KiB of basic.qos were one turn of 80 ms."""
    broker = Broker()
    broker.node.stopwatch = Stepping()
    client = broker.connect(1)
    client.frames()
    session = next(iter(broker.node.sessions))
    client.send(1, *[Basic.Qos(prefetch_count=1)] * 100)
    pieces, answered = 1, len(client.frames())
    assert 1 <= answered < 20
    while session.interrupted:
        client.send_bytes(b"")
        pieces += 1
        answered += len(client.frames())
    assert answered == 100
    assert pieces > 5


def test_heartbeats_and_bodies_that_say_nothing_are_a_piece_at_a_time_too():
    broker = Broker()
    broker.node.stopwatch = Stepping()
    client = broker.connect(1)
    session = next(iter(broker.node.sessions))
    client.send_bytes(b"\x08\0\0\0\0\0\0\xce" * 1000)
    assert session.interrupted


def test_messages_are_never_interrupted():
    broker = Broker()
    client = broker.connect(1)
    client.declare("q")
    broker.node.stopwatch = Stepping()
    busy = broker.connect(1)
    busy.publish(1, *[b"x"] * 1000, key="q")
    assert broker.queue("q").message_count == 1000


@pytest.mark.parametrize(("values", "answer"), [(255, Connection.Tune), (256, None)])
def test_of_itself_a_client_may_not_say_more_than_256_things(values, answer):
    client = Broker().accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    said = {f"{number}": True for number in range(values)}
    client.send(0, Connection.StartOk({**said, "one": True}, "PLAIN", "\0guest\0guest", "en_US"))
    if answer is not None:
        client.expect(answer)
    client.expect_nothing()


def test_a_table_that_is_too_deep_is_not_looked_at_to_its_end():
    """1,128 levels, as fit into a first frame, took 1.9 ms."""
    table = b""
    for _ in range(1128):
        table = b"\x01aF" + len(table).to_bytes(4, "big") + table
    data = Watched(len(table).to_bytes(4, "big") + table)
    assert not crowded(data, 0)
    assert data.seen < 7 * 120
    with pytest.raises(TableError):
        read_table(bytes(data))


class Watched(bytes):
    """How far it was looked at."""

    seen = 0

    def __getitem__(self, key):
        stop = key.stop if isinstance(key, slice) else key + 1
        self.seen = max(self.seen, stop)
        return super().__getitem__(key)
