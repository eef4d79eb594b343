"""Doorkeeper: how many sockets there may be at once, and how many of them before they have opened their connection.

Who is not let in yet waits in the kernel's queue; sockets take file descriptors, of which the disk needs some, too.
"""

import logging
import resource
from operator import itemgetter

import trio

from broker.config import Config
from broker.limits import ClientLimits

log = logging.getLogger("leveret")

# Files of logs that are kept open between commits (256) or of one batch (256 again), blocks that are being read,
# listeners, standard streams, locks, threads' wake-ups.
_RESERVED = 600
# A stranger that has been waited for so long goes when there is no more room for others. It is its silence that counts,
# and not how long the broker takes: when 3,000 clients came at once, and each had a second in all, most were sent away.
_SILENT_S = 2.0
# It is not known of sockets at which TLS or a proxy's header are waited for: these may take so much longer.
_EARLY_S = 3.0
_PAUSE_S = 0.05
# How often the log says that it is full.
_SAID_EACH_S = 10.0
_ANY = 1 << 30


class Doorkeeper:
    """A peer is known by the cancel scope that it lives in. Strangers are those whose connection is not open yet."""

    __slots__ = ("_guests", "_said_at", "_silent", "_sockets_max", "_strangers", "_strangers_max")

    def __init__(self, sockets_max: int = _ANY, strangers_max: int = _ANY) -> None:
        self._sockets_max = sockets_max
        self._strangers_max = strangers_max
        self._guests: set[trio.CancelScope] = set()
        self._strangers: set[trio.CancelScope] = set()
        # Those that are waited for, and since when (trio's clock).
        self._silent: dict[trio.CancelScope, float] = {}
        self._said_at = float("-inf")

    def came(self, scope: trio.CancelScope) -> None:
        """A socket was accepted."""
        self._guests.add(scope)
        self._strangers.add(scope)
        self._silent[scope] = trio.current_time() + _EARLY_S

    def waits_for(self, scope: trio.CancelScope) -> None:
        """All that a stranger has sent was answered."""
        if scope in self._strangers:
            self._silent[scope] = trio.current_time()

    def heard(self, scope: trio.CancelScope) -> None:
        """It has sent something."""
        self._silent.pop(scope, None)

    def opened(self, scope: trio.CancelScope) -> None:
        """Its connection is open."""
        self._strangers.discard(scope)
        self._silent.pop(scope, None)

    def gone(self, scope: trio.CancelScope) -> None:
        """It is closed."""
        self._guests.discard(scope)
        self._strangers.discard(scope)
        self._silent.pop(scope, None)

    async def room(self) -> None:
        """Wait until there is room for one more."""
        while self.is_full:
            self._say()
            if self._drop_a_stranger():
                await trio.lowlevel.checkpoint()
            else:
                await trio.sleep(_PAUSE_S)

    @property
    def is_full(self) -> bool:
        return len(self._guests) >= self._sockets_max or len(self._strangers) >= self._strangers_max

    def _drop_a_stranger(self) -> bool:
        """The one that has been silent longest, if that is long."""
        if not self._silent:
            return False
        since, scope = min(((since, scope) for scope, since in self._silent.items()), key=itemgetter(0))
        if trio.current_time() - since < _SILENT_S:
            return False
        self.opened(scope)
        scope.cancel()
        return True

    def _say(self) -> None:
        now = trio.current_time()
        if now - self._said_at >= _SAID_EACH_S:
            self._said_at = now
            log.warning(
                "new connections wait: there are %d, %d of them not logged in", len(self._guests), len(self._strangers)
            )


def doorkeeper(config: Config, limits: ClientLimits) -> Doorkeeper:
    """As the configuration and the file descriptors of this process allow. Of the latter some are left for clients that
    are refused in words: ``limits`` is told how many may come in.
    """
    sockets = sockets_max()
    strangers = config.handshake_max or sockets // 2
    guests = max(sockets - min(strangers, sockets // 4), 1)
    limits.connection_max = min(config.connection_max or guests, guests)
    return Doorkeeper(sockets, strangers)


def sockets_max() -> int:
    """How many there may be beside the files that a broker needs; at least a few."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _ANY
    return max(soft - _RESERVED, soft // 4)


def allow_many_descriptors() -> None:
    """Take up as many file descriptors as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.debug("the limit of file descriptors stays at %d: %s", soft, error)
