"""Definitions as a whole: RabbitMQ's are taken, and what was exported is the same when it was imported elsewhere."""

import json
from random import Random

import pytest

from broker.administration import Refused
from protocol.amqp.tables import Byte
from tests.conversation import Broker, Queue
from tests.streams.faulty import FaultyFiles

# What `rabbitmqctl export_definitions` of RabbitMQ 3.10.8 wrote, with all its ways: limits as pairs, an internal
# exchange left out whose binding is there. Alice's password is "wonder".
RABBITMQ = json.loads("""{
"bindings":[
 {"arguments":{"k":1,"t":[true,"x"]},"destination":"hq","destination_type":"queue","routing_key":"a.#","source":"ex","vhost":"garden"},
 {"arguments":{},"destination":"inner","destination_type":"exchange","routing_key":"b","source":"ex","vhost":"garden"}],
"exchanges":[
 {"arguments":{"alternate-exchange":"amq.fanout"},"auto_delete":false,"durable":true,"name":"ex","type":"topic","vhost":"garden"}],
"global_parameters":[{"name":"cluster_tags","value":[]}],
"parameters":[
 {"component":"vhost-limits","name":"limits","value":{"max-queues":30},"vhost":"garden"},
 {"component":"operator_policy","name":"shorter","value":{"apply-to":"all","definition":[["max-length",3]],"pattern":"^h","priority":0},"vhost":"garden"}],
"permissions":[
 {"configure":"^h","read":".*","user":"alice","vhost":"garden","write":".*"},
 {"configure":".*","read":".*","user":"guest","vhost":"/","write":".*"}],
"policies":[
 {"apply-to":"queues","definition":{"max-length":5},"name":"short","pattern":"^h","priority":2,"vhost":"garden"}],
"queues":[
 {"arguments":{"x-queue-type":"quorum"},"auto_delete":false,"durable":true,"name":"hquorum","type":"quorum","vhost":"garden"},
 {"arguments":{"x-max-age":"7D","x-queue-type":"stream"},"auto_delete":false,"durable":true,"name":"hstream","type":"stream","vhost":"garden"},
 {"arguments":{"x-max-priority":5,"x-message-ttl":60000},"auto_delete":false,"durable":true,"name":"hq","type":"classic","vhost":"garden"}],
"rabbit_version":"3.10.8","rabbitmq_version":"3.10.8",
"topic_permissions":[
 {"exchange":"amq.topic","read":".*","user":"alice","vhost":"garden","write":"^{username}"}],
"users":[
 {"hashing_algorithm":"rabbit_password_hashing_sha256","limits":{"max-connections":3},"name":"alice","password_hash":"cNss3U77eDZurHokj43GO8T1AAInhkxQdYUApl/qnVAQ8a3w","tags":["monitoring"]}],
"vhosts":[
 {"limits":[],"metadata":{"description":"Default virtual host","tags":[]},"name":"/"},
 {"limits":[["max-queues",30]],"metadata":{"default_queue_type":"quorum","description":"hares","tags":["a","b"]},"name":"garden"}]
}""")  # fmt: skip


@pytest.fixture
def broker():
    return Broker()


def by_text(definitions):
    """In no order."""
    return {
        name: sorted(json.dumps(each, sort_keys=True) for each in value) if isinstance(value, list) else value
        for name, value in definitions.items()
    }


def test_rabbitmqs_definitions_are_taken(broker):
    left_out = broker.admin.import_definitions(RABBITMQ)
    assert left_out == ["binding from 'ex' to 'inner', one of which is not there"]
    broker.admin.authenticate_user("alice", "wonder")
    assert broker.admin.list_user_limits("alice") == [{"user": "alice", "limits": {"max-connections": 3}}]
    assert broker.admin.list_vhost_limits(vhost="garden")[0]["limits"] == {"max-queues": 30}
    assert broker.admin.list_operator_policies(vhost="garden")[0]["definition"] == {"max-length": 3}
    client = broker.connect(1, user="alice", password="wonder", vhost="garden")
    client.declare("hnew", durable=True)
    kinds = {queue["name"]: queue["type"] for queue in broker.admin.list_queues(vhost="garden")}
    assert kinds == {"hquorum": "quorum", "hstream": "stream", "hq": "classic", "hnew": "quorum"}
    # As a client would declare it: its whole numbers are of another size.
    client.declare(
        "hq", durable=True, arguments={"x-max-priority": 5, "x-message-ttl": 60000, "x-queue-type": "classic"}
    )
    client.publish(1, b"m", exchange="ex", key="a.b")
    assert client.get("hq").body == b"m"


def test_what_was_exported_is_the_same_elsewhere(broker):
    broker.admin.import_definitions(RABBITMQ)
    # As only a client can have said it.
    odd = {"x-\udcff": b"\xff\xfe", "x-table": {"a": [Byte(1), None, 1.5, bytearray(b"b"), "é"]}}
    broker.node.vhosts["/"].declare_queue(
        "\udcfe", durable=True, exclusive=False, auto_delete=False, arguments=odd, owner=None
    )
    exported = json.loads(json.dumps(broker.admin.export_definitions()))
    other = Broker()
    assert other.admin.import_definitions(exported) == []
    assert by_text(other.admin.export_definitions()) == by_text(exported)
    assert other.admin.import_definitions(exported) == []
    assert by_text(other.admin.export_definitions()) == by_text(exported)


def test_the_form_is_rabbitmqs(broker):
    broker.admin.import_definitions(RABBITMQ)
    ours, theirs = by_text(broker.admin.export_definitions()), by_text(RABBITMQ)
    for section in ("users", "permissions", "topic_permissions", "policies"):
        assert set(theirs[section]) <= set(ours[section])
    assert {"rabbit_version", "rabbitmq_version", *RABBITMQ} <= ours.keys()


