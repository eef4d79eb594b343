"""Soft errors: one channel ends, with the right words and after its things were given back; the rest goes on."""

import pamqp.frame
import pytest

from tests.conversation import Basic, Broker, Channel, Exchange, Queue


@pytest.fixture
def client(broker):
    return broker.connect(1)


@pytest.mark.parametrize(
    "method",
    [
        Queue.Declare(queue="no", passive=True),
        Queue.Purge(queue="no"),
        Queue.Bind(queue="no", exchange="amq.direct", routing_key="k"),
        Basic.Get(queue="no"),
        Basic.Consume(queue="no"),
    ],
    ids=lambda method: method.name,
)
def test_a_queue_that_is_missing(client, method):
    client.send(1, method)
    client.expect_channel_closed(1, 404, "NOT_FOUND - no queue 'no' in vhost '/'", type(method))


@pytest.mark.parametrize(
    "method",
    [
        Exchange.Declare(exchange="no", passive=True),
        Exchange.Bind(source="no", destination="amq.direct"),
        Exchange.Bind(source="amq.direct", destination="no"),
    ],
    ids=lambda method: method.name,
)
def test_an_exchange_that_is_missing(client, method):
    client.send(1, method)
    client.expect_channel_closed(1, 404, "NOT_FOUND - no exchange 'no' in vhost '/'", type(method))


@pytest.mark.parametrize("method", [Queue.Purge, Basic.Get, Basic.Consume])
def test_no_queue_was_declared_on_this_channel(client, method):
    client.send(1, method(queue=""))
    client.expect_channel_closed(1, 404, "NOT_FOUND - no previously declared queue", method)


@pytest.mark.parametrize("settle", [Basic.Ack, Basic.Nack, Basic.Reject])
def test_a_tag_nobody_gave_out(client, settle):
    client.send(1, settle(7))
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown delivery tag 7", settle)


@pytest.mark.parametrize("tags", [(1, 1), (1, 3), (0,)])
def test_tags_already_settled_or_never_valid(client, tags):
    client.declare()
    client.publish(1, b"a", b"b")
    client.consume()
    client.frames()
    client.ack(1, *tags)
    text = f"PRECONDITION_FAILED - unknown delivery tag {tags[-1]}"
    client.expect_channel_closed(1, 406, text, Basic.Ack)
    client.open_channel(1)
    assert client.drain() == ([b"b"] if tags[0] else [b"a", b"b"])


def test_an_ack_of_many_must_name_one_that_is_out(client):
    client.declare()
    client.publish(1, b"a", b"b")
    client.consume()
    client.frames()
    client.referee = None
    client.ack(1, 3, multiple=True)
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown delivery tag 3", Basic.Ack)
    client.open_channel(1)
    assert client.drain() == [b"a", b"b"]


def test_an_ack_on_the_wrong_channel(client):
    client.open_channel(2)
    client.declare()
    client.publish(1, b"a")
    client.consume()
    client.frames()
    client.ack(2, 1)
    client.expect_channel_closed(2, 406, "PRECONDITION_FAILED - unknown delivery tag 1", Basic.Ack)
    client.ack(1, 1)
    client.expect_nothing()


def test_an_ack_of_what_needs_none(client):
    client.declare()
    client.publish(1, b"a")
    client.consume(no_ack=True)
    client.frames()
    client.ack(1, 1)
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown delivery tag 1", Basic.Ack)


@pytest.mark.parametrize(
    ("expiration", "reason"),
    [
        ("abc", "no_integer"),
        ("10x", '{leftover_string,"x"}'),
        ("-1", "{value_negative,-1}"),
        ("315360000001", "{value_too_large,315360000001}"),
    ],
)
def test_an_expiration_that_is_none(client, expiration, reason):
    client.declare()
    client.publish(1, b"x", expiration=expiration)
    text = f"PRECONDITION_FAILED - invalid expiration '{expiration}': {reason}"
    client.expect_channel_closed(1, 406, text, Basic.Publish)


@pytest.mark.parametrize("expiration", ["1", "60000", "315360000000"])
def test_an_expiration_that_is_one(client, expiration):
    client.declare()
    client.publish(1, b"x", expiration=expiration)
    assert client.get().properties.expiration == expiration


