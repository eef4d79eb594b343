"""x-delayed-message: what is held back, for how long, and what comes of it; restarts and crashes included."""

from random import Random

import pytest
from pamqp.commands import Basic, Confirm, Exchange, Queue, Tx

from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    client = broker.connect(1)
    declare(client)
    return client


def declare(client, kind="direct", key="k", **settings):
    """Exchange x, and q bound to it."""
    arguments = {"x-delayed-type": kind} | settings.pop("arguments", {})
    settings = {"durable": True} | settings
    method = Exchange.Declare(exchange="x", exchange_type="x-delayed-message", arguments=arguments, **settings)
    client.call(1, method, Exchange.DeclareOk)
    client.declare(durable=settings["durable"], exclusive=not settings["durable"])
    bind(client, "q", "x", key)


def bind(client, queue, exchange, key):
    client.call(1, Queue.Bind(queue=queue, exchange=exchange, routing_key=key), Queue.BindOk)


def publish(client, body, delay=None, key="k", **properties):
    headers = properties.pop("headers", {}) | ({} if delay is None else {"x-delay": delay})
    client.publish(1, body, exchange="x", key=key, headers=headers, **properties)


def test_each_comes_when_its_time_has_come(broker, client):
    publish(client, b"b", 2000)
    publish(client, b"a", 1000)
    publish(client, b"c", 2000)
    assert client.drain() == []
    broker.advance(0.998)
    assert client.drain() == []
    broker.advance(0.002)
    assert client.drain() == [b"a"]
    broker.advance(1)
    assert client.drain() == [b"b", b"c"]
    broker.advance(20)
    assert broker.node.next_deadline() is None


def test_a_consumer_gets_it_with_the_delay_negated_and_all_else_as_it_was(broker, client):
    client.consume(no_ack=True)
    publish(client, b"a", 1500, headers={"other": "h"}, message_id="m", delivery_mode=2)
    client.expect_nothing()
    broker.advance(1.5)
    (got,) = client.deliveries()
    assert (got.exchange, got.routing_key, got.body) == ("x", "k", b"a")
    assert got.properties.headers == {"other": "h", "x-delay": -1500}
    assert (got.properties.message_id, got.properties.delivery_mode) == ("m", 2)


@pytest.mark.parametrize("delay", [None, 0, -1, True, "soon", "-5", 2**32, {"ms": 1}, [1000], ""])
def test_what_is_no_delay_is_routed_at_once(client, delay):
    publish(client, b"a", delay)
    got = client.get()
    assert got.body == b"a"
    assert got.properties.headers.get("x-delay") == delay


@pytest.mark.parametrize("delay", [1000, "1000", 1000.0, 1000.9, 2**32 - 1])
def test_what_is_a_delay(broker, client, delay):
    publish(client, b"a", delay)
    assert client.get() is None
    broker.advance(int(delay) / 1000)
    assert client.get().properties.headers == {"x-delay": -int(delay)}


def test_bindings_count_when_the_time_has_come(broker, client):
    publish(client, b"a", 1000, key="later")
    publish(client, b"b", 1000)
    bind(client, "q", "x", "later")
    client.call(1, Queue.Unbind(queue="q", exchange="x", routing_key="k"), Queue.UnbindOk)
    broker.advance(1)
    assert client.drain() == [b"a"]


def test_other_kinds_route_too(broker, client):
    client.declare("all")
    for name, kind in (("topic", "topic"), ("hash", "x-consistent-hash")):
        method = Exchange.Declare(exchange=name, exchange_type="x-delayed-message", arguments={"x-delayed-type": kind})
        client.call(1, method, Exchange.DeclareOk)
    bind(client, "all", "topic", "a.#")
    bind(client, "all", "hash", "1")
    for exchange in ("topic", "hash"):
        client.publish(1, exchange.encode(), exchange=exchange, key="a.b", headers={"x-delay": 10})
        client.publish(1, b"at once", exchange=exchange, key="a.b")
    assert client.drain("all") == [b"at once"] * 2
    broker.advance(0.01)
    assert client.drain("all") == [b"topic", b"hash"]


