"""Each point where RabbitMQ's versions part, under each profile, as clients see it."""

import datetime as dt

import pamqp.body
import pamqp.frame
import pamqp.header
import pytest

from broker.config import Config, ConfigError
from broker.profile import COLUMNS, ROWS
from tests.conversation import PROTOCOL_HEADER, Basic, Broker, Channel, Connection, Exchange, Queue, Tx

SASL_HEADER = b"AMQP\x03\x01\x00\x00"
PSEUDO = "amq.rabbitmq.reply-to"
QUORUM = {"x-queue-type": "quorum"}
MIB = 1024**2


def each(*expected):
    """What is expected under 3.13, 4.2, 4.3 and lenient."""
    return pytest.mark.parametrize(("profile", "expected"), list(zip(COLUMNS, expected, strict=True)), ids=COLUMNS)


def connected(profile, *, channels=(1,), **settings):
    return Broker(profile=profile, **settings).connect(*channels)


def test_every_row_has_a_test():
    tested = {
        *("version", "offers_amqp_1_0", "frame_max_min", "initial_frame_max", "message_max", "transient_queues"),
        *("global_qos", "queue_versions", "queue_modes", "delivery_limit", "nack_counts", "tells_acquired"),
        *("quorum_priorities", "continues_published_x_death", "returns_lost_replies"),
        "takes_cancel_ok",
        # In test_consumer_timeout.py.
        *("consumer_timeout_arguments", "consumer_timeout_queues", "consumer_timeout_cancels"),
        *("ha_policies", "passive_declare_checked", "copies_topics_checked", "new_secret_rechecks"),
    }
    assert tested == set(ROWS)


# -- connecting --------------------------------------------------------------------------------------------------------


@each("3.13", "4.2", "4.3", "4.2")
def test_the_version_that_is_reported(profile, expected):
    client = Broker(profile=profile).accept()
    client.send_bytes(PROTOCOL_HEADER)
    assert client.expect(Connection.Start).server_properties["version"].startswith(expected + ".")


@each(PROTOCOL_HEADER, SASL_HEADER, SASL_HEADER, SASL_HEADER)
@pytest.mark.parametrize("header", [b"GET / HT", b"AMQP\x01\x01\x08\x00"])
def test_what_a_wrong_header_is_answered_by(profile, expected, header):
    client = Broker(profile=profile).accept(refereed=False)
    client.send_bytes(header)
    assert client.raw == expected


@each(4096, 8192, 8192, 4096)
def test_the_least_frame_max(profile, expected):
    def tuned(frame_max):
        client = Broker(profile=profile).accept(frame_max=131072)
        client.send_bytes(PROTOCOL_HEADER)
        client.expect(Connection.Start)
        client.call(0, client.start_ok(), Connection.Tune)
        client.send(0, Connection.TuneOk(2047, frame_max, 0))
        return client

    tuned(expected).call(0, Connection.Open("/"), Connection.OpenOk)
    text = f"negotiated frame_max = {expected - 1} is lower than the minimum allowed value ({expected})"
    # The client is not told, as with RabbitMQ; the log is.
    refused = tuned(expected - 1)
    refused.expect_nothing()
    assert text in refused.broker.notices[-1]


@each(4096, 8192, 8192, 8192)
def test_frames_before_tune_ok(profile, expected):
    def started(size):
        client = Broker(profile=profile).accept()
        client.send_bytes(PROTOCOL_HEADER)
        client.expect(Connection.Start)
        properties = {"capabilities": client.capabilities, "long": ""}
        fixed = len(marshalled(Connection.StartOk(properties, "PLAIN", "\0guest\0guest", "en_US"))) - 8
        properties["long"] = "x" * (size - fixed)
        client.send(0, Connection.StartOk(properties, "PLAIN", "\0guest\0guest", "en_US"))
        return client

    started(expected).expect(Connection.Tune)
    started(expected + 1).expect_nothing()


def marshalled(method):
    return pamqp.frame.marshal(method, 0)


def test_a_frame_max_that_no_client_could_have_is_refused():
    with pytest.raises(ConfigError, match=r"profile 4\.2 asks for 8192"):
        Config(profile="4.2", frame_max_bytes=4096)
    assert Config(profile="3.13", frame_max_bytes=4096).frame_max_bytes == 4096


