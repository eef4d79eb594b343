"""Deliveries that must be acked in time, under each profile."""

import pytest

from broker.policies.policy import Policy
from broker.session.ack_timer import AckTimer
from tests.conversation import Basic, Broker, Channel, Queue, Tx

QUORUM = {"x-queue-type": "quorum"}
STREAM = {"x-queue-type": "stream"}
OLDER = ("3.13", "4.2", "lenient")


def text(timeout_ms, channel=1):
    return (
        f"PRECONDITION_FAILED - delivery acknowledgement on channel {channel} timed out. Timeout value used: "
        f"{timeout_ms} ms. This timeout value can be configured, see consumers doc guide to learn more"
    )


def started(profile="lenient", *, timeout_ms=60_000, channels=(1,), **settings):
    return Broker(profile=profile, consumer_timeout_ms=timeout_ms).connect(*channels, **settings)


def consuming(client, *bodies, arguments=QUORUM, **settings):
    """Those messages are delivered now; their tags."""
    client.declare(durable=True, arguments=arguments)
    client.consume(**settings)
    client.publish(1, *bodies)
    return [got.delivery_tag for got in client.deliveries()]


def timers(client):
    return [owner for owner in client.broker.node.backlog.timetable._entries if isinstance(owner, AckTimer)]


# -- the channel is closed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", OLDER)
@pytest.mark.parametrize("arguments", [{}, QUORUM, STREAM])
def test_a_channel_that_does_not_ack_is_closed(profile, arguments):
    client = started(profile)
    consuming(client, b"a", b"b", arguments=arguments, prefetch=10)
    client.broker.advance(59.9)
    client.expect_nothing()
    client.broker.advance(0.1)
    client.expect_channel_closed(1, 406, text(60_000), 0, 0)
    client.open_channel(1)
    if arguments != STREAM:
        got = client.get()
        assert (got.body, got.redelivered) == (b"a", True)


@pytest.mark.parametrize("profile", OLDER)
def test_a_get_counts_too(profile):
    client = started(profile)
    client.declare()
    client.publish(1, b"a")
    client.get(no_ack=False)
    client.broker.advance(60)
    client.expect_channel_closed(1, 406, text(60_000), 0, 0)


def test_by_default_there_is_all_the_time():
    client = started(timeout_ms=0)
    (tag,) = consuming(client, b"a")
    client.broker.advance(1e9)
    client.ack(1, tag)
    client.expect_nothing()


def test_what_is_settled_when_sent_needs_no_ack():
    client = started()
    consuming(client, b"a", no_ack=True)
    client.broker.advance(3600)
    client.expect_nothing()


def test_only_what_is_not_acked_gets_older():
    """A client that takes half a minute for each message lives on."""
    client = started()
    client.declare()
    client.consume(prefetch=1)
    client.publish(1, *[b"m"] * 20)
    for _ in range(20):
        (got,) = client.deliveries()
        client.broker.advance(40)
        client.ack(1, got.delivery_tag)
    client.broker.advance(3600)
    client.expect_nothing()


@pytest.mark.parametrize("acks", [(1,), (2, 1), (1, 3)])
def test_the_oldest_delivery_counts(acks):
    client = started()
    client.declare()
    client.consume()
    for _ in range(4):
        client.publish(1, b"m")
        client.broker.advance(10)
    client.deliveries()
    client.ack(1, *acks)
    oldest = min({1, 2, 3, 4} - set(acks))
    left = 60 - 10 * (5 - oldest)
    client.broker.advance(left - 0.001)
    client.expect_nothing()
    # Deliveries close to each other share a row, which is the younger ones'.
    client.broker.advance(0.001 + 60 / 64)
    client.expect_channel_closed(1, 406, text(60_000))


def test_other_channels_live_on():
    client = started(channels=(1, 2))
    consuming(client, b"a")
    client.declare("other", channel=2)
    client.consume("other", channel=2)
    client.broker.advance(30)
    client.publish(2, b"b", key="other")
    client.broker.advance(30)
    client.expect(Basic.Deliver, 2)
    client.expect_channel_closed(1, 406, text(60_000))
    client.broker.advance(29)
    client.expect_nothing()
    client.broker.advance(1)
    client.expect_channel_closed(2, 406, text(60_000, channel=2))


