"""Policies: all of one virtual host, and which of them count for a name."""

from broker.policies.policy import Policy

# Those that count for one queue or exchange: the user's and the operator's.
Pair = tuple[Policy | None, Policy | None]
NONE: Pair = (None, None)


class Policies:
    """By name, users' and operators' apart. ``version`` grows with every change."""

    __slots__ = ("_ranked", "operators", "users", "version")

    def __init__(self) -> None:
        self.users: dict[str, Policy] = {}
        self.operators: dict[str, Policy] = {}
        self.version = 0
        self._ranked: tuple[list[Policy], list[Policy]] = ([], [])

    def __bool__(self) -> bool:
        return bool(self.users or self.operators)

    def of(self, *, operator: bool) -> dict[str, Policy]:
        return self.operators if operator else self.users

    def set(self, policy: Policy) -> None:
        """Add it, in place of any of its name and sort."""
        self.of(operator=policy.operator)[policy.name] = policy
        self._changed()

    def clear(self, name: str, *, operator: bool) -> bool:
        """Take it away; False where there is none."""
        gone = self.of(operator=operator).pop(name, None)
        self._changed()
        return gone is not None

    def find(self, name: str, kind: str) -> Pair:
        """Those that count for the name: of each sort the one of highest priority that applies.

        Of several with the same priority the first by name; RabbitMQ takes any.
        """
        if not self:
            return NONE
        raw = name.encode(errors="surrogateescape")
        users, operators = self._ranked
        return (
            next((policy for policy in users if policy.applies(raw, kind)), None),
            next((policy for policy in operators if policy.applies(raw, kind)), None),
        )

    def _changed(self) -> None:
        self.version += 1
        self._ranked = (_ranked(self.users), _ranked(self.operators))


def _ranked(policies: dict[str, Policy]) -> list[Policy]:
    return sorted(policies.values(), key=lambda policy: (-policy.priority, policy.name))
