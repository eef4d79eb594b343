"""Between a policy and its definition, which is what outlives a restart."""

from collections.abc import Iterable

from broker.policies.policies import Policies
from broker.policies.policy import Policy, PolicyError
from broker.store.definition_state import PolicyDefinition


def defined(vhost: str, policy: Policy) -> PolicyDefinition:
    return PolicyDefinition(
        vhost,
        policy.name,
        operator=policy.operator,
        pattern=policy.pattern,
        apply_to=policy.apply_to,
        priority=policy.priority,
        definition=policy.definition,
    )


def restore(policies: Policies, definitions: Iterable[PolicyDefinition]) -> list[str]:
    """Add what was defined. Returns a sentence for each that cannot be."""
    refusals = []
    for definition in definitions:
        try:
            policies.restore(_policy(definition))
        except PolicyError as error:
            what = f"policy '{definition.name}' in vhost '{definition.vhost}'"
            refusals.append(f"{what} was not restored: {'; '.join(error.reasons)}")
    return refusals


def _policy(definition: PolicyDefinition) -> Policy:
    return Policy(
        definition.name,
        definition.pattern,
        definition.definition,
        apply_to=definition.apply_to,
        priority=definition.priority,
        operator=definition.operator,
        mirroring=True,
    )
