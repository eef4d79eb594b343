"""Quorum queues, as one node serves them."""

from random import Random

import pytest
from pamqp.commands import Basic, Channel, Exchange, Queue

from broker.dead_letters import DeadLettering
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles

QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    return broker.connect(1)


def counts(got):
    return (got.properties.headers or {}).get("x-delivery-count")


def test_what_comes_back_is_counted_and_told(client):
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"a", headers={"mine": 1})
    for count in (None, 1, 2):
        got = client.get(no_ack=False)
        assert counts(got) == count
        assert got.properties.headers["mine"] == 1
        assert got.redelivered is (count is not None)
        client.send(1, Basic.Reject(got.delivery_tag, requeue=True))


def test_beyond_the_limit_it_is_a_dead_letter(client):
    client.declare("dead")
    client.declare(
        durable=True,
        arguments={**QUORUM, "x-delivery-limit": 1, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    client.publish(1, b"a")
    for _ in range(2):
        client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    assert client.count() == 0
    letter = client.get("dead")
    assert letter.properties.headers["x-death"][0]["reason"] == "delivery_limit"
    assert "x-delivery-count" not in letter.properties.headers


def test_what_comes_back_goes_ahead_in_the_order_it_came(client):
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"a", b"b", b"c", b"d")
    client.consume(prefetch=3)
    tags = [got.delivery_tag for got in client.deliveries()]
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    for tag in (tags[2], tags[0], tags[1]):
        client.send(1, Basic.Reject(tag, requeue=True))
    assert client.drain() == [b"c", b"a", b"b", b"d"]


UNLIMITED = {**QUORUM, "x-delivery-limit": -1}


@pytest.fixture(params=["memory", "disk"])
def unlimited(request):
    """A client of a broker with a quorum queue that knows no delivery limit."""
    client = Broker(files=None if request.param == "memory" else FaultyFiles(Random(1))).connect(1)
    client.declare(durable=True, arguments=UNLIMITED)
    return client


def test_without_a_limit_what_is_given_back_goes_to_the_end(unlimited):
    """So RabbitMQ can let go of its log, whoever gives back what again and again."""
    unlimited.publish(1, b"a", b"b", b"c", delivery_mode=2)
    tags = [unlimited.get(no_ack=False).delivery_tag for _ in range(2)]
    unlimited.send(1, *[Basic.Reject(tag, requeue=True) for tag in reversed(tags)])
    unlimited.publish(1, b"d", b"e", delivery_mode=2)
    drained = [unlimited.get() for _ in range(5)]
    assert [got.body for got in drained] == [b"c", b"b", b"a", b"d", b"e"]
    assert [counts(got) for got in drained] == [None, 1, 1, None, None]
    assert [got.redelivered for got in drained] == [False, True, True, False, False]
    assert unlimited.count() == 0


def test_without_a_limit_the_last_one_given_back_comes_at_once_and_before_what_is_published_later(unlimited):
    unlimited.publish(1, b"a", delivery_mode=2)
    unlimited.send(1, Basic.Reject(unlimited.get(no_ack=False).delivery_tag, requeue=True))
    unlimited.publish(1, b"b", delivery_mode=2)
    unlimited.consume(no_ack=True)
    assert unlimited.bodies() == [b"a", b"b"]


def test_without_a_limit_what_an_ended_channel_had_goes_ahead(unlimited):
    unlimited.publish(1, b"a", b"b", delivery_mode=2)
    unlimited.open_channel(2)
    unlimited.get(channel=2, no_ack=False)
    unlimited.call(2, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    assert unlimited.drain() == [b"a", b"b"]


@pytest.mark.parametrize("profile", ["3.13", "4.2", "4.3"])
def test_what_was_given_back_for_ever_outlives_the_broker(profile):
    files = FaultyFiles(Random(1))
    broker = Broker(files=files, profile=profile)
    client = broker.connect(1)
    client.declare(durable=True, arguments=UNLIMITED)
    client.publish(1, b"a", b"b", delivery_mode=2)
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    broker.stop()
    again = Broker(files=files, profile=profile).connect(1)
    got = {got.body: (got.redelivered, counts(got)) for got in (again.get(), again.get())}
    assert got[b"a"] == (True, 1)
    assert got[b"b"][1] is None


AT_LEAST_ONCE = {
    **QUORUM,
    "x-overflow": "reject-publish",
    "x-dead-letter-strategy": "at-least-once",
    "x-dead-letter-exchange": "",
    "x-dead-letter-routing-key": "dead",
}


def reject(client, count):
    """So many messages of q die, each alone."""
    for _ in range(count):
        client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))


def test_at_least_once_a_letter_waits_until_there_is_a_place_for_it(broker, client):
    client.declare(durable=True, arguments=AT_LEAST_ONCE)
    client.publish(1, b"a")
    reject(client, 1)
    broker.advance(5)
    client.declare("dead")
    broker.advance(5)
    assert client.drain("dead") == [b"a"]
    assert broker.node.gauge.bytes == 0


