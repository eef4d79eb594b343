"""The headers exchange: what each x-match asks, and when two values are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.exchanges.binding import Binding
from broker.exchanges.headers import HeadersExchange, _Criteria
from protocol.amqp.errors import SoftError
from protocol.amqp.tables import Decimal, Long, Timestamp


class Queue:
    name = "q"


def matches(arguments, headers):
    exchange = HeadersExchange("h")
    exchange.bind(Binding("h", Queue(), "ignored", arguments))
    return bool(list(exchange.match(headers or {})))


MOMENT = Timestamp(1_767_225_600)


@pytest.mark.parametrize(
    ("arguments", "headers", "expected"),
    [
        ({}, {"a": 1}, True),
        ({}, {}, True),
        ({}, None, True),
        ({"x-match": "all"}, None, True),
        ({"x-match": "any"}, {"a": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"x-match": "any", "a": 1, "b": 2}, {"b": 2}, True),
        ({"x-match": "any", "a": 1, "b": 2}, {"b": 3}, False),
        # x- arguments count only in the -with-x forms, and x-match never.
        ({"x-a": 1, "b": 2}, {"b": 2}, True),
        ({"x-match": "any", "x-a": 1}, {"x-a": 1}, False),
        ({"x-match": "all-with-x", "x-a": 1, "b": 2}, {"b": 2}, False),
        ({"x-match": "all-with-x", "x-a": 1, "b": 2}, {"x-a": 1, "b": 2}, True),
        ({"x-match": "any-with-x", "x-a": 1}, {"x-a": 1}, True),
        ({"x-match": "any-with-x"}, {"x-match": "any-with-x"}, False),
        ({"x-match": "all-with-x"}, {}, True),
        # A void argument asks only for presence.
        ({"a": None}, {"a": 5}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {}, False),
        ({"a": 5}, {"a": None}, False),
        # Values.
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 0}, {"a": False}, False),
        ({"a": True}, {"a": True}, True),
        ({"a": 1.5}, {"a": 1.5}, True),
        ({"a": "x"}, {"a": "X"}, False),
        ({"a": "x"}, {"a": bytearray(b"x")}, True),
        ({"a": b"\xff"}, {"a": bytearray(b"\xff")}, True),
        ({"a": "1"}, {"a": 1}, False),
        ({"a": Decimal(1, 15)}, {"a": Decimal(1, 15)}, True),
        ({"a": Decimal(1, 15)}, {"a": Decimal(2, 150)}, False),
        ({"a": 5}, {"a": Long(5)}, True),
        ({"a": [5]}, {"a": [Long(5)]}, False),
        ({"a": MOMENT}, {"a": int(MOMENT)}, True),
        ({"a": [1, "b"]}, {"a": [1, "b"]}, True),
        ({"a": [1]}, {"a": [1.0]}, False),
        ({"a": {"b": [None]}}, {"a": {"b": [None]}}, True),
        ({"a": {"b": 1}}, {"a": {"b": True}}, False),
        ({"a": MOMENT}, {"a": MOMENT}, False),
        ({"a": 2**40}, {"a": 2**40}, True),
    ],
)
def test_table(arguments, headers, expected):
    assert matches(arguments, headers) is expected


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("foo", 'Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x'),
        ("ALL", 'Invalid x-match field value <<"ALL">>; expected all, any, all-with-x, or any-with-x'),
        (5, "Invalid x-match field type signedint (value 5); expected longstr"),
        (True, "Invalid x-match field type bool (value true); expected longstr"),
        (None, "Invalid x-match field type void (value undefined); expected longstr"),
    ],
)
def test_other_modes_are_refused(mode, text):
    with pytest.raises(SoftError) as refusal:
        HeadersExchange("h").validate(Binding("h", Queue(), "", {"x-match": mode}))
    assert refusal.value.text == f"PRECONDITION_FAILED - {text}"


def test_a_queue_bound_twice_is_found_once_and_until_the_last_binding_goes():
    exchange, queue = HeadersExchange("h"), Queue()
    first, second = Binding("h", queue, "", {"a": 1}), Binding("h", queue, "", {"b": 1})
    exchange.bind(first)
    exchange.bind(second)
    assert list(exchange.match({"a": 1, "b": 1})) == [queue]
    assert exchange.unbind(first)
    assert list(exchange.match({"a": 1, "b": 1})) == [queue]
    assert list(exchange.match({"a": 1})) == []
    assert exchange.unbind(second)
    assert list(exchange.match({"a": 1, "b": 1})) == []


VALUES = st.sampled_from([None, 1, 2, "1", True])
ARGUMENTS = st.builds(
    lambda mode, wants: {**wants, **mode},
    st.sampled_from([{}, {"x-match": "all"}, {"x-match": "any"}, {"x-match": "any-with-x"}]),
    st.dictionaries(st.sampled_from(["a", "b", "x-c"]), VALUES, max_size=3),
)


@given(
    st.lists(ARGUMENTS, max_size=8),
    st.lists(st.integers(0, 7), unique=True),
    st.dictionaries(st.sampled_from(["a", "b", "x-c", "d"]), VALUES),
)
def test_many_bindings_match_as_each_would_alone(asked, gone, headers):
    exchange = HeadersExchange("h")
    queues = [Queue() for _ in asked]
    bindings = [Binding("h", queue, "", arguments) for queue, arguments in zip(queues, asked, strict=True)]
    for binding in bindings:
        exchange.bind(binding)
    for number in gone:
        if number < len(bindings):
            exchange.unbind(bindings[number])
    alone = {queue for i, queue in enumerate(queues) if i not in gone and matches(asked[i], headers)}
    assert set(exchange.match(headers)) == alone


def test_a_message_looks_only_at_bindings_that_ask_for_one_of_its_headers(monkeypatch):
    exchange = HeadersExchange("h")
    for number in range(1000):
        exchange.bind(Binding("h", Queue(), "", {"kind": number, "x-match": "all", "z": None}))
    looked = []
    monkeypatch.setattr(_Criteria, "match", lambda criteria, headers: looked.append(criteria) or True)
    assert len(list(exchange.match({"kind": 7, "z": 1, "other": 2}))) == 1
    assert len(looked) == 1
