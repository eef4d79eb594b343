"""Direct reply-to: requests and replies without a queue in between."""

import gc
import weakref

import pytest

from tests.conversation import Basic, Channel, Queue

PSEUDO = "amq.rabbitmq.reply-to"


@pytest.fixture
def requester(broker):
    client = broker.connect(1)
    client.call(1, Basic.Consume(queue=PSEUDO, no_ack=True, consumer_tag="replies"), Basic.ConsumeOk)
    return client


@pytest.fixture
def responder(broker):
    client = broker.connect(1)
    client.declare("work")
    return client


def ask(requester, responder, **properties):
    """A request on its way; the name that its reply must be sent to."""
    requester.publish(1, b"question", key="work", reply_to=PSEUDO, **properties)
    got = responder.call(1, Basic.Get(queue="work", no_ack=True), Basic.GetOk)
    return got.properties


def test_a_reply_comes_to_the_consumer_that_asked(requester, responder):
    properties = ask(requester, responder, correlation_id="7", headers={"a": 1})
    assert properties.reply_to.startswith(PSEUDO + ".")
    assert (properties.correlation_id, properties.headers) == ("7", {"a": 1})
    responder.publish(1, b"answer", key=properties.reply_to, mandatory=True, correlation_id="7")
    responder.expect_nothing()
    got = requester.expect(
        Basic.Deliver, consumer_tag="replies", exchange="", routing_key=properties.reply_to, body=b"answer"
    )
    assert got.properties.correlation_id == "7"


def test_two_requesters_have_names_of_their_own(broker, requester, responder):
    other = broker.connect(1)
    other.call(1, Basic.Consume(queue=PSEUDO, no_ack=True), Basic.ConsumeOk)
    assert ask(requester, responder).reply_to != ask(other, responder).reply_to


def test_a_request_without_a_consumer_is_refused(responder):
    responder.publish(1, b"question", key="work", reply_to=PSEUDO)
    responder.expect(
        Channel.Close, reply_code=406, reply_text="PRECONDITION_FAILED - fast reply consumer does not exist"
    )


@pytest.mark.parametrize(
    ("consume", "text"),
    [
        (Basic.Consume(queue=PSEUDO, no_ack=False), "reply consumer cannot acknowledge"),
        (Basic.Consume(queue=PSEUDO, no_ack=True), "reply consumer already set"),
    ],
)
def test_a_consumer_that_cannot_be(requester, consume, text):
    requester.send(1, consume)
    requester.expect(Channel.Close, reply_code=406, reply_text=f"PRECONDITION_FAILED - {text}")


def test_a_tag_in_use_is_refused_either_way(requester):
    requester.declare("q")
    requester.send(1, Basic.Consume(queue="q", consumer_tag="replies"))
    requester.expect_closed(530, "NOT_ALLOWED - attempt to reuse consumer tag 'replies'")


@pytest.mark.parametrize("how", ["cancel", "channel", "connection"])
def test_a_reply_to_one_that_is_gone_is_lost(requester, responder, how):
    name = ask(requester, responder).reply_to
    if how == "cancel":
        requester.call(1, Basic.Cancel("replies"), Basic.CancelOk)
    elif how == "channel":
        requester.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    else:
        requester.die()
    responder.publish(1, b"answer", key=name)
    responder.expect_nothing()
    requester.expect_nothing()
    responder.send(1, Queue.Declare(queue=name, passive=True))
    responder.expect(Channel.Close, reply_code=404, reply_text=f"NOT_FOUND - no queue '{name}' in vhost '/'")


def test_declaring_it_asks_whether_it_is_there(requester, responder):
    name = ask(requester, responder).reply_to
    for asked in (name, PSEUDO):
        got = responder.call(1, Queue.Declare(queue=asked, passive=True), Queue.DeclareOk)
        assert (got.queue, got.message_count, got.consumer_count) == (asked, 0, 1)
    responder.send(1, Basic.Get(queue=""))
    responder.expect_channel_closed(1, 404, f"NOT_FOUND - no queue '{PSEUDO}' in vhost '/'", Basic.Get)
    responder.open_channel(1)
    responder.call(1, Queue.Delete(queue=name), Queue.DeleteOk)
    responder.publish(1, b"answer", key=name)
    requester.expect(Basic.Deliver, body=b"answer")


def test_large_replies_wait_for_a_requester_that_reads_later(requester, responder):
    name = ask(requester, responder).reply_to
    requester.reads = False
    responder.publish(1, *[b"x" * 300_000] * 10, key=name)
    requester.start_reading()
    assert len(requester.deliveries()) == 10


def test_a_requester_that_never_reads_holds_no_more_than_that(broker, requester, responder):
    name = ask(requester, responder).reply_to
    requester.reads = False
    for _ in range(40):
        responder.publish(1, b"x" * 1_000_000, key=name)
    assert requester.session.outbox.size < 18_000_000
    assert broker.node.gauge.bytes == 0


def test_a_responder_that_remembers_its_way_keeps_nothing_of_a_requester(broker, requester, responder):
    responder.publish(1, b"answer", key=ask(requester, responder).reply_to)
    ended = weakref.ref(requester.session)
    requester.die()
    broker.clients.remove(requester)
    del requester.session
    gc.collect()
    assert ended() is None