def test_the_inner_kind_refuses_bindings(client):
    arguments = {"x-delayed-type": "x-consistent-hash"}
    method = Exchange.Declare(exchange="h", exchange_type="x-delayed-message", arguments=arguments)
    client.call(1, method, Exchange.DeclareOk)
    client.send(1, Queue.Bind(queue="q", exchange="h", routing_key="heavy"))
    client.expect_channel_closed(
        1, 406, 'PRECONDITION_FAILED - The binding key must be an integer: <<"heavy">>', 50, 20
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "Invalid argument, 'x-delayed-type' must be an existing exchange type"),
        ({"x-delayed-type": 1}, "Invalid argument, 'x-delayed-type' must be an existing exchange type"),
        (
            {"x-delayed-type": "x-delayed-message"},
            "Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'",
        ),
        ({"x-delayed-type": "nonsense"}, "unknown exchange type 'nonsense'"),
        (
            {"x-delayed-type": "x-consistent-hash", "hash-property": "app_id"},
            "Unsupported property: app_id",
        ),
    ],
)
def test_arguments_that_are_refused(client, arguments, text):
    client.send(1, Exchange.Declare(exchange="y", exchange_type="x-delayed-message", arguments=arguments))
    client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {text}", Exchange.Declare)


def test_several_keys(broker, client):
    for name in ("cc", "bcc"):
        client.declare(name)
        bind(client, name, "x", name)
    publish(client, b"a", 10, headers={"CC": ["cc"], "BCC": ["bcc"]})
    broker.advance(0.01)
    for name in ("q", "cc", "bcc"):
        got = client.get(name)
        assert got.properties.headers == {"CC": ["cc"], "x-delay": -10}


def test_its_own_time_to_live_begins_after_the_delay(broker, client):
    publish(client, b"a", 5000, expiration="1000")
    broker.advance(5.9)
    assert client.count() == 1
    broker.advance(0.2)
    assert client.count() == 0


def test_neighbours_keep_what_each_of_them_is():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    for number, (mode, expiration) in enumerate([(2, None), (1, None), (1, "5000"), (2, "5000"), (2, "9000")]):
        publish(client, b"%d" % number, 1000, delivery_mode=mode, expiration=expiration)
    broker.advance(1)
    broker.stop()
    again = Broker(files=files, now=broker.now)
    assert again.queue("q").message_count == 3
    again.advance(5)
    assert again.connect(1).drain() == [b"0", b"4"]


def test_a_mandatory_one_is_returned_and_comes_nevertheless(broker, client):
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    publish(client, b"a", 10)
    client.expect(Basic.Ack)
    client.publish(1, b"b", exchange="x", key="k", mandatory=True, headers={"x-delay": 10})
    client.expect(Basic.Return, 1, reply_code=312)
    client.expect(Basic.Ack)
    broker.advance(0.01)
    assert client.drain() == [b"a", b"b"]


def test_by_way_of_another_exchange(broker, client):
    client.call(1, Exchange.Bind(destination="x", source="amq.fanout"), Exchange.BindOk)
    client.declare("other")
    bind(client, "other", "amq.fanout", "")
    client.publish(1, b"a", exchange="amq.fanout", key="k", headers={"x-delay": 10})
    assert client.get("other").properties.headers == {"x-delay": 10}
    broker.advance(0.01)
    got = client.get()
    assert (got.exchange, got.properties.headers) == ("amq.fanout", {"x-delay": -10})


def test_the_alternate_takes_what_is_unroutable_when_its_time_has_come(broker, client):
    client.declare("rest")
    bind(client, "rest", "amq.fanout", "")
    client.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    declare(client, arguments={"alternate-exchange": "amq.fanout"})
    publish(client, b"a", 10, key="nobody's")
    assert client.drain("rest") == []
    broker.advance(0.01)
    assert client.drain("rest") == [b"a"]


def test_with_the_exchange_goes_what_it_held_back(broker, client):
    before = broker.node.gauge.bytes
    publish(client, b"a" * 1000, 10)
    assert broker.node.gauge.bytes > before + 1000
    client.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    assert broker.node.gauge.bytes == before
    broker.advance(20)
    assert broker.node.next_deadline() is None
    declare(client)
    broker.advance(0.01)
    assert client.drain() == []


def test_what_was_delivered_counts_no_more(broker, client):
    before = broker.node.gauge.bytes
    for delay in (5, 10):
        publish(client, b"a" * delay, delay)
    broker.advance(0.01)
    client.drain()
    assert broker.node.gauge.bytes == before


def test_in_a_transaction_the_delay_begins_with_the_commit(broker, client):
    client.call(1, Tx.Select(), Tx.SelectOk)
    publish(client, b"a", 1000)
    broker.advance(5)
    client.call(1, Tx.Commit(), Tx.CommitOk)
    assert client.drain() == []
    broker.advance(1)
    assert client.drain() == [b"a"]


