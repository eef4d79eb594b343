"""Policies: users' and operators' policies of a virtual host."""

from collections.abc import Mapping
from typing import Any

from broker.administration.verbs import Verbs
from broker.policies.policy import Policy
from broker.queues import Queue
from broker.vhost import VirtualHost


class PolicyVerbs(Verbs):
    def set_policy(
        self,
        name: str,
        pattern: str,
        definition: Mapping[str, Any],
        *,
        apply_to: str = "all",
        priority: float = 0,
        vhost: str | None = None,
    ) -> None:
        """In place of any of its name, and at once."""
        mirroring = self._node.profile.ha_policies
        host = self._vhost(vhost)
        self._put(host, name, pattern, definition, apply_to=apply_to, priority=priority, mirroring=mirroring)

    def clear_policy(self, name: str, *, vhost: str | None = None) -> None:
        """What it did ends at once."""
        host = self._vhost(vhost)
        self._do(lambda turn: host.clear_policy(name, turn))

    def list_policies(self, *, vhost: str | None = None) -> list[dict[str, Any]]:
        """``name``, ``pattern``, ``apply-to``, ``definition`` and ``priority`` of each."""
        return [shown(policy) for policy in self._vhost(vhost).policies.users.values()]

    def set_operator_policy(
        self,
        name: str,
        pattern: str,
        definition: Mapping[str, Any],
        *,
        apply_to: str = "all",
        priority: float = 0,
        vhost: str | None = None,
    ) -> None:
        """Limits on top of any other policy."""
        host = self._vhost(vhost)
        self._put(host, name, pattern, definition, apply_to=apply_to, priority=priority, operator=True)

    def clear_operator_policy(self, name: str, *, vhost: str | None = None) -> None:
        """What it did ends at once."""
        host = self._vhost(vhost)
        self._do(lambda turn: host.clear_policy(name, turn, operator=True))

    def list_operator_policies(self, *, vhost: str | None = None) -> list[dict[str, Any]]:
        """As ``list_policies``."""
        return [shown(policy) for policy in self._vhost(vhost).policies.operators.values()]

    def _put(self, host: VirtualHost[Queue], *what: Any, **how: Any) -> None:
        self._do(lambda turn: host.set_policy(Policy(*what, **how), turn))


def shown(policy: Policy) -> dict[str, Any]:
    """A policy as definitions and lists have it."""
    return {
        "name": policy.name,
        "pattern": policy.pattern,
        "apply-to": policy.apply_to,
        "definition": policy.definition,
        "priority": policy.priority,
    }
