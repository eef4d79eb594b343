"""Doorkeeper: how many sockets there may be at once, and how many of them before they have opened their connection.

Who is not let in yet waits in the kernel's queue; sockets take file descriptors, of which the disk needs some, too.
"""

import logging
import resource

import trio

from broker.config import Config
from broker.limits import ClientLimits

log = logging.getLogger("leveret")

# Files of logs that are kept open between commits (256) or of one batch (256 again), blocks that are being read,
# listeners, standard streams, locks, threads' wake-ups.
_RESERVED = 600
# A peer that took so long to log in goes when there is no more room for others. Clients need milliseconds, on a machine
# that is busy with a thousand of them perhaps half a second.
_STRANGER_S = 1.0
_PAUSE_S = 0.05
# How often the log says that it is full.
_SAID_EACH_S = 10.0
_ANY = 1 << 30


class Doorkeeper:
    """A peer is known by the cancel scope that it lives in. Strangers are those whose connection is not open yet."""

    __slots__ = ("_guests", "_said_at", "_sockets_max", "_strangers", "_strangers_max")

    def __init__(self, sockets_max: int = _ANY, strangers_max: int = _ANY) -> None:
        self._sockets_max = sockets_max
        self._strangers_max = strangers_max
        self._guests: set[trio.CancelScope] = set()
        # In the order they came, and when (trio's clock).
        self._strangers: dict[trio.CancelScope, float] = {}
        self._said_at = float("-inf")

    def came(self, scope: trio.CancelScope) -> None:
        """A socket was accepted."""
        self._guests.add(scope)
        self._strangers[scope] = trio.current_time()

    def opened(self, scope: trio.CancelScope) -> None:
        """Its connection is open."""
        self._strangers.pop(scope, None)

    def gone(self, scope: trio.CancelScope) -> None:
        """It is closed."""
        self._guests.discard(scope)
        self._strangers.pop(scope, None)

    async def room(self) -> None:
        """Wait until there is room for one more."""
        while self._is_full:
            self._say()
            if self._drop_a_stranger():
                await trio.lowlevel.checkpoint()
            else:
                await trio.sleep(_PAUSE_S)

    @property
    def _is_full(self) -> bool:
        return len(self._guests) >= self._sockets_max or len(self._strangers) >= self._strangers_max

    def _drop_a_stranger(self) -> bool:
        """The one that came first, if it had its time."""
        scope, came_at = next(iter(self._strangers.items()), (None, 0.0))
        if scope is None or trio.current_time() - came_at < _STRANGER_S:
            return False
        del self._strangers[scope]
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
    strangers = config.handshake_max
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
