"""Permissions: what each method needs, cell by cell, and which refusal is told where several fit.

Source: https://www.rabbitmq.com/docs/access-control (the table), and RabbitMQ 3.10 and 4.0 as they were seen to answer.
"""

import re

import pytest

from tests.conversation import Basic, Broker, Exchange, Queue, Tx

DEAD_LETTERS = {"x-dead-letter-exchange": "d"}
ALTERNATE = {"alternate-exchange": "a"}
SERVER_NAMED = "amq.gen-*"

DEFAULT = "ACCESS_REFUSED - operation not permitted on the default exchange"
SYSTEM = "ACCESS_REFUSED - deletion of system exchange 'amq.topic' in vhost '/' not allowed"
NAMELESS = "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue"

# What a method needs: permission, kind and name of a resource, in the order in which they are looked at.
NEEDS = {
    "queue.declare": (Queue.Declare(queue="new"), [("configure", "queue", "new")]),
    "queue.declare-existing": (Queue.Declare(queue="q"), [("configure", "queue", "q")]),
    "queue.declare-server-named": (Queue.Declare(queue=""), [("configure", "queue", SERVER_NAMED)]),
    "queue.declare-dead-letters": (
        Queue.Declare(queue="new", arguments=DEAD_LETTERS),
        [("configure", "queue", "new"), ("read", "queue", "new"), ("write", "exchange", "d")],
    ),
    "queue.declare-dead-letters-default": (
        Queue.Declare(queue="new", arguments={"x-dead-letter-exchange": ""}),
        [("configure", "queue", "new"), ("read", "queue", "new"), ("write", "exchange", "amq.default")],
    ),
    "queue.declare-dead-letters-existing": (
        Queue.Declare(queue="mortal", arguments=DEAD_LETTERS),
        [("configure", "queue", "mortal")],
    ),
    "queue.delete": (Queue.Delete(queue="q"), [("configure", "queue", "q")]),
    "queue.delete-missing": (Queue.Delete(queue="no"), [("configure", "queue", "no")]),
    "queue.purge": (Queue.Purge(queue="q"), [("read", "queue", "q")]),
    "queue.bind": (Queue.Bind(queue="q", exchange="x"), [("write", "queue", "q"), ("read", "exchange", "x")]),
    "queue.unbind": (Queue.Unbind(queue="q", exchange="x"), [("write", "queue", "q"), ("read", "exchange", "x")]),
    "queue.unbind-missing": (
        Queue.Unbind(queue="no", exchange="none"),
        [("write", "queue", "no"), ("read", "exchange", "none")],
    ),
    "exchange.declare": (Exchange.Declare(exchange="new"), [("configure", "exchange", "new")]),
    "exchange.declare-existing": (Exchange.Declare(exchange="x"), [("configure", "exchange", "x")]),
    "exchange.declare-alternate": (
        Exchange.Declare(exchange="new", arguments=ALTERNATE),
        [("configure", "exchange", "new"), ("read", "exchange", "new"), ("write", "exchange", "a")],
    ),
    "exchange.declare-alternate-existing": (
        Exchange.Declare(exchange="with-alternate", arguments=ALTERNATE),
        [("configure", "exchange", "with-alternate")],
    ),
    "exchange.delete": (Exchange.Delete(exchange="x"), [("configure", "exchange", "x")]),
    "exchange.delete-missing": (Exchange.Delete(exchange="no"), [("configure", "exchange", "no")]),
    "exchange.bind": (
        Exchange.Bind(destination="y", source="x"),
        [("write", "exchange", "y"), ("read", "exchange", "x")],
    ),
    "exchange.unbind": (
        Exchange.Unbind(destination="y", source="x"),
        [("write", "exchange", "y"), ("read", "exchange", "x")],
    ),
    "basic.get": (Basic.Get(queue="q"), [("read", "queue", "q")]),
    "basic.consume": (Basic.Consume(queue="q", consumer_tag="t"), [("read", "queue", "q")]),
    "basic.publish": (("x", "k"), [("write", "exchange", "x")]),
    "basic.publish-default": (("", "q"), [("write", "exchange", "amq.default")]),
}


