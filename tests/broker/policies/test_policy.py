"""What a policy may say, and the words for what it may not, which are RabbitMQ 4.0's (asked with rabbitmqctl)."""

import pytest

from broker.policies.effective import effective
from broker.policies.keys import KEYS
from broker.policies.policy import EXCHANGE, Policy, PolicyError

UNRECOGNISED = " are not recognised policy settings"
AIMS = "should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', 'exchanges', or 'all'"


def refused(definition, pattern="^x", **more):
    with pytest.raises(PolicyError) as raised:
        Policy("p", pattern, definition, **more)
    assert str(raised.value) == "Validation failed\n\n" + "\n".join(raised.value.reasons) + "\n"
    return raised.value.reasons


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ({"alternate-exchange": 1}, "1 is not a valid alternate exchange name"),
        ({"alternate-exchange": ["a"]}, '[<<"a">>] is not a valid alternate exchange name'),
        ({"alternate-exchange": {"a": 1}}, '#{<<"a">> => 1} is not a valid alternate exchange name'),
        ({"consumer-timeout": -1}, "-1 is not a valid consumer timeout"),
        ({"dead-letter-exchange": True}, "true is not a valid dead letter exchange name"),
        ({"dead-letter-routing-key": None}, "null is not a valid dead letter routing key"),
        ({"dead-letter-strategy": "x"}, '<<"x">> is not a valid dead letter strategy'),
        ({"message-ttl": -1}, "-1 is not a valid message TTL"),
        ({"message-ttl": True}, "true is not a valid message TTL"),
        ({"message-ttl": "ü"}, '<<"ü"/utf8>> is not a valid message TTL'),
        ({"expires": 0}, "0 is not a valid queue expiry"),
        ({"max-length": 1.5}, "1.5 is not a valid maximum length"),
        ({"max-length-bytes": -1}, "-1 is not a valid maximum length in bytes"),
        ({"max-in-memory-length": -1}, "-1 is not a valid maximum memory in bytes"),
        ({"max-in-memory-bytes": "x"}, '<<"x">> is not a valid maximum memory in bytes'),
        ({"queue-mode": "x"}, '<<"x">> is not a valid queue-mode value'),
        ({"queue-version": 3}, "3 is not a valid queue-version value"),
        ({"queue-version": True}, "true is not a valid queue-version value"),
        ({"overflow": "x"}, '<<"x">> is not a valid overflow value'),
        ({"delivery-limit": "x"}, '<<"x">> is not a valid delivery limit'),
        ({"max-age": "0D"}, '<<"0D">> is not a valid max age'),
        ({"max-age": "12"}, '<<"12">> is not a valid max age'),
        ({"stream-max-segment-size-bytes": 3_000_000_001}, "3000000001 is not a valid segment size"),
        ({"stream-filter-size-bytes": 15}, "15 is not a valid filter size. Valid range is 16-255"),
        ({"queue-leader-locator": "min-masters"}, '<<"min-masters">> is not a valid queue leader locator value'),
        ({"initial-cluster-size": -1}, "-1 is not a valid cluster size"),
        ({"target-group-size": 0}, "0 is not a valid qq target count value"),
        ({"queue-master-locator": "x"}, '<<"x">> is not a valid master locator'),
        ({"ha-mode": "all"}, '[{<<"ha-mode">>,<<"all">>}]' + UNRECOGNISED),
        ({"max-priority": 5}, '[{<<"max-priority">>,5}]' + UNRECOGNISED),
        (
            {"bogus": {"a": [1, "x", None, 2.5, True]}},
            '[{<<"bogus">>,#{<<"a">> => [1,<<"x">>,null,2.5,true]}}]' + UNRECOGNISED,
        ),
        ({"foo": "bar", "bogus": 1}, '[{<<"bogus">>,1},{<<"foo">>,<<"bar">>}]' + UNRECOGNISED),
        ({"message-ttl": -1, "max-length": -1, "bogus": 1}, "-1 is not a valid maximum length"),
        ({}, "no policy provided"),
        (5, "definition must be a dictionary: 5"),
    ],
)  # fmt: skip
def test_a_definition_is_refused_in_rabbitmqs_words(definition, reason):
    assert refused(definition) == [reason]


def test_a_long_list_of_what_is_not_known_takes_a_line_each():
    definition = {"b": 1.5e30, "bogus": 1.0, "c": "x" * 20, "d": 'it"s', "e": [], "f": {}, "g": "ü\n"}
    assert refused(definition) == [
        '[{<<"b">>,1.5e30},\n {<<"bogus">>,1.0},\n {<<"c">>,<<"xxxxxxxxxxxxxxxxxxxx">>},\n {<<"d">>,<<"it\\"s">>},\n'
        ' {<<"e">>,[]},\n {<<"f">>,#{}},\n {<<"g">>,<<"ü\\n"/utf8>>}]' + UNRECOGNISED
    ]


def test_every_reason_is_told():
    assert refused({"max-length": -1}, "(", apply_to="nope", priority="x") == [
        "-1 is not a valid maximum length",
        f"apply-to 'nope' unrecognised; {AIMS}",
        'pattern should be regular expression but is invalid: {"missing )",1}',
        'priority should be a number, actually was <<"x">>',
    ]
    assert refused({"max-length": 1}, 5) == ["pattern should be a binary but was 5"]


@pytest.mark.parametrize("pattern", ["x" * 5000, "a{1001}"])
def test_expressions_that_cannot_be_used_are_refused_not_raised(pattern):
    (reason,) = refused({"max-length": 1}, pattern)
    assert reason.startswith("pattern should be regular expression but is invalid: {")


