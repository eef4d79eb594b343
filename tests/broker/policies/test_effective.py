"""Which policies count, and what they come to with each other and with arguments."""

import pytest

from broker.policies.effective import alternate, effective
from broker.policies.policies import NONE, Policies
from broker.policies.policy import EXCHANGE, Policy


def book(*policies):
    known = Policies()
    for policy in policies:
        known.set(policy)
    return known


def policy(name="p", pattern="", definition=None, **more):
    return Policy(name, pattern, definition or {"max-length": 1}, **more)


def names(pair):
    return tuple(found and found.name for found in pair)


# Which counts.


def test_without_policies_the_arguments_are_what_counts():
    arguments = {"x-max-length": 5}
    assert Policies().find("q", "classic") == NONE
    assert effective(arguments, NONE, "classic") is arguments


def test_the_highest_priority_counts_and_of_equals_the_first_by_name():
    known = book(policy("a", priority=1), policy("z", priority=2.5), policy("c", priority=2), policy("n", priority=-1))
    assert names(known.find("q", "classic")) == ("z", None)
    known.clear("z", operator=False)
    assert names(known.find("q", "classic")) == ("c", None)
    known.set(policy("b", priority=2))
    assert names(known.find("q", "classic")) == ("b", None)


def test_what_does_not_apply_leaves_its_place_to_the_next():
    known = book(
        policy("stream", priority=9, definition={"max-age": "1h"}),
        policy("other", "^other", priority=8),
        policy("x", priority=7, apply_to="exchanges"),
        policy("mine", priority=1),
    )
    assert names(known.find("q", "classic")) == ("mine", None)
    assert names(known.find("q", "stream")) == ("stream", None)
    assert names(known.find("q", EXCHANGE)) == ("stream", None)


def test_users_and_operators_policies_are_apart():
    known = book(policy("p"), policy("p", operator=True, priority=-3))
    assert names(known.find("q", "classic")) == ("p", "p")
    assert known.clear("p", operator=True)
    assert not known.clear("p", operator=True)
    assert names(known.find("q", "classic")) == ("p", None)


def test_setting_again_takes_the_others_place():
    known = book(policy("p", "^a"), policy("p", "^b"))
    assert names(known.find("a", "classic")) == (None, None)
    assert names(known.find("b", "classic")) == ("p", None)


# What they come to.


def together(arguments=None, user=None, operator=None, kind="classic"):
    pair = (policy(definition=user) if user else None, policy(definition=operator, operator=True) if operator else None)
    return effective(arguments or {}, pair, kind)


LIMITS = ["message-ttl", "expires", "max-length", "max-length-bytes"]


@pytest.mark.parametrize("kind", ["classic", "quorum"])
@pytest.mark.parametrize("key", LIMITS)
def test_of_limits_the_lowest_counts(key, kind):
    assert together({}, {key: 5}, kind=kind) == {f"x-{key}": 5}
    assert together({f"x-{key}": 7}, {key: 5}, kind=kind) == {f"x-{key}": 5}
    assert together({f"x-{key}": 3}, {key: 5}, kind=kind) == {f"x-{key}": 3}
    assert together({f"x-{key}": 3}, {key: 5}, {key: 2}, kind=kind) == {f"x-{key}": 2}
    assert together({}, {key: 5}, {key: 9}, kind=kind) == {f"x-{key}": 5}
    assert together({f"x-{key}": 3}, None, {key: 2}, kind=kind) == {f"x-{key}": 2}


def test_of_the_rest_the_argument_counts():
    arguments = {"x-dead-letter-exchange": "mine", "x-overflow": "drop-head", "x-unknown": 1}
    user = {"dead-letter-exchange": "theirs", "dead-letter-routing-key": "key", "overflow": "reject-publish"}
    assert together(arguments, user) == {**arguments, "x-dead-letter-routing-key": "key"}


def test_with_quorum_queues_the_policy_says_what_happens_to_what_is_too_much():
    assert together({"x-overflow": "drop-head"}, {"overflow": "reject-publish"}, kind="quorum") == {
        "x-overflow": "reject-publish"
    }


def test_with_streams_the_policy_counts():
    user = {
        "max-age": "7D",
        "max-length-bytes": 500,
        "stream-max-segment-size-bytes": 600,
        "stream-filter-size-bytes": 20,
    }
    arguments = {
        "x-max-age": "1h",
        "x-max-length-bytes": 5,
        "x-stream-max-segment-size-bytes": 6,
        "x-stream-filter-size-bytes": 16,
    }
    assert together(arguments, user, kind="stream") == {f"x-{key}": value for key, value in user.items()}


@pytest.mark.parametrize(
    ("given", "user", "operator", "counts"),
    [(None, 5, None, 5), (7, 5, None, 5), (3, 5, None, 3), (-1, 5, None, 5), (3, -1, None, 3), (-1, -1, None, -1),
     (None, -1, 4, 4), (None, 3, -1, 3), (None, 6, 4, 4), ("x", 5, None, 5)],
)  # fmt: skip
def test_a_delivery_limit_below_zero_is_none(given, user, operator, counts):
    arguments = {} if given is None else {"x-delivery-limit": given}
    said = {"delivery-limit": operator} if operator is not None else None
    assert together(arguments, {"delivery-limit": user}, said, kind="quorum") == {"x-delivery-limit": counts}


def test_of_two_policies_the_operators_overflow_counts():
    assert together({}, {"overflow": "drop-head"}, {"overflow": "reject-publish"}) == {"x-overflow": "reject-publish"}


def test_arguments_are_not_touched():
    arguments = {"x-max-length": 5}
    assert together(arguments, {"max-length": 1}) == {"x-max-length": 1}
    assert arguments == {"x-max-length": 5}


def test_an_alternate_exchange_is_no_queues_business():
    assert together({}, {"alternate-exchange": "x", "max-length": 1}) == {"x-max-length": 1}


def test_the_alternate_exchange_is_the_arguments_or_the_policys():
    pair = (policy(definition={"alternate-exchange": "theirs"}), None)
    assert alternate({}, NONE) is None
    assert alternate({}, pair) == "theirs"
    assert alternate({"alternate-exchange": ""}, pair) == ""
    assert alternate({"alternate-exchange": "mine"}, pair) == "mine"
    assert alternate({}, (None, policy(operator=True))) is None
