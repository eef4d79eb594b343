"""Content properties: the bytes after a content header's first twelve, carried whole.

A Checker refuses what cannot be decoded, so that a consumer never gets bytes its library chokes on, and tells in one
step whether a message has a property that the broker itself must read. Fields are decoded only when something asks.

    +-----------+------------------------------------------------+
    | flags u16 | the properties whose flag is set, highest first |
    +-----------+------------------------------------------------+

Source: AMQP 0-9-1, sections 2.3.5.2 and 4.2.6.1; field types as RabbitMQ reads them (its errata page).
"""

from functools import lru_cache

from protocol.amqp.tables import DEPTH_MAX, VALUE_BYTES, FieldTable, Long, crowded, read_table, write_table

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

_CONTENT_TYPE = 1 << 15
_CONTENT_ENCODING = 1 << 14
HEADERS = 1 << 13
DELIVERY_MODE = 1 << 12
PRIORITY = 1 << 11
CORRELATION_ID = 1 << 10
REPLY_TO = 1 << 9
EXPIRATION = 1 << 8
MESSAGE_ID = 1 << 7
TIMESTAMP = 1 << 6
_TYPE = 1 << 5
USER_ID = 1 << 4
_APP_ID = 1 << 3
_CLUSTER_ID = 1 << 2

# Not of the wire, set by a Checker: there seems to be a CC or BCC header; reply_to asks for direct reply-to; the
# delivery mode is 2.
MORE_KEYS = 1 << 16
DIRECT_REPLY = 1 << 17
PERSISTENT = 1 << 18

_SHORT_STRING = 0
_TABLE = -1
# One byte, which a Checker looks at.
_MODE = -2
# (flag, width in bytes, or one of the three above), in wire order.
_LAYOUT = (
    (_CONTENT_TYPE, _SHORT_STRING),
    (_CONTENT_ENCODING, _SHORT_STRING),
    (HEADERS, _TABLE),
    (DELIVERY_MODE, _MODE),
    (PRIORITY, 1),
    (CORRELATION_ID, _SHORT_STRING),
    (REPLY_TO, _SHORT_STRING),
    (EXPIRATION, _SHORT_STRING),
    (MESSAGE_ID, _SHORT_STRING),
    (TIMESTAMP, 8),
    (_TYPE, _SHORT_STRING),
    (USER_ID, _SHORT_STRING),
    (_APP_ID, _SHORT_STRING),
    (_CLUSTER_ID, _SHORT_STRING),
)
_NAMES = (
    "content_type",
    "content_encoding",
    "headers",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
)
_REPLY_TO_PSEUDO_QUEUE = b"\x15amq.rabbitmq.reply-to"
# A second flag word would follow; no property of class basic lives there.
_CONTINUED = 1
_INT_MAX = 2**31 - 1

_LONG = frozenset(b"Sx")
_LONG_STRING = ord("S")
_NESTED_TABLE, _NESTED_ARRAY = ord("F"), ord("A")


class BadProperties(ValueError):
    """The bytes are no properties."""


class Checker:
    """Walks properties once, without building values, and remembers what it need not walk again.

    ``last`` and ``flags`` are the properties that were checked last and what came of it: a publisher's constant
    properties cost one comparison. Header tables are remembered too, as they repeat where message ids differ (measured
    with id, timestamp, content type and one header, 16-byte bodies: 5.7 us a message without this, see the benchmark's
    ``--rich``).
    """

    __slots__ = ("_tables", "flags", "last")

    # What a publisher whose headers all differ may cost in memory: 256 x 512 bytes.
    _TABLES_MAX = 256
    _TABLE_BYTES_MAX = 512

    def __init__(self) -> None:
        self.last = b"\x00\x00"
        self.flags = 0
        self._tables: set[bytes] = set()

    def check(self, properties: bytes) -> int:
        """The flags of the wire, and MORE_KEYS, DIRECT_REPLY and PERSISTENT.

        Raises BadProperties for what is truncated, left over, of an unknown type, too deep or too many.
        """
        if len(properties) < 2:
            raise BadProperties("no flags")
        flags: cython.uint = properties[0] << 8 | properties[1]
        pos: cython.Py_ssize_t = 2
        width: cython.Py_ssize_t
        try:
            for width in _widths(flags):
                if width == _SHORT_STRING:
                    pos += 1 + properties[pos]
                elif width > 0:
                    pos += width
                elif width == _TABLE:
                    pos = self._check_table(properties, pos)
                else:
                    flags |= (properties[pos] == 2) * PERSISTENT
                    pos += 1
        except IndexError:
            raise BadProperties("truncated") from None
        if pos != len(properties):
            raise BadProperties("truncated or left over")
        if flags & HEADERS and (b"\x02CC" in properties or b"\x03BCC" in properties):
            flags |= MORE_KEYS
        if flags & REPLY_TO and _REPLY_TO_PSEUDO_QUEUE in properties:
            flags |= DIRECT_REPLY
        self.last, self.flags = properties, flags
        return flags

    def _check_table(self, properties: bytes, pos: cython.Py_ssize_t) -> cython.Py_ssize_t:
        size: cython.uint = properties[pos]
        size = size << 24 | properties[pos + 1] << 16 | properties[pos + 2] << 8 | properties[pos + 3]
        stop: cython.Py_ssize_t = pos + 4 + size
        table = properties[pos:stop]
        if table not in self._tables:
            if crowded(properties, pos):
                raise BadProperties("a table of too many values")
            stop = _skip_table(properties, pos, len(properties), 0)
            if len(self._tables) >= self._TABLES_MAX:
                self._tables.clear()
            if len(table) <= self._TABLE_BYTES_MAX:
                self._tables.add(table)
        return stop


