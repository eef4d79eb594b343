"""Heartbeats: when to send one and when a silent peer counts as gone, computed from ``now``.

Source: AMQP 0-9-1, section 4.2.7; the times are RabbitMQ's: one is sent when nothing was for half the interval, and a
peer is gone after two whole intervals without a byte.
"""


class Heartbeat:
    """``interval_s`` is what tune-ok said; 0 turns both directions off."""

    __slots__ = ("interval_s", "received_at", "sent_at")

    def __init__(self, interval_s: int, now: float) -> None:
        self.interval_s = interval_s
        self.received_at = now
        self.sent_at = now

    def next_deadline(self) -> float | None:
        """When ``due`` or ``dead`` may next be true; None if never."""
        if not self.interval_s:
            return None
        return min(self._due_at(), self._dead_at())

    def due(self, now: float) -> bool:
        """Whether a heartbeat must be sent."""
        return bool(self.interval_s) and now >= self._due_at()

    def dead(self, now: float) -> bool:
        """Whether the peer has been silent for too long."""
        return bool(self.interval_s) and now >= self._dead_at()

    def _due_at(self) -> float:
        return self.sent_at + self.interval_s / 2

    def _dead_at(self) -> float:
        return self.received_at + self.interval_s * 2
