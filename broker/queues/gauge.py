"""MemoryGauge: what all queues of a node hold in memory, and the exchanges that keep messages."""


class MemoryGauge:
    """What they hold, in bytes: an estimate that costs queues nothing per message."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0.0

    def add(self, size_bytes: int) -> None:
        """So much more, or with a minus less."""
        self.bytes += size_bytes
