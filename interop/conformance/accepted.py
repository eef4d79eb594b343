"""Differences from RabbitMQ's record that are meant, each with its reason. One that is no longer seen fails the run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """In conversations matching the pattern ``ours`` stands where the record says ``record`` (empty: no such line)."""

    conversation: str
    record: str
    ours: str
    reason: str


ACCEPTED: tuple[Accepted, ...] = ()
