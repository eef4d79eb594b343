"""User: a name, a password's hash, tags, limits, and what the user may do in each virtual host."""

from typing import Any

from broker.access.passwords import NO_PASSWORD, PasswordHash
from broker.access.permissions import Permissions, TopicPermissions


class User:
    """Everything of it may be set anew. ``tags`` are RabbitMQ's, or any others: ``impersonator`` may publish under
    another's user-id.
    """

    __slots__ = ("limits", "name", "password", "permissions", "tags", "topic_permissions")

    def __init__(
        self, name: str, password: PasswordHash = NO_PASSWORD, tags: tuple[str, ...] = (), *, limits: Any = None
    ) -> None:
        self.name = name
        self.password = password
        self.tags = tags
        # ``max-connections`` and ``max-channels``; below 0: no limit.
        self.limits: dict[str, int] = dict(limits or {})
        # By virtual host, and for topics by exchange.
        self.permissions: dict[str, Permissions] = {}
        self.topic_permissions: dict[str, dict[str, TopicPermissions]] = {}

    def definition(self) -> dict[str, Any]:
        """As RabbitMQ's definitions have it, and the journal."""
        return {
            "name": self.name,
            "password_hash": self.password.text,
            "hashing_algorithm": self.password.hashing,
            "tags": list(self.tags),
            "limits": self.limits,
        }
