"""Policy: one policy, checked, and whom it means."""

import sys
from collections.abc import Mapping
from typing import Any, Final

from broker.patterns import Pattern, PatternError, compiled
from broker.policies.keys import KEYS, refusal
from broker.policies.terms import term
from broker.queues.arguments import CLASSIC, QUORUM, STREAM

ALL: Final = "all"
EXCHANGES: Final = "exchanges"
QUEUES: Final = "queues"
# Beside the types of queues: what ``applies`` takes for an exchange.
EXCHANGE: Final = "exchange"
_PRIORITY_MAX: Final = sys.float_info.max
_APPLY_TO: Final = {
    ALL: (EXCHANGE, CLASSIC, QUORUM, STREAM),
    EXCHANGES: (EXCHANGE,),
    QUEUES: (CLASSIC, QUORUM, STREAM),
    "classic_queues": (CLASSIC,),
    "quorum_queues": (QUORUM,),
    "streams": (STREAM,),
}


class PolicyError(ValueError):
    """A policy that cannot be. The text is RabbitMQ's; ``reasons`` are its lines."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("Validation failed\n\n" + "\n".join(reasons) + "\n")
        self.reasons = reasons


class NoSuchPolicy(LookupError):
    """There is no policy of that name to clear."""

    def __init__(self) -> None:
        super().__init__("Parameter does not exist")


class Policy:
    """What an operator says of all queues and exchanges whose names the pattern is found in.

    ``operator``: it is one of the platform's operators, who may only set limits, and on top of any other policy.
    ``priority``: of several that fit, the highest counts. ``definition`` maps keys (``keys.KEYS``) to values.
    """

    __slots__ = ("_expression", "apply_to", "definition", "name", "operator", "pattern", "priority")

    def __init__(
        self,
        name: str,
        pattern: str,
        definition: Mapping[str, Any],
        *,
        apply_to: str = ALL,
        priority: float = 0,
        operator: bool = False,
        mirroring: bool = False,
    ) -> None:
        """``mirroring``: the definition may hold ha-* keys. Raises PolicyError, with every reason there is."""
        expression = _compiled(pattern)
        reasons = [
            refusal(definition, operator=operator, mirroring=mirroring),
            _not_an_aim(apply_to),
            expression if isinstance(expression, str) else None,
            None if _is_number(priority) else f"priority should be a number, actually was {term(priority)}",
        ]
        found = [reason for reason in reasons if reason]
        if found or isinstance(expression, str):
            raise PolicyError(found)
        self.name = name
        self.pattern = pattern
        self.definition = dict(definition)
        self.apply_to = apply_to
        self.priority = priority
        self.operator = operator
        self._expression = expression

    def applies(self, name: str, kind: str) -> bool:
        """Whether it means the queue of that type, or with EXCHANGE the exchange, of that name.

        It means no queue of a type that cannot do all that it says.
        """
        if kind not in _APPLY_TO[self.apply_to] or any(kind in KEYS[key].not_of for key in self.definition):
            return False
        return self._expression.search(name)


def _compiled(pattern: Any) -> "Pattern | str":
    """The expression, or why it is none."""
    if not isinstance(pattern, str):
        return f"pattern should be a binary but was {term(pattern)}"
    try:
        return compiled(pattern)
    except PatternError as error:
        return f"pattern should be regular expression but is invalid: {error}"


def _not_an_aim(apply_to: Any) -> str | None:
    if isinstance(apply_to, str) and apply_to in _APPLY_TO:
        return None
    shown = apply_to if isinstance(apply_to, str) else term(apply_to)
    return (
        f"apply-to '{shown}' unrecognised; should be one of: 'queues', 'classic_queues',  'quorum_queues', 'streams', "
        "'exchanges', or 'all'"
    )


def _is_number(value: Any) -> bool:
    """As far as a float goes: what is more than that, or no number, has no place in an order."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_PRIORITY_MAX <= value <= _PRIORITY_MAX