@pytest.fixture
def broker():
    broker = Broker()
    guest = broker.connect(1)
    guest.declare("q")
    guest.declare("mortal", arguments=DEAD_LETTERS)
    for exchange, arguments in (("x", {}), ("y", {}), ("with-alternate", ALTERNATE)):
        guest.call(1, Exchange.Declare(exchange=exchange, arguments=arguments), Exchange.DeclareOk)
    guest.call(1, Queue.Bind(queue="q", exchange="amq.topic", routing_key="k"), Queue.BindOk)
    broker.admin.add_user("u", "u")
    return broker


def grant(broker: Broker, needs, **patterns: str) -> None:
    """Exactly these permissions."""
    for permission in ("configure", "write", "read"):
        names = [name.replace(SERVER_NAMED, "amq.gen-") for each, _, name in needs if each == permission]
        pattern = f"^({'|'.join(map(re.escape, names))})" + ("" if "amq.gen-" in names else "$") if names else ""
        patterns.setdefault(permission, pattern)
    broker.admin.set_permissions("u", patterns["configure"], patterns["write"], patterns["read"])


def attempt(broker: Broker, deed, **settings) -> str:
    """Of a new connection; "" or why it was refused. ``deed`` is a method, or a publish's exchange and key."""
    client = broker.connect(1, user="u")
    if isinstance(deed, tuple):
        client.publish(1, b"x", exchange=deed[0], key=deed[1], **settings)
    else:
        client.send(1, deed)
    texts = [str(got.reply_text) for got in client.frames() if got.name in ("Channel.Close", "Connection.Close")]
    client.die()
    return texts[0] if texts else ""


def refusal(permission: str, kind: str, name: str) -> str:
    return f"ACCESS_REFUSED - {permission} access to {kind} '{name}' in vhost '/' refused for user 'u'"


def as_table(text: str) -> str:
    """Names that the server made up stand in the table as one."""
    return re.sub(r"amq\.gen-[\w-]{22}", SERVER_NAMED, text)


@pytest.mark.parametrize("case", NEEDS)
def test_what_is_needed_is_enough(broker, case):
    deed, needs = NEEDS[case]
    grant(broker, needs)
    assert attempt(broker, deed) == ""


@pytest.mark.parametrize(
    ("case", "missing"), [(case, i) for case, (_, needs) in NEEDS.items() for i in range(len(needs))]
)
def test_without_one_of_them_it_is_refused(broker, case, missing):
    deed, needs = NEEDS[case]
    grant(broker, needs[:missing] + needs[missing + 1 :])
    assert as_table(attempt(broker, deed)) == refusal(*needs[missing])


@pytest.mark.parametrize("case", NEEDS)
def test_with_none_of_them_the_first_is_told(broker, case):
    deed, needs = NEEDS[case]
    grant(broker, [])
    before = broker.queues
    assert as_table(attempt(broker, deed)) == refusal(*needs[0])
    assert broker.queues == before


@pytest.mark.parametrize("permission", ["configure", "write", "read"])
@pytest.mark.parametrize(
    "method", [Queue.Declare(queue="q", passive=True), Exchange.Declare(exchange="x", passive=True)]
)
def test_to_ask_whether_it_is_there_any_one_will_do(broker, method, permission):
    grant(broker, [(permission, "", "q"), (permission, "", "x")])
    assert attempt(broker, method) == ""


def test_who_has_none_may_not_ask_whether_it_is_there(broker):
    grant(broker, [])
    for name in ("q", "no"):
        assert attempt(broker, Queue.Declare(queue=name, passive=True)) == refusal("configure", "queue", name)
    for name in ("x", "no"):
        assert attempt(broker, Exchange.Declare(exchange=name, passive=True)) == refusal("configure", "exchange", name)


