"""Properties: what is accepted can be read by everyone, and reads as pamqp reads it."""

import pamqp.commands
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.amqp import properties as ours
from protocol.amqp import tables
from protocol.amqp.properties import BadProperties, Checker
from tests.protocol.strategies import field_names, plain, properties
from tests.protocol.strategies import tables as some_tables

SHORT_STRINGS = {
    "content_type": 1 << 15,
    "content_encoding": 1 << 14,
    "correlation_id": 1 << 10,
    "reply_to": ours.REPLY_TO,
    "expiration": ours.EXPIRATION,
    "message_id": 1 << 7,
    "message_type": 1 << 5,
    "user_id": ours.USER_ID,
    "app_id": 1 << 3,
}


def check(raw):
    """The flags of the wire. What was remembered of a table must make no difference."""
    checker = Checker()
    flags = checker.check(raw)
    assert checker.check(raw) == flags
    return flags & 0xFFFF


def decoded(raw):
    read = pamqp.commands.Basic.Properties()
    read.unmarshal(int.from_bytes(raw[:2], "big"), raw[2:])
    return read


@given(properties)
def test_what_pamqp_writes_is_accepted_and_reads_the_same(props):
    raw = props.marshal()
    assert check(raw) == int.from_bytes(raw[:2], "big")
    read = decoded(raw)
    for name, flag in SHORT_STRINGS.items():
        assert ours.short_string(raw, flag) == getattr(read, name)
    assert ours.delivery_mode(raw) == (read.delivery_mode or 1)
    assert bool(Checker().check(raw) & ours.PERSISTENT) == (read.delivery_mode == 2)
    headers = read.headers
    assert ours.headers(raw) == (None if headers is None else plain(headers))


@given(properties, st.data())
def test_what_is_cut_short_or_too_long_is_refused(props, data):
    raw = props.marshal()
    with pytest.raises(BadProperties):
        check(raw + b"\x00")
    end = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(BadProperties):
        check(raw[:end])


@given(properties, st.data())
def test_what_is_accepted_can_be_read(props, data):
    """A changed byte either is refused or leaves properties that every reader comes through."""
    raw = bytearray(props.marshal())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read_all(bytes(raw))


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_can_be_read(raw):
    read_all(raw)


def read_all(raw):
    try:
        check(raw)
    except BadProperties:
        return
    for flag in SHORT_STRINGS.values():
        ours.short_string(raw, flag)
    ours.delivery_mode(raw)
    if ours.headers(raw) is not None:
        check(ours.without_header(raw, "a"))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00", id="half the flags"),
        pytest.param(b"\x00\x01\x00\x00", id="a second flag word"),
        pytest.param(b"\x20\x00\x00\x00\x00\x03\x01a?", id="an unknown type"),
        pytest.param(b"\x20\x00\x00\x00\x00\x02\x01a", id="a name without a value"),
        pytest.param(b"\x20\x00\x00\x00\x00\x05\x01aI\x00\x00", id="a value longer than its table"),
        pytest.param(b"\x20\x00\x00\x00\x00\x08\x01aA\x00\x00\x00\x05V", id="an array longer than its table"),
        pytest.param(b"\x20\x00\xff\xff\xff\xff", id="a table longer than all"),
    ],
)
def test_refused(raw):
    with pytest.raises(BadProperties):
        check(raw)


def test_texts_that_are_not_utf_8_pass_as_in_rabbitmq():
    """Stated difference from pamqp, which cannot read them."""
    raw = b"\x80\x10\x01\xff\x01\xfe"
    assert check(raw)
    assert ours.short_string(raw, ours.USER_ID) == "\ufffd"


def test_the_unused_bits_of_the_flags_carry_nothing():
    """cluster_id is the last property of AMQP 0-9-1's predecessor; bit 1 below it is no property at all."""
    assert check(b"\x00\x04\x01x") == 4


