"""Coroner: writes into a message's headers how it died.

    CC                       stays, even where the letter goes on under another key
    x-death                  array of tables, the latest first: one for each queue and reason, with its count
    x-first-death-exchange, -queue, -reason     of the first death, for good
    x-last-death-exchange, -queue, -reason      of the latest one
    expiration               is taken away and kept in that death's ``original-expiration``

Header tables come out sorted by name. As in RabbitMQ 4 an x-death that a client wrote says nothing, and the next death
replaces it: what the broker wrote itself it knows by the channel number in the content's header frame, which is 0.
Source: https://www.rabbitmq.com/docs/dlx
"""

from typing import Any, Final

from broker.message import OWN_HEADER_FRAME, Message, is_brokers_own, more_keys
from broker.queues.dead_letter import REJECTED
from protocol.amqp.basic import PROPERTIES_AT, route_names
from protocol.amqp.content import CONTENT_HEAD_BYTES, properties_of
from protocol.amqp.properties import EXPIRATION, HEADERS, Parts
from protocol.amqp.tables import FieldTable, Long, Timestamp, read_table, write_table

_PERSISTENT: Final = 2
_MARKS: Final = [f"x-{which}-death-{what}" for which in ("first", "last") for what in ("exchange", "queue", "reason")]
# Of one death, in this order.
_FIELDS: Final[dict[str, type]] = {
    "count": int,
    "reason": str,
    "queue": str,
    "time": Timestamp,
    "exchange": str,
    "routing-keys": list,
}
# Fields that a death reads or writes, as they begin in a table.
_OURS: Final = tuple(bytes((len(name),)) + name.encode() for name in ("CC", "x-death", *_MARKS))
# Histories of deaths that are remembered, and the longest of them, in bytes: some 2 MB.
_KNOWN_MAX: Final = 256
_KNOWN_BYTES_MAX: Final = 2048
# Name, type and size of x-death's array; type and size of the first table in it.
_ARRAY_HEAD_BYTES: Final = 13
_FIRST_DEATH_AT: Final = _ARRAY_HEAD_BYTES + 5
# As much as the field's type holds: before RabbitMQ 4 a client may claim any number of deaths.
_COUNT_MAX: Final = 2**63 - 1
_EXPIRATION_NAME: Final = "original-expiration"
# Of a death that has one: behind its name, type and size.
_EXPIRATION_AT: Final = _FIRST_DEATH_AT + 1 + len(_EXPIRATION_NAME) + 5


class Letter:
    """A message as its death leaves it: ``content``, the ``keys`` it was published with, and its deaths."""

    __slots__ = ("content", "deaths", "keys", "persistent")

    def __init__(self, content: bytes, keys: list[str], deaths: list[FieldTable], *, persistent: bool) -> None:
        self.content = content
        self.keys = keys
        self.deaths = deaths
        self.persistent = persistent

    def would_circle(self, queue: str) -> bool:
        """Whether it died in that queue before, and nobody has rejected it on the way: then it would for ever."""
        for death in self.deaths:
            if death.get("reason") == REJECTED:
                return False
            if death.get("queue") == queue:
                return True
        return False


class _History:
    """What one death makes of the fields in which a message bears its earlier ones; its expiration may be another."""

    __slots__ = ("_expiration_at", "_fields", "_first", "_table", "deaths", "keys")

    def __init__(self, fields: FieldTable, keys: list[str], deaths: list[FieldTable], expiration: bytes | None) -> None:
        self.keys = keys
        self.deaths = deaths
        self._fields = {name.encode(): write_table({name: value})[4:] for name, value in sorted(fields.items())}
        self._first = self._fields[b"x-death"]
        self._table = b"".join(self._fields.values())
        self._expiration_at = 0
        is_new = deaths[0].get(_EXPIRATION_NAME) is expiration
        if expiration is not None and is_new:
            self._expiration_at = _EXPIRATION_AT

    def table(self, others: list[bytes], expiration: bytes | None) -> bytes:
        """The whole header table, with ``others``, for a message that has an ``expiration`` as long as the first's."""
        death = self._first
        if self._expiration_at and expiration is not None:
            at = self._expiration_at
            death = death[:at] + expiration + death[at + len(expiration) :]
        if not others and b"CC" not in self._fields:
            # Of ours it is the first one.
            table = death + self._table[len(death) :]
        else:
            fields = self._fields | {b"x-death": death}
            for other in others:
                fields.setdefault(other[1 : 1 + other[0]], other)
            table = b"".join([fields[name] for name in sorted(fields)])
        return len(table).to_bytes(4, "big") + table