def test_at_least_once_a_queue_that_took_a_letter_does_not_get_it_again(broker, client):
    client.call(1, Exchange.Declare(exchange="dlx", exchange_type="fanout"), Exchange.DeclareOk)
    client.declare("full", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    client.publish(1, b"first", key="full")
    client.declare("dead")
    for queue in ("full", "dead"):
        client.call(1, Queue.Bind(queue=queue, exchange="dlx"), Queue.BindOk)
    client.declare(durable=True, arguments={**AT_LEAST_ONCE, "x-dead-letter-exchange": "dlx"})
    client.publish(1, b"a", b"b")
    reject(client, 2)
    broker.advance(5)
    assert client.drain("dead") == [b"a", b"b"]
    for body in (b"first", b"a", b"b"):
        assert client.drain("full") == [body]
        broker.advance(5)
    assert client.drain("dead") == client.drain("full") == []
    assert broker.node.gauge.bytes == 0


def test_at_least_once_letters_without_a_place_are_tried_a_few_at_a_time(broker, client, monkeypatch):
    tried = []
    bury = DeadLettering.bury
    monkeypatch.setattr(DeadLettering, "bury", lambda *args: tried.append(1) or bury(*args))
    client.declare(durable=True, arguments=AT_LEAST_ONCE)
    client.publish(1, *[b"%d" % number for number in range(50)])
    reject(client, 50)
    tried.clear()
    broker.advance(5)
    assert 5 <= len(tried) <= 25
    client.declare("dead")
    broker.advance(1)
    assert {int(body) for body in client.drain("dead")} == set(range(50))
    assert broker.queue("q").held == 0
    broker.advance(20)
    assert broker.node.next_deadline() is None


def test_at_least_once_letters_without_a_place_go_with_their_queue(broker, client):
    client.declare(durable=True, arguments=AT_LEAST_ONCE)
    client.publish(1, *[b"a"] * 2000)
    client.consume(no_ack=False)
    client.deliveries()
    # More of them than one turn has time for.
    client.send(1, Basic.Nack(0, multiple=True, requeue=False), Queue.Delete(queue="q"))
    client.expect(Queue.DeleteOk)
    assert broker.node.gauge.bytes == 0
    broker.advance(20)
    assert broker.node.next_deadline() is None


def published(client, *messages):
    for body, priority in messages:
        client.publish(1, body, priority=priority)


@pytest.mark.parametrize("consumed", [False, True])
def test_two_urgent_ones_for_each_other(client, consumed):
    """The third turn is whose has waited longest. Seen in RabbitMQ 4.0."""
    client.declare(durable=True, arguments=QUORUM)
    published(client, *[(b"n%d" % i, 4) for i in range(3)], *[(b"u%d" % i, 5) for i in range(5)], (b"n3", None))
    expected = [b"u0", b"u1", b"n0", b"u2", b"u3", b"n1", b"u4", b"n2", b"n3"]
    if consumed:
        client.consume(no_ack=True)
        assert client.bodies() == expected
    else:
        assert client.drain() == expected


def test_urgent_ones_that_came_first_need_not_wait(client):
    client.declare(durable=True, arguments=QUORUM)
    published(client, *[(b"u%d" % i, 9) for i in range(4)], (b"n", 0))
    assert client.drain() == [b"u0", b"u1", b"u2", b"u3", b"n"]


def test_in_4_3_there_are_32_priorities():
    client = Broker(profile="4.3").connect(1)
    client.declare(durable=True, arguments=QUORUM)
    published(client, (b"a", 0), (b"b", 31), (b"c", None), (b"d", 5), (b"e", 200))
    assert client.drain() == [b"b", b"e", b"d", b"c", b"a"]


def test_in_3_13_there_are_none():
    client = Broker(profile="3.13").connect(1)
    client.declare(durable=True, arguments=QUORUM)
    published(client, (b"a", 0), (b"b", 9))
    assert client.drain() == [b"a", b"b"]


def test_what_ends_its_consumers_again_and_again_is_a_dead_letter(broker, client):
    client.declare("dead")
    client.declare(
        durable=True,
        arguments={**QUORUM, "x-delivery-limit": 1, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    client.publish(1, b"poison")
    for count in (None, 1):
        victim = broker.connect(1)
        victim.consume()
        (got,) = victim.deliveries()
        assert counts(got) == count
        victim.die()
    assert client.count() == 0
    assert client.get("dead").properties.headers["x-death"][0]["reason"] == "delivery_limit"


def test_a_prefetch_for_the_channel_is_refused(client):
    client.declare(durable=True, arguments=QUORUM)
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.send(1, Basic.Consume(queue="q", consumer_tag="c"))
    text = "NOT_IMPLEMENTED - queue 'q' in vhost '/' does not support global qos"
    client.expect_closed(540, text, Basic.Consume)


def test_a_prefetch_for_the_channel_that_comes_later_is_not_its_own(broker):
    client = broker.connect(1, refereed=False)
    client.declare(durable=True, arguments=QUORUM)
    client.consume()
    client.call(1, Basic.Qos(prefetch_count=1, global_=True), Basic.QosOk)
    client.publish(1, b"a", b"b")
    assert client.bodies() == [b"a", b"b"]


@pytest.mark.parametrize(("asked", "given"), [(0, 2000), (2001, 2001), (5000, 2005)])
def test_only_who_asks_for_no_limit_has_2000(client, asked, given):
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, *[b"m"] * 2005)
    client.consume(prefetch=asked)
    assert len(client.deliveries()) == given


@pytest.mark.parametrize(("limit", "deliveries"), [(1.0, 2), (0, 1), ("1", 30), (True, 30), (-5, 30)])
def test_the_type_of_a_limit_is_not_looked_at(client, limit, deliveries):
    client.declare(durable=True, arguments={**QUORUM, "x-delivery-limit": limit})
    client.publish(1, b"a")
    count = 0
    while count < 30 and (got := client.get(no_ack=False)):
        count += 1
        client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    assert count == deliveries
