"""The keys of a policy's definition, in one table: what each may be, whose it is, and who wins where two speak of it.

A key is an argument without its ``x-``. Of two policies, an operator's and a user's, and of a policy and an argument,
the resolvers make one value. Source: RabbitMQ 4.0, rabbit_policies (the words and the operator's merge), the queue
types' ``unsupported_policies`` and their look-ups of arguments and policies.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from broker.policies.terms import term
from broker.queues.arguments import (
    CLASSIC,
    FILTER_BYTES_MAX,
    FILTER_BYTES_MIN,
    QUORUM,
    SEGMENT_BYTES_MAX,
    STREAM,
    is_integer,
)
from broker.queues.offset_argument import span_ms

# io_lib breaks lines of 80, brackets included.
_LINE_CHARS: Final = 79
# RabbitMQ's integers have no end; of these a float can hold seconds, whatever is made of them.
_INTEGER_MAX: Final = 10**300

Check = Callable[[Any], bool]
# Of a policy's value and another's (an operator policy's, an argument's), the one that counts.
Resolver = Callable[[Any, Any], Any]


def _number(low: int = 0, high: int = _INTEGER_MAX) -> Check:
    def check(value: Any) -> bool:
        return is_integer(value) and low <= value <= high

    return check


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _one_of(*choices: Any) -> Check:
    return lambda value: type(value) in {type(choice) for choice in choices} and value in choices


def _age(value: Any) -> bool:
    return isinstance(value, str) and span_ms(value) is not None


def lower(policy: Any, other: Any) -> Any:
    """The lower number; in Erlang's order of terms every number is lower than what is none."""
    return min(policy, other) if is_integer(other) else policy


def lower_limit(policy: Any, other: Any) -> Any:
    """The lower limit, where a negative one is none, and so the other counts."""
    if not is_integer(other):
        return policy
    return max(policy, other) if policy < 0 or other < 0 else min(policy, other)


def higher(policy: Any, other: Any) -> Any:
    return max(policy, other)


def other_wins(policy: Any, other: Any) -> Any:  # noqa: ARG001 - one signature for all resolvers
    return other


def policy_wins(policy: Any, other: Any) -> Any:  # noqa: ARG001
    return policy


class Key:
    """One row. ``fault`` ends "~tp is not a valid ..."; ``against_argument`` is for every queue type or one each.

    ``against_operator`` is None where operators' policies do not know the key. ``not_of``: queue types that a policy
    with this key does not apply to at all, whatever else it says. ``mirroring``: of queues mirrored over several nodes,
    which RabbitMQ knew up to 3.13; ``fault`` is the whole refusal then, with a place for the value.
    """

    __slots__ = ("_against_argument", "against_operator", "check", "fault", "mirroring", "name", "not_of")

    def __init__(
        self,
        name: str,
        check: Check,
        fault: str,
        *,
        argument: Resolver | Mapping[str, Resolver] = other_wins,
        operator: Resolver | None = None,
        not_of: tuple[str, ...] = (),
        mirroring: bool = False,
    ) -> None:
        self.name = name
        self.check = check
        self.fault = fault
        self.against_operator = operator
        self.not_of = not_of
        self.mirroring = mirroring
        self._against_argument = argument

    def refusal(self, value: Any) -> str:
        """Why a value cannot be."""
        return self.fault.format(term(value)) if self.mirroring else f"{term(value)} is not a valid {self.fault}"

    def against_argument(self, kind: str) -> Resolver:
        """How a queue of this type takes the policy's value and its own argument's."""
        resolvers = self._against_argument
        return resolvers.get(kind, other_wins) if isinstance(resolvers, Mapping) else resolvers


def _mirroring(name: str, check: Check, words: str) -> Key:
    return Key(name, check, words, not_of=(QUORUM, STREAM), mirroring=True)


def _anything(value: Any) -> bool:  # noqa: ARG001
    return True


_SYNC_MODES: Final = ("manual", "automatic")
_PROMOTIONS: Final = ("always", "when-synced")
_LOCATORS: Final = ("client-local", "balanced", "random", "least-leaders")
_STREAMS_POLICY_WINS: Final = {STREAM: policy_wins}

