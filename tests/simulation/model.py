"""What the broker should hold, written down again in the simplest way: per queue the messages that wait and those that
are out; per channel its consumers and what they have not settled.

The model is told what clients ask (``World``'s steps) and what they were sent, and asserts that the two fit together.
"""


class QueueModel:
    """Messages by their number in this queue, from 1."""

    def __init__(self, name: str, *, auto_delete: bool = False, owner: object = None) -> None:
        self.name = name
        self.auto_delete = auto_delete
        self.owner = owner
        self.deleted = False
        self.consumers: list[ConsumerModel] = []
        self.number_of: dict[int, int] = {}
        self.ready: set[int] = set()
        self.out: set[int] = set()
        self.was_out: set[int] = set()
        self.enqueued = self.settled = self.dropped = 0

    def enqueue(self, message: int) -> None:
        self.enqueued += 1
        self.number_of[message] = self.enqueued
        self.ready.add(self.enqueued)

    def hand_out(self, message: int, redelivered: bool, no_ack: bool) -> int:
        """A message was delivered; its number."""
        number = self.number_of[message]
        assert number in self.ready, f"{self.name}: {number} was delivered and did not wait"
        assert redelivered == (number in self.was_out), f"{self.name}: {number} redelivered={redelivered}"
        self.ready.remove(number)
        self.was_out.add(number)
        if no_ack:
            self.settled += 1
        else:
            self.out.add(number)
        return number

    def settle(self, number: int, requeue: bool) -> None:
        if self.deleted:
            return
        self.out.remove(number)
        if requeue:
            self.ready.add(number)
        else:
            self.settled += 1

    def purge(self) -> None:
        self.dropped += len(self.ready)
        self.ready.clear()

    def delete(self) -> None:
        self.deleted = True
        self.dropped += len(self.ready) + len(self.out)
        self.ready.clear()
        self.out.clear()
        for consumer in self.consumers:
            consumer.channel.consumers.pop(consumer.tag)
        self.consumers.clear()

    def check(self, queue) -> None:
        """Nothing was lost and nothing was made up; ``queue`` is the broker's."""
        held = len(self.ready) + len(self.out)
        assert self.enqueued == held + self.settled + self.dropped, self.name
        assert queue.message_count == len(self.ready), f"{self.name}: {queue.message_count} != {len(self.ready)}"
        assert queue.held == held, f"{self.name} holds {queue.held}, not {held}"
        assert queue.consumer_count == len(self.consumers), self.name


class ConsumerModel:
    def __init__(self, tag: str, channel: "ChannelModel", queue: QueueModel, no_ack: bool) -> None:
        self.tag = tag
        self.channel = channel
        self.queue = queue
        self.no_ack = no_ack
        self.prefetch = channel.prefetch
        self.outstanding = 0

    def has_room(self) -> bool:
        if self.channel.outbox.full:
            return False
        shared = self.channel.shared_prefetch
        if shared and self.channel.consumed_outstanding() >= shared:
            return False
        return self.no_ack or not self.prefetch or self.outstanding < self.prefetch


class ChannelModel:
    """``outstanding`` maps a delivery tag to (queue, number, consumer or None for a basic.get)."""

    def __init__(self, outbox) -> None:
        self.outbox = outbox
        self.consumers: dict[str, ConsumerModel] = {}
        self.outstanding: dict[int, tuple[QueueModel, int, ConsumerModel | None]] = {}
        self.prefetch = self.shared_prefetch = 0
        self.confirming = self.transactional = False
        self.tx_publishes: list[tuple[list[QueueModel], int]] = []
        self.tx_settled: dict[int, tuple] = {}

    def consumed_outstanding(self) -> int:
        held = (*self.outstanding.values(), *(entry[:3] for entry in self.tx_settled.values()))
        return sum(1 for _, _, consumer in held if consumer is not None)

    def publish(self, queues: list[QueueModel], message: int) -> None:
        if self.transactional:
            self.tx_publishes.append((queues, message))
            return
        for queue in queues:
            queue.enqueue(message)

    def settle(self, tags: list[int], requeue: bool) -> None:
        for tag in tags:
            entry = self.outstanding.pop(tag)
            if self.transactional:
                self.tx_settled[tag] = (*entry, requeue)
            else:
                self._settle(entry, requeue)

    @staticmethod
    def _settle(entry, requeue: bool) -> None:
        queue, number, consumer = entry
        queue.settle(number, requeue)
        if consumer is not None:
            consumer.outstanding -= 1

    def commit(self) -> None:
        for queues, message in self.tx_publishes:
            for queue in queues:
                queue.enqueue(message)
        for *entry, requeue in self.tx_settled.values():
            self._settle(entry, requeue)
        self.tx_publishes, self.tx_settled = [], {}

    def rollback(self) -> None:
        for tag, (*entry, _) in self.tx_settled.items():
            self.outstanding[tag] = tuple(entry)
        self.outstanding = dict(sorted(self.outstanding.items()))
        self.tx_publishes, self.tx_settled = [], {}

    def cancel(self, tag: str) -> None:
        consumer = self.consumers.pop(tag)
        consumer.queue.consumers.remove(consumer)

    def end(self) -> set[QueueModel]:
        """The channel is closed, by whomever; the queues it consumed from."""
        left = {consumer.queue for consumer in self.consumers.values()}
        for tag in list(self.consumers):
            self.cancel(tag)
        self.rollback()
        self.transactional = False
        self.settle(list(self.outstanding), requeue=True)
        return left
