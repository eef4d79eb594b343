"""The firehose: what is copied to amq.rabbitmq.trace while a virtual host is traced."""

import pytest
from pamqp.commands import Basic, Queue, Tx

from tests.conversation import Broker
from tests.hostile.noise import frame


@pytest.fixture
def broker():
    broker = Broker()
    broker.node.set_tracing("/", True)
    return broker


@pytest.fixture
def watcher(broker):
    """A client of its own, which gets the copies from the queue "copies"."""
    watcher = broker.connect(1)
    watch(watcher, "#")
    return watcher


@pytest.fixture
def client(broker):
    return broker.connect(7)


def watch(client, key):
    client.declare("copies")
    client.call(1, Queue.Bind(queue="copies", exchange="amq.rabbitmq.trace", routing_key=key), Queue.BindOk)


def copies(watcher):
    """Key, headers and body of each."""
    return [
        (got.routing_key, got.properties.headers, got.body)
        for got in iter(lambda: watcher.get("copies"), None)
        if got.properties.headers["channel"] != 1
    ]


def test_a_publish_and_a_delivery(watcher, client):
    client.declare(channel=7)
    client.publish(7, b"body", key="q", message_id="m", headers={"h": 1}, delivery_mode=2, timestamp=None)
    client.consume(channel=7, no_ack=True)
    shared = {
        "exchange_name": "",
        "routing_keys": ["q"],
        "properties": {"message_id": "m", "headers": {"h": 1}, "delivery_mode": 2},
        "node": "leveret@localhost",
        "vhost": "/",
        "connection": "127.0.0.1:50001 -> 127.0.0.1:5672",
        "channel": 7,
        "user": "guest",
    }
    assert copies(watcher) == [
        ("publish.", shared | {"routed_queues": ["q"]}, b"body"),
        ("deliver.q", shared | {"redelivered": 0}, b"body"),
    ]


def test_all_properties(watcher, client):
    properties = {
        "content_type": "text/plain",
        "content_encoding": "gzip",
        "headers": {"a": [1, "two"]},
        "delivery_mode": 1,
        "priority": 3,
        "correlation_id": "c",
        "reply_to": "r",
        "expiration": "60000",
        "message_id": "m",
        "message_type": "t",
        "user_id": "guest",
        "app_id": "app",
    }
    client.publish(7, b"", key="nobody", **properties)
    ((key, headers, _),) = copies(watcher)
    properties["type"] = properties.pop("message_type")
    assert (key, headers["properties"], headers["routed_queues"]) == ("publish.", properties, [])


def test_a_timestamp_that_no_signed_number_can_hold(watcher, client):
    publish = frame(1, 7, b"\x00\x3c\x00\x28\0\0\0\5there\0")
    client.send_bytes(publish + frame(2, 7, b"\x00\x3c\0\0" + bytes(8) + b"\0\x40\xff" + bytes(7)))
    ((_, told, _),) = copies(watcher)
    assert told["properties"] == {"timestamp": -(2**56)}


def test_whose_keys_are_several_tells_them_all(watcher, client):
    client.declare(channel=7)
    client.publish(7, b"a", exchange="amq.direct", key="k", headers={"CC": ["c"], "BCC": ["b"]})
    ((key, headers, _),) = copies(watcher)
    assert (key, headers["routing_keys"]) == ("publish.amq.direct", ["k", "c", "b"])
    assert headers["properties"] == {"headers": {"CC": ["c"]}}


def test_gets_and_redeliveries(watcher, client):
    client.declare(channel=7)
    client.publish(7, b"a")
    got = client.get(channel=7, no_ack=False)
    client.send(7, Basic.Nack(got.delivery_tag, requeue=True))
    client.get(channel=7)
    told = [(key, headers.get("redelivered")) for key, headers, _ in copies(watcher)]
    assert told == [("publish.", None), ("deliver.q", 0), ("deliver.q", 1)]


def test_streams_are_traced_too(watcher, client):
    client.declare(channel=7, durable=True, arguments={"x-queue-type": "stream"})
    client.consume(channel=7, prefetch=10)
    client.publish(7, b"a", b"b")
    assert [(key, body) for key, _, body in copies(watcher)] == [
        ("publish.", b"a"),
        ("publish.", b"b"),
        ("deliver.q", b"a"),
        ("deliver.q", b"b"),
    ]


