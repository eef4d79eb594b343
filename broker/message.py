"""Message: what was published, one object however many queues hold it."""


class Message:
    """A message's bytes as they came and as they will go out again.

    ``content`` is the header frame and the body frames (``protocol.amqp.basic``); ``route`` the exchange and routing
    key it was published with, in wire form and shared by all messages of one route. What differs from queue to queue
    (place, redelivered) is kept by the queue.
    """

    __slots__ = ("content", "route")

    def __init__(self, content: bytes, route: bytes) -> None:
        self.content = content
        self.route = route
