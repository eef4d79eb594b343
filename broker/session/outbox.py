"""Outbox: what waits to be sent to one peer.

Deliveries stop when it is full; replies still go in, so it may grow beyond, until the peer itself is not read any more.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Outboxes(Protocol):
    """The node's list of outboxes with bytes to send (``turn.Backlog``)."""

    outboxes: dict[Any, None]


def _no_one() -> None:
    """Stands for the shell until there is one."""


class Outbox:
    """Bytes in the order in which they must go out. All sizes in bytes.

    ``full`` becomes true at HIGH_WATER and stays so until ``relieved``; ``clogged`` means that not even replies fit.
    While ``held`` is not 0 nothing is sent but what came by ``append_ahead``: the rest must not be said before a log is
    safe.
    ``wake`` is the shell's: called once a turn in which something was added.
    """

    __slots__ = ("_ahead", "_chunks", "_registry", "full", "held", "size", "wake", "written_at")

    # About 2,700 deliveries of 16 bytes: enough to keep a fast consumer busy, little beside a thousand slow ones.
    HIGH_WATER = 256 * 1024
    LOW_WATER = 64 * 1024
    # Confirms, returns and get-oks of a peer that sends and never reads.
    CLOGGED = 4 * 1024 * 1024
    # One send takes about this much; joining more at once only costs memory (64 KiB reads are best at the other end).
    SEND_BYTES = 256 * 1024

    def __init__(self, registry: Outboxes) -> None:
        self.size = 0
        self.full = False
        self.written_at = 0.0
        self.wake: Callable[[], None] = _no_one
        self._chunks: deque[bytes] = deque()
        self._ahead: deque[bytes] = deque()
        self._registry = registry
        self.held = 0

    @property
    def clogged(self) -> bool:
        return self.size >= self.CLOGGED

    def append(self, chunk: bytes) -> None:
        """Add bytes, any number of whole frames."""
        self._chunks.append(chunk)
        self.size += len(chunk)
        if self.size >= self.HIGH_WATER:
            self.full = True
        self._registry.outboxes[self] = None

    def append_ahead(self, chunk: bytes) -> None:
        """Add bytes that do not wait with the others while it is held; in their turn when it is not."""
        if not self.held:
            self.append(chunk)
            return
        self._ahead.append(chunk)
        self.size += len(chunk)
        self._registry.outboxes[self] = None

    def take(self) -> bytes:
        """The next bytes to send, about SEND_BYTES of them; b"" when there are none."""
        if self._ahead:
            ahead = self._ahead.popleft()
            self.size -= len(ahead)
            return ahead
        chunks = self._chunks
        if not chunks or self.held:
            return b""
        if len(chunks) == 1 or len(chunks[0]) >= self.SEND_BYTES:
            taken = chunks.popleft()
        elif self.size <= self.SEND_BYTES:
            taken = b"".join(chunks)
            chunks.clear()
        else:
            pieces, size = [], 0
            while chunks and size < self.SEND_BYTES:
                pieces.append(chunks.popleft())
                size += len(pieces[-1])
            taken = b"".join(pieces)
        self.size -= len(taken)
        return taken

    def release(self) -> None:
        """One reason less to hold it."""
        self.held -= 1
        if not self.held:
            self._registry.outboxes[self] = None

    def relieved(self) -> bool:
        """Whether a full outbox has fallen to LOW_WATER; it is not full any more then."""
        if self.full and self.size <= self.LOW_WATER:
            self.full = False
            return True
        return False

    def discard(self) -> None:
        """Drop what waits: the peer is gone."""
        self._chunks.clear()
        self._ahead.clear()
        self.size = 0
        self.full = False
