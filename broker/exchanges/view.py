"""View: a message as exchanges see it on its way. Nothing of it is decoded before a kind asks."""

from collections.abc import Mapping

from protocol.amqp import properties
from protocol.amqp.content import properties_of


class View:
    """``content`` and ``route`` are a message's (``broker.message``): what queues will hold of it, and the exchange and
    key it was published with. ``wall_ms`` is the time of day, in ms since 1970. One that is not ``fresh`` was published
    before, and held back.
    """

    __slots__ = ("_headers", "_properties", "content", "fresh", "route", "wall_ms")

    def __init__(self, content: bytes, route: bytes, wall_ms: int, *, fresh: bool = True) -> None:
        self.fresh = fresh
        self.content = content
        self.route = route
        self.wall_ms = wall_ms
        self._properties = b""
        self._headers: Mapping[str, object] | None = None

    @property
    def properties(self) -> bytes:
        """As ``protocol.amqp.properties`` reads them."""
        if not self._properties:
            self._properties = properties_of(self.content)
        return self._properties

    def headers(self) -> Mapping[str, object]:
        """Decoded; empty where the message has none."""
        if self._headers is None:
            self._headers = properties.headers(self.properties) or {}
        return self._headers
