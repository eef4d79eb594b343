"""Policies: all of one virtual host, and which of them count for a name."""

from collections.abc import Iterable

from broker.policies.policy import Policy

# Those that count for one queue or exchange: the user's and the operator's.
Pair = tuple[Policy | None, Policy | None]
NONE: Pair = (None, None)


class Policies:
    """By name, users' and operators' apart."""

    __slots__ = ("_presets", "_ranked", "operators", "users")

    def __init__(self) -> None:
        self.users: dict[str, Policy] = {}
        self.operators: dict[str, Policy] = {}
        # Which of them a configuration gave (whether it is an operator's, its name), with the one that each hides.
        self._presets: dict[tuple[bool, str], Policy | None] = {}
        self._ranked: tuple[list[Policy], list[Policy]] = ([], [])

    def __bool__(self) -> bool:
        return bool(self.users or self.operators)

    def of(self, *, operator: bool) -> dict[str, Policy]:
        return self.operators if operator else self.users

    def set(self, policy: Policy) -> None:
        """Add it, in place of any of its name and sort."""
        self._presets.pop((policy.operator, policy.name), None)
        self.of(operator=policy.operator)[policy.name] = policy
        self._changed()

    def restore(self, policy: Policy) -> None:
        """One that outlived a restart: where a configuration gave another of its name and sort, that one hides it."""
        place = policy.operator, policy.name
        if place in self._presets:
            self._presets[place] = policy
        else:
            self.set(policy)

    def preset(self, policies: Iterable[Policy]) -> None:
        """Those of a configuration, in place of the ones it gave before. What these have hidden comes back."""
        for (operator, name), hidden in self._presets.items():
            del self.of(operator=operator)[name]
            if hidden is not None:
                self.of(operator=operator)[name] = hidden
        self._presets = {}
        for policy in policies:
            same_sort = self.of(operator=policy.operator)
            self._presets.setdefault((policy.operator, policy.name), same_sort.get(policy.name))
            same_sort[policy.name] = policy
        self._changed()

    def clear(self, name: str, *, operator: bool) -> bool:
        """Take it away, and any that it hides; False where there is none."""
        self._presets.pop((operator, name), None)
        gone = self.of(operator=operator).pop(name, None)
        self._changed()
        return gone is not None

    def find(self, name: str, kind: str) -> Pair:
        """Those that count for the name: of each sort the one of highest priority that applies.

        Of several with the same priority the first by name; RabbitMQ takes any.
        """
        if not self:
            return NONE
        users, operators = self._ranked
        return (
            next((policy for policy in users if policy.applies(name, kind)), None),
            next((policy for policy in operators if policy.applies(name, kind)), None),
        )

    def _changed(self) -> None:
        self._ranked = (_ranked(self.users), _ranked(self.operators))


def _ranked(policies: dict[str, Policy]) -> list[Policy]:
    return sorted(policies.values(), key=lambda policy: (-policy.priority, policy.name))
