"""Policies as clients meet them: what they change of queues and exchanges, at once and for what comes later."""

import time
from random import Random

import pytest
from pamqp.commands import Basic, Exchange, Queue

from broker.config import Config, ConfigError
from broker.policies.configured import configured
from broker.policies.policy import NoSuchPolicy, Policy
from tests.conversation import Broker
from tests.streams.faulty import FaultyFiles


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def client(broker):
    return broker.connect(1)


def set_policy(broker, definition, pattern="^q", name="p", **more):
    with broker.turn() as turn:
        broker.node.vhosts["/"].set_policy(Policy(name, pattern, definition, **more), turn)


def clear_policy(broker, name="p", **more):
    with broker.turn() as turn:
        broker.node.vhosts["/"].clear_policy(name, turn, **more)


# Queues.


def test_a_new_limit_trims_what_is_there_and_ends_with_its_policy(broker, client):
    client.declare()
    client.declare("other")
    for queue in ("q", "other"):
        client.publish(1, b"a", b"b", b"c", key=queue)
    set_policy(broker, {"max-length": 1})
    assert (client.count(), client.count("other")) == (1, 3)
    client.publish(1, b"d")
    assert client.count() == 1
    clear_policy(broker)
    client.publish(1, b"e", b"f")
    assert client.drain() == [b"d", b"e", b"f"]


def test_a_policy_is_there_for_queues_declared_later(broker, client):
    set_policy(broker, {"max-length": 1})
    client.declare()
    client.publish(1, b"a", b"b")
    assert client.drain() == [b"b"]


def test_a_policy_takes_no_part_in_equivalence(broker, client):
    set_policy(broker, {"max-length": 1})
    client.declare()
    client.declare()
    client.send(1, Queue.Declare(queue="q", arguments={"x-max-length": 1}))
    client.expect_channel_closed(
        1,
        406,
        "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received the value '1' of "
        "type 'byte' but current is none",
    )


@pytest.mark.parametrize(("argument", "left"), [(5, 2), (1, 1)])
def test_of_a_limit_in_both_the_lower_counts(broker, client, argument, left):
    client.declare(arguments={"x-max-length": argument})
    set_policy(broker, {"max-length": 2})
    client.publish(1, *[b"m"] * 9)
    assert client.count() == left


def test_an_operators_policy_is_laid_on_top(broker, client):
    client.declare()
    set_policy(broker, {"max-length": 4})
    set_policy(broker, {"max-length": 2}, operator=True)
    client.publish(1, *[b"m"] * 9)
    assert client.count() == 2
    clear_policy(broker, operator=True)
    client.publish(1, *[b"m"] * 9)
    assert client.count() == 4


def test_a_new_time_to_live_counts_for_messages_that_come(broker, client):
    client.declare()
    client.publish(1, b"before")
    set_policy(broker, {"message-ttl": 10_000})
    client.publish(1, b"after")
    broker.advance(9)
    assert client.get(no_ack=False).body == b"before"
    broker.advance(1.1)
    assert client.count() == 0


def test_a_queue_unused_for_longer_than_a_policy_allows_goes(broker, client):
    client.declare()
    broker.advance(100)
    set_policy(broker, {"expires": 1000})
    assert broker.queues == {"q"}
    broker.advance(1.1)
    assert broker.queues == set()


def test_dead_letters_go_where_the_policy_says(broker, client):
    client.declare()
    client.declare("graves")
    set_policy(broker, {"dead-letter-exchange": "", "dead-letter-routing-key": "graves"})
    client.publish(1, b"a", b"b")
    for requeue in (False, True):
        got = client.get(no_ack=False)
        client.send(1, Basic.Reject(got.delivery_tag, requeue))
    assert client.drain("graves") == [b"a"]
    clear_policy(broker)
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    assert client.drain("graves") == []


def test_of_where_dead_letters_go_the_argument_counts(broker, client):
    client.declare(arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "mine"})
    client.declare("mine")
    set_policy(broker, {"dead-letter-exchange": "nowhere", "dead-letter-routing-key": "theirs"})
    client.publish(1, b"a")
    client.send(1, Basic.Reject(client.get(no_ack=False).delivery_tag, requeue=False))
    assert client.drain("mine") == [b"a"]


def test_a_policy_that_a_queue_cannot_follow_is_none_for_it(broker, client):
    client.declare()
    set_policy(broker, {"max-length": 1, "max-age": "1h"}, priority=9)
    client.publish(1, b"a", b"b")
    assert client.count() == 2
    set_policy(broker, {"max-length": 1}, name="lower")
    assert client.count() == 1