@pytest.mark.parametrize("how", ["ack", "close", "die"])
def test_nothing_is_left_to_wait_for(how):
    client = started()
    (tag,) = consuming(client, b"a")
    if how == "ack":
        client.ack(1, tag)
        client.broker.advance(60)
    elif how == "close":
        client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    else:
        client.die()
    assert timers(client) == []


def test_in_a_transaction_an_ack_counts_when_it_is_sent():
    client = started()
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.declare()
    client.publish(1, b"a")
    client.call(1, Tx.Commit(), Tx.CommitOk)
    client.consume()
    (got,) = client.deliveries()
    client.ack(1, got.delivery_tag)
    client.broker.advance(60)
    client.expect_nothing()
    # When it is taken back it never was.
    client.call(1, Tx.Rollback(), Tx.RollbackOk)
    client.broker.advance(60)
    client.expect_channel_closed(1, 406, text(60_000))


# -- what a queue says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", OLDER)
@pytest.mark.parametrize("asked", [5_000, 600_000])
def test_a_queue_may_ask_for_another_time(profile, asked):
    for timeout_ms in (0, 60_000):
        client = started(profile, timeout_ms=timeout_ms)
        consuming(client, b"a", arguments={"x-consumer-timeout": asked})
        client.broker.advance(asked / 1000 - 0.1)
        client.expect_nothing()
        client.broker.advance(0.1)
        client.expect_channel_closed(1, 406, text(asked))


@pytest.mark.parametrize("profile", OLDER)
def test_what_a_queue_asks_for_is_not_checked(profile):
    """No integer: no time-out, as with RabbitMQ."""
    client = started(profile)
    consuming(client, b"a", arguments={"x-consumer-timeout": "soon"})
    client.broker.advance(3600)
    client.expect_nothing()


def test_who_comes_to_be_the_oldest_may_have_less_time():
    client = started()
    client.declare("slow")
    client.declare("fast", arguments={"x-consumer-timeout": 5_000})
    client.consume("slow", tag="s")
    client.consume("fast", tag="f")
    client.publish(1, b"a", key="slow")
    client.publish(1, b"b", key="fast")
    slow, _ = client.deliveries()
    client.broker.advance(30)
    client.expect_nothing()
    client.ack(1, slow.delivery_tag)
    client.broker.advance(5)
    client.expect_channel_closed(1, 406, text(5_000))


def test_a_policy_counts_for_consumers_that_are_there():
    client = started(timeout_ms=0)
    consuming(client, b"a", arguments={})
    client.broker.advance(3600)
    set_policy(client, 5_000)
    client.broker.advance(4.9)
    client.expect_nothing()
    client.broker.advance(0.1)
    client.expect_channel_closed(1, 406, text(5_000))


def test_a_policy_may_leave_less_time_than_there_was():
    client = started()
    consuming(client, b"a", arguments={})
    client.broker.advance(30)
    set_policy(client, 40_000)
    client.broker.advance(9.9)
    client.expect_nothing()
    set_policy(client, 5_000)
    client.broker.advance(0)
    client.expect_channel_closed(1, 406, text(5_000))


def test_of_policy_and_argument_the_shorter_counts():
    for asked, said in ((5_000, 60_000), (60_000, 5_000)):
        client = started()
        set_policy(client, said)
        consuming(client, b"a", arguments={"x-consumer-timeout": asked})
        client.broker.advance(5)
        client.expect_channel_closed(1, 406, text(5_000))


def set_policy(client, timeout_ms):
    vhost = client.broker.node.vhosts["/"]
    with client.broker.turn() as turn:
        vhost.set_policy(Policy("p", "", {"consumer-timeout": timeout_ms}), turn)


# -- the consumer is cancelled -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, STREAM])
def test_from_4_3_on_only_quorum_queues_wait(arguments):
    client = started("4.3")
    consuming(client, b"a", arguments=arguments, prefetch=10)
    client.broker.advance(3600)
    client.expect_nothing()