@given(properties, st.text(max_size=60))
def test_a_short_string_can_be_replaced(props, value):
    props.reply_to = "before"
    raw = ours.with_short_string(props.marshal(), ours.REPLY_TO, value)
    props.reply_to = value
    # pamqp leaves an empty text out.
    if value:
        assert raw == props.marshal()
    assert ours.short_string(raw, ours.REPLY_TO) == value


@given(properties, some_tables, field_names)
def test_a_header_can_be_left_out(props, table, name):
    props.headers = {**table, name: "x", "other": 1}
    without = {key: value for key, value in props.headers.items() if key != name}
    raw = ours.without_header(props.marshal(), name)
    check(raw)
    assert ours.headers(raw) == plain(without)


@given(properties, some_tables, field_names, st.binary(max_size=10))
def test_one_text_of_the_headers(props, table, name, before):
    props.headers = table
    raw = props.marshal()
    value = table.get(name)
    expected = value.encode() if isinstance(value, str) else None
    assert ours.text_header(before + raw, len(before), name.encode()) == expected
    props.headers = {**table, name: "x"}
    assert ours.text_header(props.marshal(), 0, name.encode()) == b"x"


def test_of_headers_that_stand_twice_the_first_counts():
    assert ours.text_header(b"\x20\x00\x00\x00\x00\x0b\x01aV\x01aS\x00\x00\x00\x00", 0, b"a") is None


@given(some_tables)
def test_tables_read_as_pamqp_reads_them(table):
    raw = pamqp.encode.field_table(table)
    read, stop = tables.read_table(raw)
    assert stop == len(raw)
    assert read == plain(table)
    again, stop = tables.read_table(b"abc" + raw + b"def", 3)
    assert (again, stop) == (read, len(raw) + 3)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_table_or_a_table_error(raw):
    try:
        tables.read_table(raw)
    except tables.TableError:
        pass


@given(some_tables, st.data())
def test_a_table_cut_short_is_an_error(table, data):
    raw = pamqp.encode.field_table(table)
    with pytest.raises(tables.TableError):
        tables.read_table(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(st.lists(properties, max_size=5), st.data())
def test_what_was_remembered_makes_no_difference(several, data):
    checker = Checker()
    for props in several * 2:
        raw = bytearray(props.marshal())
        if data.draw(st.booleans()):
            raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        raw = bytes(raw)
        assert _outcome(checker, raw) == _outcome(Checker(), raw)


def _outcome(checker, raw):
    try:
        return checker.check(raw)
    except BadProperties as error:
        return str(error)


def test_what_is_remembered_is_bounded():
    """Headers of their own on every message, of any size, must not be remembered for ever."""
    checker = Checker()
    for number in range(3000):
        name = b"%08d" % number
        size = number % 2 * 1000
        table = b"\x08" + name + b"S" + size.to_bytes(4, "big") + bytes(size)
        checker.check(b"\x20\x00" + len(table).to_bytes(4, "big") + table)
    assert sum(map(len, checker._tables)) < 200_000


@pytest.mark.parametrize(("mode", "persistent"), [(b"\x00", 0), (b"\x01", 0), (b"\x02", ours.PERSISTENT), (b"\x03", 0)])
def test_only_delivery_mode_2_is_persistent(mode, persistent):
    assert Checker().check(b"\x90\x00\x01a" + mode) & ours.PERSISTENT == persistent


@pytest.mark.parametrize(
    ("headers", "reply_to", "more"),
    [
        ({"CC": ["a"]}, None, ours.MORE_KEYS),
        ({"BCC": ["a"]}, None, ours.MORE_KEYS),
        ({"a": 1}, None, 0),
        (None, "amq.rabbitmq.reply-to", ours.DIRECT_REPLY),
        (None, "somewhere", 0),
    ],
)
def test_what_the_broker_must_look_into_is_flagged(headers, reply_to, more):
    props = pamqp.commands.Basic.Properties(headers=headers, reply_to=reply_to)
    assert Checker().check(props.marshal()) & (ours.MORE_KEYS | ours.DIRECT_REPLY) == more
