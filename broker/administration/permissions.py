"""Permissions: what users may do in virtual hosts, and with the topics of an exchange."""

from typing import Any

from broker.access.user import User
from broker.administration.refused import refusing
from broker.administration.verbs import Verbs


class PermissionVerbs(Verbs):
    def set_permissions(self, user: str, configure: str, write: str, read: str, *, vhost: str | None = None) -> None:
        """In place of those there were. Each is a pattern, searched for in names; the empty one allows nothing."""
        name = self._vhost_for(user, vhost)
        self._do(lambda _: self._node.access.set_permissions(user, name, configure, write, read))

    def clear_permissions(self, user: str, *, vhost: str | None = None) -> None:
        """The user may not enter the virtual host any more."""
        name = self._vhost_for(user, vhost)
        self._do(lambda _: self._node.access.clear_permissions(user, name))

    def list_permissions(self, *, vhost: str | None = None) -> list[dict[str, str]]:
        """``user``, ``configure``, ``write`` and ``read`` of everybody who may enter a virtual host."""
        name = self._vhost(vhost).name
        users = self._node.access.users.values()
        return [{"user": user.name, **_patterns(user, name)} for user in users if name in user.permissions]

    def list_user_permissions(self, user: str) -> list[dict[str, str]]:
        """``vhost``, ``configure``, ``write`` and ``read`` of every virtual host that a user may enter."""
        with refusing():
            found = self._node.access.user(user)
        return [{"vhost": vhost, **_patterns(found, vhost)} for vhost in found.permissions]

    def set_topic_permissions(
        self, user: str, exchange: str, write: str, read: str, *, vhost: str | None = None
    ) -> None:
        """Which keys a user may publish with, and bind by, at a topic exchange; may name {username} and {vhost}."""
        name = self._vhost_for(user, vhost)
        self._do(lambda _: self._node.access.set_topic_permissions(user, name, exchange, write, read))

    def clear_topic_permissions(self, user: str, exchange: str | None = None, *, vhost: str | None = None) -> None:
        """All keys of an exchange, or of all of them, may be used again."""
        name = self._vhost_for(user, vhost)
        self._do(lambda _: self._node.access.clear_topic_permissions(user, name, exchange))

    def list_topic_permissions(self, *, vhost: str | None = None) -> list[dict[str, str]]:
        """``user``, ``exchange``, ``write`` and ``read`` of all there are in a virtual host."""
        name = self._vhost(vhost).name
        users = self._node.access.users.values()
        return [{"user": user.name, **each} for user in users for each in _topics(user, name)]

    def list_user_topic_permissions(self, user: str) -> list[dict[str, str]]:
        """``vhost``, ``exchange``, ``write`` and ``read`` of all that a user has."""
        with refusing():
            found = self._node.access.user(user)
        return [{"vhost": vhost, **each} for vhost in found.topic_permissions for each in _topics(found, vhost)]

    def _vhost_for(self, user: str, vhost: str | None) -> str:
        """The virtual host's name. A missing user is told of first, as by RabbitMQ."""
        with refusing():
            self._node.access.user(user)
        return self._vhost(vhost).name


def _patterns(user: User, vhost: str) -> dict[str, str]:
    found = user.permissions[vhost]
    return {"configure": found.configure, "write": found.write, "read": found.read}


def _topics(user: User, vhost: str) -> list[dict[str, Any]]:
    held = user.topic_permissions.get(vhost, {})
    return [{"exchange": name, "write": each.write, "read": each.read} for name, each in held.items()]
