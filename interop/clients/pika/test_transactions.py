"""tx: publishes and acks that happen together at commit, or not at all."""

import pytest
from pika.exceptions import ChannelClosedByBroker


@pytest.fixture
def queue(connect):
    """An exclusive queue would be locked for the observer: this one is shared, and deleted after."""
    channel = connect().channel()
    name = channel.queue_declare("", durable=True).method.queue
    yield name
    channel.queue_delete(name)


@pytest.fixture
def transacted(connect):
    channel = connect().channel()
    channel.tx_select()
    return channel


def ready(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def test_nothing_is_published_before_the_commit(connect, transacted, queue):
    observer = connect().channel()
    transacted.basic_publish("", queue, b"one")
    transacted.basic_publish("", queue, b"two")
    assert ready(transacted, queue) == ready(observer, queue) == 0
    transacted.tx_commit()
    assert ready(observer, queue) == 2


def test_a_rollback_forgets_the_publishes(transacted, queue):
    transacted.basic_publish("", queue, b"one")
    transacted.tx_rollback()
    transacted.tx_commit()
    assert ready(transacted, queue) == 0


def test_acks_count_from_the_commit(connect, transacted, queue):
    observer = connect().channel()
    observer.confirm_delivery()
    observer.basic_publish("", queue, b"one")
    observer.basic_publish("", queue, b"two")
    first = transacted.basic_get(queue)[0]
    transacted.basic_get(queue)
    transacted.basic_ack(first.delivery_tag)
    transacted.tx_commit()
    transacted.close()
    method, _, body = observer.basic_get(queue, auto_ack=True)
    assert (body, method.redelivered) == (b"two", True), "the unacked one came back; the acked one is gone"
    assert observer.basic_get(queue)[0] is None


def test_a_rolled_back_ack_can_be_given_again(connect, transacted, queue):
    observer = connect().channel()
    observer.confirm_delivery()
    observer.basic_publish("", queue, b"one")
    method = transacted.basic_get(queue)[0]
    transacted.basic_ack(method.delivery_tag)
    transacted.tx_rollback()
    transacted.basic_ack(method.delivery_tag)
    transacted.tx_commit()
    transacted.close()
    assert ready(observer, queue) == 0


def test_a_transaction_dies_with_its_connection(connect, queue):
    connection = connect()
    channel = connection.channel()
    channel.tx_select()
    channel.basic_publish("", queue, b"one")
    connection.close()
    assert ready(connect().channel(), queue) == 0


def test_a_channel_is_transactional_or_confirming(connect):
    channel = connect().channel()
    channel.tx_select()
    with pytest.raises(ChannelClosedByBroker) as refused:
        channel.confirm_delivery()
    assert refused.value.reply_text == "PRECONDITION_FAILED - cannot switch from tx to confirm mode"


def test_commit_needs_a_transaction(connect):
    with pytest.raises(ChannelClosedByBroker) as refused:
        connect().channel().tx_commit()
    assert refused.value.reply_text == "PRECONDITION_FAILED - channel is not transactional"
