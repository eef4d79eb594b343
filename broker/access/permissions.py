"""What a user may do in one virtual host: three patterns, and for topic exchanges two more each.

A pattern is searched for in a resource's name, anywhere; the empty one allows nothing (it counts as ``^$``). Source:
https://www.rabbitmq.com/docs/access-control.
"""

from collections.abc import Mapping
from typing import Final

from broker.access.errors import AccessError
from broker.patterns import Pattern, PatternError, compiled

CONFIGURE: Final = "configure"
WRITE: Final = "write"
READ: Final = "read"

# The name under which the default exchange is looked for.
DEFAULT_EXCHANGE: Final = "amq.default"

_NOTHING: Final = "^$"
# What stands in braces in a topic permission, and is put there as it is: to be a pattern is the administrator's wish.
_VARIABLES: Final = ("username", "vhost", "client_id")


class Permissions:
    """The patterns as an administrator wrote them. Raises AccessError for one that is no pattern."""

    __slots__ = ("_patterns", "configure", "read", "write")

    def __init__(self, configure: str, write: str, read: str) -> None:
        self.configure = configure
        self.write = write
        self.read = read
        self._patterns = {CONFIGURE: _pattern(configure), WRITE: _pattern(write), READ: _pattern(read)}

    def allow(self, permission: str, name: str) -> bool:
        """Whether the user may configure, write to or read the exchange or queue of that name."""
        return self._patterns[permission].search(name or DEFAULT_EXCHANGE)


class TopicPermissions:
    """For one topic exchange: which routing keys may be written, and which binding keys read.

    A pattern may name ``{username}``, ``{vhost}`` and ``{client_id}``. Raises AccessError for one that is no pattern.
    """

    __slots__ = ("_filled", "read", "write")

    def __init__(self, write: str, read: str) -> None:
        self.write = write
        self.read = read
        # Without what stands in braces there may be nothing to search for.
        for pattern in (write, read):
            _pattern(_filled(pattern, {}))
        self._filled: dict[str, Pattern] = {}

    def allow(self, permission: str, key: str, variables: Mapping[str, str]) -> bool:
        """``variables`` are those in braces; one that is missing stays as it is written."""
        text = _filled(self.write if permission == WRITE else self.read, variables)
        pattern = self._filled.get(text)
        if pattern is None:
            if len(self._filled) >= _FILLED_MAX:
                self._filled.clear()
            try:
                pattern = self._filled[text] = _pattern(text)
            except AccessError:
                # A user's name made it one that cannot be searched for: then nothing is found.
                return False
        return pattern.search(key)


# Patterns of one exchange that are kept ready: one a user's client id.
_FILLED_MAX: Final = 256


def _pattern(text: str) -> Pattern:
    try:
        return compiled(text or _NOTHING)
    except PatternError as error:
        raise AccessError(f"Invalid regexp '{text}': {error}") from None


def _filled(pattern: str, variables: Mapping[str, str]) -> str:
    for name in _VARIABLES:
        if name in variables:
            pattern = pattern.replace(f"{{{name}}}", variables[name])
    return pattern
