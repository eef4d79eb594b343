"""Dead letters: why a message leaves a queue without being acked, and what is written into its headers then.

    x-death                  array of tables, the latest first: one for each queue and reason, with its count
    x-first-death-exchange, -queue, -reason     of the first death, for good
    x-last-death-exchange, -queue, -reason      of the latest one
    expiration               is taken away and kept in that death's ``original-expiration``

Header tables come out sorted by name. As in RabbitMQ 4 an x-death that a client wrote says nothing, and the next death
replaces it: what the broker wrote itself it knows by the channel number in the content's header frame, which is 0.
Source: https://www.rabbitmq.com/docs/dlx
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from broker.message import Message
from protocol.amqp import properties
from protocol.amqp.basic import route_names
from protocol.amqp.content import properties_of, with_properties
from protocol.amqp.tables import FieldTable, Long, Timestamp

if TYPE_CHECKING:
    from broker.turn import Turn

REJECTED: Final = "rejected"
EXPIRED: Final = "expired"
MAXLEN: Final = "maxlen"
DELIVERY_LIMIT: Final = "delivery_limit"

# The broker's own: no client has this channel.
_OWN_HEADER_FRAME: Final = b"\x02\x00\x00"


# The number of a message that its queue never took.
NO_PLACE: Final = -1


class Death:
    """Messages that leave ``queue``, each with its number there, for one reason."""

    __slots__ = ("entries", "queue", "reason")

    def __init__(self, queue: Any, entries: "Sequence[tuple[int, Message]]", reason: str) -> None:
        self.queue = queue
        self.entries = entries
        self.reason = reason


class DeadLetters(Protocol):
    """Where a queue's dead letters go."""

    def bury(self, death: Death, turn: "Turn") -> int:
        """Publish them to the queue's dead letter exchange, and settle them there. What it cost, in messages."""


class Letter:
    """A message as its death leaves it: ``content``, the ``keys`` it was published with, and its deaths."""

    __slots__ = ("content", "deaths", "keys")

    def __init__(self, content: bytes, keys: list[str], deaths: list[FieldTable]) -> None:
        self.content = content
        self.keys = keys
        self.deaths = deaths

    def would_circle(self, queue: str) -> bool:
        """Whether it died in that queue before, and nobody has rejected it on the way: then it would for ever."""
        for death in self.deaths:
            if death.get("reason") == REJECTED:
                return False
            if death.get("queue") == queue:
                return True
        return False


class Coroner:
    """Writes the deaths of one queue's messages. Most repeat the properties of the one before, and so its result.

    ``continues_published``: an x-death that a client wrote counts on, as before RabbitMQ 4.
    """

    __slots__ = ("_continues", "_known", "_last")

    def __init__(self, *, continues_published: bool) -> None:
        self._continues = continues_published
        self._known: tuple[object, ...] = ()
        self._last: tuple[bytes, list[str], list[FieldTable]] = (b"", [], [])

    def write(self, message: Message, queue: str, reason: str, time_s: int, *, keeps_cc: bool) -> Letter:
        """What becomes of a message that dies in ``queue``. ``keeps_cc``: it goes on under its own keys."""
        content = message.original
        raw = properties_of(content)
        own = content.startswith(_OWN_HEADER_FRAME)
        case = (raw, message.route, own, queue, reason, time_s, keeps_cc)
        if case != self._known:
            counts = own or self._continues
            self._last = _written(raw, message.route, queue, reason, time_s, keeps_cc=keeps_cc, counts=counts)
            self._known = case
        properties_, keys, deaths = self._last
        return Letter(_OWN_HEADER_FRAME + with_properties(content, properties_)[3:], keys, deaths)


def _written(
    raw: bytes, route: bytes, queue: str, reason: str, time_s: int, *, keeps_cc: bool, counts: bool
) -> tuple[bytes, list[str], list[FieldTable]]:
    exchange, key = route_names(route)
    headers = properties.headers(raw) or {}
    keys = [key, *copies(headers)]
    expiration = properties.short_string(raw, properties.EXPIRATION)
    before = headers.get("x-death") if counts else None
    deaths = _with_death(before, queue, reason, exchange, keys, time_s, expiration)
    if not counts:
        for name in [name for name in headers if name.startswith(("x-first-death-", "x-last-death-"))]:
            del headers[name]
    headers["x-death"] = deaths
    for name, value in (("exchange", exchange), ("queue", queue), ("reason", reason)):
        headers.setdefault(f"x-first-death-{name}", value)
        headers[f"x-last-death-{name}"] = value
    if not keeps_cc:
        headers.pop("CC", None)
    properties_ = properties.with_headers(raw, dict(sorted(headers.items())))
    return properties.without_short_string(properties_, properties.EXPIRATION), keys, deaths


def copies(headers: FieldTable) -> list[str]:
    """The further routing keys that a message carries."""
    value = headers.get("CC")
    return [key for key in value if isinstance(key, str)] if isinstance(value, list) else []


def _with_death(
    before: Any, queue: str, reason: str, exchange: str, keys: list[str], time_s: int, expiration: str | None
) -> list[FieldTable]:
    deaths = [death for death in before if isinstance(death, dict)] if isinstance(before, list) else []
    for death in deaths:
        if death.get("queue") == queue and death.get("reason") == reason:
            count = death.get("count", 0)
            again = {**death, "count": Long(count + 1 if isinstance(count, int) else 1)}
            return [again, *(other for other in deaths if other is not death)]
    new: FieldTable = {
        "count": Long(1),
        "reason": reason,
        "queue": queue,
        "time": Timestamp(time_s),
        "exchange": exchange,
        "routing-keys": keys,
    }
    if expiration is not None:
        new["original-expiration"] = expiration
    return [new, *deaths]
