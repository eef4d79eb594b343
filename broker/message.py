"""Message: what was published, one object however many queues hold it; and what a queue adds that looks into it."""

from collections.abc import Mapping, Sequence
from typing import Final

from protocol.amqp import properties
from protocol.amqp.basic import PROPERTIES_AT
from protocol.amqp.content import properties_of
from protocol.amqp.tables import Timestamp

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

# A deadline that does not come. All deadlines of messages are ms since 1970.
NEVER_MS: Final = 2**63
# What Erlang's timers took, and so RabbitMQ's plugin: 49 days.
_DELAY_MAX_MS: Final = 2**32 - 1
_DELAY_DIGITS_MAX: Final = 100
# Of the two bytes of property flags, the first one's bits that say that there is an expiration, a priority.
_HAS_EXPIRATION: Final = properties.EXPIRATION >> 8
_HAS_PRIORITY: Final = properties.PRIORITY >> 8


# A content's header frame bears its publisher's channel; this one is no client's.
OWN_HEADER_FRAME: Final = b"\x02\x00\x00"


# Nothing of it can be part of a circle, and the collector need not look at a million of them.
@cython.no_gc
@cython.freelist(256)
@cython.cclass
class Message:
    """A message's bytes as they came and as they will go out again.

    ``content`` is the header frame and the body frames (``protocol.amqp.basic``); ``route`` the exchange and routing
    key it was published with, in wire form and shared by all messages of one route. What differs from queue to queue
    (place, redelivered) is kept by the queue.
    """

    __slots__ = ("content", "route")

    # What most messages are: without an expiration of their own, in a queue that does not look into them. The types
    # stand in comments, as where it is compiled annotated ones would be room in each message.
    ttl_ms = None  # type: int | None
    deadline_ms = NEVER_MS  # type: int
    priority = 0
    attempts = 0
    acquired = 0

    def __init__(self, content: bytes, route: bytes) -> None:
        self.content = content
        self.route = route

    @property
    def original(self) -> bytes:
        """The content as it was published."""
        return self.content


class ExpiringMessage(Message):
    """One with an expiration, in ms."""

    __slots__ = ("ttl_ms",)

    def __init__(self, content: bytes, route: bytes, ttl_ms: int) -> None:
        super().__init__(content, route)
        self.ttl_ms = ttl_ms


class QueuedMessage(Message):
    """As one queue holds it: until when, how urgent, how often it was handed out in vain, and how often at all.

    ``content`` may tell its consumer of that; ``original`` does not.
    """

    __slots__ = ("_published", "acquired", "attempts", "deadline_ms", "priority")

    def __init__(self, message: Message, deadline_ms: int, priority: int) -> None:
        super().__init__(message.content, message.route)
        self._published = message.content
        self.deadline_ms = deadline_ms
        self.priority = priority
        self.attempts = 0
        self.acquired = 0

    @property
    def original(self) -> bytes:
        return self._published


def messages_of(contents: Sequence[bytes], route: bytes) -> list[Message]:
    """The messages of contents that were published by one route, none of which has an expiration."""
    if not cython.compiled:
        return [Message(content, route) for content in contents]
    messages = []
    content: bytes
    message: Message
    for content in contents:
        # Without the call of __init__, which takes as long again.
        message = Message.__new__(Message)
        message.content = content
        message.route = route
        messages.append(message)
    return messages


def has_expiration(content: bytes) -> bool:
    """Whether its properties have one."""
    return bool(content[PROPERTIES_AT] & _HAS_EXPIRATION)


def has_priority(content: bytes) -> bool:
    """Whether its properties have one."""
    return bool(content[PROPERTIES_AT] & _HAS_PRIORITY)


def expiration_ms(content: bytes) -> int | None:
    """A message's own time to live; None where it has none, or none that is a number (3.x stored what it was given)."""
    if not has_expiration(content):
        return None
    text = properties.short_string(properties_of(content), properties.EXPIRATION) or ""
    return int(text) if text.isdecimal() else None


def priority_of(content: bytes) -> int:
    """A message's priority, 0 where it has none."""
    return properties.priority(properties_of(content))


def is_brokers_own(content: bytes) -> bool:
    """Whether the broker itself wrote its properties, as a dead letter's."""
    return content.startswith(OWN_HEADER_FRAME)


def body_bytes(content: bytes) -> int:
    """The size of a message's body."""
    return int.from_bytes(content[11:19], "big")


def message_of(content: bytes, route: bytes) -> Message:
    """A message of checked content."""
    ttl_ms = expiration_ms(content)
    return Message(content, route) if ttl_ms is None else ExpiringMessage(content, route, ttl_ms)


def more_keys(headers: Mapping[str, object] | None, name: str) -> list[str]:
    """The routing keys in a CC or BCC header; what is none is passed over."""
    value = headers.get(name) if headers else None
    return [key for key in value if isinstance(key, str)] if isinstance(value, list) else []


def delay_ms(headers: Mapping[str, object] | None) -> int:
    """For how long a message with these headers asks to be held back; 0 where it does not, or asks in vain."""
    value = headers.get("x-delay") if headers else None
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= _DELAY_DIGITS_MAX else 0
    elif isinstance(value, float):
        value = int(value) if 0 < value <= _DELAY_MAX_MS else 0
    if not isinstance(value, int) or isinstance(value, (bool, Timestamp)):
        return 0
    return int(value) if 0 < value <= _DELAY_MAX_MS else 0