# -- publishing --------------------------------------------------------------------------------------------------------


@each(128 * MIB, 16 * MIB, 16 * MIB, 16 * MIB)
def test_the_largest_message(profile, expected):
    """Its header says how large it is; of one that is too large nothing is kept on the way."""
    client = connected(profile)
    client.declare(exclusive=True)
    frame = bytes(131064)

    def publish(size):
        head = [Basic.Publish(exchange="", routing_key="q"), pamqp.header.ContentHeader(0, size, Basic.Properties())]
        client.send_bytes(b"".join(pamqp.frame.marshal(each, 1) for each in head))
        whole = pamqp.frame.marshal(pamqp.body.ContentBody(frame), 1)
        for _ in range(size // len(frame)):
            client.send_bytes(whole)
        client.send_bytes(pamqp.frame.marshal(pamqp.body.ContentBody(frame[: size % len(frame)]), 1))

    publish(expected)
    assert client.count() == 1
    client.call(1, Queue.Purge(queue="q"), Queue.PurgeOk)
    publish(expected + 1)
    text = f"PRECONDITION_FAILED - message size {expected + 1} is larger than configured max size {expected}"
    client.expect_channel_closed(1, 406, text, Basic.Publish)


@pytest.mark.parametrize("profile", COLUMNS)
def test_a_largest_message_that_is_set_wins(profile):
    client = connected(profile, max_message_bytes=20)
    client.declare(exclusive=True)
    client.publish(1, b"x" * 20)
    client.publish(1, b"x" * 21)
    text = "PRECONDITION_FAILED - message size 21 is larger than configured max size 20"
    client.expect_channel_closed(1, 406, text, Basic.Publish)


@each(False, False, True, False)
def test_a_client_that_answers_a_cancel(profile, expected):
    client = connected(profile)
    client.declare(exclusive=True)
    client.call(1, Basic.Consume(queue="q", no_ack=True, consumer_tag="c"), Basic.ConsumeOk)
    client.send(1, Queue.Delete(queue="q"))
    client.expect(Queue.DeleteOk)
    client.expect(Basic.Cancel, consumer_tag="c")
    client.send(1, Basic.CancelOk("c"))
    if not expected:
        text = "COMMAND_INVALID - unimplemented method"
        client.expect(Connection.Close, reply_code=503, reply_text=text, class_id=60, method_id=31)
    client.expect_nothing()


@each(True, True, False, True)
@pytest.mark.parametrize("name", ["x-delayed-retry-type", "x-consumer-timeout"])
def test_an_argument_of_quorum_queues_that_4_3_brought(profile, expected, name):
    client = connected(profile)
    client.send(1, Queue.Declare(queue="q", exclusive=True, arguments={name: 1000}))
    if expected:
        client.expect(Queue.DeclareOk)
    else:
        text = (
            f"PRECONDITION_FAILED - invalid arg '{name}' for queue 'q' in vhost '/' of queue type rabbit_classic_queue"
        )
        client.expect(Channel.Close, reply_code=406, reply_text=text)


@each(True, False, False, False)
@pytest.mark.parametrize("has_answered", [False, True])
def test_a_mandatory_reply_to_a_requester_that_is_gone(profile, expected, has_answered):
    broker = Broker(profile=profile)
    requester, responder = broker.connect(1), broker.connect(1)
    responder.declare("work", exclusive=True)
    requester.call(1, Basic.Consume(queue=PSEUDO, no_ack=True, consumer_tag="r"), Basic.ConsumeOk)
    requester.publish(1, b"question", key="work", reply_to=PSEUDO)
    name = responder.get("work").properties.reply_to
    if has_answered:
        responder.publish(1, b"answer", key=name, mandatory=True)
        requester.expect(Basic.Deliver)
    requester.call(1, Basic.Cancel("r"), Basic.CancelOk)
    responder.publish(1, b"answer", key=name, mandatory=True)
    if expected:
        responder.expect(Basic.Return, reply_code=312, routing_key=name, body=b"answer")
    responder.expect_nothing()
    responder.publish(1, b"answer", key=PSEUDO + ".nonsense", mandatory=True)
    responder.expect(Basic.Return, reply_code=312, routing_key=PSEUDO + ".nonsense")


def test_a_lost_reply_is_confirmed_and_committed():
    client = connected("lenient", channels=(1, 2))
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"answer", key=PSEUDO + ".abcdefghijklmnopqrstuv", mandatory=True)
    client.call(1, Tx.Commit(), Tx.CommitOk)
    client.expect_nothing()


