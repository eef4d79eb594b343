"""How bytes are cut on their way makes no difference: neither between reads nor between frames nor between peers."""

import itertools
import random

import pamqp.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from tests.conversation import Basic, Broker, Confirm, Queue, cut
from tests.hostile.noise import CONVERSATION

# Deliveries go out at the end of a turn, so what a consumer gets depends on where the turns end; all else does not.
# (The consumer of replies gets none.)
CONSUME, CONFIRM = b"\x00\x3c\x00\x14\x00\x00\x05noise", b"\x00\x3c\x00\x50"
FRAMES = [frame for frame in cut(CONVERSATION) if not frame.startswith(CONSUME, 7)]


def replies(pieces):
    """What a conversation is answered with, confirms apart: they say no more than how far they got."""
    broker = Broker()
    client = broker.connect(1, refereed=False)
    client.raw = b""
    client.send_bytes(*pieces)
    frames, confirmed = [], 0
    for raw in cut(client.raw):
        if raw[7:11] == CONFIRM:
            confirmed = int.from_bytes(raw[11:19], "big")
        else:
            frames.append(raw)
    return frames, confirmed


EXPECTED = replies(FRAMES)


def test_the_conversation_comes_to_its_end():
    frames, confirmed = EXPECTED
    assert confirmed == 5
    last, _ = (pamqp.frame.unmarshal(raw)[2] for raw in frames[-2:])
    assert last.reply_text == "PRECONDITION_FAILED - cannot switch from confirm to tx mode"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 19, 64, 500, 10_000])
def test_a_conversation_in_pieces_of_one_size(size):
    data = b"".join(FRAMES)
    assert replies(data[i : i + size] for i in range(0, len(data), size)) == EXPECTED


@given(st.lists(st.integers(0, len(b"".join(FRAMES)) - 1), max_size=12))
def test_a_conversation_cut_anywhere(places):
    data = b"".join(FRAMES)
    marks = [0, *sorted(places), len(data)]
    assert replies(data[a:b] for a, b in itertools.pairwise(marks)) == EXPECTED


def parts(message, sizes, channel=1, key="q"):
    """A publish whose body comes in frames of these sizes."""
    frames = [Basic.Publish(exchange="", routing_key=key), ContentHeader(0, len(message), Basic.Properties())]
    pos = 0
    for size in sizes:
        frames.append(ContentBody(message[pos : pos + size]))
        pos += size
    assert pos == len(message)
    return [pamqp.frame.marshal(each, channel) for each in frames]


@pytest.mark.parametrize("sizes", [(10,), (9, 1), (1,) * 10, (0, 10), (5, 0, 0, 5), (3, 7)])
def test_a_body_in_any_number_of_frames(sizes):
    client = Broker().connect(1)
    client.declare()
    client.send(1, b"".join(parts(b"0123456789", sizes)))
    assert client.drain() == [b"0123456789"]


def test_an_empty_body_is_whole_with_its_header():
    client = Broker().connect(1)
    client.declare()
    client.publish(1, b"", b"x", b"")
    assert client.drain() == [b"", b"x", b""]


def test_empty_body_frames_without_end_take_up_no_room():
    client = Broker().connect(1)
    client.declare()
    method, header, *_ = parts(b"x", [1])
    client.send(1, method + header + pamqp.frame.marshal(ContentBody(b""), 1) * 10_000)
    assembler = client.session.connection._multiplexer.channels[1].assembler
    assert not assembler.bodies
    client.send(1, pamqp.frame.marshal(ContentBody(b"x"), 1))
    assert client.drain() == [b"x"]


@pytest.mark.parametrize("size", [0, 1, 4087, 4088, 4089, 8176, 100_000])
@pytest.mark.parametrize(("publisher", "consumer"), [(131072, 4096), (4096, 131072), (4096, 4096), (8192, 5000)])
def test_a_consumer_gets_frames_that_fit_it_whatever_the_publisher_sent(size, publisher, consumer):
    """The referee measures each frame."""
    broker = Broker()
    sender, taker = broker.connect(1, frame_max=publisher), broker.connect(1, frame_max=consumer)
    sender.declare()
    message = random.Random(size).randbytes(size)
    taker.consume(no_ack=True)
    sender.publish(1, message, message)
    assert taker.bodies() == [message, message]
    sender.publish(1, message)
    taker.call(1, Basic.Cancel("c"), Basic.CancelOk)
    taker.frames()
    sender.publish(1, message)
    assert taker.get().body == message


