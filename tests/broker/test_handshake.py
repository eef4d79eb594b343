"""From the protocol header to open-ok, and every way not to get there."""

import pytest

from tests.conversation import CAPABILITIES, PROTOCOL_HEADER, Broker, Channel, Connection
from tests.hostile.noise import opening

SASL_HEADER = b"AMQP\x03\x01\x00\x00"


@pytest.fixture
def client(broker):
    return broker.accept()


def start(client):
    client.send_bytes(PROTOCOL_HEADER)
    return client.expect(Connection.Start)


def tune(client):
    start(client)
    return client.call(0, client.start_ok(), Connection.Tune)


def test_start_names_what_clients_look_at(client):
    got = start(client)
    assert (got.version_major, got.version_minor) == (0, 9)
    assert "PLAIN" in got.mechanisms.split()
    assert "AMQPLAIN" in got.mechanisms.split()
    assert "en_US" in got.locales
    assert got.server_properties["product"] == "RabbitMQ"
    assert int(got.server_properties["version"].split(".")[0]) >= 3
    capabilities = got.server_properties["capabilities"]
    for name in ("publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked"):
        assert capabilities[name] is True


def test_tune_offers_the_settings():
    client = Broker(frame_max_bytes=50_000, channel_max=7, heartbeat_s=11).accept()
    got = tune(client)
    assert (got.frame_max, got.channel_max, got.heartbeat) == (50_000, 7, 11)


def test_the_header_of_0_9_is_served(client):
    client.send_bytes(b"AMQP\x01\x01\x00\x09")
    client.expect(Connection.Start)


@pytest.mark.parametrize("cut", range(1, 8))
def test_the_header_may_come_in_pieces(client, cut):
    client.send_bytes(PROTOCOL_HEADER[:cut])
    client.expect_nothing()
    client.send_bytes(PROTOCOL_HEADER[cut:])
    client.expect(Connection.Start)


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (b"AMQP\x00\x00\x09\x00", None),
        (b"AMQP\x00\x00\x0a\x00", PROTOCOL_HEADER),
        (b"AMQP\x00\x01\x00\x00", PROTOCOL_HEADER),
        (b"AMQP\x03\x01\x00\x00", PROTOCOL_HEADER),
        (b"AMQP\x09\x09\x09\x09", SASL_HEADER),
        (b"GET / HT", SASL_HEADER),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", SASL_HEADER),
    ],
)
def test_another_header_is_answered_by_ours_and_the_socket_shut(client, header, answer):
    client.referee = None
    client.send_bytes(header + b"more")
    assert client.raw == (answer or PROTOCOL_HEADER)
    assert client.session.ending


def test_guest_comes_in(client):
    tune(client)


@pytest.mark.parametrize(
    ("user", "password"), [("guest", "wrong"), ("root", "guest"), ("guest", ""), ("", ""), ("guest", "güest")]
)
def test_a_wrong_login_is_refused_in_words(client, user, password):
    start(client)
    client.send(0, client.start_ok(user, password))
    client.expect_closed(
        403,
        "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.",
        0,
        0,
    )


def test_to_a_client_that_cannot_take_them_the_words_are_not_said(broker):
    client = broker.accept(capabilities={})
    start(client)
    client.send(0, client.start_ok("guest", "wrong"))
    client.expect_nothing()
    broker.advance(2.9)
    assert not client.session.ending
    broker.advance(0.1)
    assert client.session.ending


@pytest.mark.parametrize("kind", [b"S", b"x"], ids=["long strings", "bytes"])
def test_amqplain(client, kind):
    start(client)
    table = b"\x05LOGIN" + kind + b"\0\0\0\x05guest\x08PASSWORD" + kind + b"\0\0\0\x05guest"
    client.call(0, Connection.StartOk({}, "AMQPLAIN", table.decode("latin-1"), "en_US"), Connection.Tune)


@pytest.mark.parametrize(
    ("mechanism", "response"),
    [("CRAM-MD5", "x"), ("PLAIN", "guest"), ("PLAIN", ""), ("AMQPLAIN", "x"), ("AMQPLAIN", ""), ("EXTERNAL", "")],
)
def test_a_login_that_makes_no_sense_ends_in_silence(broker, client, mechanism, response):
    start(client)
    client.send(0, Connection.StartOk({"capabilities": CAPABILITIES}, mechanism, response, "en_US"))
    client.expect_nothing()
    broker.advance(3)
    assert client.session.ending


