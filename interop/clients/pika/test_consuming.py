"""Getting and consuming, settling, recovering, prefetch, and the ends of consumers."""

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker


@pytest.fixture
def queue(channel):
    """An exclusive queue holding b"0" to b"4"."""
    channel.confirm_delivery()  # other channels look into the queue: each message must be there before they do
    name = channel.queue_declare("", exclusive=True).method.queue
    for number in range(5):
        channel.basic_publish("", name, str(number).encode())
    return name


def take_all(channel, queue):
    """What waits in the queue: (body, redelivered) each."""
    found = []
    while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
        found.append((got[2], got[0].redelivered))
    return found


def delivered(connection, channel, queue, **settings):
    """Consume, and give what has come by the time a later request is answered."""
    found = []
    channel.basic_consume(queue, lambda _, method, __, body: found.append((method, body)), **settings)
    channel.queue_declare(queue, passive=True)
    connection.process_data_events(0)
    return found


def test_get_counts_down_and_then_finds_nothing(channel, queue):
    left = [channel.basic_get(queue, auto_ack=True)[0].message_count for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert channel.basic_get(queue) == (None, None, None)


def test_what_was_got_and_not_acked_comes_back_in_place(connection, channel, queue):
    holder = connection.channel()
    for _ in range(3):
        holder.basic_get(queue)
    holder.basic_ack(2)
    holder.close()
    assert take_all(channel, queue) == [(b"0", True), (b"2", True), (b"3", False), (b"4", False)]


@pytest.mark.parametrize("requeue", [True, False])
def test_nack_multiple(connection, channel, queue, requeue):
    tags = [channel.basic_get(queue)[0].delivery_tag for _ in range(4)]
    channel.basic_nack(tags[2], multiple=True, requeue=requeue)
    channel.basic_reject(tags[3], requeue=requeue)
    returned = [(body, True) for body in (b"0", b"1", b"2", b"3")] if requeue else []
    assert take_all(channel, queue) == [*returned, (b"4", False)]


def test_recover_gives_everything_back(channel, queue):
    for _ in range(3):
        channel.basic_get(queue)
    channel.basic_recover(requeue=True)
    assert [redelivered for _, redelivered in take_all(channel, queue)] == [True, True, True, False, False]


def test_prefetch_holds_back_what_is_over_it(connection, channel, queue):
    channel.basic_qos(prefetch_count=2)
    found = delivered(connection, channel, queue)
    assert [body for _, body in found] == [b"0", b"1"]
    channel.basic_ack(found[0][0].delivery_tag)
    channel.queue_declare(queue, passive=True)
    connection.process_data_events(0)
    assert [body for _, body in found] == [b"0", b"1", b"2"]


def test_a_global_prefetch_is_shared_by_the_channels_consumers(connection, channel, queue):
    channel.basic_qos(prefetch_count=3, global_qos=True)
    first = delivered(connection, channel, queue)
    second = delivered(connection, channel, queue)
    assert len(first) + len(second) == 3


def test_without_acks_prefetch_does_not_matter(connection, channel, queue):
    channel.basic_qos(prefetch_count=1)
    assert len(delivered(connection, channel, queue, auto_ack=True)) == 5


def test_a_new_prefetch_is_for_new_consumers(connection, channel, queue):
    channel.basic_qos(prefetch_count=1)
    first = delivered(connection, channel, queue)
    channel.basic_qos(prefetch_count=0)
    second = delivered(connection, channel, queue)
    assert (len(first), len(second)) == (1, 4)


def test_an_unknown_tag_costs_the_channel(connection, queue):
    channel = connection.channel()
    channel.basic_get(queue)
    channel.basic_ack(1)
    channel.basic_ack(1)
    with pytest.raises(ChannelClosedByBroker) as refused:
        channel.queue_declare(queue, passive=True)
    assert (refused.value.reply_code, refused.value.reply_text) == (406, "PRECONDITION_FAILED - unknown delivery tag 1")


def test_a_consumer_learns_that_its_queue_is_deleted(connection, channel, queue):
    cancelled = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    tag = channel.basic_consume(queue, lambda *_: None)
    connection.channel().queue_delete(queue)
    connection.process_data_events(0.2)
    assert cancelled == [tag]


def test_cancel_leaves_what_was_delivered_to_be_settled(connection, channel, queue):
    channel.basic_qos(prefetch_count=2)
    found = delivered(connection, channel, queue, consumer_tag="mine")
    channel.basic_cancel("mine")
    # pika gives back what it had not shown its user yet; this user had seen both.
    assert [body for _, body in found] == [b"0", b"1"]
    channel.basic_ack(found[1][0].delivery_tag, multiple=True)
    assert take_all(channel, queue) == [(b"2", False), (b"3", False), (b"4", False)]


def test_an_exclusive_consumer_is_alone(connection, channel, queue):
    channel.basic_consume(queue, lambda *_: None, exclusive=True)
    with pytest.raises(ChannelClosedByBroker) as refused:
        connection.channel().basic_consume(queue, lambda *_: None)
    assert refused.value.reply_text == f"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use"


def test_request_and_reply_over_an_exclusive_queue(connect, unique):
    server, client = connect().channel(), connect().channel()
    server.queue_declare(unique("rpc"), exclusive=True)

    def upper(channel, method, properties, body):
        reply = pika.BasicProperties(correlation_id=properties.correlation_id)
        channel.basic_publish("", properties.reply_to, body.upper(), reply)
        channel.basic_ack(method.delivery_tag)

    server.basic_consume(unique("rpc"), upper)
    replies = client.queue_declare("", exclusive=True).method.queue
    client.basic_publish("", unique("rpc"), b"hare", pika.BasicProperties(reply_to=replies, correlation_id="1"))
    server.connection.process_data_events(2)
    method, properties, body = next(client.consume(replies, auto_ack=True, inactivity_timeout=5))
    assert method is not None, "no reply came"
    assert (properties.correlation_id, body) == ("1", b"HARE")
