"""Importing: definitions of RabbitMQ's form, put into a node beside what it has.

Users, permissions, policies and limits are set anew; queues, exchanges and bindings that are there stay as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from broker.access.passwords import NO_PASSWORD, SHA256, PasswordHash
from broker.administration.exporting import OPERATOR_POLICY, VHOST_LIMITS
from broker.administration.field_json import from_json
from broker.administration.refused import Refused, refusing
from broker.limits.documents import OF_USERS, OF_VHOSTS, refusal
from broker.node import Node
from broker.policies.policy import Policy
from broker.queues import Queue
from broker.queues.arguments import SUPPORTED_TYPES
from broker.turn import Turn
from broker.vhost import VirtualHost
from protocol.amqp.errors import AmqpError

# What of RabbitMQ's own needs no counterpart.
_IGNORED = frozenset({"cluster_name", "cluster_tags", "internal_cluster_id"})
_SHORT_MAX_BYTES = 255


class Importing:
    """One import, in one turn, into ``node``. ``vhost`` is where things are that name no virtual host.

    ``left_out`` are sentences about what has no counterpart here.
    """

    def __init__(self, node: Node, vhost: str, turn: Turn) -> None:
        self._node = node
        self._vhost = vhost
        self._turn = turn
        self.left_out: list[str] = []

    def put(self, definitions: Mapping[str, Any]) -> None:
        """In RabbitMQ's order. Raises Refused, which names what cannot be; what came before it stays."""
        for section, put in (
            ("users", self._user),
            ("vhosts", self._make_vhost),
            ("permissions", self._permission),
            ("exchanges", self._exchange),
            ("topic_permissions", self._topic_permission),
            ("global_parameters", self._global_parameter),
            ("policies", self._policy),
            ("parameters", self._parameter),
            ("queues", self._queue),
            ("bindings", self._binding),
        ):
            self._each(definitions, section, put)

    def _each(self, definitions: Mapping[str, Any], section: str, put: Callable[["_Item"], None]) -> None:
        items = definitions.get(section, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refused(f"{section} has to be a list of objects")
        for number, item in enumerate(items, 1):
            with _blaming(f"{section}: {item.get('name') or item.get('user') or f'number {number}'!s}"):
                put(_Item(item))

    def _user(self, item: "_Item") -> None:
        access = self._node.access
        name = item.short("name")
        hashing = item.text("hashing_algorithm", SHA256)
        if item.get("password") is not None:
            password = access.hash_of(item.text("password"))
        else:
            text = item.text("password_hash", "")
            password = PasswordHash(text, hashing) if text else NO_PASSWORD
        limits = item.get("limits") or {}
        if why := refusal(limits, OF_USERS, "user-limits"):
            raise Refused(why)
        tags = item.tags()
        if name in access.users:
            access.set_password(name, password)
            access.set_tags(name, tags)
        else:
            access.add_user(name, password, tags)
        if limits != access.user(name).limits:
            access.set_limits(name, limits)

    def _make_vhost(self, item: "_Item") -> None:
        name = item.short("name")
        said = _Item({**item, **_object(item.get("metadata") or {})})
        kind = said.get("default_queue_type")
        if kind not in (None, *SUPPORTED_TYPES):
            self.left_out.append(f"default_queue_type of vhost '{name}': {kind}")
            kind = None
        description = said.text("description", "") or None
        metadata = {"description": description, "tags": said.tags() or None, "default_queue_type": kind}
        host = self._node.vhosts.get(name)
        if host is None:
            host = self._node.add_vhost(name, **metadata)
        elif any(value is not None and host.metadata.get(key) != value for key, value in metadata.items()):
            host.set_metadata(**{key: value for key, value in metadata.items() if value is not None})
        if item.get("limits"):
            self._limits(host, item["limits"])

    def _limits(self, host: VirtualHost[Queue], limits: Any) -> None:
        limits = _object(limits)
        if why := refusal(limits, OF_VHOSTS, "limits"):
            raise Refused(why)
        self._node.set_vhost_limits(host, limits)

    def _permission(self, item: "_Item") -> None:
        patterns = (item.text(name) for name in ("configure", "write", "read"))
        self._node.access.set_permissions(item.text("user"), self._host(item).name, *patterns)

    def _topic_permission(self, item: "_Item") -> None:
        patterns = (item.short("exchange"), item.text("write"), item.text("read"))
        self._node.access.set_topic_permissions(item.text("user"), self._host(item).name, *patterns)

    def _global_parameter(self, item: "_Item") -> None:
        name = item.text("name")
        if name not in _IGNORED:
            self.left_out.append(f"global parameter '{name}'")

    def _policy(self, item: "_Item") -> None:
        self._set_policy(item, item, operator=False)

    def _parameter(self, item: "_Item") -> None:
        component = item.text("component")
        if component == VHOST_LIMITS:
            self._limits(self._host(item), item.get("value"))
        elif component == OPERATOR_POLICY:
            self._set_policy(item, _Item(_object(item.get("value"))), operator=True)
        else:
            self.left_out.append(f"parameter '{item.get('name')}' of {component}")

    def _set_policy(self, item: "_Item", value: "_Item", *, operator: bool) -> None:
        policy = Policy(
            item.short("name"),
            value.text("pattern"),
            _object(value.get("definition")),
            apply_to=value.text("apply-to", "all"),
            priority=value.get("priority") or 0,
            operator=operator,
            mirroring=self._node.profile.ha_policies and not operator,
        )
        self._host(item).set_policy(policy, self._turn)

    def _exchange(self, item: "_Item") -> None:
        host, name = self._host(item), item.short("name")
        if name not in host.exchanges:
            host.declare_exchange(
                name,
                item.text("type"),
                durable=item.flag("durable"),
                auto_delete=item.flag("auto_delete"),
                internal=item.flag("internal"),
                arguments=from_json(item.get("arguments")),
            )

    def _queue(self, item: "_Item") -> None:
        host, name = self._host(item), item.short("name")
        if name and name not in host.queues:
            arguments = from_json(item.get("arguments"))
            # Where no client had said it, it is beside the arguments only, and here another may be the default.
            if item.get("type") in SUPPORTED_TYPES and item["type"] != host.default_queue_type:
                arguments.setdefault("x-queue-type", item["type"])
            queue, _ = host.declare_queue(
                name,
                durable=item.flag("durable"),
                exclusive=False,
                auto_delete=item.flag("auto_delete"),
                arguments=arguments,
                owner=None,
            )
            queue.used(self._turn)

    def _binding(self, item: "_Item") -> None:
        host, source, destination = self._host(item), item.short("source"), item.short("destination")
        key, arguments = item.short("routing_key"), from_json(item.get("arguments"))
        to_queue = item.text("destination_type") == "queue"
        if source not in host.exchanges or destination not in (host.queues if to_queue else host.exchanges):
            # `rabbitmqctl` exports bindings of internal exchanges, but not these.
            self.left_out.append(f"binding from '{source}' to '{destination}', one of which is not there")
        elif to_queue:
            host.bind_queue(source, destination, key, arguments, None, self._turn)
        else:
            host.bind_exchange(source, destination, key, arguments, self._turn)

    def _host(self, item: "_Item") -> VirtualHost[Queue]:
        name = item.short("vhost", self._vhost)
        host = self._node.vhosts.get(name)
        if host is None:
            raise Refused(f"Virtual host '{name}' does not exist")
        return host


class _Item(dict[str, Any]):
    """One object of a section; its methods raise Refused."""

    def text(self, name: str, default: str | None = None) -> str:
        value = self.get(name, default)
        if not isinstance(value, str):
            raise Refused(f"{name} has to be text")
        return value

    def short(self, name: str, default: str | None = None) -> str:
        """Text that clients and the log of definitions can hold: a short string of AMQP."""
        value = self.text(name, default)
        try:
            fits = len(value.encode(errors="surrogateescape")) <= _SHORT_MAX_BYTES
        except UnicodeEncodeError:
            raise Refused(f"{name} is no text that can be written down") from None
        if not fits:
            raise Refused(f"{name} has {_SHORT_MAX_BYTES} bytes at most")
        return value

    def flag(self, name: str) -> bool:
        value = self.get(name, False)
        if not isinstance(value, bool):
            raise Refused(f"{name} has to be true or false")
        return value

    def tags(self) -> list[str]:
        """A list, or as older definitions have them, a text with commas."""
        value = self.get("tags", [])
        if isinstance(value, str):
            return [tag.strip() for tag in value.split(",") if tag.strip()]
        if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
            raise Refused("tags has to be a list of text")
        return value


def _object(value: Any) -> dict[str, Any]:
    """Also of a list of pairs, as ``rabbitmqctl`` writes objects in some places."""
    if isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        value = {name: inner for name, inner in value if isinstance(name, str)}
    if not isinstance(value, dict):
        raise Refused("an object is needed")
    return value


@contextmanager
def _blaming(what: str) -> Iterator[None]:
    """A refusal names what it is about."""
    try:
        with refusing():
            yield
    except (Refused, AmqpError) as refused:
        raise Refused(f"{what}: {refused}") from None