@pytest.mark.parametrize(
    ("deed", "text"),
    [
        # Reserved names and the default exchange come first, where the broker would refuse them to anybody.
        (Queue.Declare(queue="amq.q"), "ACCESS_REFUSED - queue name 'amq.q' contains reserved prefix 'amq.*'"),
        (Exchange.Delete(exchange="amq.topic"), SYSTEM),
        (Exchange.Declare(exchange=""), DEFAULT),
        (Exchange.Declare(exchange="", passive=True), DEFAULT),
        (Exchange.Delete(exchange=""), DEFAULT),
        (Exchange.Declare(exchange="new", exchange_type="odd"), "PRECONDITION_FAILED - unknown exchange type 'odd'"),
        (Queue.Declare(queue="", arguments={"x-queue-type": "quorum"}, durable=True), NAMELESS),
        (Basic.Get(queue=""), "NOT_FOUND - no previously declared queue"),
        # But not for new exchanges, nor for what is bound.
        (Exchange.Declare(exchange="amq.new"), refusal("configure", "exchange", "amq.new")),
        (Queue.Bind(queue="q", exchange=""), refusal("write", "queue", "q")),
        (Exchange.Bind(destination="", source="x"), refusal("write", "exchange", "amq.default")),
        (Exchange.Unbind(destination="x", source=""), refusal("write", "exchange", "x")),
        # Permissions before whether it is there, whether it is equivalent, and whose it is.
        (Queue.Purge(queue="no"), refusal("read", "queue", "no")),
        (Basic.Get(queue="no"), refusal("read", "queue", "no")),
        (Basic.Consume(queue="no"), refusal("read", "queue", "no")),
        (Queue.Bind(queue="no", exchange="none"), refusal("write", "queue", "no")),
        (Queue.Declare(queue="q", durable=True, arguments={"x-expires": -1}), refusal("configure", "queue", "q")),
        (Exchange.Declare(exchange="x", exchange_type="topic"), refusal("configure", "exchange", "x")),
        (("none", "k"), refusal("write", "exchange", "none")),
        (("amq.rabbitmq.trace", "k"), refusal("write", "exchange", "amq.rabbitmq.trace")),
    ],
)  # fmt: skip
def test_which_refusal_is_told(broker, deed, text):
    grant(broker, [])
    assert attempt(broker, deed) == text


def test_arguments_are_looked_at_around_the_permissions_they_ask_for(broker):
    grant(broker, [], configure=".*", read=".*")

    def declared(**arguments):
        return attempt(
            broker,
            Queue.Declare(queue="new", arguments={key.replace("_", "-"): each for key, each in arguments.items()}),
        )

    assert declared(x_dead_letter_exchange=1).startswith("PRECONDITION_FAILED - invalid type")
    assert declared(x_dead_letter_exchange="d", x_expires=-1) == refusal("write", "exchange", "d")
    reserved = Exchange.Declare(exchange="amq.new", arguments=ALTERNATE)
    assert attempt(broker, reserved) == "ACCESS_REFUSED - exchange name 'amq.new' contains reserved prefix 'amq.*'"
    odd = Exchange.Declare(exchange="new", arguments={"alternate-exchange": 1})
    assert attempt(broker, odd).startswith("PRECONDITION_FAILED - invalid type")


def test_the_last_declared_queue_is_checked_by_its_name(broker):
    grant(broker, [("configure", "queue", "new")])
    client = broker.connect(1, user="u")
    client.declare("new")
    client.send(1, Queue.Purge(queue=""))
    client.expect_channel_closed(1, 403, refusal("read", "queue", "new"), Queue.Purge)