KEYS: Final = {
    key.name: key
    for key in (
        Key("alternate-exchange", _text, "alternate exchange name"),
        Key("consumer-timeout", _number(), "consumer timeout", argument=lower),
        Key("dead-letter-exchange", _text, "dead letter exchange name", not_of=(STREAM,)),
        Key("dead-letter-routing-key", _text, "dead letter routing key", not_of=(STREAM,)),
        Key(
            "dead-letter-strategy",
            _one_of("at-most-once", "at-least-once"),
            "dead letter strategy",
            not_of=(CLASSIC, STREAM),
        ),
        Key("message-ttl", _number(), "message TTL", argument=lower, operator=lower, not_of=(STREAM,)),
        Key("expires", _number(1), "queue expiry", argument=lower, operator=lower, not_of=(STREAM,)),
        Key("max-length", _number(), "maximum length", argument=lower, operator=lower, not_of=(STREAM,)),
        Key(
            "max-length-bytes",
            _number(),
            "maximum length in bytes",
            argument={CLASSIC: lower, QUORUM: lower, STREAM: policy_wins},
            operator=lower,
        ),
        Key("max-in-memory-length", _number(), "maximum memory in bytes", operator=lower, not_of=(CLASSIC, STREAM)),
        Key("max-in-memory-bytes", _number(), "maximum memory in bytes", operator=lower, not_of=(CLASSIC, STREAM)),
        Key("queue-mode", _one_of("default", "lazy"), "queue-mode value", not_of=(QUORUM, STREAM)),
        Key("queue-version", _one_of(1, 2), "queue-version value", operator=other_wins),
        Key(
            "overflow",
            _one_of("drop-head", "reject-publish", "reject-publish-dlx"),
            "overflow value",
            argument={QUORUM: policy_wins},
            operator=other_wins,
            not_of=(STREAM,),
        ),
        Key(
            "delivery-limit",
            _number(-_INTEGER_MAX),
            "delivery limit",
            argument=lower_limit,
            operator=lower_limit,
            not_of=(CLASSIC, STREAM),
        ),
        Key("max-age", _age, "max age", argument=_STREAMS_POLICY_WINS, not_of=(CLASSIC, QUORUM)),
        Key(
            "stream-max-segment-size-bytes",
            _number(0, SEGMENT_BYTES_MAX),
            "segment size",
            argument=_STREAMS_POLICY_WINS,
            not_of=(CLASSIC, QUORUM),
        ),
        Key(
            "stream-filter-size-bytes",
            _number(FILTER_BYTES_MIN, FILTER_BYTES_MAX),
            f"filter size. Valid range is {FILTER_BYTES_MIN}-{FILTER_BYTES_MAX}",
            argument=_STREAMS_POLICY_WINS,
        ),
        Key("queue-leader-locator", _one_of(*_LOCATORS), "queue leader locator value"),
        Key("initial-cluster-size", _number(), "cluster size", not_of=(CLASSIC, QUORUM)),
        Key("target-group-size", _number(1), "qq target count value", operator=higher, not_of=(CLASSIC, STREAM)),
        Key(
            "queue-master-locator",
            _one_of(*_LOCATORS, "min-masters"),
            "master locator",
            operator=other_wins,
            not_of=(QUORUM, STREAM),
        ),
        # There is one node, and so a mirror of none; whatever they say, they have no effect.
        _mirroring("ha-mode", _one_of("all", "exactly", "nodes"), "{} is not a valid ha-mode value"),
        _mirroring("ha-params", _anything, ""),
        _mirroring("ha-sync-mode", _one_of(*_SYNC_MODES), 'ha-sync-mode must be "manual" or "automatic", got {}'),
        _mirroring("ha-sync-batch-size", _number(1), "ha-sync-batch-size takes an integer greater than 0, {} given"),
        *(
            _mirroring(name, _one_of(*_PROMOTIONS), name + ' must be "always" or "when-synced", got {}')
            for name in ("ha-promote-on-shutdown", "ha-promote-on-failure")
        ),
    )
}


def refusal(definition: Any, *, operator: bool, mirroring: bool = False) -> str | None:
    """Why this can be no policy's definition, in RabbitMQ's words; None where it can. ``mirroring`` may be spoken of.

    Of several reasons the first, by key; what is not known at all comes last.
    """
    if not isinstance(definition, Mapping):
        return f"definition must be a dictionary: {term(definition)}"
    if not definition:
        return "no policy provided"
    unknown = {}
    for name in sorted(definition):
        key = KEYS.get(name)
        if key is None or (operator and key.against_operator is None) or (key.mirroring and not mirroring):
            unknown[name] = definition[name]
        elif not key.check(definition[name]):
            return key.refusal(definition[name])
        elif key.mirroring and "ha-mode" not in definition:
            return "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown"
    return f"{_pairs(unknown)} are not recognised policy settings" if unknown else None


def _pairs(definition: Mapping[str, Any]) -> str:
    """As ``~tp`` prints a proplist: in one line of 80, or a line a pair."""
    pairs = [f"{{{term(name)},{term(value)}}}" for name, value in definition.items()]
    line = ",".join(pairs)
    return "[" + (line if len(line) < _LINE_CHARS else ",\n ".join(pairs)) + "]"