# -- declaring ---------------------------------------------------------------------------------------------------------


@each(True, True, False, True)
def test_queues_neither_durable_nor_exclusive(profile, expected):
    client = connected(profile)
    client.declare("exclusive", exclusive=True)
    client.declare("durable", durable=True)
    client.send(1, Queue.Declare(queue="q", arguments={"x-expires": 0}))
    text = "PRECONDITION_FAILED - invalid arg 'x-expires' for queue 'q' in vhost '/': {value_zero,0}"
    client.expect_channel_closed(1, 406, text, Queue.Declare)
    client.open_channel(1)
    if expected:
        client.declare()
        return
    client.send(1, Queue.Declare(queue="q"))
    text = (
        "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\n"
        "By default, this feature is not permitted anymore.\n"
        "The feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual "
        "version to be determined."
    )
    close = client.expect(Connection.Close, 0, reply_code=541)
    assert close.reply_text == (text + "\nTo continue using this feature")[:252] + "..."
    assert (close.class_id, close.method_id) == (50, 10)


@each([1, 2], [1, 2], [2], [1, 2])
def test_versions_of_queues(profile, expected):
    client = connected(profile)
    for version in (0, 1, 2, 3):
        name = f"v{version}"
        client.send(1, Queue.Declare(queue=name, durable=True, arguments={"x-queue-version": version}))
        if version in expected:
            client.expect(Queue.DeclareOk)
            continue
        reason = f"\"unsupported queue version '{version}'\""
        text = f"PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue '{name}' in vhost '/': {reason}"
        client.expect_channel_closed(1, 406, text, Queue.Declare)
        client.open_channel(1)


@each(True, True, False, True)
def test_modes_of_queues_are_looked_at(profile, expected):
    client = connected(profile)
    client.declare("lazy", durable=True, arguments={"x-queue-mode": "lazy"})
    client.send(1, Queue.Declare(queue="q", durable=True, arguments={"x-queue-mode": "busy"}))
    if expected:
        text = "PRECONDITION_FAILED - invalid arg 'x-queue-mode' for queue 'q' in vhost '/': "
        client.expect_channel_closed(1, 406, text + "\"unsupported queue mode 'busy'\"", Queue.Declare)
    else:
        client.expect(Queue.DeclareOk)


@pytest.mark.parametrize("profile", COLUMNS)
def test_an_unknown_exchange_type_ends_the_channel(profile):
    client = connected(profile)
    client.send(1, Exchange.Declare(exchange="x", exchange_type="nonsense"))
    client.expect_channel_closed(1, 406, "PRECONDITION_FAILED - unknown exchange type 'nonsense'", Exchange.Declare)


# -- consuming ---------------------------------------------------------------------------------------------------------


@each(3, 3, 6, 3)
def test_a_prefetch_for_the_channel(profile, expected):
    """Two consumers, whose channel asked for three."""
    client = Broker(profile=profile).connect(1, refereed=profile != "4.3")
    client.declare(exclusive=True)
    client.call(1, Basic.Qos(prefetch_count=3, global_=True), Basic.QosOk)
    client.consume(tag="a")
    client.consume(tag="b")
    client.publish(1, *[b"m"] * 10)
    assert len(client.deliveries()) == expected


@each(None, 20, 20, 20)
def test_how_often_a_message_may_come_back(profile, expected):
    client = connected(profile)
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"m")
    for _ in range(expected or 50):
        client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=True))
    got = client.get(no_ack=False)
    assert got is not None
    client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    assert (client.get() is None) is (expected is not None)


@each([b"usual", b"urgent"], [b"urgent", b"usual"], [b"urgent", b"usual"], [b"urgent", b"usual"])
def test_priorities_of_quorum_queues(profile, expected):
    """How many there are, tests of quorum queues tell."""
    client = connected(profile)
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"usual", priority=1)
    client.publish(1, b"urgent", priority=9)
    assert client.drain() == expected


