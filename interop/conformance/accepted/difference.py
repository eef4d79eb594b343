"""What one accepted difference says: one reason, and every line of RabbitMQ's record that it explains."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """In conversations matching the pattern, the lines ``ours`` stand where the record says ``record``."""

    conversation: str
    record: str
    ours: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """One cause. ``name`` is what the list of differences calls it; ``reason`` says both sides and why ours stays."""

    name: str
    reason: str
    cases: tuple[Case, ...]
