"""From methods to the virtual host and back: names, nowait, "" as the last declared queue, replies."""

import pytest

from broker.session import topology
from broker.vhost import UNGUARDED, VirtualHost
from protocol.amqp.errors import SoftError
from protocol.amqp.methods import Exchange, Queue
from tests.broker.fakes import TURN, FakeQueue


class Channel:
    def __init__(self, vhost):
        self.vhost = vhost
        self.owner = object()
        self.last_queue = ""
        self.permits = UNGUARDED

    def does(self, method):
        return topology.handle(self, method, TURN)

    def refuses(self, method):
        with pytest.raises(SoftError) as raised:
            self.does(method)
        return raised.value.text


@pytest.fixture
def vhost():
    return VirtualHost("/", make_queue=FakeQueue, random_bytes=bytes)


@pytest.fixture
def channel(vhost):
    return Channel(vhost)


def declaration(queue, **fields):
    """A method as it comes off the wire: pamqp's constructors would refuse names that RabbitMQ takes."""
    method = Queue.Declare(**fields)
    method.queue = queue
    return method


def test_every_method_is_answered_by_its_ok(channel):
    for method, reply in [
        (Exchange.Declare(exchange="x"), Exchange.DeclareOk),
        (Exchange.Declare(exchange="x", passive=True), Exchange.DeclareOk),
        (Exchange.Declare(exchange="y"), Exchange.DeclareOk),
        (Exchange.Bind(source="x", destination="y"), Exchange.BindOk),
        (Exchange.Unbind(source="x", destination="y"), Exchange.UnbindOk),
        (Queue.Declare(queue="q"), Queue.DeclareOk),
        (Queue.Bind(exchange="x", queue="q"), Queue.BindOk),
        (Queue.Unbind(exchange="x", queue="q"), Queue.UnbindOk),
        (Queue.Purge(queue="q"), Queue.PurgeOk),
        (Queue.Delete(queue="q"), Queue.DeleteOk),
        (Exchange.Delete(exchange="x"), Exchange.DeleteOk),
    ]:
        assert type(channel.does(method)) is reply


def test_nowait_does_it_without_a_word(channel, vhost):
    assert channel.does(Queue.Declare(queue="q", nowait=True)) is None
    assert channel.does(Exchange.Declare(exchange="x", exchange_type="fanout", nowait=True)) is None
    assert channel.does(Queue.Bind(exchange="x", queue="q", nowait=True)) is None
    assert [queue.name for queue in vhost.route("x", "", None).queues] == ["q"]
    assert channel.does(Queue.Purge(queue="q", nowait=True)) is None
    assert channel.does(Queue.Delete(queue="q", nowait=True)) is None
    assert channel.last_queue == "q"
    assert "q" not in vhost.queues


def test_counts(channel, vhost):
    channel.does(Queue.Declare(queue="q"))
    vhost.queues["q"].message_count, vhost.queues["q"].consumer_count = 5, 2
    ok = channel.does(Queue.Declare(queue="q"))
    assert (ok.queue, ok.message_count, ok.consumer_count) == ("q", 5, 2)
    assert channel.does(Queue.Purge(queue="q")).message_count == 5
    vhost.queues["q"].message_count = 4
    assert channel.does(Queue.Delete(queue="q")).message_count == 4
    assert channel.does(Queue.Delete(queue="q")).message_count == 0


def test_exclusive_queues_are_their_connections(channel, vhost):
    channel.does(Queue.Declare(queue="q", exclusive=True))
    channel.does(Queue.Declare(queue="q", exclusive=True))
    channel.does(Queue.Declare(queue="shared"))
    assert Channel(vhost).refuses(Queue.Purge(queue="q")).startswith("RESOURCE_LOCKED")
    assert Channel(vhost).refuses(Queue.Declare(queue="q", passive=True)).startswith("RESOURCE_LOCKED")
    vhost.delete_owned(channel.owner, TURN)
    assert set(vhost.queues) == {"shared"}


def test_passive_looks_at_nothing_but_the_name(channel):
    channel.does(Queue.Declare(queue="q"))
    channel.does(Queue.Declare(queue="q", passive=True, durable=True, arguments={"x-expires": -1}))
    channel.does(Exchange.Declare(exchange="amq.topic", exchange_type="zzz", passive=True, durable=False))


def test_passive_and_missing(channel):
    assert channel.refuses(Queue.Declare(queue="no", passive=True)) == "NOT_FOUND - no queue 'no' in vhost '/'"
    assert channel.refuses(Queue.Declare(queue="", passive=True)) == "NOT_FOUND - no queue '' in vhost '/'"
    assert channel.refuses(Exchange.Declare(exchange="no", passive=True)) == "NOT_FOUND - no exchange 'no' in vhost '/'"
    text = "ACCESS_REFUSED - operation not permitted on the default exchange"
    assert channel.refuses(Exchange.Declare(exchange="", passive=True)) == text


def test_no_name_is_the_queue_declared_last(channel, vhost):
    channel.does(Queue.Declare(queue="first"))
    channel.does(Queue.Declare(queue="last"))
    channel.does(Queue.Declare(queue="first", passive=True))
    assert topology.resolve_queue_name(channel, "") == "first"
    assert topology.resolve_queue_name(channel, "other") == "other"
    name = channel.does(Queue.Declare(queue="")).queue
    assert name.startswith("amq.gen-")
    channel.does(Queue.Bind(exchange="amq.direct", queue=""))
    assert [queue.name for queue in vhost.route("amq.direct", name, None).queues] == [name]
    channel.does(Queue.Unbind(exchange="amq.direct", queue=""))
    assert vhost.route("amq.direct", name, None).queues == ()
    channel.does(Queue.Purge(queue=""))
    channel.does(Queue.Delete(queue=""))
    assert name not in vhost.queues


@pytest.mark.parametrize(("queue", "key", "bound_by"), [("", "", "q"), ("", "k", "k"), ("q", "", ""), ("q", "k", "k")])
def test_key_of_a_bind(channel, vhost, queue, key, bound_by):
    channel.does(Queue.Declare(queue="q"))
    channel.does(Queue.Bind(exchange="amq.direct", queue=queue, routing_key=key))
    for candidate in ("q", "k", ""):
        found = [queue.name for queue in vhost.route("amq.direct", candidate, None).queues]
        assert found == (["q"] if candidate == bound_by else []), candidate


def test_no_name_and_nothing_declared(channel):
    text = "NOT_FOUND - no previously declared queue"
    assert channel.refuses(Queue.Bind(exchange="amq.direct", queue="", routing_key="k")) == text
    assert channel.refuses(Queue.Unbind(exchange="amq.direct", queue="")) == text
    assert channel.refuses(Queue.Purge(queue="")) == text
    assert channel.refuses(Queue.Delete(queue="")) == text


def test_line_ends_are_no_part_of_a_name(channel, vhost):
    assert channel.does(declaration("a\r\nb\n")).queue == "ab"
    assert "ab" in vhost.queues
    assert channel.last_queue == "ab"
    # But in queue.purge they are, as in RabbitMQ.
    purge = Queue.Purge()
    purge.queue = "a\nb"
    assert channel.refuses(purge) == "NOT_FOUND - no queue 'a\nb' in vhost '/'"


def test_a_refused_declaration_is_not_the_last_declared_queue(channel):
    channel.does(Queue.Declare(queue="q"))
    assert channel.refuses(Queue.Declare(queue="bad", arguments={"x-expires": 0})).startswith("PRECONDITION_FAILED")
    assert channel.last_queue == "q"
