"""What arguments and policies come to, as one mapping that bears the names of arguments."""

from collections.abc import Mapping
from typing import Any, Final

from broker.policies.keys import KEYS
from broker.policies.policies import Pair
from broker.policies.policy import Policy

_ALTERNATE: Final = "alternate-exchange"


def definition_of(pair: Pair) -> Mapping[str, Any]:
    """What the two policies of one queue or exchange say together: of both where they differ the stricter."""
    user, operator = pair
    if user is None or operator is None:
        return _said_by(user or operator)
    merged = dict(user.definition)
    for name, value in operator.definition.items():
        resolve = KEYS[name].against_operator
        merged[name] = resolve(merged[name], value) if name in merged and resolve is not None else value
    return merged


def effective(arguments: Mapping[str, Any], pair: Pair, kind: str) -> Mapping[str, Any]:
    """What counts for a queue of that type: ``x-message-ttl`` and so on, and what else the arguments hold.

    Where no policy applies, these are the arguments themselves.
    """
    if pair[0] is None and pair[1] is None:
        return arguments
    together = dict(arguments)
    for key, value in definition_of(pair).items():
        if key == _ALTERNATE:
            continue
        name = f"x-{key}"
        given = arguments.get(name)
        together[name] = value if given is None else KEYS[key].against_argument(kind)(value, given)
    return together


def alternate(arguments: Mapping[str, Any], pair: Pair) -> str | None:
    """The alternate exchange of an exchange: its argument, or else its policy's."""
    name: str | None = arguments.get(_ALTERNATE)
    return definition_of(pair).get(_ALTERNATE) if name is None else name


def _said_by(policy: Policy | None) -> Mapping[str, Any]:
    return {} if policy is None else policy.definition
