"""State: all durable definitions as they stand, and what each change of them takes along. Values, no bytes, no disk."""

from typing import Any, Final

from broker.field_values import comparable

# Virtual host and name.
Key = tuple[str, str]
# Virtual host, whether it is an operator's, name.
PolicyKey = tuple[str, bool, str]
# Whether it is an exchange, virtual host, name.
_End = tuple[bool, str, str]

FIRST_LOG_ID: Final = 1


class ExchangeDefinition:
    """A durable exchange. ``log_id`` names the log of messages it holds back, 0 for none: nobody else ever had it.

    ``record`` is kept for its encoded form (``definition_records``).
    """

    __slots__ = ("arguments", "auto_delete", "internal", "kind", "log_id", "name", "record", "vhost")

    def __init__(
        self,
        vhost: str,
        name: str,
        kind: str,
        *,
        auto_delete: bool,
        internal: bool,
        arguments: dict[str, Any],
        log_id: int = 0,
    ) -> None:
        self.vhost = vhost
        self.name = name
        self.kind = kind
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments = arguments
        self.log_id = log_id
        self.record = b""


class QueueDefinition:
    """A durable queue. ``log_id`` names the log of its messages: no other queue ever had it."""

    __slots__ = ("arguments", "auto_delete", "log_id", "name", "record", "vhost")

    def __init__(self, vhost: str, name: str, log_id: int, *, auto_delete: bool, arguments: dict[str, Any]) -> None:
        self.vhost = vhost
        self.name = name
        self.log_id = log_id
        self.auto_delete = auto_delete
        self.arguments = arguments
        self.record = b""


class BindingDefinition:
    """A binding between a durable exchange and a durable queue or, with ``to_exchange``, another durable exchange.

    Bindings of one ``identity`` are the same binding, as for the exchanges (``exchanges/binding.py``).
    """

    __slots__ = ("arguments", "destination", "identity", "record", "routing_key", "source", "to_exchange", "vhost")

    def __init__(
        self,
        vhost: str,
        source: str,
        destination: str,
        *,
        to_exchange: bool,
        routing_key: str,
        arguments: dict[str, Any],
    ) -> None:
        self.vhost = vhost
        self.source = source
        self.destination = destination
        self.to_exchange = to_exchange
        self.routing_key = routing_key
        self.arguments = arguments
        self.identity = (vhost, source, destination, to_exchange, routing_key, comparable(arguments))
        self.record = b""


class PolicyDefinition:
    """A policy, a user's or an operator's; of each sort a name stands once. ``definition`` holds what JSON can."""

    __slots__ = ("apply_to", "definition", "name", "operator", "pattern", "priority", "record", "vhost")

    def __init__(
        self,
        vhost: str,
        name: str,
        *,
        operator: bool,
        pattern: str,
        apply_to: str,
        priority: float,
        definition: dict[str, Any],
    ) -> None:
        self.vhost = vhost
        self.name = name
        self.operator = operator
        self.pattern = pattern
        self.apply_to = apply_to
        self.priority = priority
        self.definition = definition
        self.record = b""