def test_a_payload_of_frame_max_itself_is_taken():
    """Some clients forget the eight bytes of overhead; RabbitMQ lets them."""
    broker = Broker()
    client, taker = broker.connect(1, frame_max=4096), broker.connect(1, frame_max=4096)
    client.declare()
    taker.consume(no_ack=True)
    client.send(1, b"".join(parts(b"z" * 4096, [4096])))
    assert taker.bodies() == [b"z" * 4096]


def test_channels_may_interleave_in_the_middle_of_a_content():
    client = Broker().connect(1, 2)
    client.declare()
    one = parts(b"1" * 20, [10, 10])
    two = parts(b"2" * 20, [10, 10], channel=2)
    mixed = [frame for pair in zip(one, two, strict=True) for frame in pair]
    client.send_bytes(b"".join(mixed))
    assert sorted(client.drain()) == [b"1" * 20, b"2" * 20]


def test_another_channels_methods_go_on_while_a_content_is_under_way():
    client = Broker().connect(1, 2)
    client.declare()
    method, header, body = parts(b"half", [4])
    client.send(1, method + header)
    client.call(2, Confirm.Select(), Confirm.SelectOk)
    client.publish(2, b"whole")
    client.expect(Basic.Ack, 2)
    client.send(1, body)
    assert client.drain(channel=2) == [b"whole", b"half"]


def test_a_message_goes_to_other_channel_numbers_than_it_came_from():
    broker = Broker()
    sender, taker = broker.connect(7), broker.connect(7, 300)
    sender.declare(channel=7)
    taker.consume(channel=300, no_ack=True)
    sender.publish(7, b"x", b"y" * 5000)
    assert [(got.channel, got.body[:1]) for got in taker.deliveries()] == [(300, b"x"), (300, b"y")]


def test_a_client_that_dies_in_the_middle_of_a_content_publishes_nothing():
    broker = Broker()
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    method, header, body = parts(b"x" * 1000, [1000])
    client.send(1, method + header + body[:500])
    client.die()
    assert other.count() == 0


def test_large_properties_pass_through():
    client = Broker().connect(1)
    client.declare()
    headers = {f"key-{n}": "v" * 100 for n in range(500)}
    client.publish(1, b"x", headers=headers)
    assert client.get().properties.headers == headers


def test_a_run_ends_where_the_method_changes():
    client = Broker().connect(1)
    client.declare()
    client.declare("r")
    client.send_bytes(
        client.publish_bytes(1, b"q1")
        + client.publish_bytes(1, b"q2")
        + client.publish_bytes(1, b"r1", "r")
        + client.publish_bytes(1, b"q3", priority=1)
        + client.publish_bytes(1, b"", content_type="a/b")
    )
    assert client.drain() == [b"q1", b"q2", b"q3", b""]
    assert client.drain("r") == [b"r1"]


def test_the_same_publish_on_two_channels_is_not_one_run():
    client = Broker().connect(1, 2)
    client.declare()
    client.call(2, Confirm.Select(), Confirm.SelectOk)
    client.send_bytes(client.publish_bytes(1, b"a") + client.publish_bytes(2, b"b") + client.publish_bytes(1, b"c"))
    client.expect(Basic.Ack, 2, delivery_tag=1)
    assert client.drain() == [b"a", b"b", b"c"]


def test_a_queue_that_appears_between_two_publishes_of_one_turn_gets_the_second():
    client = Broker().connect(1)
    client.send(
        1,
        client.publish_bytes(1, b"before"),
        Queue.Declare(queue="q"),
        client.publish_bytes(1, b"after"),
    )
    client.expect(Queue.DeclareOk)
    assert client.drain() == [b"after"]
