"""basic.return: what is mandatory and reaches no queue comes back whole, before its confirm."""

import pytest

from tests.conversation import Basic, Broker, Confirm, Exchange, Queue, Tx


def test_a_mandatory_message_that_no_queue_takes_comes_back(client):
    client.publish(1, b"x", key="nowhere", mandatory=True)
    client.expect(Basic.Return, 1, reply_code=312, reply_text="NO_ROUTE", exchange="", routing_key="nowhere", body=b"x")
    client.expect_nothing()


def test_it_comes_back_with_all_its_properties(client):
    given = {"content_type": "a/b", "headers": {"n": 1, "t": {"deep": [1, "x"]}}, "delivery_mode": 2, "message_id": "7"}
    client.publish(1, b"x", exchange="amq.topic", key="a.b", mandatory=True, **given)
    got = client.expect(Basic.Return, exchange="amq.topic", routing_key="a.b")
    assert {name: getattr(got.properties, name) for name in given} == given


def test_it_comes_back_without_the_keys_that_nobody_may_see(client):
    given = {"CC": ["no"], "BCC": ["body"], "h": 1}
    client.publish(1, b"x", key="nowhere", mandatory=True, headers=given, user_id="guest", expiration="60000")
    got = client.expect(Basic.Return, reply_code=312, routing_key="nowhere", body=b"x")
    assert got.properties.headers == {"CC": ["no"], "h": 1}
    assert (got.properties.user_id, got.properties.expiration) == ("guest", "60000")


def test_one_that_is_not_mandatory_is_lost(client):
    client.publish(1, b"x", key="nowhere")
    client.expect_nothing()


def test_one_that_a_queue_takes_does_not_come_back(client):
    client.publish(1, b"x", mandatory=True)
    client.expect_nothing()
    assert client.drain() == [b"x"]


def test_the_return_comes_before_the_confirm(client):
    client.call(1, Confirm.Select(), Confirm.SelectOk)
    client.publish(1, b"x", key="nowhere", mandatory=True)
    client.expect(Basic.Return)
    client.expect(Basic.Ack, delivery_tag=1)
    client.send_bytes(client.publish_bytes(1, b"kept") + client.publish_bytes(1, b"back", "nowhere", mandatory=True))
    client.expect(Basic.Return, body=b"back")
    client.expect(Basic.Ack, delivery_tag=3, multiple=True)


def test_many_come_back_in_their_order(client):
    client.publish(1, *(b"%d" % number for number in range(5)), key="nowhere", mandatory=True)
    assert [got.body for got in client.frames()] == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("size", [0, 1, 4088, 4089, 20_000])
def test_a_body_of_any_size_comes_back(size):
    client = Broker().connect(1, frame_max=4096)
    client.publish(1, b"y" * size, key="nowhere", mandatory=True)
    client.expect(Basic.Return, body=b"y" * size)


def test_headers_decide_message_by_message(client):
    client.call(1, Queue.Bind(queue="q", exchange="amq.headers", arguments={"a": 1}), Queue.BindOk)
    client.send_bytes(
        client.publish_bytes(1, b"in", exchange="amq.headers", mandatory=True, headers={"a": 1})
        + client.publish_bytes(1, b"out", exchange="amq.headers", mandatory=True, headers={"a": 2})
        + client.publish_bytes(1, b"none", exchange="amq.headers", mandatory=True)
    )
    client.expect(Basic.Return, body=b"out")
    client.expect(Basic.Return, body=b"none")
    assert client.drain() == [b"in"]


def test_what_an_alternate_exchange_takes_does_not_come_back(client):
    client.call(1, Exchange.Declare(exchange="x", arguments={"alternate-exchange": "amq.fanout"}), Exchange.DeclareOk)
    client.publish(1, b"nobody", exchange="x", mandatory=True)
    client.expect(Basic.Return, exchange="x", body=b"nobody")
    client.call(1, Queue.Bind(queue="q", exchange="amq.fanout"), Queue.BindOk)
    client.publish(1, b"alternate", exchange="x", mandatory=True)
    client.expect_nothing()
    assert client.drain() == [b"alternate"]


def test_a_queue_that_went_away_takes_nothing_more(client):
    client.publish(1, b"x", mandatory=True)
    client.call(1, Queue.Delete(queue="q"), Queue.DeleteOk)
    client.publish(1, b"y", mandatory=True)
    client.expect(Basic.Return, body=b"y")


def test_in_a_transaction_it_comes_back_at_commit(client):
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"x", key="nowhere", mandatory=True)
    client.expect_nothing()
    client.send(1, Tx.Commit())
    client.expect(Basic.Return, body=b"x")
    client.expect(Tx.CommitOk)
    client.publish(1, b"y", key="nowhere", mandatory=True)
    client.call(1, Tx.Rollback(), Tx.RollbackOk)
    client.expect_nothing()


def test_immediate_is_not_implemented(client):
    client.send_bytes(client.publish_bytes(1, b"x").replace(b"\x01q\x00\xce", b"\x01q\x02\xce"))
    client.expect_closed(540, "NOT_IMPLEMENTED - immediate=true", Basic.Publish)
