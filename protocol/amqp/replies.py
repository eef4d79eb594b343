"""The reply codes of AMQP 0-9-1, each soft (ends a channel) or hard (ends the connection).

Source: AMQP 0-9-1 specification, section 1.2 ("constants"), with RabbitMQ's reading of which are hard.
"""


class Reply:
    """A reply code: its number, the name that opens every reply text, and whether it ends the whole connection."""

    __slots__ = ("code", "hard", "name")

    def __init__(self, code: int, name: str, *, hard: bool) -> None:
        self.code = code
        self.name = name
        self.hard = hard

    def __repr__(self) -> str:
        return f"<Reply {self.code} {self.name}>"


SUCCESS = 200

CONTENT_TOO_LARGE = Reply(311, "CONTENT_TOO_LARGE", hard=False)
NO_ROUTE = Reply(312, "NO_ROUTE", hard=False)
NO_CONSUMERS = Reply(313, "NO_CONSUMERS", hard=False)
ACCESS_REFUSED = Reply(403, "ACCESS_REFUSED", hard=False)
NOT_FOUND = Reply(404, "NOT_FOUND", hard=False)
RESOURCE_LOCKED = Reply(405, "RESOURCE_LOCKED", hard=False)
PRECONDITION_FAILED = Reply(406, "PRECONDITION_FAILED", hard=False)

CONNECTION_FORCED = Reply(320, "CONNECTION_FORCED", hard=True)
INVALID_PATH = Reply(402, "INVALID_PATH", hard=True)
FRAME_ERROR = Reply(501, "FRAME_ERROR", hard=True)
SYNTAX_ERROR = Reply(502, "SYNTAX_ERROR", hard=True)
COMMAND_INVALID = Reply(503, "COMMAND_INVALID", hard=True)
CHANNEL_ERROR = Reply(504, "CHANNEL_ERROR", hard=True)
UNEXPECTED_FRAME = Reply(505, "UNEXPECTED_FRAME", hard=True)
RESOURCE_ERROR = Reply(506, "RESOURCE_ERROR", hard=True)
NOT_ALLOWED = Reply(530, "NOT_ALLOWED", hard=True)
NOT_IMPLEMENTED = Reply(540, "NOT_IMPLEMENTED", hard=True)
INTERNAL_ERROR = Reply(541, "INTERNAL_ERROR", hard=True)
