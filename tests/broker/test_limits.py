"""Limits: who is refused when one is reached, and when there is room again. RabbitMQ's words are in the conversations
named limit/*; here is what those cannot ask, or not of everybody.
"""

import pytest

from broker.administration import Refused
from broker.limits.definitions import BINDING_BYTES, EXCHANGE_BYTES, QUEUE_BYTES
from tests.conversation import Basic, Broker, Channel, Connection, Exchange, Queue, Tx
from tests.streams.faulty import FaultyFiles


def come(broker):
    """Up to where a virtual host may be opened."""
    client = broker.accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    client.call(0, client.start_ok(), Connection.Tune)
    client.send(0, Connection.TuneOk(2047, 131072, 0))
    return client


def refused(broker, text, vhost="/"):
    client = come(broker)
    client.send(0, Connection.Open(vhost))
    client.expect_closed(530, f"NOT_ALLOWED - {text}", Connection.Open)


def test_connections_of_the_node():
    broker = Broker(connection_max=2)
    first, _ = broker.connect(), broker.connect()
    refused(broker, "connection refused: node connection limit (2) is reached")
    refused(broker, "connection refused: node connection limit (2) is reached", vhost="nowhere")
    first.close()
    broker.connect().die()
    broker.connect()
    refused(broker, "connection refused: node connection limit (2) is reached")


def test_who_only_shakes_hands_takes_no_place():
    broker = Broker(connection_max=1)
    come(broker), come(broker)
    broker.connect()


def test_a_client_that_was_refused_may_come_when_there_is_room():
    broker = Broker()
    broker.admin.set_user_limits("guest", {"max-connections": 1})
    first = broker.connect()
    for _ in range(3):
        refused(broker, "connection refused for user 'guest': user connection limit (1) is reached")
    first.die()
    broker.connect()


def test_connections_and_queues_of_a_virtual_host():
    broker = Broker()
    broker.admin.set_vhost_limits({"max-connections": 1, "max-queues": 1})
    client = broker.connect(1)
    text = "access to vhost '/' refused for user 'guest': connection limit (1) is reached"
    refused(broker, text)
    client.declare("q")
    client.send(1, Queue.Declare(queue="r"))
    text = "cannot declare queue 'r': queue limit in vhost '/' (1) is reached"
    client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {text}", Queue.Declare)
    broker.admin.set_vhost_limits({"max-connections": -1})
    broker.connect(1).declare("r")


def test_channels_of_a_user():
    broker = Broker()
    broker.admin.set_user_limits("guest", {"max-channels": 2})
    one, other = broker.connect(1), broker.connect(1)
    one.send(2, Channel.Open())
    text = "number of channels opened for user 'guest' has reached the maximum allowed user limit of (2)"
    one.expect_closed(530, f"NOT_ALLOWED - {text}")
    other.open_channel(2)


def test_channels_of_the_node():
    broker = Broker(channel_max_per_node=3)
    one, other = broker.connect(1, 2), broker.connect(1)
    text = "number of channels opened on node 'leveret@localhost' has reached the maximum allowed limit of (3)"
    one.send(3, Channel.Open())
    one.expect_closed(530, f"NOT_ALLOWED - {text}")
    # Those that went with it are free again.
    other.open_channel(2)
    other.open_channel(3)
    assert broker.node.limits.channels == 3


@pytest.mark.parametrize(
    "end",
    [
        lambda client: client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk),
        lambda client: (client.send(1, Basic.Ack(7)), client.frames(), client.send(1, Channel.CloseOk())),
        lambda client: client.close(),
        lambda client: client.die(),
        lambda client: (client.send(1, Channel.Open()), client.frames(), client.die()),
        lambda client: client.broker.shutdown(),
        lambda client: client.broker.admin.close_all_connections("r"),
        lambda client: (client.send_bytes(b"\x09" * 100), client.die()),
    ],
)
def test_channels_and_connections_are_counted_until_they_end_however_that_is(end):
    broker = Broker()
    client = broker.connect(1)
    limits = broker.node.limits
    assert (limits.connections, limits.channels) == (1, 1)
    end(client)
    assert limits.channels == 0
    client.die()
    assert limits.connections == 0
    for counted in (limits._by_user, limits._by_vhost, limits._channels_by_user):
        assert not counted