@lru_cache(1024)
def _widths(flags: int) -> tuple[int, ...]:
    if flags & _CONTINUED:
        raise BadProperties("a second flag word")
    return tuple(width for flag, width in _LAYOUT if flags & flag)


def _skip_property(data: bytes, pos: int, width: int) -> int:
    if width == _SHORT_STRING:
        return pos + 1 + data[pos]
    if width == _TABLE:
        return _skip_table(data, pos, len(data), 0)
    return pos + (1 if width == _MODE else width)


def _skip_table(
    data: bytes, pos: cython.Py_ssize_t, limit: cython.Py_ssize_t, depth: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    stop: cython.Py_ssize_t = pos + 4 + int.from_bytes(data[pos : pos + 4], "big")
    pos += 4
    if stop > limit or depth > DEPTH_MAX:
        raise BadProperties("a table longer than its place, or too deep")
    while pos < stop:
        pos = _skip_value(data, pos + 1 + data[pos], stop, depth)
    if pos != stop:
        raise BadProperties("a field longer than its table")
    return pos


def _skip_array(
    data: bytes, pos: cython.Py_ssize_t, limit: cython.Py_ssize_t, depth: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    stop: cython.Py_ssize_t = pos + 4 + int.from_bytes(data[pos : pos + 4], "big")
    pos += 4
    if stop > limit or depth > DEPTH_MAX:
        raise BadProperties("an array longer than its place, or too deep")
    while pos < stop:
        pos = _skip_value(data, pos, stop, depth)
    if pos != stop:
        raise BadProperties("a value longer than its array")
    return pos


def _skip_value(
    data: bytes, pos: cython.Py_ssize_t, limit: cython.Py_ssize_t, depth: cython.Py_ssize_t
) -> cython.Py_ssize_t:
    kind: cython.uchar = data[pos]
    width = VALUE_BYTES.get(kind)
    if width is not None:
        return pos + 1 + width
    if kind in _LONG:
        return pos + 5 + int.from_bytes(data[pos + 1 : pos + 5], "big")
    if kind == _NESTED_TABLE:
        return _skip_table(data, pos + 1, limit, depth + 1)
    if kind == _NESTED_ARRAY:
        return _skip_array(data, pos + 1, limit, depth + 1)
    raise BadProperties(f"unknown field type {kind}")


def short_string(properties: bytes, wanted: int) -> str | None:
    """One short-string property by its flag (EXPIRATION, USER_ID, REPLY_TO), or None. ``properties`` were checked."""
    place = _place(properties, wanted)
    if place is None:
        return None
    return properties[place + 1 : place + 1 + properties[place]].decode(errors="replace")


def raw_property(properties: bytes, wanted: int) -> bytes:
    """One property by its flag, as it stands on the wire; empty where there is none. ``properties`` were checked."""
    place = _place(properties, wanted)
    if place is None:
        return b""
    width = next(width for flag, width in _LAYOUT if flag == wanted)
    return properties[place : _skip_property(properties, place, width)]


def with_short_string(properties: bytes, wanted: int, value: str) -> bytes:
    """The same properties with another value of a short string that they have."""
    place = _place(properties, wanted)
    assert place is not None
    raw = value.encode()
    return b"%b%c%b%b" % (properties[:place], len(raw), raw, properties[place + 1 + properties[place] :])


def delivery_mode(properties: bytes) -> int:
    """1 transient, 2 persistent; 1 where the publisher said nothing. ``properties`` were checked."""
    place = _place(properties, DELIVERY_MODE)
    return 1 if place is None else properties[place]


def priority(properties: bytes) -> int:
    """0 to 255; 0 where the publisher said nothing. ``properties`` were checked."""
    place = _place(properties, PRIORITY)
    return 0 if place is None else properties[place]


def headers(properties: bytes) -> FieldTable | None:
    """The header table, decoded, or None where the message has none. ``properties`` were checked."""
    place = _place(properties, HEADERS)
    return None if place is None else read_table(properties, place)[0]


def fields(properties: bytes) -> FieldTable:
    """All of them that there are, decoded, by their names in RabbitMQ. ``properties`` were checked."""
    found: FieldTable = {}
    for (flag, width), name in zip(_LAYOUT, _NAMES, strict=True):
        place = _place(properties, flag)
        if place is None:
            continue
        if width == _TABLE:
            found[name] = read_table(properties, place)[0]
        elif width == _SHORT_STRING:
            found[name] = short_string(properties, flag)
        else:
            number = int.from_bytes(raw_property(properties, flag), "big")
            # Above 2**63 a timestamp wraps around, as in RabbitMQ, which writes it as a signed long.
            found[name] = number if number <= _INT_MAX else Long(number - (number >> 63 << 64))
    return found


def headers_place(data: bytes, start: int) -> int:
    """Where, in properties that begin at ``start``, the header table stands, or would stand. They were checked."""
    flags = data[start]
    place = start + 2
    if flags & _CONTENT_TYPE >> 8:
        place += 1 + data[place]
    if flags & _CONTENT_ENCODING >> 8:
        place += 1 + data[place]
    return place


def text_header(data: bytes, start: int, name: bytes) -> bytes | None:
    """A header that is a longstr, as it came; None where there is none, or one of another type. The properties, which
    begin at ``start``, were checked and have a table.
    """
    pos = headers_place(data, start)
    stop = pos + 4 + int.from_bytes(data[pos : pos + 4], "big")
    pos += 4
    while pos < stop:
        kind = pos + 1 + data[pos]
        after = _skip_value(data, kind, stop, 0)
        # Of a name that stands twice the first value counts, as in tables.read_table.
        if data[pos + 1 : kind] == name:
            return data[kind + 5 : after] if data[kind] == _LONG_STRING else None
        pos = after
    return None


def without_header(properties: bytes, name: str) -> bytes:
    """The same properties, their header table without one field. ``properties`` were checked and have a table."""
    place = _place(properties, HEADERS)
    assert place is not None
    size = int.from_bytes(properties[place : place + 4], "big")
    raw_name = name.encode()
    kept, pos, stop = [], place + 4, place + 4 + size
    while pos < stop:
        key = pos + 1 + properties[pos]
        after = _skip_value(properties, key, stop, 0)
        if properties[pos + 1 : key] != raw_name:
            kept.append(properties[pos:after])
        pos = after
    table = b"".join(kept)
    return b"%b%b%b%b" % (properties[:place], len(table).to_bytes(4, "big"), table, properties[stop:])


class Parts:
    """Properties cut at their header table, and around their expiration: ``head``, the table's ``fields``, each with
    its name, ``tail`` and, in the midst of that, ``expiration``; None where there is none. ``flags`` are those of all.
    """

    __slots__ = ("expiration", "fields", "flags", "head", "mode", "tail")

    def __init__(self, properties: bytes) -> None:
        """``properties`` were checked. 1.1 µs, and 0.4 for each field."""
        self.flags = flags = properties[0] << 8 | properties[1]
        place = headers_place(properties, 0)
        self.head = properties[2:place]
        self.fields: list[bytes] = []
        if flags & HEADERS:
            stop = place + 4 + int.from_bytes(properties[place : place + 4], "big")
            place += 4
            while place < stop:
                kind = place + 1 + properties[place]
                width = VALUE_BYTES.get(properties[kind])
                if width is None:
                    width = 4 + int.from_bytes(properties[kind + 1 : kind + 5], "big")
                after = kind + 1 + width
                self.fields.append(properties[place:after])
                place = after
        # 1 transient, 2 persistent.
        self.mode = properties[place] if flags & DELIVERY_MODE else 1
        self.expiration: bytes | None = None
        self.tail = properties[place:]
        if flags & EXPIRATION:
            self._cut_out_expiration(properties, place)

    def _cut_out_expiration(self, properties: bytes, place: int) -> None:
        start, flags = place, self.flags
        place += (flags & DELIVERY_MODE > 0) + (flags & PRIORITY > 0)
        if flags & CORRELATION_ID:
            place += 1 + properties[place]
        if flags & REPLY_TO:
            place += 1 + properties[place]
        stop = place + 1 + properties[place]
        self.expiration = properties[place + 1 : stop]
        self.tail = properties[start:place] + properties[stop:]


def with_headers(properties: bytes, table: FieldTable) -> bytes:
    """The same properties with another header table, or with one for the first time. ``properties`` were checked."""
    start = stop = headers_place(properties, 0)
    if properties[0] & HEADERS >> 8:
        stop += 4 + int.from_bytes(properties[start : start + 4], "big")
    first = properties[0] | HEADERS >> 8
    return b"%c%b%b%b" % (first, properties[1:start], write_table(table), properties[stop:])


def _place(properties: bytes, wanted: int) -> int | None:
    flags = properties[0] << 8 | properties[1]
    if not flags & wanted:
        return None
    pos = 2
    for flag, width in _LAYOUT:
        if flag == wanted:
            break
        if flags & flag:
            pos = _skip_property(properties, pos, width)
    return pos
