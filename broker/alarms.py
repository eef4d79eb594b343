"""Alarms: when memory or the disk run short, and when there is enough again. Publishers wait in between.

Names and words are those of RabbitMQ's rabbit_alarm, vm_memory_monitor and rabbit_disk_monitor. Nothing is measured
here: the shell tells what it finds.
"""

from typing import Final

from broker.queues.gauge import MemoryGauge

MEMORY: Final = "memory"
DISK: Final = "disk"

# An alarm is lifted when a fifth of the limit is free again, or it would come and go with every message.
_LIFTED_AT: Final = 0.8
# What the process takes up may be more than the limit of what queues hold: 1.2 times it were measured with bodies of 16
# bytes, and when all of them were gone still 1.1 times, as Python gives memory back in pieces of a megabyte. From here
# on, messages do not explain it: it is buffers for clients that do not read, connections, definitions.
_PROCESS_SHARE: Final = 1.75
# And no alarm below that growth, whatever the limit: a broker inside a test has Python's whims around it.
_PROCESS_LEAST_BYTES: Final = 256 * 1024**2


class Alarms:
    """Which of them stand. All sizes in bytes.

    Memory is short while queues hold more than ``memory_limit_bytes``, or while the process takes up so much more that
    this is not the queues'; with a limit of 0 always. The disk is short while fewer than ``disk_free_limit_bytes`` are
    free on it, or while it refuses to be written to.
    """

    __slots__ = (
        "_gauge",
        "_process_at_first_bytes",
        "disk",
        "disk_free_bytes",
        "disk_free_limit_bytes",
        "memory",
        "memory_limit_bytes",
        "process_bytes",
    )

    def __init__(self, gauge: MemoryGauge, *, memory_limit_bytes: int, disk_free_limit_bytes: int) -> None:
        self.memory = False
        self.disk = False
        self.memory_limit_bytes = memory_limit_bytes
        self.disk_free_limit_bytes = disk_free_limit_bytes
        self.process_bytes = 0
        # None until it is known. A broker without a disk has 0, and a limit of 0.
        self.disk_free_bytes: int | None = None
        self._gauge = gauge
        self._process_at_first_bytes = 0

    @property
    def reason(self) -> str:
        """Why publishers wait, as clients are told it; "" where they do not."""
        sources = [source for source, stands in ((DISK, self.disk), (MEMORY, self.memory)) if stands]
        return f"low on {' & '.join(sources)}" if sources else ""

    @property
    def process_limit_bytes(self) -> float:
        """What the process may take up."""
        least = self._process_at_first_bytes + _PROCESS_LEAST_BYTES
        return max(self.memory_limit_bytes * _PROCESS_SHARE, least)

    def process_takes(self, size_bytes: int) -> None:
        """The process has so much memory (its resident set)."""
        self._process_at_first_bytes = self._process_at_first_bytes or size_bytes
        self.process_bytes = size_bytes

    @property
    def would_change(self) -> bool:
        """Whether what was measured makes a difference, if the disk may be written to."""
        return self._memory_is_short() != self.memory or self._disk_is_short() != self.disk

    def look(self, *, disk_refuses: bool) -> list[str]:
        """The sources whose alarm was set or lifted by this: MEMORY, DISK."""
        if self._is_calm and not disk_refuses:
            return []
        was = self.disk, self.memory
        self.memory = self._memory_is_short()
        self.disk = disk_refuses or self._disk_is_short()
        if (self.disk, self.memory) == was:
            return []
        return [source for source, before in zip((DISK, MEMORY), was, strict=True) if self.stands(source) != before]

    @property
    def _is_calm(self) -> bool:
        """No alarm, and no reason for one: the end of each turn asks."""
        limit, free = self.memory_limit_bytes, self.disk_free_bytes
        return (
            self._gauge.bytes <= limit >= self.process_bytes
            and limit > 0
            and (free is None or free >= self.disk_free_limit_bytes)
            and not (self.memory or self.disk)
        )

    def stands(self, source: str) -> bool:
        return self.memory if source == MEMORY else self.disk

    def describe(self, source: str) -> str:
        """For the log: how much there is."""
        if source == MEMORY:
            held, process = self._gauge.bytes / 2**20, self.process_bytes / 2**20
            return f"queues hold {held:.0f} MiB" + (f", the process {process:.0f} MiB" if process else "")
        if self.disk_free_bytes is None:
            return "it refuses to be written to" if self.disk else "it can be written to"
        return f"{self.disk_free_bytes / 2**20:.0f} MiB are free"

    def _memory_is_short(self) -> bool:
        factor = _LIFTED_AT if self.memory else 1.0
        limit = self.memory_limit_bytes
        return not limit or self._gauge.bytes > limit * factor or self.process_bytes > self.process_limit_bytes * factor

    def _disk_is_short(self) -> bool:
        limit = self.disk_free_limit_bytes
        return self.disk_free_bytes is not None and self.disk_free_bytes < (limit / _LIFTED_AT if self.disk else limit)
