"""x-message-deduplication on exchanges: which messages are duplicates, and what comes of them."""

import pytest
from pamqp.commands import Basic, Confirm, Exchange, Queue

from tests.conversation import Broker

ID = "x-deduplication-header"


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    return broker.connect(1)


def declare(client, kind="direct", **arguments):
    arguments = {"x-message-deduplication": True} | {name.replace("_", "-"): value for name, value in arguments.items()}
    client.call(1, Exchange.Declare(exchange="x", exchange_type=kind, arguments=arguments), Exchange.DeclareOk)
    client.declare()
    client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="1"), Queue.BindOk)


def publish(client, *ids, header=ID, **headers):
    for number in ids:
        client.publish(1, str(number).encode(), exchange="x", key="1", headers={header: number} | headers)


@pytest.mark.parametrize("kind", ["direct", "fanout", "topic", "headers", "x-consistent-hash", "x-random"])
def test_only_the_first_of_each_comes(client, kind):
    declare(client, kind)
    publish(client, "a", "b", "a", "c", "b")
    assert client.drain() == [b"a", b"b", b"c"]


def test_without_the_argument_all_come(client):
    declare(client, x_message_deduplication=False)
    publish(client, "a", "a")
    assert client.drain() == [b"a", b"a"]


def test_without_an_id_all_come(client):
    declare(client)
    publish(client, "a", "a", header="another")
    client.publish(1, b"b", b"b", exchange="x", key="1")
    assert client.drain() == [b"a", b"a", b"b", b"b"]


def test_ids_of_other_types_are_other_ids(client):
    declare(client)
    publish(client, "1", 1, True, 1, "1")
    assert client.drain() == [b"1", b"1", b"True"]


def test_another_header_may_hold_the_id(client):
    declare(client, x_deduplication_header="id")
    publish(client, "a", "a", header="id")
    publish(client, "b", "b")
    assert client.drain() == [b"a", b"b", b"b"]


@pytest.mark.parametrize(("arguments", "size"), [({}, 128), ({"x_cache_size": 3}, 3)])
def test_the_oldest_is_forgotten_when_there_is_no_more_room(client, arguments, size):
    declare(client, **arguments)
    publish(client, *range(size))
    client.drain()
    publish(client, 0)
    assert client.drain() == []
    publish(client, "one more", 1, 0)
    assert client.drain() == [b"one more", b"0"]


def test_for_as_long_as_the_exchange_or_the_message_says(broker, client):
    declare(client, x_cache_ttl=1000)
    publish(client, "a")
    publish(client, "b", **{"x-cache-ttl": 5000})
    broker.advance(0.999)
    publish(client, "a", "b")
    broker.advance(0.001)
    publish(client, "a", "b")
    assert client.drain() == [b"a", b"b", b"a"]
    broker.advance(4)
    publish(client, "b")
    assert client.drain() == [b"b"]


def test_room_for_one_and_no_time_at_all(client):
    declare(client, x_cache_size=1, x_cache_ttl=0)
    publish(client, "a", "a")
    publish(client, "b", "b", **{"x-cache-ttl": 1000})
    publish(client, "c", "b", **{"x-cache-ttl": 0})
    assert client.drain() == [b"a", b"a", b"b", b"c", b"b"]


def test_duplicates_are_confirmed_and_mandatory_ones_returned(client):
    declare(client, alternate_exchange="amq.fanout")
    client.declare("rest")
    client.call(1, Queue.Bind(queue="rest", exchange="amq.fanout"), Queue.BindOk)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    publish(client, "a", "a")
    assert [(got.name, got.delivery_tag) for got in client.frames()] == [("Basic.Ack", 1), ("Basic.Ack", 2)]
    client.publish(1, b"a", exchange="x", key="1", headers={ID: "a"}, mandatory=True)
    client.expect(Basic.Return, reply_code=312)
    client.expect(Basic.Ack)
    assert (client.drain(), client.drain("rest")) == ([b"a"], [])


def test_of_delayed_messages_the_duplicates_are_dropped_when_they_are_published(broker, client):
    declare(client, "x-delayed-message", x_delayed_type="direct")
    publish(client, "a", "a", **{"x-delay": 1000})
    broker.advance(1)
    assert client.drain() == [b"a"]
    publish(client, "a")
    assert client.drain() == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"x-cache-ttl": "1"}, "x-cache-ttl header not a Int"),
        ({"x-cache-ttl": -1}, "x-cache-ttl header not a Int"),
        ({"x-cache-size": 0}, "x-cache-size header not a Int"),
        ({"x-cache-size": True}, "x-cache-size header not a Int"),
        ({"x-deduplication-header": 1}, "x-deduplication-header header not a String"),
    ],
)
def test_arguments_that_are_refused(client, arguments, text):
    arguments = {"x-message-deduplication": True} | arguments
    client.send(1, Exchange.Declare(exchange="x", exchange_type="direct", arguments=arguments))
    client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {text}", Exchange.Declare)
