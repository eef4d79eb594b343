"""MemoryGauge: what all queues of a node hold in memory."""


class MemoryGauge:
    """What all queues of a node hold, in bytes: an estimate that costs nothing per message."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0.0
