"""Exporting: all that a node's definitions are, in the form of RabbitMQ's: users, virtual hosts and what is in them."""

from collections.abc import Iterator
from typing import Any

import broker
from broker.administration.field_json import to_json
from broker.administration.policies import shown
from broker.node import Node
from broker.queues import Queue
from broker.vhost import VirtualHost

# Whoever has no limits has no such parameter.
VHOST_LIMITS = "vhost-limits"
OPERATOR_POLICY = "operator_policy"

_METADATA = ("description", "tags", "default_queue_type")


def exported(node: Node) -> dict[str, Any]:
    """As ``rabbitmqctl export_definitions`` writes them; passwords as hashes."""
    users = list(node.access.users.values())
    vhosts = list(node.vhosts.values())
    return {
        "rabbit_version": node.profile.version,
        "rabbitmq_version": node.profile.version,
        "product_name": "Leveret",
        "product_version": broker.__version__,
        "users": [user.definition() for user in users],
        "vhosts": [_vhost(vhost) for vhost in vhosts],
        "permissions": [
            {"user": user.name, "vhost": name, "configure": each.configure, "write": each.write, "read": each.read}
            for user in users
            for name, each in user.permissions.items()
        ],
        "topic_permissions": [
            {"user": user.name, "vhost": name, "exchange": exchange, "write": each.write, "read": each.read}
            for user in users
            for name, topics in user.topic_permissions.items()
            for exchange, each in topics.items()
        ],
        "global_parameters": [],
        "parameters": [parameter for vhost in vhosts for parameter in _parameters(vhost)],
        "policies": [{"vhost": v.name, **shown(policy)} for v in vhosts for policy in v.policies.users.values()],
        "queues": [queue for vhost in vhosts for queue in _queues(vhost)],
        "exchanges": [exchange for vhost in vhosts for exchange in _exchanges(vhost)],
        "bindings": [binding for vhost in vhosts for binding in _bindings(vhost)],
    }


def _vhost(vhost: VirtualHost[Queue]) -> dict[str, Any]:
    said = {
        name: vhost.metadata[name] for name in ("description", "tags", "default_queue_type") if name in vhost.metadata
    }
    return {"name": vhost.name, "metadata": {"description": "", "tags": [], **said}}


def _parameters(vhost: VirtualHost[Queue]) -> Iterator[dict[str, Any]]:
    if vhost.limits:
        yield {"vhost": vhost.name, "component": VHOST_LIMITS, "name": "limits", "value": dict(vhost.limits)}
    for policy in vhost.policies.operators.values():
        value = shown(policy)
        yield {"vhost": vhost.name, "component": OPERATOR_POLICY, "name": value.pop("name"), "value": value}


def _queues(vhost: VirtualHost[Queue]) -> Iterator[dict[str, Any]]:
    """All but those that go with a connection."""
    for queue in vhost.queues.values():
        if queue.exclusive_owner is None:
            yield {
                "name": queue.name,
                "vhost": vhost.name,
                "type": queue.kind,
                "durable": queue.durable,
                "auto_delete": queue.auto_delete,
                "arguments": to_json(queue.arguments),
            }


def _exchanges(vhost: VirtualHost[Queue]) -> Iterator[dict[str, Any]]:
    """All but those that are always there."""
    for exchange in vhost.exchanges.values():
        if exchange.name and not exchange.name.startswith("amq."):
            yield {
                "name": exchange.name,
                "vhost": vhost.name,
                "type": exchange.kind,
                "durable": exchange.durable,
                "auto_delete": exchange.auto_delete,
                "internal": exchange.internal,
                "arguments": to_json(exchange.arguments),
            }


def _bindings(vhost: VirtualHost[Queue]) -> Iterator[dict[str, Any]]:
    for exchange in vhost.exchanges.values():
        for binding in exchange.bindings.values():
            destination = binding.destination.name
            queue = vhost.queues.get(destination)
            to_queue = queue is binding.destination
            if to_queue and queue is not None and queue.exclusive_owner is not None:
                continue
            yield {
                "source": exchange.name,
                "vhost": vhost.name,
                "destination": destination,
                "destination_type": "queue" if to_queue else "exchange",
                "routing_key": binding.routing_key,
                "arguments": to_json(binding.arguments),
            }