def test_queues_and_exchanges_of_the_node():
    broker = Broker(cluster_queue_limit=2, cluster_exchange_limit=1)
    broker.admin.add_vhost("v")
    broker.admin.set_permissions("guest", ".*", ".*", ".*", vhost="v")
    client = broker.connect(1)
    client.declare("q"), client.declare("", exclusive=True)
    client.call(1, Exchange.Declare(exchange="x"), Exchange.DeclareOk)
    client.declare("q")
    client.call(1, Exchange.Declare(exchange="x"), Exchange.DeclareOk)
    client.send(1, Queue.Declare(queue="r"))
    client.expect_channel_closed(
        1, 406, "PRECONDITION_FAILED - cannot declare queue 'r': queue limit in cluster (2) is reached", Queue.Declare
    )
    client.open_channel(1)
    client.send(1, Exchange.Declare(exchange="y"))
    text = "cannot declare exchange 'y' in vhost '/': exchange limit of 1 is reached"
    client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {text}", Exchange.Declare)
    client.open_channel(1)
    client.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    client.call(1, Exchange.Declare(exchange="y", auto_delete=True), Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="q", exchange="y"), Queue.BindOk)
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    # The exchange went with its last binding.
    client.call(1, Exchange.Declare(exchange="z"), Exchange.DeclareOk)
    client.declare("r")


def test_what_definitions_take_is_limited_whatever_they_are():
    broker = Broker(definitions_max_bytes=QUEUE_BYTES + 1)
    client = broker.connect(1)
    client.declare("q")
    assert broker.node.definition_limits.bytes_held == QUEUE_BYTES + 1
    full = f"definitions limit of {QUEUE_BYTES + 1} bytes is reached"
    for method, what in [
        (Queue.Declare(queue="r"), "cannot declare queue 'r'"),
        (Exchange.Declare(exchange="x"), "cannot declare exchange 'x' in vhost '/'"),
        (Queue.Bind(queue="q", exchange="amq.direct"), "cannot bind queue 'q' in vhost '/'"),
        (
            Exchange.Bind(destination="amq.fanout", source="amq.direct"),
            "cannot bind exchange 'amq.fanout' in vhost '/'",
        ),
    ]:
        client.send(1, method)
        client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {what}: {full}")
        client.open_channel(1)
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    client.call(1, Queue.Declare(queue="r"), Queue.DeclareOk)


def test_arguments_count_by_what_they_hold():
    broker = Broker()
    client = broker.connect(1)
    limits = broker.node.definition_limits
    client.declare("q", arguments={"x-large": "a" * 10_000, "x-many": [1] * 1000, "x-deep": {"a": {"b": "c"}}})
    assert limits.bytes_held > QUEUE_BYTES + 10_000 + 1000 * 64
    client.call(1, Queue.Bind(queue="q", exchange="amq.headers", arguments={"k": "v" * 5000}), Queue.BindOk)
    with_binding = limits.bytes_held
    client.call(1, Queue.Bind(queue="q", exchange="amq.headers", arguments={"k": "v" * 5000}), Queue.BindOk)
    assert limits.bytes_held == with_binding
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert limits.bytes_held == limits.queues == 0


def test_what_comes_and_goes_in_every_way_leaves_nothing_counted():
    broker = Broker()
    broker.admin.add_vhost("v")
    broker.admin.set_permissions("guest", ".*", ".*", ".*", vhost="v")
    limits = broker.node.definition_limits
    client = broker.accept()
    client.shake_hands(vhost="v")
    client.open_channel(1)
    client.declare("q"), client.declare("mine", exclusive=True), client.declare("auto", auto_delete=True)
    for name, settings in [("x", {}), ("y", {"auto_delete": True}), ("z", {"exchange_type": "topic"})]:
        client.call(1, Exchange.Declare(exchange=name, **settings), Exchange.DeclareOk)
    client.call(1, Exchange.Bind(destination="y", source="x", routing_key="k"), Exchange.BindOk)
    client.call(1, Exchange.Bind(destination="amq.fanout", source="amq.topic", routing_key="#"), Exchange.BindOk)
    for queue in ("q", "mine", "auto"):
        client.call(1, Queue.Bind(queue=queue, exchange="y", routing_key="k"), Queue.BindOk)
    assert (limits.queues, limits.exchanges) == (3, 3)
    assert limits.bytes_held >= 3 * QUEUE_BYTES + 3 * EXCHANGE_BYTES + 5 * BINDING_BYTES
    client.consume("auto")
    client.call(1, Basic.Cancel("c"), Basic.CancelOk)
    client.call(1, Queue.Unbind(queue="q", exchange="y", routing_key="k"), Queue.UnbindOk)
    client.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    broker.admin.delete_vhost("v")
    assert (limits.queues, limits.exchanges, limits.bytes_held) == (0, 0, 0)


