"""The time of day, as a node wants it, and a clock that only a test moves.

A node has two clocks beside it. One is what messages, queues and the disk go by: times to live, expiry, delays,
time-outs of acks. The other is its peers': handshakes, heartbeats, closing. On a machine that is one and the same time,
trio's. Where a test moves the first by an hour, the client at the other end of a socket, who lives on in real time, was
not silent for an hour.
"""

import time
from datetime import datetime

import trio


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class VirtualClock:
    """Time that stands still but for ``Broker.advance``. It begins at ``start``, else at the real time of day.

    It serves one broker at a time; for the next one it goes on, as time does over a restart. Peers stay in real time,
    but for ``peers_ahead`` seconds.
    """

    __slots__ = ("_start_ms", "now", "peers_ahead")

    def __init__(self, start: datetime | None = None) -> None:
        self.now = 0.0
        self.peers_ahead = 0.0
        self._start_ms = wall_clock_ms() if start is None else round(start.timestamp() * 1000)

    def monotonic(self) -> float:
        """Seconds since the clock was made, as far as it was moved."""
        return self.now

    def wall_ms(self) -> int:
        # Rounded: an hour in steps is to be an hour, not a millisecond less.
        return self._start_ms + round(self.now * 1000)

    def peer(self) -> float:
        return trio.current_time() + self.peers_ahead

    def move_to(self, now: float, *, peers: bool) -> None:
        """Never backwards."""
        step = max(now - self.now, 0.0)
        self.now += step
        if peers:
            self.peers_ahead += step