def test_very_many_at_the_same_moment(broker, client):
    client.publish(1, *[b"%d" % number for number in range(3000)], exchange="x", key="k", headers={"x-delay": 10})
    broker.advance(0.01)
    assert client.drain() == [b"%d" % number for number in range(3000)]


# Restarts.


def restarted(broker, files, how="stopped", seed=1):
    if how == "stopped":
        broker.stop()
    else:
        files = files.after_power_cut(Random(seed))
    broker = Broker(files=files, now=broker.now + 10)
    broker.advance(0)
    return broker, broker.connect(1), files


@pytest.mark.parametrize("how", ["stopped", "cut"])
@pytest.mark.parametrize("mode", [1, 2])
def test_a_restart_keeps_what_is_held_back(how, mode):
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    publish(client, b"overdue", 5_000, delivery_mode=mode)
    publish(client, b"soon", 12_000, delivery_mode=mode)
    publish(client, b"late", 3_600_000, delivery_mode=mode)
    publish(client, b"safe", 3_600_000, delivery_mode=2)
    broker, client, files = restarted(broker, files, how)
    assert client.drain() == [b"overdue"]
    broker.advance(2.5)
    assert client.drain() == [b"soon"]
    publish(client, b"new", 1000)
    broker, client, files = restarted(broker, files)
    assert client.drain() == [b"new"]
    broker.advance(3600)
    assert client.drain() == [b"late", b"safe"]
    broker, client, files = restarted(broker, files)
    broker.advance(4000)
    assert client.drain() == []


def test_a_confirm_waits_until_it_is_safe():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files, disk_waits=True)
    client = broker.connect(1)
    while broker.commit():
        pass
    client.send(
        1,
        Exchange.Declare(
            exchange="x", exchange_type="x-delayed-message", durable=True, arguments={"x-delayed-type": "fanout"}
        ),
    )
    while broker.commit():
        pass
    client.expect(Exchange.DeclareOk)
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    publish(client, b"a", 1000, delivery_mode=2)
    client.expect_nothing()
    broker.commit()
    client.expect(Basic.Ack)


def test_what_was_due_is_let_go_when_it_is_safe_where_it_went():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    publish(client, b"a", 1000, delivery_mode=2)
    broker.disk_waits = True
    broker.advance(1)
    assert client.get(no_ack=False).body == b"a"
    # Nothing of it was written yet: it is delivered again.
    broker, client, files = restarted(broker, files, "cut")
    assert client.drain() == [b"a"]
    broker.advance(1)
    broker, client, files = restarted(broker, files, "cut")
    assert client.drain() == []


@pytest.mark.parametrize("count", [1, 5000])
def test_deleted_and_declared_anew_after_a_restart_it_holds_nothing(count):
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    client.publish(1, *[b"a"] * count, exchange="x", key="k", headers={"x-delay": 60_000}, delivery_mode=2)
    broker, client, files = restarted(broker, files)
    client.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    declare(client)
    broker, client, files = restarted(broker, files)
    broker.advance(100)
    assert client.drain() == []
    assert not [name for name in files.names("data/logs") if name.startswith("q") and files.size(f"data/logs/{name}")]


def test_published_while_the_log_is_read_after_a_restart():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    client.publish(1, *[b"old" * 100] * 4000, exchange="x", key="k", headers={"x-delay": 60_000}, delivery_mode=2)
    broker.stop()
    broker = Broker(files=files, now=broker.now, disk_waits=True)
    client = broker.connect(1)
    publish(client, b"first", 1000, delivery_mode=2)
    while broker.commit() or broker.read_blocks():
        pass
    broker.advance(1)
    assert client.drain() == [b"first"]
    broker.disk_waits = False
    broker.advance(60)
    assert client.count() == 4000


def test_a_transient_exchange_is_gone_with_what_it_held_back():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client, durable=False)
    publish(client, b"a", 1000, delivery_mode=2)
    broker.advance(1)
    assert client.drain() == [b"a"]
    publish(client, b"a", 1000, delivery_mode=2)
    broker, client, files = restarted(broker, files)
    broker.advance(10)
    assert not [name for name in files.names("data/logs") if name.startswith("q")]


def test_what_was_due_as_the_broker_stopped_comes_once():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    client = broker.connect(1)
    declare(client)
    publish(client, b"a", 1000, delivery_mode=2)
    broker.disk_waits = True
    broker.now += 1
    with broker.turn() as turn:
        broker.node.tick(turn)
    broker, client, files = restarted(broker, files)
    broker.advance(10)
    assert client.drain() == [b"a"]
