"""Hard errors: the connection ends, with the right words and after its things were given back."""

from struct import Struct

import pytest

from tests.conversation import Basic, Channel, Connection, Queue

_HEAD = Struct(">BHI")


def frame(kind, channel, payload, end=0xCE):
    return _HEAD.pack(kind, channel, len(payload)) + payload + bytes([end])


def header(size=0, properties=b"\0\0", class_id=60, weight=0, channel=1):
    payload = class_id.to_bytes(2, "big") + weight.to_bytes(2, "big") + size.to_bytes(8, "big") + properties
    return frame(2, channel, payload)


PUBLISH = frame(1, 1, b"\x00\x3c\x00\x28\x00\x00\x00\x01q\x00")
ACK = frame(1, 1, b"\x00\x3c\x00\x50" + bytes(8) + b"\x01")
NO_METHOD = "UNEXPECTED_FRAME - expected method frame, got non method frame instead"
NO_HEADER = "UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead"
NO_BODY = "UNEXPECTED_FRAME - expected content body, got non content body frame instead"


@pytest.fixture
def client(broker):
    client = broker.connect(1)
    client.declare()
    client.referee = None
    return client


@pytest.mark.parametrize(
    ("data", "code", "text"),
    [
        pytest.param(
            frame(4, 1, b"abc"), 501, 'FRAME_ERROR - type 4, all octets = <<"abc">>: unknown_frame', id="type"
        ),
        pytest.param(frame(4, 0, b""), 501, "FRAME_ERROR - type 4, all octets = <<>>: unknown_frame", id="type on 0"),
        pytest.param(frame(8, 1, b""), 505, "UNEXPECTED_FRAME - type 8, all octets = <<>>", id="heartbeat on 1"),
        pytest.param(frame(3, 0, b"x"), 505, 'UNEXPECTED_FRAME - type 3, all octets = <<"x">>', id="body on 0"),
        pytest.param(frame(3, 1, b"x"), 505, NO_METHOD, id="body from nowhere"),
        pytest.param(header(), 505, NO_METHOD, id="header from nowhere"),
        pytest.param(PUBLISH + PUBLISH, 505, NO_HEADER, id="publish in publish"),
        pytest.param(PUBLISH + ACK, 505, NO_HEADER, id="ack in publish"),
        pytest.param(PUBLISH + frame(3, 1, b"x"), 505, NO_HEADER, id="body before header"),
        pytest.param(PUBLISH + header(1) + header(1), 505, NO_BODY, id="header twice"),
        pytest.param(PUBLISH + header(1) + ACK, 505, NO_BODY, id="ack before body"),
        pytest.param(
            PUBLISH + header(class_id=50),
            505,
            "UNEXPECTED_FRAME - expected content header for class 60, got one for class 50 instead",
            id="another class",
        ),
        pytest.param(
            PUBLISH + header(2) + frame(3, 1, b"123"),
            501,
            "FRAME_ERROR - content body frame exceeds remaining content size",
            id="more than announced",
        ),
        pytest.param(
            PUBLISH + header(512 * 2**20 + 1),
            501,
            "FRAME_ERROR - content body size 536870913 exceeds maximum allowed size 536870912",
            id="more than may be announced",
        ),
        pytest.param(PUBLISH + header(properties=b"\x80\x00"), 541, "INTERNAL_ERROR", id="properties cut short"),
        pytest.param(frame(1, 1, b"\x00\xff\x00\x01"), 503, "COMMAND_INVALID - unimplemented method", id="no method"),
        pytest.param(frame(1, 2, b"\x00\x32\x00\x0a"), 501, "FRAME_ERROR - cannot decode <<>>", id="no arguments"),
    ],
)
def test_frames_that_are_wrong(client, data, code, text):
    client.send_bytes(data)
    client.expect_closed(code, text)


@pytest.mark.parametrize("end", [0, 0xCD, 0xFF])
def test_a_frame_that_does_not_end_as_it_must(client, end):
    client.send_bytes(frame(1, 1, b"\x00\x14\x00\x0a\x00", end) + frame(8, 0, b""))
    got = client.expect(Connection.Close, reply_code=501)
    assert got.reply_text.startswith("FRAME_ERROR - type 1, all octets = <<0,20,0,10,0>>: {invalid_frame_end_marker,")


