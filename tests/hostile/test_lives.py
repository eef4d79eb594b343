"""Bad lives: clients that stop in the middle of something. Each leaves the broker exactly as it found it, at once."""

import pytest

from tests.census import census
from tests.conversation import PROTOCOL_HEADER, Basic, Broker, Channel, Confirm, Connection, Queue, Tx
from tests.hostile.noise import frame, opening


@pytest.fixture
def broker():
    """One with a queue that others publish to, and a client that lives on."""
    broker = Broker()
    client = broker.connect(1)
    client.declare()
    client.declare("busy")
    client.publish(1, *[b"x" * 100] * 50, key="busy")
    client.get("busy", no_ack=False)
    client.publish(1, b"warm", key="nowhere")
    client.frames()
    return broker


def says_nothing(client):
    pass


def says_half_a_header(client):
    client.send_bytes(PROTOCOL_HEADER[:5])


def stops_before_its_login(client):
    client.send_bytes(PROTOCOL_HEADER)


def is_refused(client):
    client.send_bytes(PROTOCOL_HEADER)
    client.send(0, client.start_ok("guest", "wrong"))


def stops_before_open(client):
    client.send_bytes(PROTOCOL_HEADER)
    client.send(0, client.start_ok(), Connection.TuneOk(2047, 131072, 60))


def opens_a_thousand_channels(client):
    client.shake_hands()
    client.send_bytes(b"".join(frame(1, number, b"\x00\x14\x00\x0a\x00") for number in range(1, 1001)))


def dies_in_a_frame(client):
    client.send_bytes(opening() + frame(3, 1, bytes(100_000))[:90_000])


def dies_before_the_header(client):
    client.send_bytes(opening() + frame(1, 1, b"\x00\x3c\x00\x28\0\0\0\x01q\0"))


def dies_before_the_body(client):
    client.send_bytes(opening())
    client.send_bytes(client.publish_bytes(1, b"y" * 500_000)[:400_000])


def never_reads(client):
    client.shake_hands()
    client.open_channel(1)
    client.reads = False
    client.send(1, Basic.Consume(queue="busy"), *[Basic.Get(queue="busy")] * 10)


def holds_everything_at_once(client):
    client.shake_hands(heartbeat=60)
    for number in (1, 2, 3):
        client.open_channel(number)
    client.declare("mine", exclusive=True)
    client.declare("brief", auto_delete=True)
    client.call(1, Queue.Bind(queue="mine", exchange="amq.topic", routing_key="#.a.*"), Queue.BindOk)
    client.consume("mine", tag="a")
    client.consume("brief", tag="b")
    client.consume("busy", channel=2, tag="c", prefetch=3)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.call(3, Tx.Select(), Tx.SelectOk)
    client.publish(1, *[b"x"] * 10, exchange="amq.topic", key="z.a.b", headers={"h": [1, {"t": None}]})
    client.publish(3, b"never")
    client.ack(2, 1)
    client.frames()


def is_in_the_middle_of_closing_a_channel(client):
    client.shake_hands()
    client.open_channel(1)
    client.consume("busy")
    client.send(1, Queue.Purge(queue="missing"))


def is_being_closed(client):
    client.shake_hands()
    client.open_channel(1)
    client.consume("busy")
    client.send_bytes(frame(9, 1, b""))


def said_good_bye(client):
    client.shake_hands()
    client.open_channel(1)
    client.consume("busy")
    client.send(0, Connection.Close(200, "", 0, 0))


LIVES = [
    says_nothing,
    says_half_a_header,
    stops_before_its_login,
    is_refused,
    stops_before_open,
    opens_a_thousand_channels,
    dies_in_a_frame,
    dies_before_the_header,
    dies_before_the_body,
    never_reads,
    holds_everything_at_once,
    is_in_the_middle_of_closing_a_channel,
    is_being_closed,
    said_good_bye,
]


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_a_client_that_is_gone_left_nothing_behind(broker, live):
    before, held = census(), broker.node.gauge.bytes
    for _ in range(3):
        client = broker.accept(refereed=False)
        live(client)
        client.die()
        assert client.session.outbox.size == 0
        broker.clients.remove(client)
        del client
    del broker.notices[:]
    # A consumer that acked one took it for good.
    gone = 3 if live is holds_everything_at_once else 0
    after = census()
    # Compiled messages are not the collector's, so the census knows none of them; the queue's count tells, below.
    if before["Message"]:
        after["Message"] += gone
    assert after == before
    assert broker.queues == {"q", "busy"}
    assert broker.queue("busy").message_count == 49 - gone
    assert broker.node.gauge.bytes == pytest.approx(held, rel=0.1)


@pytest.mark.parametrize("live", LIVES, ids=lambda live: live.__name__)
def test_a_client_that_stays_and_is_silent_is_gone_in_time_or_does_no_harm(broker, live):
    client = broker.accept(refereed=False)
    live(client)
    broker.advance(200)
    other = broker.connect(1)
    other.declare("fine", exclusive=True)
    other.publish(1, b"fine", key="fine")
    assert other.drain("fine") == [b"fine"]
    must_be_gone = live not in (opens_a_thousand_channels, never_reads, is_in_the_middle_of_closing_a_channel) and (
        not live.__name__.startswith("dies")
    )
    assert client.session.ending or not must_be_gone


def test_a_table_nested_without_end_is_refused():
    client = Broker().connect(1, refereed=False)
    table = b""
    for _ in range(20_000):
        table = b"A" + len(table).to_bytes(4, "big") + table
    table = b"\x01a" + table
    arguments = b"\0\0\x01z\0" + len(table).to_bytes(4, "big") + table
    client.send_bytes(frame(1, 1, b"\x00\x32\x00\x0a" + arguments))
    client.expect(Connection.Close, reply_code=501)


def test_properties_nested_without_end_are_refused():
    client = Broker().connect(1, refereed=False)
    client.declare()
    table = b""
    for _ in range(20_000):
        table = b"A" + len(table).to_bytes(4, "big") + table
    table = b"\x01a" + table
    publish = frame(1, 1, b"\x00\x3c\x00\x28\0\0\0\x01q\0")
    head = b"\x00\x3c\0\0" + bytes(8) + b"\x20\x00" + len(table).to_bytes(4, "big") + table
    client.send_bytes(publish + frame(2, 1, head))
    client.expect(Connection.Close, reply_code=541)


def test_the_same_consumer_a_thousand_times_over():
    broker = Broker()
    client = broker.connect(1)
    client.declare()
    before = census()
    for _ in range(1000):
        client.consume()
        client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    assert census() == before


def test_channels_opened_and_closed_ten_thousand_times():
    broker = Broker()
    client = broker.connect(1)
    before = census()
    open_, close = frame(1, 2, b"\x00\x14\x00\x0a\x00"), frame(1, 2, b"\x00\x14\x00\x28\x00\xc8\x00\0\0\0\0")
    client.referee = None
    client.send_bytes((open_ + close) * 10_000)
    names = {type(got.method) for got in client.frames()}
    assert names == {Channel.OpenOk, Channel.CloseOk}
    assert census() == before
