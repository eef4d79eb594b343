"""Users: who there is, their passwords and tags."""

from collections.abc import Sequence
from typing import Any

from broker.access.passwords import NO_PASSWORD, SHA256, PasswordHash
from broker.administration.refused import Refused
from broker.administration.verbs import Verbs


class UserVerbs(Verbs):
    def add_user(
        self,
        name: str,
        password: str | None = None,
        *,
        password_hash: str | None = None,
        hashing_algorithm: str = SHA256,
        tags: Sequence[str] = (),
    ) -> None:
        """With a password, or the hash of one as RabbitMQ's definitions hold it; with neither nobody can log in by a
        password. A new user may do nothing anywhere.
        """

        def add(_turn: Any) -> None:
            access = self._node.access
            if password is None:
                hashed = NO_PASSWORD if password_hash is None else PasswordHash(password_hash, hashing_algorithm)
            else:
                hashed = access.hash_of(password)
            access.add_user(name, hashed, tags)

        self._do(add)

    def delete_user(self, name: str) -> None:
        """With its permissions; its connections are closed (320)."""
        self._do(lambda turn: self._node.delete_user(name, turn))

    def change_password(self, name: str, password: str) -> None:
        """For logins to come; whoever is logged in stays."""
        access = self._node.access
        self._do(lambda _: access.set_password(name, access.hash_of(password)))

    def clear_password(self, name: str) -> None:
        """No password logs this user in any more."""
        self._do(lambda _: self._node.access.set_password(name, NO_PASSWORD))

    def authenticate_user(self, name: str, password: str) -> None:
        """Refused where that is not the user's password."""
        check = self._node.access.login(name, password)
        check.perform()
        if not check.right:
            raise Refused(f'failed to authenticate user "{name}"')

    def set_user_tags(self, name: str, tags: Sequence[str]) -> None:
        """In place of those there were."""
        self._do(lambda _: self._node.access.set_tags(name, tags))

    def list_users(self) -> list[dict[str, Any]]:
        """``user`` and ``tags`` of each."""
        return [{"user": user.name, "tags": list(user.tags)} for user in self._node.access.users.values()]
