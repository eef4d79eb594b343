"""Class tx: publishes and settlements wait for the commit; rollback undoes both."""

import pytest

from tests.conversation import Basic, Channel, Queue, Tx


@pytest.fixture
def client(broker):
    client = broker.connect(1, 2)
    client.declare()
    client.call(1, Tx.Select(), Tx.SelectOk)
    return client


def commit(client):
    client.call(1, Tx.Commit(), Tx.CommitOk)


def rollback(client):
    client.call(1, Tx.Rollback(), Tx.RollbackOk)


def test_a_publish_is_seen_after_the_commit_only(client):
    client.publish(1, b"a", b"b")
    assert client.count(channel=2) == 0
    commit(client)
    assert client.drain(channel=2) == [b"a", b"b"]


def test_rollback_forgets_publishes(client):
    client.publish(1, b"a")
    rollback(client)
    commit(client)
    assert client.count() == 0


def test_the_next_transaction_begins_by_itself(client):
    client.publish(1, b"a")
    commit(client)
    client.publish(1, b"b")
    assert client.count(channel=2) == 1
    commit(client)
    assert client.drain() == [b"a", b"b"]


def test_selecting_again_changes_nothing(client):
    client.publish(1, b"a")
    client.call(1, Tx.Select(), Tx.SelectOk)
    commit(client)
    assert client.count() == 1


@pytest.mark.parametrize(
    ("settle", "left"),
    [
        (Basic.Ack(1), []),
        (Basic.Nack(1, requeue=False), []),
        (Basic.Reject(1, requeue=False), []),
        (Basic.Nack(1, requeue=True), [b"a"]),
    ],
)
def test_a_settlement_counts_from_the_commit_on(client, settle, left):
    client.publish(2, b"a")
    client.get(no_ack=False)
    client.send(1, settle)
    assert client.broker.queue("q").held == 1
    assert client.count() == 0
    commit(client)
    assert client.broker.queue("q").held == len(left)
    assert client.drain(channel=2) == left


def test_rollback_makes_settled_messages_outstanding_again_and_does_not_redeliver(client):
    client.publish(2, b"a", b"b")
    client.consume()
    assert client.bodies() == [b"a", b"b"]
    client.ack(1, 2, multiple=True)
    rollback(client)
    client.expect_nothing()
    client.ack(1, 1, 2)
    commit(client)
    assert client.broker.queue("q").held == 0


def test_a_tag_settled_in_the_transaction_is_unknown_until_rollback(client):
    client.publish(2, b"a")
    client.get(no_ack=False)
    client.ack(1, 1)
    client.referee = None
    client.ack(1, 1)
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown delivery tag 1", Basic.Ack)
    assert client.drain(channel=2) == [b"a"]


def test_closing_the_channel_is_a_rollback_and_requeues(client):
    client.publish(2, b"a")
    client.get(no_ack=False)
    client.publish(1, b"never")
    client.ack(1, 1)
    client.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    assert client.drain(channel=2) == [b"a"]


def test_all_of_a_multiple_ack_comes_back_in_order(client):
    client.publish(2, b"a", b"b", b"c")
    client.consume(prefetch=3)
    client.frames()
    client.ack(1, 0, multiple=True)
    rollback(client)
    client.send(1, Basic.Nack(0, multiple=True, requeue=False))
    commit(client)
    assert client.broker.queue("q").held == 0


def test_a_queue_deleted_before_the_commit_takes_nothing(client):
    client.declare("other", channel=2)
    client.publish(1, b"a", key="other")
    client.publish(1, b"b")
    client.call(2, Queue.Delete(queue="other"), Queue.DeleteOk)
    client.send(1, Tx.Commit())
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - partial tx completion", Tx.Commit)
    assert client.drain("q", 2) == [b"b"]
    assert "other" not in client.broker.queues


def test_what_is_wrong_is_refused_when_it_is_published(client):
    client.publish(1, b"a")
    client.publish(1, b"b", exchange="missing")
    client.expect_channel_closed(1, 404, "NOT_FOUND - no exchange 'missing' in vhost '/'", Basic.Publish)
    assert client.count(channel=2) == 0


@pytest.mark.parametrize("method", [Tx.Commit, Tx.Rollback])
def test_without_select_there_is_nothing_to_end(broker, method):
    client = broker.connect(1)
    client.send(1, method())
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - channel is not transactional", method)


def test_other_methods_are_not_part_of_it(client):
    client.declare("r")
    client.consume("r", no_ack=True)
    rollback(client)
    assert {"q", "r"} <= client.broker.queues
    assert client.broker.queue("r").consumer_count == 1