def test_a_connections_own_queues_are_no_definitions(broker):
    client = broker.connect(1)
    client.declare("mine", exclusive=True)
    client.call(1, Queue.Bind(queue="mine", exchange="amq.fanout"), Queue.BindOk)
    exported = broker.admin.export_definitions()
    assert exported["queues"] == exported["bindings"] == []


def test_what_there_is_stays_or_is_set_anew(broker):
    broker.admin.add_user("alice", "other", tags=["x"])
    broker.admin.add_vhost("garden", description="old")
    broker.admin.set_permissions("alice", "a", "a", "a", vhost="garden")
    broker.admin.import_definitions(RABBITMQ)
    broker.admin.authenticate_user("alice", "wonder")
    assert broker.admin.list_users()[-1] == {"user": "alice", "tags": ["monitoring"]}
    assert broker.admin.list_permissions(vhost="garden")[0]["configure"] == "^h"
    (garden,) = [each for each in broker.admin.list_vhosts() if each["name"] == "garden"]
    assert garden["description"] == "hares"


def test_things_of_one_virtual_host_need_not_name_it(broker):
    broker.admin.add_vhost("garden")
    broker.admin.import_definitions({"queues": [{"name": "q", "durable": True, "arguments": {}}]}, vhost="garden")
    assert [queue["name"] for queue in broker.admin.list_queues(vhost="garden")] == ["q"]
    with pytest.raises(Refused, match="Virtual host 'nowhere' does not exist"):
        broker.admin.import_definitions({}, vhost="nowhere")


def test_what_has_no_counterpart_is_said(broker):
    left_out = broker.admin.import_definitions(
        {
            "global_parameters": [{"name": "mqtt_port_to_vhost_mapping", "value": {}}],
            "parameters": [{"component": "shovel", "name": "s", "vhost": "/", "value": {}}],
            "vhosts": [{"name": "/", "metadata": {"default_queue_type": "undefined"}}],
        }
    )
    assert left_out == [
        "default_queue_type of vhost '/': undefined",
        "global parameter 'mqtt_port_to_vhost_mapping'",
        "parameter 's' of shovel",
    ]


@pytest.mark.parametrize(
    ("definitions", "sentence"),
    [
        ({"users": {}}, "users has to be a list of objects"),
        ({"users": [1]}, "users has to be a list of objects"),
        ({"users": [{}]}, "users: number 1: name has to be text"),
        ({"users": [{"name": "a", "tags": 1}]}, "users: a: tags has to be a list of text"),
        ({"users": [{"name": "a", "password_hash": "AAAA"}]}, "users: a: password_hash: 3 bytes, where "),
        ({"users": [{"name": "a", "limits": {"max-foo": 1}}]}, 'users: a: Unrecognised terms [{<<"max-foo">>,1}]'),
        ({"permissions": [{"user": "x", "configure": "", "write": "", "read": ""}]}, 'permissions: x: User "x" does'),
        ({"queues": [{"name": "q", "vhost": "v"}]}, "queues: q: Virtual host 'v' does not exist"),
        ({"queues": [{"name": "q", "durable": "yes"}]}, "queues: q: durable has to be true or false"),
        ({"queues": [{"name": "q", "arguments": [1]}]}, "queues: q: arguments have to be an object"),
        ({"queues": [{"name": "q", "arguments": {"a": 2**70}}]}, "queues: q: arguments: "),
        ({"queues": [{"name": "q", "arguments": {"x-max-length": "a"}}]}, "queues: q: PRECONDITION_FAILED - "),
        ({"exchanges": [{"name": "e", "type": "no"}]}, "exchanges: e: "),
        ({"policies": [{"name": "p", "pattern": "", "definition": []}]}, "policies: p: Validation failed"),
        ({"policies": [{"name": "p", "pattern": "", "definition": 1}]}, "policies: p: an object is needed"),
        ({"vhosts": [{"name": "v", "metadata": 1}]}, "vhosts: v: an object is needed"),
        ({"global_parameters": [{"name": []}]}, "global_parameters: number 1: name has to be text"),
    ],
)
def test_what_cannot_be_is_refused_by_name(broker, definitions, sentence):
    with pytest.raises(Refused) as refused:
        broker.admin.import_definitions(definitions)
    assert str(refused.value).startswith(sentence)


LONG = "x" * 256


@pytest.mark.parametrize(
    ("section", "item", "field"),
    [
        ("users", {"name": LONG}, "name"),
        ("vhosts", {"name": LONG}, "name"),
        ("vhosts", {"name": "é" * 128}, "name"),
        ("queues", {"name": LONG, "durable": True}, "name"),
        ("exchanges", {"name": LONG, "type": "topic", "durable": True}, "name"),
        (
            "bindings",
            {"source": "amq.topic", "destination": "amq.fanout", "destination_type": "exchange", "routing_key": LONG},
            "routing_key",
        ),
    ],
)
def test_names_that_no_client_and_no_log_could_hold_are_refused_and_leave_nothing(section, item, field):
    """They had raised in the midst of the import: what was half made was there until the next start."""
    broker = Broker(files=FaultyFiles(Random(1)))
    before = by_text(broker.admin.export_definitions())
    with pytest.raises(Refused, match=f"{field} has 255 bytes at most"):
        broker.admin.import_definitions({section: [item]})
    assert by_text(broker.admin.export_definitions()) == before


def test_half_a_character_in_a_name_is_refused(broker):
    with pytest.raises(Refused, match="name is no text that can be written down"):
        broker.admin.import_definitions({"vhosts": [{"name": "\ud800"}]})
