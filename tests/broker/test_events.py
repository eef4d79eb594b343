"""amq.rabbitmq.event: what is told of exchanges, queues, bindings, policies and clients."""

from random import Random

import pytest
from pamqp.commands import Basic, Channel, Connection, Exchange, Queue

from broker.policies.policy import Policy
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles

NODE = "leveret@localhost"
PEER = "127.0.0.1:50001"
BY_GUEST = {"vhost": "/", "user_who_performed_action": "guest"}
BY_NOBODY = {"vhost": "/", "user_who_performed_action": "rmq-internal"}
PID = f"<{NODE}.2.0>"
ENDS = {
    "peer_host": "{127,0,0,1}",
    "peer_port": 50001,
    "host": "{127,0,0,1}",
    "port": 5672,
    "protocol": "{0,9,1}",
    "ssl": False,
}


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def watcher(broker):
    """A client of its own: events are in its queue "events"."""
    watcher = broker.connect(1)
    watch(watcher)
    return watcher


def watch(watcher, key="#"):
    watcher.declare("events", durable=True)
    method = Queue.Bind(queue="events", exchange="amq.rabbitmq.event", routing_key=key)
    watcher.call(1, method, Queue.BindOk)
    events(watcher)


@pytest.fixture
def client(broker, watcher):
    client = broker.connect(7)
    events(watcher)
    return client


def events(watcher):
    """Key and headers of each, without the time."""
    told = []
    for got in iter(lambda: watcher.get("events"), None):
        assert (got.exchange, got.body, got.properties.delivery_mode) == ("amq.rabbitmq.event", b"", 2)
        headers = got.properties.headers
        moment_ms = headers.pop("timestamp_in_ms")
        assert moment_ms // 1000 == got.properties.timestamp.timestamp()
        told.append((got.routing_key, headers))
    return told


def binding(source, destination, kind="queue", key="", arguments=(), by=BY_GUEST):
    return {
        "source_name": source,
        "source_kind": "exchange",
        "destination_name": destination,
        "destination_kind": kind,
        "routing_key": key,
        "arguments": list(arguments),
    } | by


def test_the_first_binding_is_told_of_itself(broker):
    watcher = broker.connect(1)
    watcher.declare("events", durable=True)
    watcher.call(1, Queue.Bind(queue="events", exchange="amq.rabbitmq.event", routing_key="#"), Queue.BindOk)
    assert events(watcher) == [("binding.created", binding("amq.rabbitmq.event", "events", key="#"))]


