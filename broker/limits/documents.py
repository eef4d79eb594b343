"""What an administrator sets of a user or a virtual host, checked; the texts are rabbit_parameter_validation's."""

from collections.abc import Mapping
from typing import Any, Final

from broker.limits.clients import MAX_CHANNELS, MAX_CONNECTIONS
from broker.limits.definitions import MAX_QUEUES

OF_USERS: Final = (MAX_CONNECTIONS, MAX_CHANNELS)
OF_VHOSTS: Final = (MAX_CONNECTIONS, MAX_QUEUES)


def refusal(limits: Any, known: tuple[str, ...], what: str) -> str:
    """Why these cannot be limits; "" where they can. ``what`` names them, as ``user-limits``."""
    if not isinstance(limits, Mapping):
        return f"{what} should be an object, actually was {limits!r}"
    for name in known:
        if name in limits and (isinstance(limits[name], bool) or not isinstance(limits[name], int)):
            return f"{name} should be a number, actually was {_term(limits[name])}"
    unknown = [f"{{{_term(name)},{_term(value)}}}" for name, value in limits.items() if name not in known]
    return f"Unrecognised terms [{','.join(unknown)}] in {what}" if unknown else ""


def _term(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'<<"{value}">>' if isinstance(value, str) else str(value)
