"""Chunk filters: nothing wanted is ever left out, little else comes with it, and no filter changes with time."""

import pamqp.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from broker.message import Message
from broker.queues.bloom import Wanted, filter_of, wanted
from tests.protocol.strategies import field_names, short_strings, tables
from tests.protocol.strategies import values as field_values

NAME = "x-stream-filter-value"
sizes = st.integers(16, 255)
values = st.none() | st.text(max_size=20)


def message(**properties):
    return Message(pamqp.frame.marshal(ContentHeader(0, 0, Basic.Properties(**properties)), 1), b"\x00\x01q")


def bearing(value):
    return message(headers=None if value is None else {"a": 1, NAME: value})


@given(
    st.lists(values, min_size=1, max_size=20), st.lists(st.text(max_size=20), min_size=1, max_size=3), sizes, st.data()
)
def test_a_chunk_with_something_wanted_is_accepted(given_values, asked, size, data):
    match_unfiltered = data.draw(st.booleans())
    bloom = filter_of([bearing(value) for value in given_values], size)
    assert len(bloom) == size
    accepts = wanted({"x-stream-filter": asked, "x-stream-match-unfiltered": match_unfiltered})
    unfiltered = any(not value for value in given_values)
    # RabbitMQ overlooks a "" that is not the last one asked for in a chunk of nothing else.
    overlooked = not (any(given_values) or match_unfiltered or asked[-1] == "")
    if set(asked) & set(given_values) or (unfiltered and (match_unfiltered or "" in asked)):
        assert accepts(bloom) is not overlooked


@given(st.lists(values, max_size=10), st.lists(values, max_size=10), sizes)
def test_the_union_of_filters_is_the_filter_of_all(one, other, size):
    messages = [[bearing(value) for value in some] for some in (one, other)]
    united = bytes(left | right for left, right in zip(*(filter_of(some, size) for some in messages), strict=True))
    assert united == filter_of(messages[0] + messages[1], size)


@pytest.mark.parametrize(("size", "most"), [(16, 40), (255, 2)])
def test_few_chunks_come_for_nothing(size, most):
    """Ten values in a chunk, one wanted that is not among them."""
    needless = 0
    for chunk in range(1000):
        bloom = filter_of([bearing(f"{chunk}.{place}") for place in range(10)], size)
        needless += Wanted([b"another"], match_unfiltered=True).accepts(bloom)
    assert needless <= most


def test_a_filter_is_the_same_for_ever():
    assert filter_of([bearing("tenant-1")], 16).hex() == "00000000880000000000000000000000"
    assert filter_of([bearing(None)], 16).hex() == "01" + 15 * "00"
    many = filter_of([bearing("tenant-1"), bearing("")], 255)
    assert [(place, byte) for place, byte in enumerate(many) if byte] == [(0, 1), (86, 64), (92, 16)]


@given(tables, field_names, field_values, short_strings, st.booleans())
def test_the_value_is_a_text_of_the_header_table_itself(table, name, nested, content_type, first):
    """Neither the name within a value counts, nor in another property, nor a value of another type."""
    table.pop(NAME, None)
    hidden = {name: {NAME: "hidden"}, "text": "\x15" + NAME + "S", **table}
    plain = message(headers=hidden, content_type=content_type, message_id=NAME)
    assert filter_of([plain], 16) == filter_of([bearing(None)], 16)
    shown = {NAME: "shown", **hidden} if first else {**hidden, NAME: "shown"}
    assert filter_of([message(headers=shown, content_type=content_type)], 16) == filter_of([bearing("shown")], 16)
    if not isinstance(nested, str):
        assert filter_of([message(headers={NAME: nested})], 16) == filter_of([bearing(None)], 16)


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        ({"x-stream-filter": "a"}, {"a", "a and none"}),
        ({"x-stream-filter": ["a", "b", 5]}, {"a", "b", "a and none"}),
        ({"x-stream-filter": ["a"], "x-stream-match-unfiltered": True}, {"a", "none", "a and none"}),
        ({"x-stream-filter": "a", "x-stream-match-unfiltered": 1}, {"a", "a and none"}),
        ({"x-stream-filter": ""}, {"none", "a and none"}),
        ({"x-stream-filter": b"\xff"}, set()),
    ],
)
def test_what_a_consumer_asks_for(arguments, accepted):
    chunks = {"a": ["a"], "b": ["b"], "none": [None], "a and none": ["a", ""]}
    accepts = wanted(arguments)
    blooms = {name: filter_of([bearing(value) for value in some], 20) for name, some in chunks.items()}
    assert {name for name, bloom in blooms.items() if accepts(bloom)} == accepted


@pytest.mark.parametrize(
    "arguments", [{}, {"x-stream-filter": 5}, {"x-stream-filter": None}, {"x-stream-match-unfiltered": True}]
)
def test_who_asks_for_nothing_gets_all(arguments):
    assert wanted(arguments) is None