class State:
    """What is defined, in the order of definition.

    ``next_log_id`` is above every log id ever given out. ``marks``, after a clean stop and until the next start, holds
    for each durable queue's log the offset up to which messages had been delivered at least once; else it is None.
    ``generation`` counts the starts. ``vhosts`` holds what is set of virtual hosts as such: what JSON can, by name; a
    virtual host of which nothing else is said is there, too. So does ``users``, where ``name`` is one of the things
    that are said. ``permissions`` are by user and virtual host, ``topic_permissions`` by exchange beside these.
    """

    __slots__ = (
        "_bindings_of",
        "bindings",
        "exchanges",
        "generation",
        "marks",
        "next_log_id",
        "permissions",
        "policies",
        "queues",
        "topic_permissions",
        "users",
        "vhosts",
    )

    def __init__(self) -> None:
        self.exchanges: dict[Key, ExchangeDefinition] = {}
        self.queues: dict[Key, QueueDefinition] = {}
        self.bindings: dict[object, BindingDefinition] = {}
        self.policies: dict[PolicyKey, PolicyDefinition] = {}
        self.vhosts: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.permissions: dict[tuple[str, str], dict[str, str]] = {}
        self.topic_permissions: dict[tuple[str, str, str], dict[str, str]] = {}
        self.next_log_id = FIRST_LOG_ID
        self.marks: dict[int, int] | None = None
        self.generation = 0
        self._bindings_of: dict[_End, dict[object, None]] = {}

    def declare_exchange(self, exchange: ExchangeDefinition) -> None:
        """Add an exchange, in place of any of its name, whose bindings are not this one's."""
        self.delete_exchange(exchange.vhost, exchange.name)
        self.exchanges[exchange.vhost, exchange.name] = exchange
        self.next_log_id = max(self.next_log_id, exchange.log_id + 1)

    def delete_exchange(self, vhost: str, name: str) -> bool:
        """Remove an exchange with the bindings from and to it; False where there was nothing of it."""
        bound = self._drop_bindings((True, vhost, name))
        return self.exchanges.pop((vhost, name), None) is not None or bound

    def declare_queue(self, queue: QueueDefinition) -> None:
        """Add a queue, in place of any of its name, whose bindings are not this one's."""
        self.delete_queue(queue.vhost, queue.name)
        self.queues[queue.vhost, queue.name] = queue
        self.next_log_id = max(self.next_log_id, queue.log_id + 1)

    def delete_queue(self, vhost: str, name: str) -> bool:
        """Remove a queue with the bindings to it; False where there was nothing of it."""
        bound = self._drop_bindings((False, vhost, name))
        return self.queues.pop((vhost, name), None) is not None or bound

    def bind(self, binding: BindingDefinition) -> bool:
        """Add a binding; False where the same one is there. Its ends need not be: predeclared exchanges never are."""
        identity = binding.identity
        if identity in self.bindings:
            return False
        self.bindings[identity] = binding
        for end in _ends(binding):
            self._bindings_of.setdefault(end, {})[identity] = None
        return True

    def unbind(self, binding: BindingDefinition) -> bool:
        """Remove the same binding; False where there is none."""
        known = self.bindings.pop(binding.identity, None)
        if known is None:
            return False
        for end in _ends(known):
            self._forget(end, known.identity)
        return True

    def set_policy(self, policy: PolicyDefinition) -> None:
        """Add a policy, in place of any of its name and sort."""
        self.policies[policy.vhost, policy.operator, policy.name] = policy

    def clear_policy(self, vhost: str, name: str, *, operator: bool) -> bool:
        """Remove a policy; False where there is none."""
        return self.policies.pop((vhost, operator, name), None) is not None

    def set_vhost(self, name: str, metadata: dict[str, Any]) -> None:
        """What is set of a virtual host, in place of what was."""
        self.vhosts[name] = metadata

    def delete_vhost(self, name: str) -> bool:
        """Remove a virtual host with all that is in it; False where there was nothing of it."""
        known = self.vhosts.pop(name, None) is not None
        for queue in [each for each in self.queues if each[0] == name]:
            known |= self.delete_queue(*queue)
        for exchange in [each for each in self.exchanges if each[0] == name]:
            known |= self.delete_exchange(*exchange)
        for identity, binding in list(self.bindings.items()):
            if binding.vhost == name:
                # Between predeclared exchanges.
                known |= self.unbind(self.bindings[identity])
        for policy in [each for each in self.policies if each[0] == name]:
            known |= self.policies.pop(policy) is not None
        return self._drop_permissions(1, name) or known

    def set_user(self, user: dict[str, Any]) -> None:
        """A user, in place of any of its name."""
        self.users[user["name"]] = user

    def delete_user(self, name: str) -> bool:
        """Remove a user with its permissions; False where there is none."""
        self._drop_permissions(0, name)
        return self.users.pop(name, None) is not None

    def _drop_permissions(self, place: int, name: str) -> bool:
        """Those of a user (place 0) or in a virtual host (1)."""
        plain = [each for each in self.permissions if each[place] == name]
        of_topics = [each for each in self.topic_permissions if each[place] == name]
        for at in plain:
            del self.permissions[at]
        for topic_at in of_topics:
            del self.topic_permissions[topic_at]
        return bool(plain or of_topics)

    @property
    def vhost_names(self) -> dict[str, None]:
        """All of which anything is said, in order. (What older versions wrote says nothing of the one there was.)"""
        names = dict.fromkeys(self.vhosts)
        for known in (self.exchanges, self.queues, self.policies):
            names.update(dict.fromkeys(each[0] for each in known))
        names.update(dict.fromkeys(binding.vhost for binding in self.bindings.values()))
        return names

    def by_vhost(self) -> dict[str, "State"]:
        """What is in each virtual host, as a state to be read only: a thousand hosts need not look at everything."""
        parts = {name: State() for name in self.vhost_names}
        for name, metadata in self.vhosts.items():
            parts[name].vhosts[name] = metadata
        for key, exchange in self.exchanges.items():
            parts[key[0]].exchanges[key] = exchange
        for key, queue in self.queues.items():
            parts[key[0]].queues[key] = queue
        for identity, binding in self.bindings.items():
            parts[binding.vhost].bindings[identity] = binding
        for policy_key, policy in self.policies.items():
            parts[policy_key[0]].policies[policy_key] = policy
        return parts

    @property
    def log_ids(self) -> list[int]:
        """Those of all queues and exchanges that have one."""
        ids = [queue.log_id for queue in self.queues.values()]
        ids += [exchange.log_id for exchange in self.exchanges.values()]
        return [log_id for log_id in ids if log_id]

    def started(self, generation: int) -> None:
        self.generation = generation
        self.marks = None

    def _drop_bindings(self, end: _End) -> bool:
        known = self._bindings_of.pop(end, {})
        for identity in known:
            for other in _ends(self.bindings.pop(identity)):
                self._forget(other, identity)
        return bool(known)

    def _forget(self, end: _End, identity: object) -> None:
        known = self._bindings_of.get(end)
        if known is not None:
            known.pop(identity, None)
            if not known:
                del self._bindings_of[end]


def _ends(binding: BindingDefinition) -> tuple[_End, _End]:
    return (True, binding.vhost, binding.source), (binding.to_exchange, binding.vhost, binding.destination)