class Coroner:
    """Writes the deaths of messages. Most repeat the history of one before, whatever else their properties say: then
    that costs 4 µs; to decode a history and to write it anew costs 40.

    ``continues_published``: an x-death that a client wrote counts on, as before RabbitMQ 4. ``histories`` counts those
    that had to be written.
    """

    __slots__ = ("_continues", "_known", "_time_s", "histories")

    def __init__(self, *, continues_published: bool) -> None:
        self._continues = continues_published
        self._known: dict[tuple[object, ...], _History] = {}
        self._time_s = 0
        self.histories = 0

    def write(self, message: Message, queue: str, reason: str, time_s: int) -> Letter:
        """What becomes of a message that dies in ``queue``."""
        content = message.original
        parts = Parts(properties_of(content))
        own = is_brokers_own(content)
        ours, others, expiration = b"", parts.fields, parts.expiration
        if others:
            ours = b"".join([field for field in others if field.startswith(_OURS)])
            if ours:
                others = [field for field in others if not field.startswith(_OURS)]
        case = (ours, message.route, own, queue, reason, expiration and len(expiration))
        if time_s != self._time_s or len(self._known) >= _KNOWN_MAX:
            self._known.clear()
            self._time_s = time_s
        history = self._known.get(case)
        if history is None:
            self.histories += 1
            counts = own or self._continues
            history = _written(ours, message.route, queue, reason, time_s, expiration, counts=counts, own=own)
            if len(ours) <= _KNOWN_BYTES_MAX:
                self._known[case] = history
        table = history.table(others, expiration)
        head, tail = parts.head, parts.tail
        changed = b"%b%b%b%b%b%b%b%b" % (
            OWN_HEADER_FRAME,
            (CONTENT_HEAD_BYTES + 2 + len(head) + len(table) + len(tail)).to_bytes(4, "big"),
            content[7:PROPERTIES_AT],
            ((parts.flags | HEADERS) & ~EXPIRATION).to_bytes(2, "big"),
            head,
            table,
            tail,
            content[7 + int.from_bytes(content[3:7], "big") :],
        )
        return Letter(changed, history.keys, history.deaths, persistent=parts.mode == _PERSISTENT)


def _written(
    ours: bytes,
    route: bytes,
    queue: str,
    reason: str,
    time_s: int,
    expiration: bytes | None,
    *,
    counts: bool,
    own: bool,
) -> _History:
    exchange, key = route_names(route)
    headers = read_table(len(ours).to_bytes(4, "big") + ours)[0]
    before = headers.get("x-death") if counts else None
    if not isinstance(before, list):
        before = None
    elif not own:
        before = [death for death in map(_recovered, before) if death]
    keys = _keys_after(before, key) if own and before else [key, *more_keys(headers, "CC")]
    deaths = _with_death(before, queue, reason, exchange, keys, time_s, expiration)
    headers["x-death"] = deaths
    for name, value in (("exchange", exchange), ("queue", queue), ("reason", reason)):
        # Where deaths count on, the first one has told already.
        if before is None:
            headers[f"x-first-death-{name}"] = value
        headers[f"x-last-death-{name}"] = value
    return _History(headers, keys, deaths, expiration)


def _keys_after(deaths: list[FieldTable], key: str) -> list[str]:
    """The keys it was published with after its last death: the same, unless that gave it another, which is its only one
    although it still has its CC header.
    """
    keys = deaths[0]["routing-keys"]
    return list(keys) if keys[:1] == [key] else [key]


def _with_death(
    before: list[FieldTable] | None,
    queue: str,
    reason: str,
    exchange: str,
    keys: list[str],
    time_s: int,
    expiration: bytes | None,
) -> list[FieldTable]:
    deaths = before or []
    for death in deaths:
        if death["queue"] == queue and death["reason"] == reason:
            again = {**death, "count": Long(min(death["count"] + 1, _COUNT_MAX))}
            return [again, *(other for other in deaths if other is not death)]
    # The first field: ``_History`` puts others in its place.
    new: FieldTable = {} if expiration is None else {_EXPIRATION_NAME: expiration}
    new |= {
        "count": Long(1),
        "reason": reason,
        "queue": queue,
        "time": Timestamp(time_s),
        "exchange": exchange,
        "routing-keys": keys,
    }
    return [new, *deaths]


def _recovered(death: Any) -> FieldTable | None:
    """An earlier death that a client wrote, its fields in their order; None for what is none.

    Source: headers_to_deaths in rabbit's mc_amqpl.erl, 3.13.7.
    """
    if not isinstance(death, dict) or not _FIELDS.keys() <= death.keys():
        return None
    if not all(isinstance(death[name], kind) for name, kind in _FIELDS.items()):
        return None
    names = (_EXPIRATION_NAME, *_FIELDS) if _EXPIRATION_NAME in death else _FIELDS
    recovered: FieldTable = {name: death[name] for name in names}
    recovered["routing-keys"] = [key for key in death["routing-keys"] if isinstance(key, str)]
    return recovered