def test_exchanges(watcher, client):
    arguments = {"alternate-exchange": "ae"}
    for _ in range(2):
        method = Exchange.Declare(exchange="x", exchange_type="topic", durable=True, arguments=arguments)
        client.call(7, method, Exchange.DeclareOk)
    client.call(7, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    client.call(7, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    created = {
        "name": "x",
        "type": "topic",
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": ['{<<"alternate-exchange">>,longstr,<<"ae">>}'],
        "policy": "",
    }
    assert events(watcher) == [
        ("exchange.created", created | BY_GUEST),
        ("exchange.deleted", {"name": "x"} | BY_GUEST),
    ]


def test_queues(watcher, client):
    client.declare(channel=7, durable=True, arguments={"x-max-length": 5, "x-queue-type": "quorum"})
    client.declare("mine", channel=7, exclusive=True)
    client.call(7, Queue.Delete(queue="q"), Queue.DeleteOk)
    shared = {"auto_delete": False, "leader": NODE, "members": [NODE]} | BY_GUEST
    arguments = ['{<<"x-max-length">>,byte,5}', '{<<"x-queue-type">>,longstr,<<"quorum">>}']
    shown = {"name": "q", "type": "rabbit_quorum_queue", "durable": True, "exclusive": False, "owner_pid": ""}
    mine = {"name": "mine", "type": "rabbit_classic_queue", "durable": False, "exclusive": True, "owner_pid": PID}
    assert events(watcher) == [
        ("queue.created", shown | {"arguments": arguments} | shared),
        ("queue.created", mine | {"arguments": []} | shared),
        ("queue.deleted", {"name": "q", "type": "rabbit_quorum_queue"} | BY_GUEST),
    ]


def test_bindings(watcher, client):
    client.declare(channel=7)
    events(watcher)
    bound = {"queue": "q", "exchange": "amq.topic", "routing_key": "a.#", "arguments": {"y": 1}}
    client.call(7, Queue.Bind(**bound), Queue.BindOk)
    client.call(7, Queue.Bind(**bound), Queue.BindOk)
    client.call(7, Queue.Unbind(**bound), Queue.UnbindOk)
    client.call(7, Exchange.Bind(destination="amq.fanout", source="amq.topic", routing_key="k"), Exchange.BindOk)
    first = binding("amq.topic", "q", key="a.#", arguments=['{<<"y">>,byte,1}'])
    assert events(watcher) == [
        ("binding.created", first),
        ("binding.deleted", first),
        ("binding.created", binding("amq.topic", "amq.fanout", "exchange", "k")),
    ]


def test_what_goes_along_with_a_queue(watcher, client):
    client.declare(channel=7)
    method = Exchange.Declare(exchange="x", exchange_type="fanout", auto_delete=True)
    client.call(7, method, Exchange.DeclareOk)
    client.call(7, Queue.Bind(queue="q", exchange="x"), Queue.BindOk)
    events(watcher)
    client.call(7, Queue.Delete(queue="q"), Queue.DeleteOk)
    assert events(watcher) == [
        ("binding.deleted", binding("x", "q")),
        ("exchange.deleted", {"name": "x"} | BY_GUEST),
        ("queue.deleted", {"name": "q", "type": "rabbit_classic_queue"} | BY_GUEST),
    ]


def test_consumers(watcher, client):
    client.declare(channel=7)
    events(watcher)
    client.consume(channel=7, tag="one", prefetch=5, arguments={"x-priority": 2})
    client.consume(channel=7, tag="two", no_ack=True)
    client.call(7, Basic.Cancel("one"), Basic.CancelOk)
    client.call(7, Queue.Delete(queue="q"), Queue.DeleteOk)
    at = {"channel": f"<{NODE}.2.7>", "queue": "q"} | BY_GUEST
    one = {"consumer_tag": "one", "ack_required": True, "exclusive": False, "prefetch_count": 5}
    two = {"consumer_tag": "two", "ack_required": False, "exclusive": False, "prefetch_count": 5}
    told = events(watcher)
    assert told[:3] == [
        ("consumer.created", one | {"arguments": ['{<<"x-priority">>,byte,2}']} | at),
        ("consumer.created", two | {"arguments": []} | at),
        ("consumer.deleted", {"consumer_tag": "one"} | at),
    ]
    assert ("consumer.deleted", {"consumer_tag": "two"} | at) in told[3:]


def test_a_client_comes_and_goes(broker, watcher):
    client = broker.connect(7, heartbeat=60)
    client.declare(channel=7, exclusive=True)
    client.consume(channel=7, tag="c")
    told = events(watcher)
    name = f"{PEER} -> 127.0.0.1:5672"
    login = {"name": "guest", "connection_name": name, "connection_type": "network", "auth_mechanism": "PLAIN"} | ENDS
    assert told[0] == ("user.authentication.success", login)
    assert told[1] == (
        "connection.created",
        {
            "name": name,
            "pid": PID,
            "node": NODE,
            "type": "network",
            "user": "guest",
            "auth_mechanism": "PLAIN",
            "frame_max": 131072,
            "channel_max": 2047,
            "timeout": 60,
            "client_properties": told[1][1]["client_properties"],
            "connected_at": broker.wall_ms(),
        }
        | ENDS
        | BY_GUEST,
    )
    assert told[1][1]["client_properties"][0].startswith('{<<"capabilities">>,table,[{<<')
    assert told[2] == (
        "channel.created",
        {"name": f"{name} (7)", "number": 7, "pid": f"<{NODE}.2.7>", "connection": PID, "user": "guest"} | BY_GUEST,
    )
    assert [key for key, _ in told[3:]] == ["queue.created", "consumer.created"]
    client.close()
    told = events(watcher)
    assert [key for key, _ in told] == ["consumer.deleted", "channel.closed", "queue.deleted", "connection.closed"]
    closed = {"pid": f"<{NODE}.2.7>", "consumer_count": 0, "user_who_performed_action": "guest"}
    assert told[1][1] == closed
    assert told[2][1] == {"name": "q", "type": "rabbit_classic_queue"} | BY_NOBODY
    assert told[3][1].keys() == {"name", "pid", "node", "client_properties"}


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("[::1]", "{0,0,0,0,0,0,0,1}"),
        ("[fe80::a:1%eth0]", "{65152,0,0,0,0,0,10,1}"),
        ("10.0.0.2", "{10,0,0,2}"),
        ("a socket", "a socket"),
    ],
)
def test_addresses_are_shown_as_erlang_has_them(broker, watcher, host, shown):
    broker.node.config.loopback_users = ()
    broker.connect(7, host=host)
    (created,) = [headers for key, headers in events(watcher) if key == "connection.created"]
    assert (created["peer_host"], created["peer_port"]) == (shown, 50001)
    assert (created["host"], created["port"]) == (shown, 5672)