def test_what_is_kept_counts_after_a_restart_and_is_never_refused_then():
    files = FaultyFiles()
    broker = Broker(files=files)
    client = broker.connect(1)
    client.declare("q", durable=True, arguments={"x-max-length": 5})
    client.call(1, Exchange.Declare(exchange="x", durable=True), Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="q", exchange="x", routing_key="k"), Queue.BindOk)
    broker.admin.set_user_limits("guest", {"max-channels": 1})
    broker.admin.set_vhost_limits({"max-queues": 1})
    held = broker.node.definition_limits
    before = (held.queues, held.exchanges, held.bytes_held)
    broker.stop()
    broker = Broker(files=files, definitions_max_bytes=1)
    held = broker.node.definition_limits
    assert (held.queues, held.exchanges, held.bytes_held) == before
    assert broker.admin.list_user_limits() == [{"user": "guest", "limits": {"max-channels": 1}}]
    assert broker.admin.list_vhost_limits() == [{"vhost": "/", "limits": {"max-queues": 1}}]
    client = broker.connect(1)
    assert client.count("q") == 0
    client.send(1, Queue.Declare(queue="r"))
    client.expect_channel_closed(
        1, 406, "PRECONDITION_FAILED - cannot declare queue 'r': queue limit in vhost '/' (1) is reached"
    )


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 200_000])
def test_a_messages_headers(body):
    """Whether it comes in one run, frame by frame or split: the channel is closed, and nobody else is."""
    broker = Broker(max_headers_bytes=100)
    client = broker.connect(1, 2)
    client.declare(channel=2)
    client.publish(1, body, headers={"h": "x" * 60})
    assert client.count(channel=2) == 1
    client.publish(1, body, headers={"h": "x" * 200})
    size = 2 + 4 + 2 + 5 + 200
    client.expect_channel_closed(
        1,
        406,
        f"PRECONDITION_FAILED - message headers of {size} bytes are larger than configured max size 100",
        Basic.Publish,
    )
    assert client.count(channel=2) == 1


# -- deliveries that wait for acks -------------------------------------------------------------------------------------


def with_messages(count, **settings):
    broker = Broker(**settings)
    client = broker.connect(1)
    client.declare()
    client.publish(1, *[b"%d" % number for number in range(count)])
    return broker, client


def test_a_consumer_that_never_acks_gets_no_more():
    _, client = with_messages(10, unacked_max_per_channel=4)
    client.consume()
    assert client.bodies() == [b"0", b"1", b"2", b"3"]
    client.ack(1, 1)
    assert client.bodies() == [b"4"]
    client.ack(1, 5, multiple=True)
    assert client.bodies() == [b"5", b"6", b"7", b"8"]


def test_all_consumers_of_the_channel_share_the_room_and_are_offered_it_again():
    _, client = with_messages(10, unacked_max_per_channel=4)
    client.declare("r")
    client.publish(1, *[b"x"] * 10, key="r")
    client.consume("q", tag="a")
    client.consume("r", tag="b")
    assert [got.consumer_tag for got in client.deliveries()] == ["a"] * 4
    # Those of the other queue had no room, and are not the ones that are acked.
    client.call(1, Basic.Cancel("a"), Basic.CancelOk)
    client.ack(1, 0, multiple=True)
    assert [got.consumer_tag for got in client.deliveries()] == ["b"] * 4


def test_a_lower_prefetch_of_the_channel_counts_and_a_higher_one_does_not():
    for prefetch, most in ((2, 2), (100, 4), (0, 4)):
        _, client = with_messages(10, unacked_max_per_channel=4)
        client.call(1, Basic.Qos(prefetch_count=prefetch, global_=True), Basic.QosOk)
        client.consume()
        assert len(client.deliveries()) == most


def test_who_acks_nothing_because_nothing_is_to_be_acked_gets_all():
    _, client = with_messages(10, unacked_max_per_channel=4)
    client.consume(no_ack=True)
    assert len(client.deliveries()) == 10