def test_what_is_refused_ends_the_channel_and_names_the_method(broker):
    grant(broker, [])
    client = broker.connect(1, 2, user="u")
    client.publish(1, b"x", key="q")
    client.expect_channel_closed(1, 403, refusal("write", "exchange", "amq.default"), Basic.Publish)
    client.send(2, Basic.Consume(queue="q"))
    client.expect_channel_closed(2, 403, refusal("read", "queue", "q"), Basic.Consume)
    assert broker.connect(1).drain() == []


def test_nobody_looks_at_permissions_when_the_broker_itself_acts(broker):
    """Dead letters and alternates go where the owner of the queue or exchange was allowed to send them once."""
    guest = broker.connect(1)
    guest.call(1, Exchange.Declare(exchange="d", exchange_type="fanout"), Exchange.DeclareOk)
    guest.call(1, Exchange.Declare(exchange="a", exchange_type="fanout"), Exchange.DeclareOk)
    for exchange in ("d", "a"):
        guest.call(1, Queue.Bind(queue="q", exchange=exchange), Queue.BindOk)
    grant(broker, [("write", "", "amq.default"), ("write", "", "with-alternate"), ("read", "", "mortal")])
    user = broker.connect(1, user="u")
    user.publish(1, b"dead", key="mortal")
    user.send(1, Basic.Reject(user.get("mortal", no_ack=False).delivery_tag, requeue=False))
    user.publish(1, b"other way", exchange="with-alternate", key="nowhere")
    user.expect_nothing()
    assert guest.drain() == [b"dead", b"other way"]


def test_requests_and_replies_need_the_default_exchange_only(broker):
    grant(broker, [("write", "", "amq.default")])
    asking, answering = broker.connect(1, user="u"), broker.connect(1, user="u")
    asking.consume("amq.rabbitmq.reply-to", no_ack=True)
    asking.publish(1, b"?", key="q", reply_to="amq.rabbitmq.reply-to")
    reply_to = broker.connect(1).get().properties.reply_to
    assert answering.declare(reply_to).consumer_count == 1
    answering.publish(1, b"!", key=reply_to)
    assert asking.bodies() == [b"!"]


def test_in_a_transaction_permissions_are_looked_at_when_it_is_published(broker):
    grant(broker, [("write", "", "x")])
    client = broker.connect(1, user="u")
    client.call(1, Tx.Select(), Tx.SelectOk)
    client.publish(1, b"x", exchange="x")
    client.expect_nothing()
    client.publish(1, b"y", key="q")
    client.expect_channel_closed(1, 403, refusal("write", "exchange", "amq.default"), Basic.Publish)


# -- topics ------------------------------------------------------------------------------------------------------------


def topic_refusal(permission: str, key: str) -> str:
    where = "exchange 'amq.topic' in vhost '/'"
    return f"ACCESS_REFUSED - {permission} access to topic '{key}' in {where} refused for user 'u'"


@pytest.fixture
def topical(broker):
    """The user may do everything but what topics forbid: to write its own name's, and to read the host's."""
    grant(broker, [], configure=".*", write=".*", read=".*")
    broker.admin.set_topic_permissions("u", "amq.topic", r"^{username}\.", "^{vhost}")
    return broker


def test_topics_to_write(topical):
    assert attempt(topical, ("amq.topic", "u.a")) == ""
    assert attempt(topical, ("amq.topic", "v.a")) == topic_refusal("write", "v.a")


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_topics_of_more_keys(topical, header):
    topic = ("amq.topic", "u.a")
    assert attempt(topical, topic, headers={header: ["u.b", "u.c"]}) == ""
    assert attempt(topical, topic, headers={header: ["u.b", "v.c"]}) == topic_refusal("write", "v.c")