def test_a_channel_is_closed(watcher, client):
    client.call(7, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    assert [key for key, _ in events(watcher)] == ["channel.closed"]


def test_a_wrong_password(broker, watcher):
    client = broker.accept()
    client.send_bytes(b"AMQP\x00\x00\x09\x01")
    client.expect(Connection.Start)
    client.send(0, client.start_ok(password="wrong"))
    client.expect(Connection.Close)
    ((key, headers),) = events(watcher)
    assert key == "user.authentication.failure"
    assert headers["error"] == "user 'guest' - invalid credentials"
    assert headers["name"] == "guest"


def test_policies(broker, watcher):
    vhost = broker.node.vhosts["/"]
    with broker.turn() as turn:
        vhost.set_policy(Policy("p", "^q", {"max-length": 3}, apply_to="queues"), turn)
        vhost.clear_policy("p", turn)
    told = {"name": "p", "pattern": "^q", "apply-to": "queues", "priority": 0, "definition": {"max-length": 3}}
    assert events(watcher) == [
        ("policy.set", told | BY_NOBODY),
        ("policy.cleared", {"name": "p"} | BY_NOBODY),
    ]


def test_a_restart_tells_of_nothing_that_comes_back():
    files = FaultyFiles()
    broker = Broker(files=files)
    watcher = broker.connect(1)
    watch(watcher, "queue.*")
    watcher.declare("another", durable=True)
    assert [headers["name"] for _, headers in events(watcher)] == ["another"]
    broker.stop()
    watcher = Broker(files=files).connect(1)
    assert events(watcher) == []
    watcher.declare("third", durable=True)
    assert [headers["name"] for _, headers in events(watcher)] == ["third"]


def test_they_are_kept_in_a_durable_queue_and_copies_of_messages_are_not():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files, tracing=True)
    client = broker.connect(1)
    client.declare(durable=True)
    for exchange in ("event", "trace"):
        method = Queue.Bind(queue="q", exchange=f"amq.rabbitmq.{exchange}", routing_key="#")
        client.call(1, method, Queue.BindOk)
    client.publish(1, b"a", key="nobody", delivery_mode=2)
    assert broker.queue("q").message_count == 3
    broker.stop()
    client = Broker(files=files).connect(1)
    keys = [got.routing_key for got in iter(client.get, None)]
    assert keys[:2] == ["binding.created"] * 2
    assert "publish." not in keys


def test_nobody_publishes_there(client):
    client.publish(7, b"a", exchange="amq.rabbitmq.event")
    text = "ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.event' in vhost '/'"
    client.expect_channel_closed(7, 403, text, Basic.Publish)
