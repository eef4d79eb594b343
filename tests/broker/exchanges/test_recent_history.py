"""x-recent-history: what is kept, and who gets it."""

from random import Random

import pytest
from pamqp.commands import Exchange, Queue

from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def client():
    return Broker().connect(1)


def declare(client, **arguments):
    arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
    method = Exchange.Declare(exchange="x", exchange_type="x-recent-history", arguments=arguments)
    client.call(1, method, Exchange.DeclareOk)


def bind(client, queue="q", exchange="x", key=""):
    client.declare(queue)
    client.call(1, Queue.Bind(queue=queue, exchange=exchange, routing_key=key), Queue.BindOk)


def publish(client, *bodies, **properties):
    for body in bodies:
        client.publish(1, body, exchange="x", **properties)


def test_a_new_queue_gets_the_last_twenty_in_order(client):
    declare(client)
    publish(client, *[b"%d" % number for number in range(30)])
    bind(client)
    assert client.drain() == [b"%d" % number for number in range(10, 30)]


def test_as_many_as_the_argument_says_each_time_anew(client):
    declare(client, x_recent_history_length=2)
    publish(client, b"a", b"b", b"c")
    for queue in ("q", "r"):
        bind(client, queue)
        assert client.drain(queue) == [b"b", b"c"]


def test_it_is_a_fanout_besides(client):
    declare(client)
    bind(client)
    publish(client, b"a", key="whatever")
    assert client.drain() == [b"a"]


def test_what_is_not_to_be_kept_is_not(client):
    declare(client)
    bind(client)
    publish(client, b"a", headers={"x-recent-history-no-store": True})
    publish(client, b"b", headers={"x-recent-history-no-store": "true"})
    publish(client, b"c", headers={"x-recent-history-no-store": False})
    assert client.drain() == [b"a", b"b", b"c"]
    bind(client, "r")
    assert client.drain("r") == [b"b", b"c"]


def test_they_come_as_they_were_published(client):
    declare(client)
    publish(client, b"a", key="k", message_id="m", headers={"h": 1})
    bind(client)
    got = client.get()
    assert (got.exchange, got.routing_key, got.properties.message_id) == ("x", "k", "m")
    assert got.properties.headers == {"h": 1}


def test_persistent_ones_are_persistent_where_they_come():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client, x_recent_history_length=1)
    client.declare(durable=True)
    publish(client, b"gone", b"a", delivery_mode=2)
    client.call(1, Queue.Bind(queue="q", exchange="x"), Queue.BindOk)
    publish(client, b"b", delivery_mode=1)
    client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="again"), Queue.BindOk)
    broker.stop()
    assert Broker(files=files).connect(1).drain() == [b"a"]


def test_a_full_queue_does_without(client):
    declare(client)
    publish(client, b"a", b"b")
    client.declare("rest")
    client.declare(
        arguments={
            "x-max-length": 1,
            "x-overflow": "reject-publish-dlx",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "rest",
        }
    )
    client.call(1, Queue.Bind(queue="q", exchange="x"), Queue.BindOk)
    assert (client.drain(), client.drain("rest")) == ([b"a"], [b"b"])


def test_the_same_binding_again_brings_nothing(client):
    declare(client)
    publish(client, b"a")
    bind(client)
    bind(client)
    bind(client, key="another")
    assert client.drain() == [b"a", b"a"]


def test_a_new_exchange_routes_them_by_their_keys(client):
    declare(client)
    bind(client, "r", "amq.direct", "k")
    bind(client, "s", "amq.direct", "also")
    publish(client, b"a", key="k")
    publish(client, b"b", key="other", headers={"CC": ["also"]})
    publish(client, b"c", key="k")
    client.call(1, Exchange.Bind(destination="amq.direct", source="x"), Exchange.BindOk)
    assert client.drain("r") == [b"c", b"a"]
    assert client.drain("s") == [b"b"]


def test_a_new_exchange_that_leads_back_gives_them_back(client):
    declare(client, x_recent_history_length=3)
    client.call(1, Exchange.Bind(destination="x", source="amq.fanout"), Exchange.BindOk)
    bind(client)
    publish(client, b"a", b"b")
    assert client.drain() == [b"a", b"b"]
    client.call(1, Exchange.Bind(destination="amq.fanout", source="x"), Exchange.BindOk)
    assert client.drain() == [b"b", b"a"]
    bind(client, "r")
    assert client.drain("r") == [b"b", b"b", b"a"]


@pytest.mark.parametrize(
    ("length", "term"), [(0, "0"), (-1, "-1"), ("5", '<<"5">>'), (True, "true"), (1.0, "1.0"), (None, "undefined")]
)
def test_lengths_that_are_none(client, length, term):
    arguments = {"x-recent-history-length": length}
    client.send(1, Exchange.Declare(exchange="x", exchange_type="x-recent-history", arguments=arguments))
    text = f"PRECONDITION_FAILED - Invalid argument {term}, 'x-recent-history-length' must be a positive integer"
    client.expect_channel_closed(1, 406, text, Exchange.Declare)


@pytest.mark.parametrize("delayed", [False, True])
def test_what_is_kept_counts_as_memory_until_it_goes(delayed):
    broker = Broker(memory_limit_bytes=5000)
    client = broker.connect(1)
    arguments = {"x-recent-history-length": 4, "x-delayed-type": "x-recent-history"}
    kind = "x-delayed-message" if delayed else "x-recent-history"
    client.call(1, Exchange.Declare(exchange="x", exchange_type=kind, arguments=arguments), Exchange.DeclareOk)
    publish(client, *[bytes(1000)] * 9)
    assert 4600 < broker.node.gauge.bytes < 4800
    assert not broker.node.alarm
    publish(client, *[bytes(2000)] * 9)
    assert broker.node.alarm == "low on memory"
    broker.connect(1).call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    assert broker.node.gauge.bytes == 0
    assert not broker.node.alarm


def test_a_large_length_is_one(client):
    declare(client, x_recent_history_length=2**62)
    publish(client, b"a")
    bind(client)
    assert client.drain() == [b"a"]