@pytest.mark.parametrize(
    "method",
    [
        Queue.Bind(queue="q", exchange="amq.topic", routing_key="k"),
        Queue.Unbind(queue="q", exchange="amq.topic", routing_key="k"),
        Exchange.Bind(destination="x", source="amq.topic", routing_key="k"),
        Exchange.Unbind(destination="x", source="amq.topic", routing_key="k"),
    ],
    ids=lambda method: method.name,
)
def test_topics_to_bind_by(topical, method):
    assert attempt(topical, method) == topic_refusal("read", "k")
    method.routing_key = "/k"
    assert attempt(topical, method) == ""


def test_topics_are_of_topic_exchanges_alone(topical):
    topical.admin.set_topic_permissions("u", "amq.direct", "", "")
    assert attempt(topical, ("amq.direct", "k")) == ""
    assert attempt(topical, Queue.Bind(queue="q", exchange="amq.direct", routing_key="k")) == ""


def test_topics_of_who_has_none_set_are_free(topical):
    topical.admin.clear_topic_permissions("u", "amq.topic")
    assert attempt(topical, ("amq.topic", "v.a")) == ""
    assert attempt(topical, Queue.Bind(queue="q", exchange="amq.topic", routing_key="k")) == ""


def test_a_clients_own_id_is_no_variable(topical):
    """It is MQTT's; clients of AMQP 0-9-1 have none, and could write into their properties what they like."""
    topical.admin.set_topic_permissions("u", "amq.topic", "^{client_id}$", "")
    assert attempt(topical, ("amq.topic", "u")) == topic_refusal("write", "u")


def test_what_is_wrong_with_a_message_is_told_before_its_topic_and_its_user_after(topical):
    topic = ("amq.topic", "v.a")
    assert attempt(topical, topic, expiration="abc") == "PRECONDITION_FAILED - invalid expiration 'abc': no_integer"
    lost = attempt(topical, topic, reply_to="amq.rabbitmq.reply-to")
    assert lost == "PRECONDITION_FAILED - fast reply consumer does not exist"
    assert attempt(topical, topic, headers={"CC": "no list"}).startswith("PRECONDITION_FAILED - invalid message")
    assert attempt(topical, topic, user_id="other") == topic_refusal("write", "v.a")


def test_messages_before_the_refused_topic_arrive(topical):
    client = topical.connect(1, user="u")
    topical.connect(1).call(1, Queue.Bind(queue="q", exchange="amq.topic", routing_key="#"), Queue.BindOk)
    keys = ("u.1", "u.2", "v.3", "u.4")
    client.send_bytes(b"".join(client.publish_bytes(1, key.encode(), exchange="amq.topic", key=key) for key in keys))
    client.expect_channel_closed(1, 403, topic_refusal("write", "v.3"), Basic.Publish)
    assert topical.connect(1).drain() == [b"u.1", b"u.2"]


# -- other people's names ----------------------------------------------------------------------------------------------

NOT_THIS_USER = "PRECONDITION_FAILED - user_id property set to 'other' but authenticated user was 'u'"


def test_only_an_impersonator_publishes_under_anothers_name(topical):
    assert attempt(topical, ("", "q"), user_id="u") == ""
    assert attempt(topical, ("", "q"), user_id="other") == NOT_THIS_USER
    topical.admin.set_user_tags("u", ["administrator"])
    assert attempt(topical, ("", "q"), user_id="other") == NOT_THIS_USER
    topical.admin.set_user_tags("u", ["impersonator"])
    assert attempt(topical, ("", "q"), user_id="other") == ""
    assert [message.properties.user_id for message in iter(topical.connect(1).get, None)] == ["u", "other"]


def test_tags_count_as_they_were_when_the_user_came(topical):
    before = topical.connect(1, user="u")
    topical.admin.set_user_tags("u", ["impersonator"])
    before.publish(1, b"x", key="q", user_id="other")
    before.expect_channel_closed(1, 406, NOT_THIS_USER, Basic.Publish)
    after = topical.connect(1, user="u")
    topical.admin.set_user_tags("u", [])
    after.publish(1, b"x", key="q", user_id="other")
    after.expect_nothing()
