"""What a channel remembers of its user's permissions, and when it forgets: as RabbitMQ's do.

Seen in RabbitMQ 3.10 and 4.0: who goes on publishing without a second's pause may, whatever became of its permission;
after a pause, or on a new channel, it may not.
"""

import pytest

from broker.session.permits import Permits
from protocol.amqp.errors import SoftError
from tests.conversation import Basic, Broker, Channel, Connection, Exchange, Queue

REMEMBERED = 12
# RabbitMQ's channels hibernate, and forget, after a second without anything to do.
PAUSE_S = 1.1


@pytest.fixture
def broker():
    broker = Broker()
    broker.connect(1).declare("q")
    broker.admin.add_user("u", "u")
    allow(broker)
    return broker


def allow(broker, pattern=".*"):
    broker.admin.set_permissions("u", pattern, pattern, pattern)


@pytest.fixture
def user(broker):
    return broker.connect(1, 2, user="u")


def refused(client, channel=1) -> bool:
    """Whether the channel was closed for want of a permission; nothing else may have come."""
    got = client.frames()
    assert [(each.name, each.channel, each.reply_code) for each in got] in ([], [("Channel.Close", channel, 403)]), got
    if got:
        client.send(channel, Channel.CloseOk())
    return bool(got)


def publishes(client, channel=1, exchange="", key="q") -> bool:
    client.publish(channel, b"x", exchange=exchange, key=key)
    return not refused(client, channel)


def test_what_was_allowed_goes_on_while_the_channel_is_used(broker, user):
    assert publishes(user)
    allow(broker, "")
    for _ in range(10):
        broker.advance(0.9)
        assert publishes(user)
    assert not publishes(user, channel=2), "another channel remembers nothing"
    broker.advance(PAUSE_S)
    assert not publishes(user)


def test_only_what_was_asked_for_goes_on(broker, user):
    assert publishes(user)
    allow(broker, "")
    assert publishes(user)
    user.send(1, Basic.Get(queue="q"))
    assert refused(user)


def test_any_method_keeps_the_channel_awake(broker, user):
    assert publishes(user)
    allow(broker, "")
    for _ in range(3):
        broker.advance(0.9)
        user.call(1, Basic.Qos(), Basic.QosOk)
    assert publishes(user)


def test_a_pause_counts_even_if_the_route_is_known(broker, user):
    """Bought with one comparison a turn: a route that is known asks for no permission."""
    assert publishes(user)
    user.call(1, Queue.Purge(queue="q"), Queue.PurgeOk)
    broker.advance(PAUSE_S)
    assert publishes(user)
    allow(broker, "")
    user.send(1, Queue.Purge(queue="q"))
    assert refused(user), "that it was allowed was forgotten in the pause, though a publish came first"


def test_what_is_given_counts_at_once(broker, user):
    allow(broker, "")
    assert not publishes(user)
    allow(broker)
    user.open_channel(1)
    assert publishes(user)


def test_a_permission_taken_and_given_back_is_known_anew(broker, user):
    assert publishes(user)
    allow(broker, "")
    allow(broker)
    assert publishes(user)
    broker.advance(PAUSE_S)
    assert publishes(user)


def test_a_new_channel_of_the_same_number_remembers_nothing(broker, user):
    assert publishes(user)
    user.call(1, Channel.Close(200, "", 0, 0), Channel.CloseOk)
    allow(broker, "")
    user.open_channel(1)
    assert not publishes(user)


@pytest.mark.parametrize(("others", "goes_on"), [(REMEMBERED - 1, True), (REMEMBERED, False)])
def test_the_last_twelve_are_remembered(broker, user, others, goes_on):
    assert publishes(user)
    for i in range(others):
        user.declare(f"q{i}")
    allow(broker, "")
    assert publishes(user) is goes_on


def test_asking_again_does_not_make_it_newer(broker, user):
    user.declare("first")
    for i in range(REMEMBERED - 1):
        user.declare(f"q{i}")
        user.declare("first")
    user.declare("another")
    allow(broker, "")
    user.send(1, Queue.Declare(queue="first"))
    assert refused(user)


def test_refusals_are_not_remembered(broker):
    asked = []

    class Access:
        version = 1

        def may(self, *question):
            asked.append(question)
            return False

    permits = Permits(Access(), "u", "/")
    for _ in range(2):
        with pytest.raises(SoftError):
            permits.queue("read", "q")
    assert asked == [("u", "/", "read", "q")] * 2


def test_ten_thousand_publishes_ask_once(broker, user, monkeypatch):
    asked = []
    access = broker.node.access
    may = access.may
    monkeypatch.setattr(type(access), "may", lambda _, *question: asked.append(question) or may(*question))
    data = user.publish_bytes(1, b"x", key="q") * 100
    for _ in range(100):
        user.send_bytes(data)
    user.expect_nothing()
    assert broker.queue("q").message_count == 10_000
    assert asked == [("u", "/", "write", "amq.default")]


