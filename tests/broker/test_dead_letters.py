"""Dead letters: when, where to, and what their headers say."""

import datetime as dt

import pytest
from pamqp.commands import Basic, Exchange, Queue

from tests.conversation import Broker


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    client = broker.connect(1)
    client.declare("dead")
    return client


def to_dead(**more):
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead", **more}


def test_rejected(client):
    client.declare(arguments=to_dead())
    client.publish(1, b"a", headers={"mine": 1}, message_id="7")
    got = client.get(no_ack=False)
    client.send(1, Basic.Reject(got.delivery_tag, requeue=False))
    letter = client.get("dead")
    assert letter.body == b"a"
    assert letter.method.exchange == ""
    assert letter.method.routing_key == "dead"
    assert letter.properties.message_id == "7"
    headers = letter.properties.headers
    assert list(headers) == sorted(headers)
    assert headers["mine"] == 1
    (death,) = headers["x-death"]
    assert isinstance(death.pop("time"), dt.datetime)
    assert death == {"count": 1, "reason": "rejected", "queue": "q", "exchange": "", "routing-keys": ["q"]}
    assert headers["x-first-death-queue"] == headers["x-last-death-queue"] == "q"


def test_expired(broker, client):
    client.declare(arguments=to_dead())
    client.publish(1, b"a", expiration="1000")
    broker.advance(1.1)
    letter = client.get("dead")
    assert letter.properties.expiration is None
    assert letter.properties.headers["x-death"][0]["original-expiration"] == "1000"
    assert letter.properties.headers["x-death"][0]["reason"] == "expired"


def test_dropped_for_the_length(client):
    client.declare(arguments=to_dead(**{"x-max-length": 2}))
    client.publish(1, b"a", b"b", b"c")
    assert client.drain() == [b"b", b"c"]
    letter = client.get("dead")
    assert letter.body == b"a"
    assert letter.properties.headers["x-death"][0]["reason"] == "maxlen"


def test_a_second_death_of_a_kind_counts(broker, client):
    client.declare(
        "wait", arguments={"x-message-ttl": 1000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q"}
    )
    client.declare(arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "wait"})
    client.publish(1, b"a")
    for count in (1, 2, 3):
        got = client.get(no_ack=False)
        client.send(1, Basic.Nack(got.delivery_tag, requeue=False))
        broker.advance(1.5)
        assert client.count() == 1
        deaths = [(d["queue"], d["reason"], d["count"]) for d in client_headers(client)["x-death"]]
        assert deaths == [("wait", "expired", count), ("q", "rejected", count)]


def client_headers(client):
    got = client.get(no_ack=False)
    client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    return got.properties.headers


