"""Differences from RabbitMQ's record that are meant, each with its reason. One that no conversation uses fails the run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """In conversations matching the pattern, ``ours`` stands where the record says ``record`` (empty: the line is missing)."""

    conversation: str
    record: str
    ours: str
    reason: str


ACCEPTED: tuple[Accepted, ...] = ()