def test_who_counts_is_told(broker, client):
    client.declare()
    vhost = broker.node.vhosts["/"]
    set_policy(broker, {"max-length": 1})
    set_policy(broker, {"max-length": 2}, name="o", operator=True)
    user, operator = vhost.policies_of_queue(broker.queue("q"))
    assert (user.name, operator.name) == ("p", "o")
    assert vhost.policies_of_exchange("x") == (None, None)


def test_what_is_not_there_cannot_be_cleared(broker):
    set_policy(broker, {"max-length": 1})
    with pytest.raises(NoSuchPolicy, match="Parameter does not exist"):
        clear_policy(broker, operator=True)


def test_only_queues_that_are_meant_are_told(broker, client, monkeypatch):
    told = []
    for name in ("q", "q2", "other"):
        client.declare(name)
        queue = broker.queue(name)
        monkeypatch.setattr(queue, "reconfigure", lambda effective, turn, name=name: told.append(name))
    set_policy(broker, {"max-length": 1})
    assert told == ["q", "q2"]


# Streams.


@pytest.mark.parametrize("definition", [{"max-length-bytes": 1}, {"max-age": "1s"}])
def test_a_streams_new_limits_drop_segments_at_once(broker, client, definition):
    arguments = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 1, "x-max-length-bytes": 10**6}
    client.declare(durable=True, arguments=arguments)
    for _ in range(5):
        client.publish(1, b"m" * 100)
    assert broker.queue("q").message_count == 5
    broker.advance(10)
    set_policy(broker, definition)
    assert broker.queue("q").message_count == 1
    clear_policy(broker)
    client.publish(1, b"m" * 100)
    assert broker.queue("q").message_count == 2


def test_the_size_of_segments_counts_for_streams_declared_later(broker, client):
    set_policy(broker, {"stream-max-segment-size-bytes": 1, "max-length-bytes": 1})
    client.declare(durable=True, arguments={"x-queue-type": "stream"})
    for _ in range(3):
        client.publish(1, b"m")
    assert broker.queue("q").message_count == 1


# Exchanges.


def test_an_alternate_exchange_by_policy(broker, client):
    client.declare()
    client.call(1, Exchange.Declare(exchange="q.x"), Exchange.DeclareOk)
    client.call(1, Exchange.Declare(exchange="rest", exchange_type="fanout"), Exchange.DeclareOk)
    client.call(1, Queue.Bind(queue="q", exchange="rest"), Queue.BindOk)
    client.publish(1, b"lost", exchange="q.x", key="k")
    set_policy(broker, {"alternate-exchange": "rest"})
    client.publish(1, b"caught", exchange="q.x", key="k")
    client.call(1, Exchange.Declare(exchange="q.later"), Exchange.DeclareOk)
    client.publish(1, b"too", exchange="q.later", key="k")
    clear_policy(broker)
    client.publish(1, b"lost", exchange="q.x", key="k")
    assert client.drain() == [b"caught", b"too"]


def test_predeclared_exchanges_have_policies_and_the_default_one_has_none(broker, client):
    client.declare("q")
    client.call(1, Queue.Bind(queue="q", exchange="amq.fanout"), Queue.BindOk)
    set_policy(broker, {"alternate-exchange": "amq.fanout"}, pattern="", apply_to="exchanges")
    client.publish(1, b"direct", exchange="amq.direct", key="k")
    client.publish(1, b"default", key="nobody")
    assert client.drain() == [b"direct"]


# Restarts.


def restarted(broker, end):
    files = broker.store.files
    if end == "stop":
        broker.stop()
    else:
        files = files.after_kill(Random(2))
    return Broker(files=files)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_policies_outlive_a_restart(end):
    broker = Broker(files=FaultyFiles(Random(1)))
    client = broker.connect(1)
    client.declare(durable=True)
    client.call(1, Exchange.Declare(exchange="q.x", durable=True), Exchange.DeclareOk)
    set_policy(broker, {"max-length": 2, "alternate-exchange": "amq.fanout"}, apply_to="all", priority=1.5)
    set_policy(broker, {"max-length": 1}, name="o", operator=True)
    set_policy(broker, {"max-length": 0}, name="gone", priority=9)
    clear_policy(broker, "gone")
    broker = restarted(broker, end)
    client = broker.connect(1)
    client.publish(1, b"a", b"b")
    assert client.count() == 1
    assert broker.node.vhosts["/"].exchanges["q.x"].alternate == "amq.fanout"
    clear_policy(broker, "o", operator=True)
    client.publish(1, b"a", b"b")
    assert client.count() == 2
    (policy,) = broker.node.vhosts["/"].policies.users.values()
    assert (policy.pattern, policy.apply_to, policy.priority) == ("^q", "all", 1.5)


