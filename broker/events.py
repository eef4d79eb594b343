"""Events: what comes, changes and goes on a node, told to the topic exchange ``amq.rabbitmq.event``.

The exchange is in the default virtual host, whatever host an event is of. A message has no body; its key is the event's
name, and headers tell the rest. Nothing is made while nothing is bound there. Source: RabbitMQ's plugin
rabbitmq_event_exchange, as 3.10 and 4.0 do it. What only a cluster or a plugin has to say is left out.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, Final, Protocol

from broker.broadcast import Broadcast
from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding
from broker.field_values import as_term
from broker.policies.policy import Policy
from broker.turn import Backlog
from broker.vhost import EVENT_EXCHANGE, Queue, VirtualHost
from protocol.amqp import properties
from protocol.amqp.content import content_of
from protocol.amqp.tables import FieldTable, Long

_PROPERTIES: Final = (properties.DELIVERY_MODE | properties.TIMESTAMP).to_bytes(2, "big")
_PERSISTENT: Final = b"\x02"


class Client(Protocol):
    """A connection. ``number`` is no other's in this run of the broker."""

    number: int
    peer: str
    local: str
    user: str

    @property
    def secured(self) -> "Secured | None": ...
    @property
    def connection_name(self) -> str: ...


class Secured(Protocol):
    """What there is to tell of a connection's TLS."""

    def facts(self) -> Mapping[str, Any]: ...
    def login_facts(self) -> Mapping[str, Any]: ...


class Events:
    """``node`` is the broker's name. ``live_in`` must be given the default virtual host, which has the exchange, before
    there are clients. Events go out at the end of the turn, which ``backlog`` is for.
    """

    __slots__ = ("_backlog", "_node", "_out")

    def __init__(self, node: str, backlog: Backlog) -> None:
        self._node = node
        self._backlog = backlog
        self._out: Broadcast | None = None

    def live_in(self, vhost: VirtualHost[Any]) -> None:
        """The virtual host that has the exchange."""
        self._out = Broadcast(vhost, EVENT_EXCHANGE, self._backlog, persistent=True)

    def leave(self, vhost: VirtualHost[Any]) -> None:
        """A virtual host goes; if it was the one that has the exchange, nobody can listen any more."""
        if self._out is not None and self._out.vhost is vhost:
            self._out = None

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return self._out is not None and self._out.heard

    def tell(self, key: str, headers: Mapping[str, Any]) -> None:
        """An event. Whole numbers are told in 64 bits, as RabbitMQ does."""
        if self._out is not None and self._out.heard:
            self._out.send(key, partial(_content, headers))

    # -- exchanges, queues, bindings, policies -------------------------------------------------------------------------

    def exchange_created(self, vhost: VirtualHost[Any], exchange: Exchange) -> None:
        if self.heard:
            headers = {
                "name": exchange.name,
                "vhost": vhost.name,
                "type": exchange.kind,
                "durable": exchange.durable,
                "auto_delete": exchange.auto_delete,
                "internal": exchange.internal,
                "arguments": _terms(exchange.arguments),
                "policy": "",
            }
            self.tell("exchange.created", headers | _by(vhost))

    def exchange_deleted(self, vhost: VirtualHost[Any], exchange: Exchange) -> None:
        if self.heard:
            self.tell("exchange.deleted", {"name": exchange.name, "vhost": vhost.name} | _by(vhost))

    def queue_created(self, vhost: VirtualHost[Any], queue: Queue) -> None:
        if self.heard:
            owner: Any = queue.exclusive_owner
            headers = {
                "name": queue.name,
                "vhost": vhost.name,
                "type": f"rabbit_{queue.kind}_queue",
                "durable": queue.durable,
                "auto_delete": queue.auto_delete,
                "exclusive": owner is not None,
                "owner_pid": "" if owner is None else self.connection_pid(owner),
                "arguments": _terms(queue.arguments),
                "leader": self._node,
                "members": [self._node],
            }
            self.tell("queue.created", headers | _by(vhost))

    def queue_deleted(self, vhost: VirtualHost[Any], queue: Queue) -> None:
        if self.heard:
            headers = {"name": queue.name, "vhost": vhost.name, "type": f"rabbit_{queue.kind}_queue"}
            self.tell("queue.deleted", headers | _by(vhost))

    def binding_created(self, vhost: VirtualHost[Any], binding: Binding) -> None:
        self._binding("binding.created", vhost, binding)

    def binding_deleted(self, vhost: VirtualHost[Any], binding: Binding) -> None:
        self._binding("binding.deleted", vhost, binding)

    def _binding(self, key: str, vhost: VirtualHost[Any], binding: Binding) -> None:
        if self.heard:
            headers = {
                "source_name": binding.source,
                "source_kind": "exchange",
                "destination_name": binding.destination.name,
                "destination_kind": "exchange" if isinstance(binding.destination, Exchange) else "queue",
                "routing_key": binding.routing_key,
                "arguments": _terms(binding.arguments),
                "vhost": vhost.name,
            }
            self.tell(key, headers | _by(vhost))

    def policy_set(self, vhost: VirtualHost[Any], policy: Policy) -> None:
        if self.heard:
            headers = {
                "name": policy.name,
                "vhost": vhost.name,
                "pattern": policy.pattern,
                "apply-to": policy.apply_to,
                "priority": policy.priority,
                "definition": dict(policy.definition),
            }
            self.tell("policy.set", headers | _by(vhost))

    def policy_cleared(self, vhost: VirtualHost[Any], name: str) -> None:
        if self.heard:
            self.tell("policy.cleared", {"name": name, "vhost": vhost.name} | _by(vhost))

    # -- clients -------------------------------------------------------------------------------------------------------

    def connection_pid(self, client: Client) -> str:
        """What tells connections apart: RabbitMQ names an Erlang process."""
        return f"<{self._node}.{client.number}.0>"

    def channel_pid(self, client: Client, channel: int) -> str:
        """The same for channels."""
        return f"<{self._node}.{client.number}.{channel}>"

    def authenticated(self, client: Client, user: str, mechanism: str, error: str = "") -> None:
        """Somebody logged in, or could not."""
        if self.heard:
            headers = {
                "name": user,
                "connection_name": client.connection_name,
                "connection_type": "network",
                "auth_mechanism": mechanism,
                **_ends(client),
                **(client.secured.login_facts() if client.secured is not None else {}),
            }
            if error:
                self.tell("user.authentication.failure", headers | {"error": error})
            else:
                self.tell("user.authentication.success", headers)

    def connection_created(self, client: Client, vhost: str, facts: Mapping[str, Any]) -> None:
        """``facts`` are what was negotiated."""
        if self.heard:
            headers = {
                "name": client.connection_name,
                "pid": self.connection_pid(client),
                "node": self._node,
                "type": "network",
                "user": client.user,
                "vhost": vhost,
                "user_who_performed_action": client.user,
                **_ends(client),
                **(client.secured.facts() if client.secured is not None else {}),
                **facts,
            }
            headers["client_properties"] = _terms(headers["client_properties"])
            self.tell("connection.created", headers)

    def connection_closed(self, client: Client, client_properties: Mapping[str, Any]) -> None:
        if self.heard:
            headers = {
                "name": client.connection_name,
                "pid": self.connection_pid(client),
                "node": self._node,
                "client_properties": _terms(client_properties),
            }
            self.tell("connection.closed", headers)

    def channel_created(self, client: Client, channel: int, vhost: str) -> None:
        if self.heard:
            headers = {
                "name": f"{client.connection_name} ({channel})",
                "number": channel,
                "pid": self.channel_pid(client, channel),
                "connection": self.connection_pid(client),
                "user": client.user,
                "vhost": vhost,
                "user_who_performed_action": client.user,
            }
            self.tell("channel.created", headers)

    def channel_closed(self, client: Client, channel: int) -> None:
        if self.heard:
            headers = {
                "pid": self.channel_pid(client, channel),
                "consumer_count": 0,
                "user_who_performed_action": client.user,
            }
            self.tell("channel.closed", headers)

    def consumer_created(self, client: Client, channel: int, vhost: str, facts: Mapping[str, Any]) -> None:
        """``facts`` are the consumer's tag and settings."""
        if self.heard:
            headers = {**facts, "arguments": _terms(facts["arguments"])}
            self.tell("consumer.created", headers | self._at(client, channel, vhost))

    def consumer_deleted(self, client: Client, channel: int, vhost: str, tag: str, queue: str) -> None:
        if self.heard:
            headers = {"consumer_tag": tag, "queue": queue}
            self.tell("consumer.deleted", headers | self._at(client, channel, vhost))

    def _at(self, client: Client, channel: int, vhost: str) -> dict[str, Any]:
        return {
            "channel": self.channel_pid(client, channel),
            "vhost": vhost,
            "user_who_performed_action": client.user,
        }


