"""How connections end: by the client, by the broker, by neither; what is gone by then, and who waits how long."""

import pytest

from tests.conversation import PROTOCOL_HEADER, Basic, Broker, Channel, Connection, Queue, Tx

CLOSE = Connection.Close(200, "Goodbye", 0, 0)


def test_close_is_answered_and_the_client_shuts_its_socket():
    client = Broker().connect(1)
    client.call(0, CLOSE, Connection.CloseOk)
    client.expect_nothing()


@pytest.mark.parametrize(("heartbeat", "seconds"), [(0, 30), (5, 5), (600, 30)])
def test_a_client_that_said_good_bye_and_stays_is_not_waited_for(heartbeat, seconds):
    broker = Broker()
    client = broker.connect(heartbeat=heartbeat)
    client.call(0, CLOSE, Connection.CloseOk)
    broker.advance(seconds - 0.1)
    assert not client.session.ending
    broker.advance(0.1)
    assert client.session.ending


@pytest.mark.parametrize(("heartbeat", "seconds"), [(0, 30), (5, 5), (600, 30)])
def test_a_client_that_never_answers_close_is_not_waited_for(heartbeat, seconds):
    broker = Broker()
    client = broker.connect(heartbeat=heartbeat)
    broker.shutdown()
    client.expect(Connection.Close, reply_code=320)
    broker.advance(seconds - 0.1)
    assert not client.session.ending
    broker.advance(0.1)
    assert client.session.ending


def test_exclusive_queues_are_gone_before_close_ok():
    broker = Broker()
    client = broker.connect(1)
    client.declare(exclusive=True)
    client.call(0, CLOSE, Connection.CloseOk)
    assert broker.queues == set()


def test_unacked_messages_are_back_before_close_ok():
    broker = Broker()
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.publish(1, b"a", b"b")
    client.consume()
    assert client.bodies() == [b"a", b"b"]
    client.call(0, CLOSE, Connection.CloseOk)
    assert other.drain() == [b"a", b"b"]


def test_a_client_that_dies_leaves_what_it_had_not_acked():
    broker = Broker()
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.publish(1, b"a", b"b", b"c")
    client.consume()
    client.frames()
    client.ack(1, 2)
    client.die()
    assert other.drain() == [b"a", b"c"]
    client.die()


def test_shutdown_is_said_to_every_client_and_frees_what_they_held():
    broker = Broker()
    clients = [broker.connect(1) for _ in range(3)]
    clients[0].declare(exclusive=True)
    broker.shutdown()
    for client in clients:
        client.expect_closed(320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", 0, 0)
    assert broker.queues == set()


def test_nothing_is_done_for_a_connection_that_is_being_closed():
    broker = Broker()
    client = broker.connect(1)
    client.declare()
    broker.shutdown()
    client.expect(Connection.Close)
    client.referee = None
    client.publish(1, b"late")
    client.send(1, Queue.Delete(queue="q"), Basic.Get(queue="q"), Channel.Open())
    client.expect_nothing()
    assert broker.queue("q").message_count == 0


def test_two_who_close_at_once_answer_each_other():
    broker = Broker()
    client = broker.connect(1)
    broker.shutdown()
    client.expect(Connection.Close)
    client.call(0, CLOSE, Connection.CloseOk)
    client.referee = None
    client.send(0, Connection.CloseOk())
    assert client.session.ending


def test_a_transaction_that_was_not_committed_is_forgotten():
    broker = Broker()
    client, other = broker.connect(1), broker.connect(1)
    client.declare()
    client.publish(1, b"a")
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"never")
    client.consume()
    client.frames()
    client.ack(1, 1)
    client.close()
    assert other.drain() == [b"a"]


def test_the_messages_of_one_client_outlive_it():
    broker = Broker()
    client = broker.connect(1)
    client.declare()
    client.publish(1, b"a")
    client.close()
    assert broker.connect(1).drain() == [b"a"]


def test_a_client_cannot_forge_a_line_of_the_log():
    broker = Broker()
    client = broker.accept()
    client.send_bytes(PROTOCOL_HEADER)
    client.expect(Connection.Start)
    start = client.start_ok()
    start.client_properties["connection_name"] = "me\n2026-01-01 ERROR all is lost \x1b[31m"
    client.call(0, start, Connection.Tune)
    client.send(0, Connection.TuneOk(2047, 131072, 0), Connection.Open("/"))
    client.close()
    assert any("me\\n2026" in notice for notice in broker.notices)
    assert all(notice.isprintable() for notice in broker.notices)