def test_ten_thousand_publishes_to_a_topic_exchange_ask_once(broker, user, monkeypatch):
    asked = []
    access = broker.node.access
    broker.admin.set_topic_permissions("u", "amq.topic", "k", "")
    may_topic = access.may_topic
    monkeypatch.setattr(type(access), "may_topic", lambda _, *question: asked.append(question) or may_topic(*question))
    data = user.publish_bytes(1, b"x", exchange="amq.topic", key="k") * 100
    for _ in range(100):
        user.send_bytes(data)
    user.expect_nothing()
    assert asked == [("u", "/", "amq.topic", "write", "k")]


# -- topics ------------------------------------------------------------------------------------------------------------


def test_topics_are_remembered_by_themselves(broker, user):
    broker.admin.set_topic_permissions("u", "amq.topic", "k", "")
    assert publishes(user, exchange="amq.topic", key="k")
    for i in range(REMEMBERED - 1):
        user.declare(f"q{i}")
    broker.admin.set_topic_permissions("u", "amq.topic", "other", "")
    assert publishes(user, exchange="amq.topic", key="k")
    broker.advance(PAUSE_S)
    assert not publishes(user, exchange="amq.topic", key="k")


@pytest.mark.parametrize(("others", "goes_on"), [(REMEMBERED - 1, True), (REMEMBERED, False)])
def test_the_last_twelve_topics_are_remembered(broker, user, others, goes_on):
    broker.admin.set_topic_permissions("u", "amq.topic", "k", "")
    for i in range(others + 1):
        assert publishes(user, exchange="amq.topic", key=f"k{i}")
    broker.admin.set_topic_permissions("u", "amq.topic", "other", "")
    assert publishes(user, exchange="amq.topic", key="k0") is goes_on


def test_topics_that_were_free_are_remembered_too(broker, user):
    assert publishes(user, exchange="amq.topic", key="k")
    broker.admin.set_topic_permissions("u", "amq.topic", "other", "")
    assert publishes(user, exchange="amq.topic", key="k")
    assert not publishes(user, exchange="amq.topic", key="l")


# -- a new secret ------------------------------------------------------------------------------------------------------


def update_secret(client):
    client.send(0, Connection.UpdateSecret("u", "it expired"))


def test_a_new_secret_has_permissions_looked_at_anew(broker, user):
    assert publishes(user)
    allow(broker, "")
    assert publishes(user)
    update_secret(user)
    user.expect(Connection.UpdateSecretOk)
    assert not publishes(user)


def test_with_a_new_secret_consumers_that_may_not_read_are_cancelled(broker, user):
    user.declare("other")
    user.declare("gone", auto_delete=True)
    for tag, queue in (("t", "q"), ("stays", "other"), ("last", "gone")):
        user.consume(queue, tag=tag)
    broker.admin.set_permissions("u", ".*", ".*", "^other$")
    broker.connect(1).publish(1, b"goes on", key="q")
    assert user.bodies() == [b"goes on"], "until then"
    update_secret(user)
    got = user.frames()
    assert [each.name for each in got] == ["Connection.UpdateSecretOk", "Basic.Cancel", "Basic.Cancel"]
    assert [(each.consumer_tag, each.nowait) for each in got[1:]] == [("t", True), ("last", True)]
    assert broker.queues == {"q", "other"}
    other = broker.connect(1)
    other.publish(1, b"kept", key="q")
    other.publish(1, b"delivered", key="other")
    assert user.bodies() == [b"delivered"]
    assert other.drain() == [b"kept"]
    # What it has had may still be settled.
    user.ack(1, 1)
    user.expect_nothing()


def test_clients_that_know_no_cancel_lose_their_consumers_in_silence(broker):
    user = broker.connect(1, user="u", capabilities={})
    user.consume()
    allow(broker, "")
    update_secret(user)
    user.expect(Connection.UpdateSecretOk)
    user.expect_nothing()
    assert broker.queue("q").consumer_count == 0


def test_a_new_secret_of_who_may_not_enter_any_more(broker, user):
    broker.admin.clear_permissions("u")
    update_secret(user)
    text = "NOT_ALLOWED - access to vhost '/' refused for user 'u'"
    user.expect_closed(530, text, Connection.UpdateSecret)


def test_a_new_secret_where_all_is_as_it_was(broker, user):
    user.consume()
    update_secret(user)
    user.expect(Connection.UpdateSecretOk)
    assert publishes(broker.connect(1, user="u"))
    assert user.bodies() == [b"x"]


def test_exchanges_are_known_for_what_they_are_named_not_for_what_they_are(broker, user):
    """Of a deleted and redeclared exchange the same permission counts."""
    user.call(1, Exchange.Declare(exchange="x", exchange_type="fanout"), Exchange.DeclareOk)
    assert publishes(user, exchange="x")
    user.call(1, Exchange.Delete(exchange="x"), Exchange.DeleteOk)
    user.call(1, Exchange.Declare(exchange="x", exchange_type="topic"), Exchange.DeclareOk)
    allow(broker, "")
    assert publishes(user, exchange="x")