def test_only_what_somebody_asks_for_is_copied(broker, client):
    watcher = broker.connect(1)
    watch(watcher, "deliver.q")
    client.declare(channel=7)
    client.publish(7, b"a")
    client.get(channel=7)
    assert [key for key, _, _ in copies(watcher)] == ["deliver.q"]


def test_copies_are_not_copied(broker, watcher, client):
    client.publish(7, b"a", key="nobody")
    watcher.consume("copies", no_ack=True, tag="one")
    (got,) = watcher.deliveries()
    assert got.routing_key == "publish."
    client.publish(7, b"b", key="nobody")
    assert watcher.bodies() == [b"b"]


def test_a_queue_that_is_traced_where_it_takes_the_copies(broker, client):
    """A queue of which copies are made may be the one that takes them."""
    watcher = broker.connect(1)
    watch(watcher, "#")
    client.publish(7, b"a", key="copies")
    got = [watcher.get("copies") for _ in range(3)]
    assert [each and (each.routing_key, each.body) for each in got] == [
        ("copies", b"a"),
        ("publish.", b"a"),
        ("deliver.copies", b"a"),
    ]


def test_copies_that_died_are_not_copied_either(broker, client):
    """Else, from a full queue to a consumer whose deliveries are copied, one would go round for ever."""
    watcher = broker.connect(1)
    dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    watcher.declare("copies", arguments={"x-max-length": 1} | dead)
    watcher.declare("dead", arguments={"x-message-ttl": 0} | dead | {"x-dead-letter-routing-key": "deader"})
    watcher.declare("deader")
    watcher.call(1, Queue.Bind(queue="copies", exchange="amq.rabbitmq.trace", routing_key="#"), Queue.BindOk)
    client.consume("deader", channel=7, no_ack=True)
    claim = {"x-first-death-exchange": "amq.rabbitmq.trace"}
    client.publish(7, b"a", b"b", key="nobody", headers=claim)
    assert client.bodies() == [b"a"]
    assert [(key, body) for key, _, body in copies(watcher)] == [("publish.", b"b")]
    client.publish(7, b"c", key="deader", headers=claim)
    assert client.bodies() == [b"c", b"c"], "its own, and the copy of its publish"
    assert [(key, body) for key, _, body in copies(watcher)] == [("deliver.deader", b"c")]


@pytest.mark.parametrize(("depth", "told"), [(98, True), (99, False), (100, False)])
def test_headers_that_nobody_could_read_two_tables_deeper_are_left_out(watcher, client, depth, told):
    headers = {}
    for level in range(depth):
        headers = {"t": [headers] if level == 50 else headers}
    if depth > 50:
        headers = headers["t"]
    client.publish(7, b"a", key="nobody", headers=headers, message_id="m")
    ((_, copy, _),) = copies(watcher)
    assert copy["properties"] == ({"headers": headers, "message_id": "m"} if told else {"message_id": "m"})


@pytest.mark.parametrize("kind", ["off", "never on"])
def test_without_tracing_nothing_comes(kind):
    broker = Broker()
    if kind == "off":
        broker.node.set_tracing("/", True)
        broker.node.set_tracing("/", False)
    watcher, client = broker.connect(1), broker.connect(7)
    watch(watcher, "#")
    client.declare(channel=7)
    client.publish(7, b"a")
    client.get(channel=7)
    assert copies(watcher) == []


def test_very_many(watcher, client):
    client.declare(channel=7)
    client.publish(7, *[b"%d" % number for number in range(1000)])
    assert [body for _, _, body in copies(watcher)] == [b"%d" % number for number in range(1000)]


def test_a_queue_name_that_fills_a_key(watcher, client):
    name = "x" * 255
    client.declare(name, channel=7)
    client.publish(7, b"a", key=name)
    client.get(name, channel=7)
    assert [key for key, _, _ in copies(watcher)] == ["publish.", ("deliver." + name)[:255]]


def test_in_a_transaction_it_is_told_when_it_is_published(watcher, client):
    client.call(7, Tx.Select(), Tx.SelectOk)
    client.publish(7, b"a", key="nobody")
    assert [key for key, _, _ in copies(watcher)] == ["publish."]


def test_a_virtual_host_that_is_not_there(broker):
    with pytest.raises(KeyError):
        broker.node.set_tracing("nowhere", True)
