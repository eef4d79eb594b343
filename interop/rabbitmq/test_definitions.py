"""Definitions go from Leveret to RabbitMQ and back, and are the same."""

import json
from typing import Any

import pytest

from interop import rabbitmq
from tests.conversation import Broker, Exchange, Queue

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(rabbitmq.installed() is None, reason="no RabbitMQ here; python -m interop.rabbitmq.install"),
]

_SECTIONS = ("users", "permissions", "topic_permissions", "parameters", "policies", "queues", "exchanges", "bindings")
# RabbitMQ 3.10 knows no `internal` there, and leaves internal exchanges out.
_NOT_TOLD = ("internal",)


def comparable(definitions: dict[str, Any], section: str) -> set[str]:
    return {
        json.dumps({name: value for name, value in each.items() if name not in _NOT_TOLD}, sort_keys=True)
        for each in definitions[section]
    }


def test_there_and_back() -> None:
    broker = Broker()
    admin = broker.admin
    admin.add_user("alice", "wonder", tags=["monitoring"])
    admin.set_user_limits("alice", {"max-connections": 3})
    admin.add_vhost("garden")
    admin.set_permissions("guest", ".*", ".*", ".*", vhost="garden")
    admin.set_permissions("alice", "^h", ".*", ".*", vhost="garden")
    admin.set_topic_permissions("alice", "amq.topic", "^{username}", ".*", vhost="garden")
    admin.set_vhost_limits({"max-queues": 30}, vhost="garden")
    admin.set_policy("short", "^h", {"max-length": 5}, apply_to="queues", priority=2, vhost="garden")
    admin.set_operator_policy("shorter", "^h", {"max-length": 3}, vhost="garden")
    client = broker.connect(1, vhost="garden")
    alternate = {"alternate-exchange": "amq.fanout"}
    declare = Exchange.Declare(exchange="ex", exchange_type="topic", durable=True, arguments=alternate)
    client.call(1, declare, Exchange.DeclareOk)
    client.declare("hq", durable=True, arguments={"x-max-priority": 5, "x-queue-type": "classic"})
    client.declare("hstream", durable=True, arguments={"x-max-age": "7D", "x-queue-type": "stream"})
    client.call(1, Queue.Bind(queue="hq", exchange="ex", routing_key="a.#", arguments={"k": [True, "x"]}), Queue.BindOk)
    ours = json.loads(json.dumps(admin.export_definitions()))
    with rabbitmq.running() as node:
        file = node.base / "definitions.json"
        file.write_text(json.dumps(ours))
        node.ctl("import_definitions", str(file))
        node.ctl("authenticate_user", "alice", "wonder")
        theirs = json.loads(node.ctl("export_definitions", "-"))
    for section in _SECTIONS:
        assert comparable(theirs, section) == comparable(ours, section), section
    assert {each["name"] for each in theirs["vhosts"]} == {"/", "garden"}
    back = Broker()
    assert back.admin.import_definitions(theirs) == []
    assert comparable(back.admin.export_definitions(), "queues") == comparable(ours, "queues")
    assert back.admin.list_vhost_limits(vhost="garden") == [{"vhost": "garden", "limits": {"max-queues": 30}}]