@each(1, 1, 0, 1)
@pytest.mark.parametrize("method", [Basic.Nack, Basic.Recover])
def test_whether_a_nack_counts(profile, expected, method):
    client = connected(profile)
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"m")
    tag = client.get(no_ack=False).delivery_tag
    if method is Basic.Nack:
        client.send(1, Basic.Nack(tag, requeue=True))
    else:
        client.call(1, Basic.Recover(requeue=True), Basic.RecoverOk)
    got = client.get(no_ack=False)
    assert got.redelivered
    assert (got.properties.headers or {}).get("x-delivery-count", 0) == expected
    client.send(1, Basic.Reject(got.delivery_tag, requeue=True))
    assert client.get().properties.headers["x-delivery-count"] == expected + 1


@each(None, None, 1, None)
def test_how_often_a_message_was_acquired(profile, expected):
    client = connected(profile)
    client.declare(durable=True, arguments=QUORUM)
    client.publish(1, b"m")
    client.send(1, Basic.Nack(client.get(no_ack=False).delivery_tag, requeue=True))
    assert client.get().properties.headers.get("x-acquired-count") == expected


@each(5, 1, 1, 1)
def test_an_x_death_that_a_client_wrote(profile, expected):
    client = connected(profile)
    client.declare("dead", exclusive=True)
    client.declare(exclusive=True, arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    time = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    death = {"count": 4, "reason": "rejected", "queue": "q", "time": time, "exchange": "", "routing-keys": ["q"]}
    client.publish(1, b"m", headers={"x-death": [death]})
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    assert [each["count"] for each in client.get("dead").properties.headers["x-death"]] == [expected]


@each(True, False, False, True)
def test_policies_that_speak_of_mirroring(profile, expected):
    policy = {"name": "p", "pattern": "", "definition": {"ha-mode": "all", "max-length": 1}}
    if not expected:
        with pytest.raises(ConfigError, match="are not recognised policy settings"):
            Broker(profile=profile, policies=[policy])
        return
    client = connected(profile, policies=[policy])
    client.declare()
    client.publish(1, b"a", b"b")
    assert client.drain() == [b"b"]


# -- permissions -------------------------------------------------------------------------------------------------------


def of_a_user(profile, configure="", write="", read="", topics=None):
    """A client that has these permissions, where there is a queue q."""
    broker = Broker(profile=profile)
    broker.connect(1).declare(durable=True)
    broker.admin.add_user("u", "u")
    broker.admin.set_permissions("u", configure, write, read)
    if topics is not None:
        broker.admin.set_topic_permissions("u", "amq.topic", topics, topics)
    return broker.connect(1, user="u")


@each(True, False, False, False)
@pytest.mark.parametrize(
    "method", [Queue.Declare(queue="q", passive=True), Exchange.Declare(exchange="amq.topic", passive=True)]
)
def test_whether_who_has_no_permission_may_ask_what_is_there(profile, expected, method):
    client = of_a_user(profile)
    client.send(1, method)
    (got,) = client.frames()
    assert (got.name in ("Queue.DeclareOk", "Exchange.DeclareOk")) is expected


@each(True, False, False, False)
def test_whether_copies_are_free_of_topic_permissions(profile, expected):
    client = of_a_user(profile, write=".*", topics="^k$")
    client.publish(1, b"m", exchange="amq.topic", key="k", headers={"CC": ["other"]})
    assert (client.frames() == []) is expected


@each(*("ACCESS_REFUSED", "PRECONDITION_FAILED", "PRECONDITION_FAILED", "PRECONDITION_FAILED"))
def test_whether_its_topic_or_its_properties_are_what_is_wrong_with_a_message(profile, expected):
    client = of_a_user(profile, write=".*", topics="^k$")
    client.publish(1, b"m", exchange="amq.topic", key="other", expiration="soon")
    assert client.frames()[0].reply_text.startswith(expected)


@each(True, False, False, False)
def test_whether_consumers_outlive_a_new_secret_that_may_not_read_any_more(profile, expected):
    client = of_a_user(profile, read=".*")
    client.consume()
    client.broker.admin.set_permissions("u", "", "", "")
    client.send(0, Connection.UpdateSecret("u", ""))
    client.expect(Connection.UpdateSecretOk)
    assert (client.broker.queue("q").consumer_count == 1) is expected


def test_the_default_is_lenient():
    assert Config().profile == "lenient"
    assert Broker().connect(1).declare().queue == "q"