def _by(vhost: VirtualHost[Any]) -> dict[str, Any]:
    return {"user_who_performed_action": vhost.acting_user}


def _ends(client: Client) -> dict[str, Any]:
    """Both addresses, as Erlang writes them."""
    (peer_host, peer_port), (host, port) = _address(client.peer), _address(client.local)
    return {
        "peer_host": peer_host,
        "peer_port": peer_port,
        "host": host,
        "port": port,
        "protocol": "{0,9,1}",
        "ssl": False,
    }


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        parts: Sequence[int] = ()
    else:
        groups = memoryview(address.packed)
        parts = groups if address.version == 4 else [groups[at] << 8 | groups[at + 1] for at in range(0, 16, 2)]
    erlang = "{" + ",".join(map(str, parts)) + "}" if parts else host
    return erlang, int(port) if port.isdecimal() else 0


def _terms(arguments: Mapping[str, Any]) -> list[str]:
    """Each as RabbitMQ prints an argument: ``{<<"x-max-length">>,signedint,5}``."""
    return [as_term({name: value})[1:-1] for name, value in arguments.items()]


def _content(headers: Mapping[str, Any], wall_ms: int) -> bytes:
    table: FieldTable = {name: _wide(value) for name, value in headers.items()}
    table["timestamp_in_ms"] = Long(wall_ms)
    raw = _PROPERTIES + _PERSISTENT + (wall_ms // 1000).to_bytes(8, "big")
    return content_of(properties.with_headers(raw, table))


def _wide(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _wide(inner) for name, inner in value.items()}
    return Long(value) if isinstance(value, int) and not isinstance(value, bool) else value