def test_another_users_name(client):
    client.declare()
    client.publish(1, b"x", user_id="guest")
    client.publish(1, b"x", user_id="root")
    text = "PRECONDITION_FAILED - user_id property set to 'root' but authenticated user was 'guest'"
    client.expect_channel_closed(1, 406, text, Basic.Publish)
    client.open_channel(1)
    assert client.count() == 1


def test_an_internal_exchange(client):
    client.call(1, Exchange.Declare(exchange="x", internal=True), Exchange.DeclareOk)
    client.publish(1, b"x", exchange="x")
    text = "ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/'"
    client.expect_channel_closed(1, 403, text, Basic.Publish)


def test_a_body_larger_than_allowed():
    client = Broker(max_message_bytes=100).connect(1)
    client.declare()
    client.publish(1, b"x" * 100)
    client.publish(1, b"x" * 101)
    text = "PRECONDITION_FAILED - message size 101 is larger than configured max size 100"
    client.expect_channel_closed(1, 406, text, Basic.Publish)
    client.open_channel(1)
    assert client.count() == 1


def test_in_a_batch_what_came_before_the_wrong_one_is_kept_and_what_follows_is_not(client):
    client.declare()
    client.send_bytes(
        client.publish_bytes(1, b"good")
        + client.publish_bytes(1, b"bad", expiration="x")
        + client.publish_bytes(1, b"late")
    )
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - invalid expiration 'x': no_integer", Basic.Publish)
    client.open_channel(1)
    assert client.drain() == [b"good"]


# After the error


def break_channel(client, number=1):
    client.send(number, Queue.Purge(queue="no"))
    return client.expect(Channel.Close, number)


def test_other_channels_do_not_notice(client):
    client.open_channel(2)
    client.declare(channel=2)
    client.consume(channel=2, no_ack=True)
    break_channel(client)
    client.publish(2, b"x")
    assert client.bodies() == [b"x"]


def test_all_that_comes_before_close_ok_is_discarded(client):
    client.declare()
    break_channel(client)
    client.referee = None
    client.publish(1, b"x")
    client.send(1, Queue.Declare(queue="r"), Basic.Get(queue="q"), Basic.Ack(9), Basic.Qos())
    client.expect_nothing()
    client.send(1, Channel.CloseOk())
    client.open_channel(1)
    assert client.count() == 0
    assert client.broker.queues == {"q"}


def test_a_close_that_crossed_ours_is_answered(client):
    break_channel(client)
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    client.send(1, Channel.CloseOk())
    client.open_channel(1)


def test_the_number_is_free_at_once(client):
    for _ in range(3):
        break_channel(client)
        client.send(1, Channel.CloseOk())
        client.open_channel(1)
        client.declare()


def test_before_the_close_is_told_everything_was_given_back(broker, client):
    other = broker.connect(1)
    client.declare("keep")
    client.declare("gone", auto_delete=True)
    client.publish(1, b"x", key="keep")
    client.consume("keep", tag="a")
    client.consume("gone", tag="b")
    client.frames()
    other.consume("keep", no_ack=True)
    client.send(1, Queue.Purge(queue="no"))
    client.expect(Channel.Close)
    assert other.bodies() == [b"x"]
    assert broker.queues == {"keep"}


def test_delivery_tags_begin_anew_on_a_channel_opened_again(client):
    client.declare()
    client.publish(1, b"a", b"b")
    assert client.get().delivery_tag == 1
    break_channel(client)
    client.send(1, Channel.CloseOk())
    client.open_channel(1)
    assert client.get().delivery_tag == 1


def test_the_last_declared_queue_is_forgotten(client):
    client.declare()
    break_channel(client)
    client.send(1, Channel.CloseOk())
    client.open_channel(1)
    client.send(1, Basic.Get(queue=""))
    client.expect_channel_closed(1, 404, "NOT_FOUND - no previously declared queue", Basic.Get)


def test_a_long_reply_text_is_cut(client):
    name = "n" * 250
    client.send(1, Queue.Declare(queue=name, passive=True))
    got = client.expect(Channel.Close, reply_code=404)
    assert len(got.reply_text) == 255
    assert got.reply_text.startswith("NOT_FOUND - no queue 'nnn")
    assert got.reply_text.endswith("n...")


def test_two_channels_break_in_one_turn(client):
    client.open_channel(2)
    purge = Queue.Purge(queue="no")
    client.send_bytes(pamqp.frame.marshal(purge, 1) + pamqp.frame.marshal(purge, 2))
    assert [got.channel for got in client.frames()] == [1, 2]