def test_a_policy_that_cannot_be_any_more_is_told_and_no_queue_lost():
    broker = Broker(files=FaultyFiles(Random(1)))
    client = broker.connect(1)
    client.declare(durable=True)
    set_policy(broker, {"max-length": 2})
    broker.store.definitions.state.policies["/", False, "p"].pattern = "("
    broker.store.definitions.state.policies["/", False, "p"].record = b""
    broker.store.definitions.writer.roll()
    client.declare("another", durable=True)
    broker = restarted(broker, "stop")
    assert broker.queues == {"q", "another"}
    (notice,) = broker.notices
    assert notice.startswith("policy 'p' in vhost '/' was not restored: pattern should be regular expression but is")


# The file's.


def test_policies_of_the_configuration_stand_from_the_start_and_are_not_kept():
    files = FaultyFiles(Random(1))
    said = {"name": "p", "pattern": "^q", "definition": {"max-length": 1}}
    limits = {"name": "o", "pattern": "q", "definition": {"max-length-bytes": 3}, "apply_to": "queues", "priority": 2}
    broker = Broker(files=files, policies=[said], operator_policies=[limits])
    client = broker.connect(1)
    client.declare(durable=True)
    assert broker.queue("q").effective == {"x-max-length": 1, "x-max-length-bytes": 3}
    set_policy(broker, {"max-length": 7})
    assert broker.queue("q").effective == {"x-max-length": 7, "x-max-length-bytes": 3}
    broker.stop()
    broker = Broker(files=files, policies=[said])
    assert broker.queue("q").effective == {"x-max-length": 1}
    broker.stop()
    assert Broker(files=files).queue("q").effective == {"x-max-length": 7}


def preset(broker, *said):
    policies = list(configured(Config(policies=said)))
    with broker.turn() as turn:
        broker.node.vhosts["/"].preset_policies(policies, turn)


def test_one_that_was_kept_comes_back_when_the_configurations_goes():
    files = FaultyFiles(Random(1))
    broker = Broker(files=files)
    broker.connect(1).declare(durable=True)
    set_policy(broker, {"max-length": 7})
    broker.stop()
    broker = Broker(files=files, policies=[{"name": "p", "pattern": "^q", "definition": {"max-length": 1}}])
    assert broker.queue("q").effective == {"x-max-length": 1}
    preset(broker)
    assert broker.queue("q").effective == {"x-max-length": 7}
    broker.stop()
    assert Broker(files=files).queue("q").effective == {"x-max-length": 7}


def test_one_that_was_set_in_place_of_the_configurations_stays_when_that_goes():
    said = {"name": "p", "pattern": "^q", "definition": {"max-length": 1}}
    broker = Broker(policies=[said])
    broker.connect(1).declare()
    set_policy(broker, {"max-length": 7})
    preset(broker)
    assert broker.queue("q").effective == {"x-max-length": 7}
    preset(broker, said, said)
    assert broker.queue("q").effective == {"x-max-length": 1}
    preset(broker)
    assert broker.queue("q").effective == {"x-max-length": 7}
    preset(broker, said)
    clear_policy(broker)
    preset(broker)
    assert broker.queue("q").effective == {}


GOOD = {"name": "p", "pattern": "", "definition": {"max-length": 1}}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"name": "p"}, "policies: 'p' lacks pattern, definition; a policy has name, pattern, definition, apply_to, "),
        ({**GOOD, "aply_to": "all"}, "policies: 'p' has unknown keys: aply_to; a policy has name, "),
        ({**GOOD, "name": 5}, "policies: number 1 cannot be used: its name is no text"),
        ({**GOOD, "vhost": "x"}, "policies: 'p' cannot be used: there is no virtual host 'x'"),
        ({**GOOD, "definition": {"max-length": -1}}, "policies: 'p' cannot be used: -1 is not a valid maximum length"),
        ({**GOOD, "definition": {"max-length": object}}, "policies: 'p' cannot be used: <class 'object'> is not a "),
        ({**GOOD, "priority": "x"}, "policies: 'p' cannot be used: priority should be a number, actually was "),
    ],
)
def test_a_policy_of_the_configuration_that_cannot_be_is_named(table, why):
    with pytest.raises(ConfigError) as raised:
        Broker(policies=[table])
    assert str(raised.value).startswith(why)