def test_a_circle_without_a_rejection_ends(broker, client):
    client.declare(arguments={"x-message-ttl": 1000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q"})
    client.publish(1, b"a")
    broker.advance(10)
    assert client.count() == 0


def test_what_a_client_says_of_deaths_does_not_count(client):
    client.declare(arguments=to_dead())
    claimed = [{"queue": "q", "reason": "rejected", "count": 7}]
    client.publish(1, b"a", headers={"x-death": claimed})
    got = client.get(no_ack=False)
    assert got.properties.headers["x-death"] == claimed
    client.send(1, Basic.Reject(got.delivery_tag, requeue=False))
    assert [death["count"] for death in client.get("dead").properties.headers["x-death"]] == [1]


def test_before_4_0_it_counts_on():
    client = Broker(profile="3.13").connect(1)
    client.declare(arguments={"x-dead-letter-exchange": ""})
    time = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    known = {"reason": "rejected", "queue": "q", "count": 7, "time": time, "exchange": "e", "routing-keys": ["k"]}
    client.publish(1, b"a", headers={"x-death": [known, {"queue": "q", "reason": "rejected"}, "dead"]})
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    headers = client.get().properties.headers
    assert headers["x-death"] == [{**known, "count": 8}]
    assert list(headers["x-death"][0]) == ["count", "reason", "queue", "time", "exchange", "routing-keys"]
    assert "x-first-death-queue" not in headers
    assert headers["x-last-death-queue"] == "q"


@pytest.mark.parametrize(
    ("count", "keys", "kept"),
    [
        (1, [], []),
        (1, [1, None], []),
        (1, ["q2", 3, "k"], ["q2", "k"]),
        (2**63 - 1, ["k"], ["k"]),
    ],
)
def test_whatever_a_client_says_of_deaths_before_4_0_the_message_dies_on(count, keys, kept):
    client = Broker(profile="3.13").connect(1)
    client.declare(arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q2"})
    client.declare("q2", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q3"})
    client.declare("q3")
    time = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    claimed = {"reason": "rejected", "queue": "q", "count": count, "time": time, "exchange": "e", "routing-keys": keys}
    client.publish(1, b"a", headers={"x-death": [claimed]})
    for queue in ("q", "q2"):
        client.send(1, Basic.Reject(client.get(queue, no_ack=False).delivery_tag, requeue=False))
    deaths = client.get("q3").properties.headers["x-death"]
    assert [(d["queue"], d["count"]) for d in deaths] == [("q2", 1), ("q", min(count + 1, 2**63 - 1))]
    assert deaths[1]["routing-keys"] == kept


def test_without_a_key_all_own_keys_are_used(client):
    client.call(1, Exchange.Declare(exchange="dlx", exchange_type="direct"), Exchange.DeclareOk)
    client.declare("copy")
    client.call(1, Queue.Bind(queue="dead", exchange="dlx", routing_key="q"), Queue.BindOk)
    client.call(1, Queue.Bind(queue="copy", exchange="dlx", routing_key="cc"), Queue.BindOk)
    client.declare(arguments={"x-dead-letter-exchange": "dlx"})
    client.publish(1, b"a", headers={"CC": ["cc"]})
    client.drain("copy")
    client.drain("dead")
    client.publish(1, b"b", headers={"CC": ["cc"]})
    got = client.get(no_ack=False)
    client.send(1, Basic.Nack(got.delivery_tag, multiple=True, requeue=False))
    assert client.get("dead").properties.headers["x-death"][0]["routing-keys"] == ["q", "cc"]


@pytest.mark.parametrize("exchange", ["nowhere", "amq.direct"])
def test_a_letter_that_goes_nowhere_is_gone(broker, client, exchange):
    client.declare(arguments={"x-dead-letter-exchange": exchange})
    client.publish(1, b"a")
    got = client.get(no_ack=False)
    client.send(1, Basic.Reject(got.delivery_tag, requeue=False))
    assert client.count() == client.count("dead") == 0
    assert broker.node.gauge.bytes == 0


def test_deaths_outlive_their_queue(client):
    client.declare(arguments=to_dead())
    client.publish(1, b"a")
    got = client.get(no_ack=False)
    client.send(1, Basic.Reject(got.delivery_tag, requeue=False), Queue.Delete(queue="q"))
    client.expect(Queue.DeleteOk)
    assert client.get("dead").body == b"a"


def test_letters_of_one_history_may_go_to_different_queues(broker, client):
    """What letters have in common is written once; the headers of each are its own."""
    client.call(1, Exchange.Declare(exchange="x", exchange_type="headers"), Exchange.DeclareOk)
    for kind in ("one", "two"):
        client.declare(kind)
        arguments = {"x-match": "all", "kind": kind}
        client.call(1, Queue.Bind(queue=kind, exchange="x", arguments=arguments), Queue.BindOk)
    client.declare(arguments={"x-dead-letter-exchange": "x"})
    for number, kind in enumerate(["one", "two", "none", "two", "one"]):
        client.publish(1, b"%d" % number, expiration="1000", headers={"kind": kind, "number": number})
    broker.advance(1.1)
    assert client.drain("one") == [b"0", b"4"]
    letters = [client.get("two") for _ in range(2)]
    assert [letter.properties.headers["number"] for letter in letters] == [1, 3]


@pytest.mark.parametrize("mode", [1, 2, None])
@pytest.mark.parametrize("expiration", ["1000", "999", None])
@pytest.mark.parametrize("headers", [None, {}, {"mine": 1, "zz": {"x-death": "S"}, "a": [1]}, {"CC": ["other"]}])
def test_a_letter_differs_from_its_message_in_its_deaths_only(broker, client, headers, expiration, mode):
    properties = {
        "content_type": "text/plain",
        "content_encoding": "utf-8",
        "priority": 3,
        "correlation_id": "c",
        "reply_to": "r",
        "message_id": "m",
        "timestamp": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "message_type": "t",
        "user_id": "guest",
        "app_id": "a",
    }
    client.declare(arguments={**to_dead(), "x-message-ttl": 1000})
    # The second one's history is known already, whatever its expiration says.
    for body, lives in ((b"first", expiration and "8" * len(expiration)), (b"", expiration)):
        client.publish(1, body, headers=headers, expiration=lives, delivery_mode=mode, **properties)
    broker.advance(1.1)
    assert client.get("dead").body == b"first"
    letter = client.get("dead")
    assert letter.body == b""
    got = letter.properties
    assert {name: getattr(got, name) for name in properties} == properties
    assert (got.delivery_mode, got.expiration) == (mode, None)
    (death,) = got.headers["x-death"]
    assert death.get("original-expiration") == expiration
    kept = {name: value for name, value in got.headers.items() if not name.startswith("x-")}
    assert kept == (headers or {})
    assert list(got.headers) == sorted(got.headers)


def test_expirations_of_one_length_are_told_apart(broker, client):
    client.declare(arguments=to_dead())
    lives = ["1000", "1001", "999", "1002", "1003", "1000"]
    for each in lives:
        client.publish(1, b"a", expiration=each)
    broker.advance(2)
    told = [client.get("dead").properties.headers["x-death"][0]["original-expiration"] for _ in lives]
    assert told == lives
