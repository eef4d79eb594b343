"""Tap: where one channel's messages are shown to the firehose, while somebody traces."""

from collections.abc import Sequence

from broker.message import Message, messages_of
from broker.queues import Queue
from broker.vhost import VirtualHost


class Tap:
    """One for each channel. Whoever has messages asks ``vhost.firehose`` first, so that nothing is paid without one."""

    __slots__ = ("channel", "connection", "user", "vhost")

    def __init__(self, vhost: VirtualHost[Queue], connection: str, channel: int, user: str) -> None:
        self.vhost = vhost
        self.connection = connection
        self.channel = channel
        self.user = user

    def published(
        self, contents: Sequence[bytes], route: bytes, queues: Sequence[Queue], more_keys: Sequence[str] = ()
    ) -> None:
        """Contents of one route are about to go to ``queues``."""
        if self.vhost.firehose is not None:
            messages = messages_of(contents, route)
            self.vhost.firehose.published(messages, queues, more_keys, self)

    def delivered(self, queue: str, messages: Sequence[Message], *, redelivered: bool) -> None:
        """A queue's messages were sent."""
        if self.vhost.firehose is not None:
            self.vhost.firehose.delivered(queue, messages, self, redelivered=redelivered)
