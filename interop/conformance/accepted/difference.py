"""What one accepted difference says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """In conversations matching the pattern, the lines ``ours`` stand where the record says ``record``."""

    conversation: str
    record: str
    ours: tuple[str, ...]
    reason: str
