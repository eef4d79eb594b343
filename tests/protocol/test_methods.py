"""Every method through ``methods`` and back, and against pamqp's own codec."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.amqp import methods
from protocol.amqp.errors import HardError
from protocol.amqp.tables import InOrder
from tests.protocol.strategies import METHODS, arguments, plain


def test_all_of_them_are_here():
    assert len(METHODS) > 60


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
@settings(max_examples=25)
@given(data=st.data())
def test_round_trip(kind, data):
    method = data.draw(arguments(kind))
    raw = methods.encode(7, method)
    consumed, channel, theirs = _by_pamqp(raw, kind)
    assert (consumed, channel) == (len(raw), 7)
    ours = methods.decode(raw[7:-1])
    assert type(ours) is kind
    for name in kind.__slots__:
        expected = plain(getattr(method, name))
        assert getattr(ours, name) == expected, name
        assert plain(getattr(theirs, name)) == expected, name


def _by_pamqp(raw, kind):
    """Past pamqp's constructors, some of which warn."""
    theirs = object.__new__(kind)
    theirs.unmarshal(raw[11:-1])
    return 8 + int.from_bytes(raw[3:7], "big"), int.from_bytes(raw[1:3], "big"), theirs


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
@settings(max_examples=10)
@given(data=st.data())
def test_cut_short_or_with_more_behind_it_is_refused(kind, data):
    raw = methods.encode(7, data.draw(arguments(kind)))[7:-1]
    wrong = [raw + b"\x00"]
    if len(raw) > 4:
        wrong.append(raw[: data.draw(st.integers(4, len(raw) - 1))])
    for each in wrong:
        with pytest.raises(HardError, match="FRAME_ERROR"):
            methods.decode(each)


def outcome(raw):
    """The reply code of the refusal, 0 where there is none."""
    try:
        methods.decode(raw)
    except HardError as error:
        return error.reply.code
    return 0


@pytest.mark.parametrize("kind", METHODS, ids=lambda kind: kind.name)
@settings(max_examples=20)
@given(tail=st.binary(max_size=40))
def test_any_arguments_are_decoded_or_refused(kind, tail):
    assert outcome(kind.index.to_bytes(4, "big") + tail) in (0, 501, 502)


@given(st.binary(max_size=12))
def test_any_ids_are_known_or_refused(raw):
    assert outcome(raw) in (0, 501, 502, 503)


@pytest.mark.parametrize("name", ["jobs|new", "ünï", "a b", "x" * 255, "{curly}", ""])
def test_names_that_pamqp_would_not_write(name):
    got = methods.decode(methods.encode(1, methods.queue_declare_ok(name, 1, 2))[7:-1])
    assert (got.queue, got.message_count, got.consumer_count) == (name, 1, 2)


def test_a_table_that_has_an_order_keeps_it():
    start = methods.Connection.Start(server_properties=InOrder({"b": True, "a": {"d": "x", "c": "y"}}))
    raw = methods.encode(0, start)
    places = [raw.index(key) for key in (b"\x01b", b"\x01a", b"\x01d", b"\x01c")]
    assert places == sorted(places)
    assert methods.decode(raw[7:-1]).server_properties == {"b": True, "a": {"d": "x", "c": "y"}}
