"""Permits: what one channel's user may do, as far as the channel remembers; refusals are in RabbitMQ's words.

As in RabbitMQ a channel remembers the last 12 things that it was allowed, and as many topics, in the order in which it
asked; what it was refused it asks again. So a permission that was taken away lasts on a channel in use, until 12 others
were asked for, the channel was idle for a second (where RabbitMQ's processes hibernate), or the client updated its
secret. Sources: rabbit_channel.erl (check_resource_access, check_topic_authorisation), rabbit_access_control.erl.
"""

from typing import Final, TypeVar

from broker.access import CONFIGURE, READ, WRITE, Access
from broker.access.permissions import DEFAULT_EXCHANGE
from broker.profile import LENIENT, Profile
from protocol.amqp.errors import access_refused

# Things that a channel remembers, and topics.
_REMEMBERED_MAX: Final = 12
# RabbitMQ's HIBERNATE_AFTER_MIN. (There it grows with each nap that was short, at random.)
_IDLE_S: Final = 1.0

_Asked = TypeVar("_Asked", bound=tuple[str, ...])


class Permits:
    """``impersonates``: the user may publish under another's user-id, which is settled when it logs in.
    ``checks_copies``: topics are asked for when a message's keys are all known, CC and BCC included.

    ``used_at`` is when the channel was used last, in seconds as peers see them. All that refuses raises SoftError 403.
    """

    __slots__ = (
        "_allowed",
        "_checks_passive",
        "_topics",
        "_vhost",
        "access",
        "checks_copies",
        "impersonates",
        "used_at",
        "user",
    )

    def __init__(
        self, access: Access, user: str, vhost: str, *, impersonates: bool = False, profile: Profile = LENIENT
    ) -> None:
        self.access = access
        self._vhost = vhost
        self._checks_passive = profile.passive_declare_checked
        self.checks_copies = profile.copies_topics_checked
        self.user = user
        self.impersonates = impersonates
        self.used_at = 0.0
        # What was asked, as permission, kind and name, and the version of Access that allowed it.
        self._allowed: dict[tuple[str, str, str], int] = {}
        # Likewise, as permission, exchange and key.
        self._topics: dict[tuple[str, str, str], int] = {}

    def use(self, now: float) -> None:
        """The channel is used; an idle one has forgotten."""
        if now - self.used_at > _IDLE_S:
            self.forget()
        self.used_at = now

    def forget(self) -> None:
        """Ask anew from now on."""
        self._allowed.clear()
        self._topics.clear()

    # -- questions -----------------------------------------------------------------------------------------------------

    def queue(self, permission: str, name: str) -> bool:
        """Refuse to ``configure``, ``write`` to or ``read`` a queue. False: allowed by what is remembered alone."""
        return self._ask(permission, "queue", name)

    def exchange(self, permission: str, name: str) -> bool:
        """The same of an exchange."""
        return self._ask(permission, "exchange", name or DEFAULT_EXCHANGE)

    def any_of_queue(self, name: str) -> None:
        """Refuse who may neither configure, write to nor read a queue, if the profile does."""
        self._ask_any("queue", name)

    def any_of_exchange(self, name: str) -> None:
        """The same of an exchange."""
        self._ask_any("exchange", name)

    def topic(self, permission: str, exchange: str, key: str) -> None:
        """Refuse to ``write`` under a routing key to a topic exchange, or to ``read`` from it by a binding key."""
        asked = (permission, exchange, key)
        version = self.access.version
        known = self._topics.get(asked)
        if known == version:
            return
        if self.access.may_topic(self.user, self._vhost, exchange, permission, key):
            _remember(self._topics, asked, version)
        elif known is None:
            raise access_refused(
                f"{permission} access to topic '{key}' in exchange '{exchange}' in vhost '{self._vhost}' refused for "
                f"user '{self.user}'"
            )

    def remember_topic(self, permission: str, exchange: str, key: str) -> None:
        """It is used while all topics are free; it will be remembered should they not be any more."""
        _remember(self._topics, (permission, exchange, key), self.access.version)

    def minds_topics(self, exchange: str) -> bool:
        """Whether there are topics of an exchange that this user may not use."""
        return self.access.has_topic_permissions(self.user, self._vhost, exchange)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _ask(self, permission: str, kind: str, name: str) -> bool:
        asked = (permission, kind, name)
        version = self.access.version
        known = self._allowed.get(asked)
        if known == version:
            return True
        if self.access.may(self.user, self._vhost, permission, name):
            _remember(self._allowed, asked, version)
            return True
        if known is not None:
            return False
        raise access_refused(
            f"{permission} access to {kind} '{name}' in vhost '{self._vhost}' refused for user '{self.user}'"
        )

    def _ask_any(self, kind: str, name: str) -> None:
        """In RabbitMQ's order: who is refused is told of the one it would need to declare."""
        known = any((permission, kind, name) in self._allowed for permission in (READ, WRITE, CONFIGURE))
        if known or not self._checks_passive:
            return
        for permission in (READ, WRITE):
            if self.access.may(self.user, self._vhost, permission, name):
                break
        else:
            permission = CONFIGURE
        self._ask(permission, kind, name)


def _remember(remembered: dict[_Asked, int], asked: _Asked, version: int) -> None:
    """What is known already keeps its place."""
    remembered[asked] = version
    if len(remembered) > _REMEMBERED_MAX:
        del remembered[next(iter(remembered))]