def test_from_4_3_on_the_consumer_is_cancelled():
    client = started("4.3", channels=(1, 2))
    tags = consuming(client, b"a", b"b")
    client.broker.advance(60)
    client.expect(Basic.Cancel, 1, consumer_tag="c", nowait=True)
    client.expect_nothing()
    # They are back, have not failed, and were acquired once.
    got = client.get(channel=2, no_ack=False)
    assert (got.body, got.redelivered) == (b"a", True)
    headers = got.properties.headers
    assert (headers.get("x-delivery-count", 0), headers["x-acquired-count"]) == (0, 1)
    # An ack that comes late is no error, and acks nothing.
    client.ack(1, *tags)
    client.send(2, Basic.Reject(got.delivery_tag, requeue=True))
    assert [client.get().body, client.get().body] == [b"b", b"a"]
    client.consume(tag="c")


def test_from_4_3_on_each_consumer_has_its_own_time():
    client = started("4.3")
    client.declare(durable=True, arguments=QUORUM)
    client.consume(tag="fast", prefetch=1, arguments={"x-consumer-timeout": 5_000})
    client.consume(tag="slow", prefetch=1)
    client.publish(1, b"a", b"b")
    client.deliveries()
    client.broker.advance(5)
    client.expect(Basic.Cancel, 1, consumer_tag="fast")
    client.expect_nothing()
    client.broker.advance(55)
    client.expect(Basic.Cancel, 1, consumer_tag="slow")


def test_from_4_3_on_what_is_younger_stays_and_is_due_later():
    client = started("4.3")
    (old,) = consuming(client, b"a")
    client.broker.advance(30)
    client.publish(1, b"b")
    (young,) = client.deliveries()
    client.broker.advance(30)
    client.expect(Basic.Cancel, 1)
    assert client.count() == 1
    client.broker.advance(31)
    client.expect_nothing()
    assert client.count() == 2
    client.ack(1, old, young.delivery_tag)
    client.expect_nothing()


@pytest.mark.parametrize("how", ["get", "capability"])
def test_from_4_3_on_a_client_that_cannot_be_told_loses_its_channel(how):
    client = started("4.3", capabilities={} if how == "capability" else None)
    if how == "get":
        client.declare(durable=True, arguments=QUORUM)
        client.publish(1, b"a")
        client.get(no_ack=False)
    else:
        consuming(client, b"a")
    client.broker.advance(60)
    client.expect_channel_closed(1, 406, text(-1), 0, 0)
    client.open_channel(1)
    assert client.count() == 1


@pytest.mark.parametrize(("kind", "of"), [("quorum", ""), ("classic", " of queue type rabbit_classic_queue")])
def test_from_4_3_on_the_argument_is_a_quorum_queues_and_checked(kind, of):
    client = started("4.3")
    value = 1000 if of else -1
    arguments = {"x-queue-type": kind, "x-consumer-timeout": value}
    client.send(1, Queue.Declare(queue="q", durable=True, arguments=arguments))
    reason = of or ": {value_negative,-1}"
    expected = f"PRECONDITION_FAILED - invalid arg 'x-consumer-timeout' for queue 'q' in vhost '/'{reason}"
    client.expect_channel_closed(1, 406, expected, Queue.Declare)
    client.open_channel(1)
    client.declare(durable=True, arguments={"x-queue-type": kind})
    client.send(1, Basic.Consume(queue="q", arguments={"x-consumer-timeout": value}))
    client.expect_channel_closed(1, 406, expected, Basic.Consume)


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_rows_stay_few_however_many_batches_there_are():
    client = started()
    client.declare()
    client.consume(prefetch=2)
    client.publish(1, b"first")
    first, *_ = client.deliveries()
    for _ in range(5_000):
        client.publish(1, b"m")
        (got,) = client.deliveries()
        client.ack(1, got.delivery_tag)
        client.broker.advance(0.01)
    (timer,) = timers(client)
    assert len(timer._rows) <= 66
    client.broker.advance(11)
    client.expect_channel_closed(1, 406, text(60_000))
    assert first.delivery_tag == 1


def test_without_a_time_out_nothing_is_kept():
    client = started(timeout_ms=0)
    consuming(client, b"a")
    assert client.session.channels[1].ack_timer is None
