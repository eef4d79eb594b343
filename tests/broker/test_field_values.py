"""Field values: equality, RabbitMQ's type names, and its way of printing them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.field_values import as_term, as_text, comparable, wire_type

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, "a", b"a", "", Decimal(1)])
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner)
)


@pytest.mark.parametrize(
    ("value", "kind", "term"),
    [
        (None, "void", "undefined"),
        (True, "bool", "true"),
        (-5, "signedint", "-5"),
        (2**31, "long", "2147483648"),
        (1.5, "double", "1.5"),
        (Decimal("1.25"), "decimal", "{2,125}"),
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
    ("one", "other"), [(1, 1.0), (1, True), (0, False), ("1", 1), ([1], [True]), ({}, []), (None, 0)]
)
def test_different_for_rabbitmq(one, other):
    assert comparable(one) != comparable(other)
    assert comparable({"k": [one]}) != comparable({"k": [other]})
