"""What a peer did wrong, as exceptions that carry the reply the peer will get.

SoftError ends a channel, HardError the connection. They are the only exceptions that protocol/ and the broker's core
let out on account of a client's input; any other exception is a bug of ours.
"""

from collections.abc import Callable

from protocol.amqp import replies
from protocol.amqp.replies import Reply

# A reply text is a short string: one length byte. RabbitMQ cuts at 252 bytes and marks the cut.
_TEXT_MAX_BYTES = 255


class AmqpError(Exception):
    """A refusal. ``text`` is the whole reply text (``NAME - explanation``, or the name alone where there is none), at
    most 255 bytes of UTF-8.

    ``class_id`` and ``method_id`` name the method to blame; they stay 0 until whoever dispatched that method fills
    them in.
    """

    def __init__(self, reply: Reply, explanation: str | None, class_id: int = 0, method_id: int = 0) -> None:
        self.reply = reply
        self.text = _reply_text(reply, explanation)
        self.class_id = class_id
        self.method_id = method_id
        super().__init__(self.text)

    def forget_origin(self) -> None:
        """Let go of the frames it came through, once it has been dealt with.

        A frame that names the exception it raised closes a circle: session, connection and socket would wait for the
        collector (measured: 14 whole peers after 75 s of a soak).
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None

    def blame(self, class_id: int, method_id: int) -> None:
        """Name the culprit, unless an inner room has named it already."""
        if not self.class_id:
            self.class_id = class_id
            self.method_id = method_id


class SoftError(AmqpError):
    """Ends the channel."""


class HardError(AmqpError):
    """Ends the connection."""


class MalformedText(HardError):
    """A short string that is not UTF-8. No method is to blame: RabbitMQ finds it before it knows which one it is."""

    def __init__(self) -> None:
        super().__init__(replies.FRAME_ERROR, "Malformed UTF-8 in shortstr")

    def blame(self, class_id: int, method_id: int) -> None:
        """Nobody, whoever dispatched it."""


def _reply_text(reply: Reply, explanation: str | None) -> str:
    text = reply.name if explanation is None else f"{reply.name} - {explanation}"
    # Names of arguments need not be UTF-8 (see ``tables.read_table``), but a short string has to be.
    raw = text.encode(errors="replace")
    if len(raw) <= _TEXT_MAX_BYTES:
        return raw.decode()
    return raw[: _TEXT_MAX_BYTES - 3].decode(errors="ignore") + "..."


def _soft(reply: Reply) -> Callable[[str], SoftError]:
    def make(explanation: str) -> SoftError:
        return SoftError(reply, explanation)

    return make


def _hard(reply: Reply) -> Callable[[str | None], HardError]:
    def make(explanation: str | None) -> HardError:
        return HardError(reply, explanation)

    return make


access_refused = _soft(replies.ACCESS_REFUSED)
not_found = _soft(replies.NOT_FOUND)
resource_locked = _soft(replies.RESOURCE_LOCKED)
precondition_failed = _soft(replies.PRECONDITION_FAILED)

connection_forced = _hard(replies.CONNECTION_FORCED)
frame_error = _hard(replies.FRAME_ERROR)
syntax_error = _hard(replies.SYNTAX_ERROR)
command_invalid = _hard(replies.COMMAND_INVALID)
channel_error = _hard(replies.CHANNEL_ERROR)
unexpected_frame = _hard(replies.UNEXPECTED_FRAME)
resource_error = _hard(replies.RESOURCE_ERROR)
not_allowed = _hard(replies.NOT_ALLOWED)
not_implemented = _hard(replies.NOT_IMPLEMENTED)
internal_error = _hard(replies.INTERNAL_ERROR)
