"""Nowhere: where replies go whose requester is gone.

RabbitMQ 4.2 and later take a name that they once gave to a requester (direct reply-to) for a queue, for good: what is
published to it counts as routed, and is lost.
"""

import re
from typing import Any, Final

# As ``session.channel`` makes them: the pseudo queue's name, and 16 random bytes in base64.
_REPLY_NAME: Final = re.compile(r"amq\.rabbitmq\.reply-to\.[A-Za-z0-9_-]{22}")


class Nowhere:
    """A queue that is always empty."""

    __slots__ = ()

    name = "amq.rabbitmq.reply-to"
    kind = "reply-to"
    # It cannot make a transaction partial: replies may get lost.
    deleted = False

    def enqueue(self, messages: list[Any], size_bytes: int, turn: Any, *, persistent: bool = False) -> None:
        """They are lost."""


NOWHERE: Final = Nowhere()


def was_a_requester(name: str) -> bool:
    """Whether a requester may have had this name."""
    return _REPLY_NAME.fullmatch(name) is not None
