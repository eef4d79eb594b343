"""Access: all users of a node, and what each of them may do where. What changes is told to a journal and in events."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from broker.access.errors import AccessError, NoSuchUser, UserExists
from broker.access.login import LoginCheck
from broker.access.passwords import SHA256, PasswordHash, hash_of
from broker.access.permissions import Permissions, TopicPermissions
from broker.access.user import User
from broker.store.definition_state import State

# The user whom a fresh node gets may do everything.
_ALL = ".*"
_ADMINISTRATOR = "administrator"
IMPERSONATOR = "impersonator"


class Journal(Protocol):
    """Takes what is to outlive a restart: values that JSON can hold."""

    def user_set(self, user: dict[str, Any]) -> None: ...
    def user_deleted(self, name: str) -> None: ...
    def permissions_set(self, user: str, vhost: str, patterns: dict[str, str]) -> None: ...
    def permissions_cleared(self, user: str, vhost: str) -> None: ...
    def topic_permissions_set(self, user: str, vhost: str, exchange: str, patterns: dict[str, str]) -> None: ...
    def topic_permissions_cleared(self, user: str, vhost: str, exchange: str) -> None: ...


# An event's name and what it says.
Tell = Callable[[str, Mapping[str, Any]], None]


class Access:
    """``version`` changes whenever what anybody may do has: what was found before may be wrong then.

    ``random_bytes(n)`` salts passwords, ``hashing`` hashes new ones. Virtual hosts are names here: that there is one
    the caller knows. Every method that changes something raises AccessError where it cannot be.
    """

    __slots__ = ("_hashing", "_journal", "_random_bytes", "_tell", "users", "version")

    def __init__(
        self,
        random_bytes: Callable[[int], bytes],
        *,
        tell: Tell,
        journal: Journal | None = None,
        hashing: str = SHA256,
    ) -> None:
        self._random_bytes = random_bytes
        self._tell = tell
        self._journal = journal
        self._hashing = hashing
        self.users: dict[str, User] = {}
        self.version = 0

    # -- questions -----------------------------------------------------------------------------------------------------

    def user(self, name: str) -> User:
        """Raises NoSuchUser."""
        user = self.users.get(name)
        if user is None:
            raise NoSuchUser(name)
        return user

    def login(self, name: str, password: str) -> LoginCheck:
        """A check of a password, to be performed elsewhere."""
        return LoginCheck(name, self.users.get(name), password)

    def proven(self, name: str) -> LoginCheck:
        """The same where a certificate has proven who it is."""
        return LoginCheck(name, self.users.get(name), None)

    def may_enter(self, user: str, vhost: str) -> bool:
        """Whether there is anything that the user may do in that virtual host."""
        found = self.users.get(user)
        return found is not None and vhost in found.permissions

    def may(self, user: str, vhost: str, permission: str, name: str) -> bool:
        """Whether the user may ``configure``, ``write`` to or ``read`` the queue or exchange of that name."""
        found = self.users.get(user)
        permissions = found.permissions.get(vhost) if found is not None else None
        return permissions is not None and permissions.allow(permission, name)

    def has_topic_permissions(self, user: str, vhost: str, exchange: str) -> bool:
        """Whether anything is said of the keys that the user may use there; if not, all may be used."""
        found = self.users.get(user)
        return found is not None and exchange in found.topic_permissions.get(vhost, ())

    def may_topic(
        self, user: str, vhost: str, exchange: str, permission: str, key: str, client_id: str | None = None
    ) -> bool:
        """Whether the user may ``write`` a message of that routing key, or ``read`` by that binding key."""
        found = self.users.get(user)
        if found is None:
            return False
        permissions = found.topic_permissions.get(vhost, {}).get(exchange)
        if permissions is None:
            return True
        variables = {"username": user, "vhost": vhost}
        if client_id is not None:
            variables["client_id"] = client_id
        return permissions.allow(permission, key, variables)

    def may_impersonate(self, user: str) -> bool:
        """Whether the user may publish under another's user-id."""
        found = self.users.get(user)
        return found is not None and IMPERSONATOR in found.tags

    # -- users ---------------------------------------------------------------------------------------------------------

    def make_first_user(self, name: str, password: str, vhost: str) -> None:
        """The one that a fresh node has, who may do everything in its virtual host."""
        self.add_user(name, hash_of(password, self._random_bytes, self._hashing), (_ADMINISTRATOR,))
        self.set_permissions(name, vhost, _ALL, _ALL, _ALL)

    def hash_of(self, password: str) -> PasswordHash:
        return hash_of(password, self._random_bytes, self._hashing)

    def add_user(self, name: str, password: PasswordHash, tags: Iterable[str] = ()) -> User:
        """Raises UserExists."""
        if name in self.users:
            raise UserExists(name)
        if not 0 < len(name.encode(errors="surrogateescape")) <= _NAME_MAX_BYTES:
            raise AccessError(f"a user's name has 1 to {_NAME_MAX_BYTES} bytes")
        user = self.users[name] = User(name, password, tuple(tags))
        self._keep(user)
        self._tell("user.created", {"name": name})
        if user.tags:
            self._tell("user.tags.set", {"name": name, "tags": list(user.tags)})
        return user

    def set_password(self, name: str, password: PasswordHash) -> None:
        """Who is logged in stays. Raises NoSuchUser."""
        user = self.user(name)
        user.password = password
        self._keep(user)
        self._tell("user.password.changed" if password.text else "user.password.cleared", {"name": name})

    def set_tags(self, name: str, tags: Iterable[str]) -> None:
        """Raises NoSuchUser."""
        user = self.user(name)
        user.tags = tuple(tags)
        self.version += 1
        self._keep(user)
        self._tell("user.tags.set", {"name": name, "tags": list(user.tags)})

    def set_limits(self, name: str, limits: Mapping[str, int]) -> None:
        """In place of those there were. Raises NoSuchUser."""
        user = self.user(name)
        user.limits = dict(limits)
        self._keep(user)
        self._tell(
            "user.limits.set" if limits else "user.limits.cleared", {"name": "limits", "username": name, **limits}
        )

    def delete_user(self, name: str) -> None:
        """With all that it may do. Its connections are the caller's business. Raises NoSuchUser."""
        self.user(name)
        del self.users[name]
        self.version += 1
        if self._journal is not None:
            self._journal.user_deleted(name)
        self._tell("user.deleted", {"name": name})

    def _keep(self, user: User) -> None:
        if self._journal is not None:
            self._journal.user_set(user.definition())

    # -- permissions ---------------------------------------------------------------------------------------------------

    def set_permissions(self, name: str, vhost: str, configure: str, write: str, read: str) -> None:
        """Raises NoSuchUser, AccessError for a pattern that is none."""
        user = self.user(name)
        user.permissions[vhost] = Permissions(configure, write, read)
        patterns = {"configure": configure, "write": write, "read": read}
        self.version += 1
        if self._journal is not None:
            self._journal.permissions_set(name, vhost, patterns)
        self._tell("permission.created", {"user": name, "vhost": vhost, **patterns})

    def clear_permissions(self, name: str, vhost: str) -> None:
        """The user may not enter that virtual host any more; nothing happens where it may not. Raises NoSuchUser."""
        user = self.user(name)
        if user.permissions.pop(vhost, None) is None:
            return
        self.version += 1
        if self._journal is not None:
            self._journal.permissions_cleared(name, vhost)
        self._tell("permission.deleted", {"user": name, "vhost": vhost})

    def set_topic_permissions(self, name: str, vhost: str, exchange: str, write: str, read: str) -> None:
        """Raises NoSuchUser, AccessError for a pattern that is none."""
        user = self.user(name)
        permissions = TopicPermissions(write, read)
        user.topic_permissions.setdefault(vhost, {})[exchange] = permissions
        patterns = {"write": write, "read": read}
        self.version += 1
        if self._journal is not None:
            self._journal.topic_permissions_set(name, vhost, exchange, patterns)
        self._tell("topic.permission.created", {"user": name, "vhost": vhost, "exchange": exchange, **patterns})

    def clear_topic_permissions(self, name: str, vhost: str, exchange: str | None = None) -> None:
        """Those of an exchange, or of all of a virtual host. Raises NoSuchUser."""
        held = self.user(name).topic_permissions.get(vhost, {})
        for each in list(held) if exchange is None else [exchange]:
            if held.pop(each, None) is None:
                continue
            self.version += 1
            if self._journal is not None:
                self._journal.topic_permissions_cleared(name, vhost, each)
            self._tell("topic.permission.deleted", {"user": name, "vhost": vhost, "exchange": each})

    def vhost_gone(self, vhost: str) -> None:
        """Nothing is allowed there any more, should there be one of that name again."""
        for user in self.users.values():
            self.clear_permissions(user.name, vhost)
            self.clear_topic_permissions(user.name, vhost)

    # -- after a restart -----------------------------------------------------------------------------------------------

    def restore(self, state: State) -> list[str]:
        """Put in what a journal was told, telling none. Returns a sentence for each definition that cannot be used."""
        refusals = []
        for said in state.users.values():
            try:
                password = PasswordHash(said["password_hash"], said["hashing_algorithm"])
                self.users[said["name"]] = User(said["name"], password, tuple(said["tags"]), limits=said["limits"])
            except (AccessError, KeyError, TypeError) as error:
                refusals.append(f"the user '{said.get('name')}' was not restored: {error}")
        for (name, vhost), patterns in state.permissions.items():
            if name in self.users:
                refusals += self._restored(name, vhost, patterns)
        for (name, vhost, exchange), patterns in state.topic_permissions.items():
            if name in self.users:
                refusals += self._restored(name, vhost, patterns, exchange)
        self.version += 1
        return refusals

    def _restored(self, name: str, vhost: str, patterns: Mapping[str, str], exchange: str | None = None) -> list[str]:
        user = self.users[name]
        try:
            if exchange is None:
                user.permissions[vhost] = Permissions(patterns["configure"], patterns["write"], patterns["read"])
            else:
                topics = user.topic_permissions.setdefault(vhost, {})
                topics[exchange] = TopicPermissions(patterns["write"], patterns["read"])
        except (AccessError, KeyError) as error:
            return [f"a permission of user '{name}' in vhost '{vhost}' was not restored: {error}"]
        return []


_NAME_MAX_BYTES = 255