def test_gets_are_refused_where_too_many_wait_for_acks():
    _, client = with_messages(10, unacked_max_per_channel=2)
    client.get(no_ack=False), client.get(no_ack=False)
    assert client.get(no_ack=True).body == b"2"
    client.send(1, Basic.Get(queue="q"))
    client.expect_channel_closed(
        1, 406, "PRECONDITION_FAILED - 2 deliveries on channel 1 are not acknowledged, as many as may be", Basic.Get
    )


def test_acks_of_a_transaction_make_room_when_it_is_committed():
    _, client = with_messages(10, unacked_max_per_channel=2)
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.consume()
    assert len(client.deliveries()) == 2
    client.ack(1, 2, multiple=True)
    client.expect_nothing()
    client.send(1, Tx.Commit())
    client.expect(Tx.CommitOk)
    assert len(client.deliveries()) == 2


# -- administration ----------------------------------------------------------------------------------------------------


def test_limits_of_users_are_set_one_by_one_and_those_of_virtual_hosts_together():
    admin = Broker().admin
    admin.set_user_limits("guest", {"max-connections": 5})
    admin.set_user_limits("guest", {"max-channels": 7})
    assert admin.list_user_limits("guest") == [{"user": "guest", "limits": {"max-connections": 5, "max-channels": 7}}]
    admin.clear_user_limits("guest", "max-connections")
    assert admin.list_user_limits("guest") == [{"user": "guest", "limits": {"max-channels": 7}}]
    admin.clear_user_limits("guest")
    assert admin.list_user_limits("guest") == [{"user": "guest", "limits": {}}]
    admin.set_vhost_limits({"max-connections": 5})
    admin.set_vhost_limits({"max-queues": 7})
    assert admin.list_vhost_limits() == [{"vhost": "/", "limits": {"max-queues": 7}}]
    admin.clear_vhost_limits()
    assert admin.list_vhost_limits() == []


def test_limits_are_events():
    broker = Broker()
    hearer = broker.connect(1)
    hearer.declare("events")
    hearer.call(1, Queue.Bind(queue="events", exchange="amq.rabbitmq.event", routing_key="*.limits.*"), Queue.BindOk)
    hearer.consume("events", no_ack=True)
    broker.admin.set_user_limits("guest", {"max-channels": 7})
    broker.admin.clear_user_limits("guest")
    broker.admin.set_vhost_limits({"max-queues": 8})
    broker.admin.clear_vhost_limits()
    told = [(got.routing_key, got.properties.headers) for got in hearer.deliveries()]
    for _, headers in told:
        del headers["timestamp_in_ms"]
    assert told == [
        ("user.limits.set", {"name": "limits", "username": "guest", "max-channels": 7}),
        ("user.limits.cleared", {"name": "limits", "username": "guest"}),
        ("vhost.limits.set", {"name": "limits", "vhost": "/", "max-queues": 8}),
        ("vhost.limits.cleared", {"name": "limits", "vhost": "/"}),
    ]


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"max-queues": True}, "Validation failed\n\nmax-queues should be a number, actually was true"),
        ({"max-queues": 1.5}, "Validation failed\n\nmax-queues should be a number, actually was 1.5"),
        ({"max-channels": 1}, 'Validation failed\n\nUnrecognised terms [{<<"max-channels">>,1}] in limits'),
        ([1], "Validation failed\n\nlimits should be an object, actually was [1]"),
    ],
)
def test_what_is_no_limit_is_refused(limits, text):
    admin = Broker().admin
    with pytest.raises(Refused) as refusal:
        admin.set_vhost_limits(limits)
    assert str(refusal.value) == text
    with pytest.raises(Refused):
        admin.set_disk_free_limit(-1)


@pytest.mark.parametrize("size_bytes", [-1, 2**63, 10**400])
def test_limits_that_no_memory_and_no_disk_can_have_are_refused(size_bytes):
    """A number that no float can hold had ended the broker as it looked at its memory."""
    admin = Broker().admin
    for set_limit in (admin.set_vm_memory_high_watermark, admin.set_disk_free_limit):
        with pytest.raises(Refused, match="is no number of bytes"):
            set_limit(size_bytes)
    admin.set_vm_memory_high_watermark(2**63 - 1)
    assert not admin.status()["alarms"]
