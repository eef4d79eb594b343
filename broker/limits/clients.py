"""ClientLimits: connections and channels of a node, of each user and of each virtual host.

The texts are those of RabbitMQ's rabbit_reader.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from protocol.amqp.errors import not_allowed

MAX_CONNECTIONS: Final = "max-connections"
MAX_CHANNELS: Final = "max-channels"


class ClientLimits:
    """``connection_max`` and ``channel_max`` are the node's own. ``own`` is what is set of a user or virtual host."""

    __slots__ = ("_by_user", "_by_vhost", "_channels_by_user", "channel_max", "channels", "connection_max", "node")

    def __init__(self, node: str, *, connection_max: int = 0, channel_max: int = 0) -> None:
        self.node = node
        self.connection_max = connection_max
        self.channel_max = channel_max
        self.channels = 0
        self._by_user: Counter[str] = Counter()
        self._by_vhost: Counter[str] = Counter()
        self._channels_by_user: Counter[str] = Counter()

    @property
    def connections(self) -> int:
        """How many are open."""
        return self._by_user.total()

    def check_node(self) -> None:
        """Whether one more connection may be opened at all. Raises HardError 530."""
        most = self.connection_max
        if 0 < most <= self.connections:
            raise not_allowed(f"connection refused: node connection limit ({most}) is reached")

    def check_vhost(self, vhost: str, user: str, own: Mapping[str, int]) -> None:
        """And in that virtual host. Raises HardError 530."""
        most = own.get(MAX_CONNECTIONS, -1)
        if 0 <= most <= self._by_vhost[vhost]:
            text = f"access to vhost '{vhost}' refused for user '{user}'"
            raise not_allowed(f"{text}: connection limit ({most}) is reached")

    def check_user(self, user: str, own: Mapping[str, int]) -> None:
        """And by that user. Raises HardError 530."""
        most = own.get(MAX_CONNECTIONS, -1)
        if 0 <= most <= self._by_user[user]:
            raise not_allowed(f"connection refused for user '{user}': user connection limit ({most}) is reached")

    def entered(self, user: str, vhost: str) -> None:
        """A connection was opened."""
        self._by_user[user] += 1
        self._by_vhost[vhost] += 1

    def left(self, user: str, vhost: str) -> None:
        """It is over, and so are its channels."""
        _take(self._by_user, user, 1)
        _take(self._by_vhost, vhost, 1)

    def channel_opens(self, user: str, own: Mapping[str, int]) -> None:
        """Raises HardError 530 where the user, or the node, has as many as may be."""
        most = own.get(MAX_CHANNELS, -1)
        if 0 <= most <= self._channels_by_user[user]:
            text = f"number of channels opened for user '{user}'"
            raise not_allowed(f"{text} has reached the maximum allowed user limit of ({most})")
        if 0 < self.channel_max <= self.channels:
            text = f"number of channels opened on node '{self.node}'"
            raise not_allowed(f"{text} has reached the maximum allowed limit of ({self.channel_max})")
        self._channels_by_user[user] += 1
        self.channels += 1

    def channels_closed(self, user: str, count: int = 1) -> None:
        """So many of the user's."""
        _take(self._channels_by_user, user, count)
        self.channels -= count


def _take(counter: Counter[str], name: str, count: int) -> None:
    """Names that are not used any more leave nothing behind."""
    counter[name] -= count
    if counter[name] <= 0:
        del counter[name]
