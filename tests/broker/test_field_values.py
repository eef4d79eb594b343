"""Field values: equality, RabbitMQ's type names, and its way of printing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.field_values import as_term, as_text, comparable
from protocol.amqp.tables import Decimal, Float, Long, Short, Timestamp, wire_type

MOMENT = Timestamp(1_767_225_600)

scalars = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, "a", b"a", "", Decimal(0, 1), Long(1)])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner)
)


@pytest.mark.parametrize(
    ("value", "kind", "term"),
    [
        (None, "void", "undefined"),
        (True, "bool", "true"),
        (-5, "signedint", "-5"),
        (Long(2**31), "long", "2147483648"),
        (Short(-7), "short", "-7"),
        (Float(1.5), "float", "1.5"),
        (1.5, "double", "1.5"),
        (Decimal(2, 125), "decimal", "{2,125}"),
        ("a\"b", "longstr", '<<"a\\"b">>'),
        (b"\xff", "longstr", "<<255>>"),
        (bytearray(b"x"), "binary", '<<"x">>'),
        (MOMENT, "timestamp", "1767225600"),
        ([1, "a"], "array", '[{signedint,1},{longstr,<<"a">>}]'),
        ({"k": True}, "table", '[{<<"k">>,bool,true}]'),
    ],
)  # fmt: skip
def test_names_and_terms(value, kind, term):
    assert wire_type(value) == kind
    assert as_term(value) == term


def test_texts_print_bare_and_the_rest_as_terms():
    assert as_text("é") == "é"
    assert as_text(b"x") == "x"
    assert as_text(False) == "false"


@given(values, values)
def test_equal_values_print_alike(one, other):
    if comparable(one) == comparable(other):
        assert as_term(one) == as_term(other) or isinstance(one, dict) or "table" in as_term(one)


@given(values)
def test_comparable_is_hashable_and_reflexive(value):
    assert hash(comparable(value)) == hash(comparable(value))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0, False),
        ("1", 1),
        ([1], [True]),
        ({}, []),
        (None, 0),
        (Decimal(2, 314), Decimal(3, 3140)),
        ([1], [Long(1)]),
    ],
)
def test_different_for_rabbitmq(one, other):
    assert comparable(one) != comparable(other)
    assert comparable({"k": [one]}) != comparable({"k": [other]})


def test_the_width_of_a_number_counts_only_within_a_table_or_an_array():
    assert comparable(1) == comparable(Long(1)) == comparable(Short(1))
    assert comparable(1.5) == comparable(Float(1.5))
    assert comparable({"k": 1}) != comparable({"k": Long(1)})
