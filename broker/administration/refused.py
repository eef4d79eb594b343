"""Refused: why an administrator does not get what was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from broker.access import AccessError
from broker.policies.policy import NoSuchPolicy, PolicyError


class Refused(Exception):
    """One sentence, or a few lines, for whoever asked; RabbitMQ's words."""


@contextmanager
def refusing() -> Iterator[None]:
    """What rooms below raise at an administrator comes out as Refused."""
    try:
        yield
    except (AccessError, PolicyError, NoSuchPolicy) as error:
        raise Refused(str(error).strip()) from None