@pytest.mark.parametrize("user", ["someone", "söme one"])
def test_the_configured_user_comes_in_and_guest_does_not(user):
    broker = Broker(user=user, password="pässword")
    client = broker.accept()
    start(client)
    client.call(0, client.start_ok(user, "pässword"), Connection.Tune)
    other = broker.accept()
    start(other)
    other.send(0, other.start_ok())
    other.expect(Connection.Close, reply_code=403)


@pytest.mark.parametrize(
    ("channel_max", "frame_max"),
    [
        (0, 131072),
        (2048, 131072),
        (65535, 131072),
        (2047, 0),
        (2047, 4095),
        (2047, 131073),
        (2047, 2**32 - 1),
        (2047, 1),
    ],
)
def test_a_tune_ok_beyond_the_offer_goes_no_further(broker, client, channel_max, frame_max):
    tune(client)
    client.referee = None
    client.send(0, Connection.TuneOk(channel_max, frame_max, 0), Connection.Open("/"))
    assert not [got for got in client.frames() if got.name == "Connection.OpenOk"]
    broker.advance(40)
    assert client.session.ending


@pytest.mark.parametrize(("channel_max", "frame_max"), [(1, 4096), (2047, 131072), (100, 8192)])
def test_a_tune_ok_within_the_offer_is_kept(client, channel_max, frame_max):
    tune(client)
    client.send(0, Connection.TuneOk(channel_max, frame_max, 0))
    client.call(0, Connection.Open("/"), Connection.OpenOk)
    assert (client.session.connection.frame_max, client.session.connection.channel_max) == (frame_max, channel_max)


def test_a_virtual_host_that_is_missing(client):
    tune(client)
    client.send(0, Connection.TuneOk(2047, 131072, 0), Connection.Open("nowhere"))
    client.expect_closed(530, "NOT_ALLOWED - vhost nowhere not found", Connection.Open)


def test_virtual_hosts_do_not_see_each_other(broker):
    broker.admin.add_vhost("other")
    broker.admin.set_permissions("guest", ".*", ".*", ".*", vhost="other")
    client = broker.connect(1)
    client.declare()
    there = broker.accept()
    tune(there)
    there.send(0, Connection.TuneOk(2047, 131072, 0))
    there.call(0, Connection.Open("other"), Connection.OpenOk)
    there.open_channel(1)
    there.declare()
    there.publish(1, b"x")
    assert client.count() == 0
    assert there.count() == 1


def test_a_whole_opening_in_one_turn():
    client = Broker().accept(refereed=False)
    client.send_bytes(opening())
    kinds = [Connection.Start, Connection.Tune, Connection.OpenOk, Channel.OpenOk]
    assert [type(got.method) for got in client.frames()] == kinds


def test_an_opening_byte_by_byte():
    client = Broker().accept(refereed=False)
    client.send_bytes(*(bytes([byte]) for byte in opening()))
    assert client.frames()[-1].name == "Channel.OpenOk"


def test_who_says_nothing_is_dropped_after_the_handshake_time():
    broker = Broker(handshake_timeout_s=5)
    silent, half, open_ = broker.accept(), broker.accept(), broker.connect()
    start(half)
    broker.advance(4.9)
    assert not silent.session.ending
    broker.advance(0.1)
    assert silent.session.ending
    assert half.session.ending
    assert not open_.session.ending
    silent.expect_nothing()
    half.expect_nothing()


def test_slow_steps_do_not_win_time():
    """The time is for all of the handshake, not for each step."""
    broker = Broker(handshake_timeout_s=5)
    client = broker.accept()
    broker.advance(3)
    start(client)
    broker.advance(1)
    client.call(0, client.start_ok(), Connection.Tune)
    broker.advance(1)
    assert client.session.ending


def test_a_frame_for_a_channel_before_open(client):
    tune(client)
    client.referee = None
    client.send(1, Channel.Open())
    assert client.session.connection.state.value == "closed"


def test_a_large_frame_before_tune_ok_is_refused(client):
    start(client)
    client.referee = None
    client.send(0, Connection.StartOk({"x": "y" * 9000}, "PLAIN", "\0guest\0guest", "en_US"))
    client.expect_nothing()
    client.broker.advance(3)
    assert client.session.ending


@pytest.mark.parametrize("secret", ["guest", "another", ""])
def test_the_secret_may_be_renewed(broker, secret):
    """And is not looked at, as with RabbitMQ (3.10, 4.0) for its own users: only tokens expire."""
    client = broker.connect()
    client.call(0, Connection.UpdateSecret(secret, "why not"), Connection.UpdateSecretOk)
