"""Which frame is legal in which state of a channel: one table.

Rule: everything that moves a channel from one state to another stands here. What a method *does* does not.

A channel that the server has closed (after a soft error) discards what is no life-cycle method: a client may have sent
much before it hears. Source: AMQP 0-9-1, section 2.2.2 and RabbitMQ's rabbit_channel.
"""

from enum import Enum, auto

from protocol.amqp import replies
from protocol.amqp.errors import HardError


class State(Enum):
    ABSENT = auto()
    OPEN = auto()
    CLOSING = auto()  # we sent channel.close and wait for close-ok


class Input(Enum):
    OPEN = auto()
    CLOSE = auto()
    CLOSE_OK = auto()
    METHOD = auto()  # any other
    CONTENT = auto()  # a header or body frame


class Action(Enum):
    OPEN = auto()
    CLOSE = auto()
    FREE = auto()
    ANSWER_CLOSE = auto()
    PASS_ON = auto()
    DISCARD = auto()


class Refuse:
    """A cell that ends the connection."""

    __slots__ = ("explanation", "reply")

    def __init__(self, reply: replies.Reply, explanation: str) -> None:
        self.reply = reply
        self.explanation = explanation

    def error(self) -> HardError:
        return HardError(self.reply, self.explanation)


_NOT_OPEN = Refuse(replies.CHANNEL_ERROR, "expected 'channel.open'")
_OPEN_ALREADY = Refuse(replies.CHANNEL_ERROR, "second 'channel.open' seen")
_NO_METHOD = Refuse(replies.UNEXPECTED_FRAME, "expected method frame, got non method frame instead")

TABLE: dict[tuple[State, Input], tuple[Action, State] | Refuse] = {
    (State.ABSENT, Input.OPEN): (Action.OPEN, State.OPEN),
    (State.ABSENT, Input.CLOSE): _NOT_OPEN,
    (State.ABSENT, Input.CLOSE_OK): _NOT_OPEN,
    (State.ABSENT, Input.METHOD): _NOT_OPEN,
    (State.ABSENT, Input.CONTENT): _NO_METHOD,
    (State.OPEN, Input.OPEN): _OPEN_ALREADY,
    (State.OPEN, Input.CLOSE): (Action.CLOSE, State.ABSENT),
    (State.OPEN, Input.CLOSE_OK): Refuse(replies.COMMAND_INVALID, "unimplemented method"),
    (State.OPEN, Input.METHOD): (Action.PASS_ON, State.OPEN),
    (State.OPEN, Input.CONTENT): (Action.PASS_ON, State.OPEN),
    (State.CLOSING, Input.OPEN): _OPEN_ALREADY,
    (State.CLOSING, Input.CLOSE): (Action.ANSWER_CLOSE, State.CLOSING),
    (State.CLOSING, Input.CLOSE_OK): (Action.FREE, State.ABSENT),
    (State.CLOSING, Input.METHOD): (Action.DISCARD, State.CLOSING),
    (State.CLOSING, Input.CONTENT): (Action.DISCARD, State.CLOSING),
}
