"""Policies as settings give them: tables of names and values, checked one by one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from broker.config import Config, ConfigError
from broker.policies.policy import Policy, PolicyError
from broker.profile import PROFILES

_NEEDED: Final = ("name", "pattern", "definition")
_KNOWN: Final = (*_NEEDED, "apply_to", "priority", "vhost")


def configured(config: Config) -> Iterator[Policy]:
    """The policies of a configuration, all for its virtual host. Raises ConfigError, which names the policy."""
    for setting, tables in (("policies", config.policies), ("operator_policies", config.operator_policies)):
        for number, table in enumerate(tables, 1):
            yield _policy(config, setting, f"number {number}", table)


def _policy(config: Config, setting: str, place: str, table: Mapping[str, Any]) -> Policy:
    name = table.get("name")
    what = f"{setting}: {name!r}" if isinstance(name, str) else f"{setting}: {place}"
    missing = [key for key in _NEEDED if key not in table]
    unknown = [key for key in table if key not in _KNOWN]
    if missing or unknown:
        raise ConfigError(f"{what} {_keys_at_fault(missing, unknown)}; a policy has {', '.join(_KNOWN)}")
    if not isinstance(name, str):
        raise ConfigError(f"{what} cannot be used: its name is no text")
    vhost = table.get("vhost", config.vhost)
    if vhost != config.vhost:
        raise ConfigError(f"{what} cannot be used: there is no virtual host {vhost!r}")
    try:
        return Policy(
            name,
            table["pattern"],
            table["definition"],
            apply_to=table.get("apply_to", "all"),
            priority=table.get("priority", 0),
            operator=setting == "operator_policies",
            mirroring=PROFILES[config.profile].ha_policies,
        )
    except PolicyError as error:
        raise ConfigError(f"{what} cannot be used: {'; '.join(error.reasons)}") from None


def _keys_at_fault(missing: list[str], unknown: list[str]) -> str:
    return f"lacks {', '.join(missing)}" if missing else f"has unknown keys: {', '.join(unknown)}"