def test_nothing_behind_a_frame_that_is_lost_is_read(client):
    client.send_bytes(_HEAD.pack(3, 1, 200_000) + frame(1, 0, b"\x00\x0a\x00\x33"))
    text = "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,200000,131064}"
    client.expect(Connection.Close, reply_code=501, reply_text=text)
    client.send(0, Connection.CloseOk())
    assert not client.session.ending
    client.broker.advance(3)
    assert client.session.ending


def test_two_errors_in_one_turn_are_one_close(client):
    client.send_bytes(frame(4, 1, b"") + frame(4, 1, b"") + _HEAD.pack(3, 1, 200_000))
    client.expect(Connection.Close)
    client.expect_nothing()


def test_a_channel_nobody_opened(client):
    client.send(2, Queue.Declare(queue="q"))
    client.expect_closed(504, "CHANNEL_ERROR - expected 'channel.open'", Queue.Declare)


def test_a_channel_closed_and_used_again(client):
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    client.send(1, Queue.Declare(queue="q"))
    client.expect_closed(504, "CHANNEL_ERROR - expected 'channel.open'", Queue.Declare)


def test_a_channel_opened_twice(client):
    client.send(1, Channel.Open())
    client.expect_closed(504, "CHANNEL_ERROR - second 'channel.open' seen", Channel.Open)


def test_more_channels_than_agreed(broker):
    client = broker.connect(1, 2, channel_max=2)
    client.send(3, Channel.Open())
    client.expect_closed(530, "NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)")


def test_a_number_above_the_agreed_maximum_is_no_error(broker):
    client = broker.connect(channel_max=2)
    client.open_channel(60_000)
    client.open_channel(60_001)


def test_a_consumer_tag_twice(client):
    client.consume(tag="c")
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    client.expect_closed(530, "NOT_ALLOWED - attempt to reuse consumer tag 'c'", Basic.Consume)


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (Channel.Flow(active=False), "active=false"),
        (Basic.Recover(requeue=False), "requeue=false"),
        (Basic.Qos(prefetch_size=5), "prefetch_size!=0 (5)"),
    ],
)
def test_what_is_not_implemented(client, method, text):
    client.send(1, method)
    client.expect_closed(540, f"NOT_IMPLEMENTED - {text}", type(method))


@pytest.mark.parametrize(
    "method",
    [
        Basic.QosOk(),
        Basic.GetEmpty(),
        Basic.RecoverOk(),
        Queue.DeclareOk("q", 0, 0),
        Channel.OpenOk(),
        Basic.ConsumeOk("c"),
    ],
    ids=lambda method: method.name,
)
def test_what_only_a_server_may_say(client, method):
    client.send(1, method)
    client.expect(Connection.Close, reply_code=503, reply_text="COMMAND_INVALID - unimplemented method")


@pytest.mark.parametrize(
    "method", [Connection.Open("/"), Connection.StartOk({}, "PLAIN", ""), Connection.TuneOk(1, 1, 1)]
)
def test_a_step_of_the_handshake_out_of_place(client, method):
    client.send(0, method)
    client.expect_closed(504, "CHANNEL_ERROR - unexpected method in connection state running", type(method))


def test_everything_is_given_back_before_the_close_is_told(broker, client):
    other = broker.connect(1)
    client.declare("mine", exclusive=True)
    client.publish(1, b"x")
    client.consume()
    client.frames()
    client.send_bytes(frame(4, 1, b""))
    client.expect(Connection.Close)
    assert broker.queues == {"q"}
    assert other.drain() == [b"x"]


def test_what_came_before_the_error_in_the_same_turn_counts(broker, client):
    other = broker.connect(1)
    client.send_bytes(client.publish_bytes(1, b"x") + frame(4, 1, b"") + client.publish_bytes(1, b"y"))
    client.expect(Connection.Close)
    assert other.drain() == [b"x"]