# What a queue becomes that does not say.


def with_default(kind, **settings):
    broker = Broker(default_queue_type=kind, **settings)
    return broker, broker.connect(1)


@pytest.mark.parametrize("kind", ["quorum", "stream"])
def test_a_queue_that_does_not_say_becomes_the_default_where_it_can(kind):
    broker, client = with_default(kind)
    for name, properties in {
        "a": {"durable": True},
        "b": {"exclusive": True, "durable": True},
        "c": {},
        "d": {"durable": True, "auto_delete": True},
        "e": {"durable": True, "arguments": {"x-queue-type": "classic"}},
        "f": {"durable": True, "arguments": {"x-queue-type": "undefined"}},
    }.items():
        client.declare(name, **properties)
        client.declare(name, **properties)
    kinds = {name: queue.kind for name, queue in broker.node.vhosts["/"].queues.items()}
    assert kinds == {"a": kind, "b": "classic", "c": "classic", "d": "classic", "e": "classic", "f": kind}
    client.declare("a", durable=True, arguments={"x-queue-type": kind})
    client.declare("c", arguments={"x-queue-type": "classic"})
    assert broker.queue("a").arguments == {"x-queue-type": kind}


@pytest.mark.parametrize(
    ("name", "properties", "text"),
    [
        (
            "a",
            {"arguments": {"x-queue-type": "classic"}},
            "inequivalent arg 'x-queue-type' for queue 'a' in vhost '/': received 'classic' but current is 'quorum'",
        ),
        (
            "e",
            {},
            "inequivalent arg 'x-queue-type' for queue 'e' in vhost '/': received 'quorum' but current is 'classic'",
        ),
        ("", {}, "Cannot declare a server-named queue for type rabbit_quorum_queue"),
        (
            "new",
            {"arguments": {"x-max-priority": 5}},
            "invalid arg 'x-max-priority' for queue 'new' in vhost '/' of queue type rabbit_quorum_queue",
        ),
        ("new", {"arguments": {"x-queue-type": ""}},
         "invalid arg 'x-queue-type' for queue 'new' in vhost '/': \"unsupported queue type ''\""),
    ],
)  # fmt: skip
def test_the_default_counts_as_if_it_had_been_asked_for(name, properties, text):
    """The words are those of RabbitMQ 4.0.5 in a virtual host made with --default-queue-type quorum."""
    _, client = with_default("quorum")
    client.declare("a", durable=True)
    client.declare("e", durable=True, arguments={"x-queue-type": "classic"})
    client.send(1, Queue.Declare(queue=name, durable=True, **properties))
    client.expect_channel_closed(1, 406, f"PRECONDITION_FAILED - {text}", Queue.Declare)


def test_a_server_names_queues_that_are_classic_all_the_same():
    broker, client = with_default("quorum")
    name = client.declare("", exclusive=True).queue
    assert broker.queue(name).kind == "classic"


def test_a_virtual_hosts_default_wins_over_the_nodes_and_is_kept():
    broker = Broker(files=FaultyFiles(Random(1)), default_queue_type="stream")
    broker.node.vhosts["/"].set_default_queue_type("quorum")
    with pytest.raises(ValueError, match="invalid_queue_type: 'nope'"):
        broker.node.vhosts["/"].set_default_queue_type("nope")
    broker = restarted(broker, "stop")
    client = broker.connect(1)
    client.declare(durable=True)
    assert broker.queue("q").kind == "quorum"
    broker.node.vhosts["/"].set_default_queue_type(None)
    client.declare("later", durable=True)
    assert broker.queue("later").kind == "classic"


# How long it takes.


def test_ten_thousand_queues_are_told_within_a_second(broker, client):
    for number in range(10_000):
        broker.node.vhosts["/"].declare_queue(
            f"q{number}", durable=False, exclusive=False, auto_delete=False, arguments={}, owner=None
        )
    began = time.monotonic()
    set_policy(broker, {"max-length": 5})
    took = time.monotonic() - began
    assert broker.queue("q9999").effective == {"x-max-length": 5}
    assert took < 1, took