GOOD = {
    "alternate-exchange": ["", "x"],
    "message-ttl": [0, 10**30],
    "expires": [1],
    "delivery-limit": [-1, 0],
    "max-age": ["7D", "1Y"],
    "overflow": ["drop-head", "reject-publish", "reject-publish-dlx"],
    "queue-version": [1, 2],
    "stream-filter-size-bytes": [16, 255],
    "stream-max-segment-size-bytes": [0, 3_000_000_000],
    "queue-leader-locator": ["client-local", "balanced", "random", "least-leaders"],
    "queue-master-locator": ["min-masters", "random"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in GOOD.items() for value in values])
def test_what_rabbitmq_takes_is_taken(key, value):
    assert Policy("p", "x", {key: value}).definition == {key: value}


HA = {"ha-mode": "exactly", "ha-params": 2, "ha-sync-mode": "automatic", "ha-promote-on-shutdown": "always"}


def test_mirroring_may_be_spoken_of_where_it_may():
    assert refused({"ha-mode": "all"}) == ['[{<<"ha-mode">>,<<"all">>}]' + UNRECOGNISED]
    policy = Policy("p", "x", {**HA, "message-ttl": 5}, mirroring=True)
    assert [policy.applies("x", kind) for kind in ("classic", "quorum", "stream")] == [True, False, False]
    assert effective({}, (policy, None), "classic")["x-message-ttl"] == 5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ha-mode": "some"}, '<<"some">> is not a valid ha-mode value'),
        ({"ha-sync-mode": 1}, 'ha-sync-mode must be "manual" or "automatic", got 1'),
        ({"ha-sync-batch-size": 0}, "ha-sync-batch-size takes an integer greater than 0, 0 given"),
        ({"ha-promote-on-failure": "no"}, 'ha-promote-on-failure must be "always" or "when-synced", got <<"no">>'),
    ],
)
def test_what_is_said_of_mirroring_is_looked_at(changes, reason):
    assert refused({**HA, **changes}, mirroring=True) == [reason]


def test_mirroring_needs_a_mode():
    reason = "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown"
    assert refused({"ha-params": 2}, mirroring=True) == [reason]


def test_operators_may_set_limits_only():
    allowed = {
        "expires", "message-ttl", "max-length", "max-length-bytes", "max-in-memory-length", "max-in-memory-bytes",
        "delivery-limit", "queue-version", "overflow", "target-group-size", "queue-master-locator",
    }  # fmt: skip
    assert {key.name for key in KEYS.values() if key.against_operator is not None} == allowed
    assert Policy("p", "x", {"max-length": 1}, operator=True).operator
    assert refused({"alternate-exchange": "x"}, operator=True) == [
        '[{<<"alternate-exchange">>,<<"x">>}]' + UNRECOGNISED
    ]


@pytest.mark.parametrize("priority", [0, -5, 1.5, 2**70])
def test_a_priority_is_any_number(priority):
    assert Policy("p", "x", {"max-length": 1}, priority=priority).priority == priority
    assert refused({"max-length": 1}, priority=True) == ["priority should be a number, actually was true"]


@pytest.mark.parametrize("priority", [float("nan"), float("inf"), 10**400])
def test_a_priority_without_a_place_in_an_order_is_none(priority):
    (reason,) = refused({"max-length": 1}, priority=priority)
    assert reason.startswith("priority should be a number, actually was ")


@pytest.mark.parametrize("key", ["expires", "consumer-timeout", "message-ttl", "max-length"])
def test_numbers_that_no_sum_can_be_made_with_are_refused(key):
    """They had been taken, and each queue that they meant raised from then on."""
    (reason,) = refused({key: 10**400})
    assert reason.startswith(f"{10**400} is not a valid ")


def test_an_age_that_is_no_text_is_refused():
    assert refused({"max-age": "\udc80"})


@pytest.mark.parametrize(
    ("apply_to", "kinds"),
    [
        ("all", {EXCHANGE, "classic", "quorum", "stream"}),
        ("queues", {"classic", "quorum", "stream"}),
        ("exchanges", {EXCHANGE}),
        ("classic_queues", {"classic"}),
        ("quorum_queues", {"quorum"}),
        ("streams", {"stream"}),
    ],
)
def test_whom_it_applies_to(apply_to, kinds):
    policy = Policy("p", "x", {"max-length-bytes": 1}, apply_to=apply_to)
    assert {kind for kind in (EXCHANGE, "classic", "quorum", "stream") if policy.applies("x", kind)} == kinds


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("c$", "abc", True),
        ("", "", True),
        ("^.$", "ü", False),
        ("^..$", "ü", True),
        ("ü", "grün", True),
        ("(?i)ABC", "abc", True),
        (r"^\w+$", "ü", False),
        ("a++b", "aab", True),
    ],
)
def test_the_pattern_is_looked_for_anywhere_in_the_names_bytes(pattern, name, found):
    assert Policy("p", pattern, {"max-length": 1}).applies(name, "classic") is found


@pytest.mark.parametrize(
    ("key", "value", "kinds"),
    [
        ("max-length", 1, {"classic", "quorum"}),
        ("delivery-limit", 1, {"quorum"}),
        ("dead-letter-strategy", "at-most-once", {"quorum"}),
        ("max-age", "1h", {"stream"}),
        ("queue-mode", "lazy", {"classic"}),
        ("stream-filter-size-bytes", 16, {"classic", "quorum", "stream"}),
        ("alternate-exchange", "x", {"classic", "quorum", "stream"}),
    ],
)
def test_a_policy_means_no_queue_that_cannot_do_all_it_says(key, value, kinds):
    policy = Policy("p", "x", {key: value, "queue-leader-locator": "balanced"})
    assert {kind for kind in ("classic", "quorum", "stream") if policy.applies("x", kind)} == kinds
    assert policy.applies("x", EXCHANGE)
