"""StreamModel: what a stream should hold, what of it a crash may take, and what each of its readers may see next."""

from datetime import UTC, datetime

from tests.simulation.durable.safety import Safety
from tests.simulation.model import ConsumerModel

# Filter values.
VALUES = ("red", "green", "blue")


class StreamModel:
    """``dropped_below``: retention has let go of what is before this offset."""

    is_stream = True
    auto_delete = False
    owner = None
    durable = True

    def __init__(self, name: str, log_name: str, declare) -> None:
        self.declare = declare
        self.name = name
        self.log_name = log_name
        self.deleted = False
        # The state of the definitions that has it, and the one that no longer does.
        self.declared_at = self.gone_at = 0
        self.ever_consumed = False
        self.consumers: list = []
        self.messages: list[int] = []
        self.place_of: dict[int, int] = {}
        self.times: list[int] = []
        self.values: list[str | None] = []
        self.ends = {0}
        self.dropped_below = 0
        self.safety = Safety(self._mark)

    def _mark(self) -> int:
        return len(self.messages)

    def enqueue(self, run) -> None:
        messages = run.messages
        self.place_of.update((message, place) for place, message in enumerate(messages, len(self.messages)))
        self.messages += messages
        self.times += [run.now_ms] * len(messages)
        self.values += [run.value] * len(messages)
        self.ends.add(len(self.messages))

    def settle(self, place: int, requeue: bool) -> None:
        """Only credit."""

    def delete(self) -> None:
        self.deleted = True
        for consumer in self.consumers:
            consumer.channel.consumers.pop(consumer.tag)
        self.consumers.clear()

    def is_safe(self, place: int, definitions: int) -> bool:
        """Whether the one who published it may be told so. ``definitions``: the state of those that is safe."""
        there = place < self.safety.safe and self.declared_at <= definitions
        return there or (self.deleted and self.gone_at <= definitions)

    def seen(self, offset: int, message: int) -> None:
        """Some reader, or a look at the disk, found this."""
        assert offset < len(self.messages), f"{self.name}: {message} at {offset} was never published"
        assert self.messages[offset] == message, f"{self.name}: at {offset} is {message}, not {self.messages[offset]}"

    def restart(self, found: list[tuple[int, int]], end: int, *, clean: bool, killed: bool) -> None:
        """``found`` is all there is, as (offset, message), and ``end`` the next offset."""
        safe, attempted = self.safety.performed, self.safety.attempted
        if clean:
            assert end == len(self.messages), f"{self.name}: {end} left of {len(self.messages)} after an orderly stop"
        assert safe <= end <= attempted or clean, f"{self.name}: {end} left, {safe} were safe, {attempted} went to disk"
        assert end in self.ends, f"{self.name}: half of a batch shows: it ends at {end}"
        for offset, message in found:
            self.seen(offset, message)
        missing = set(range(self.dropped_below, end)) - {offset for offset, _ in found}
        assert not missing, f"{self.name}: {sorted(missing)} are gone"
        for message in self.messages[end:]:
            del self.place_of[message]
        del self.messages[end:]
        del self.times[end:]
        del self.values[end:]
        self.ends = {each for each in self.ends if each < end} | {end}
        self.consumers = []
        # Perhaps it had been, and nobody had been told.
        self.deleted = self.ever_consumed = False
        self.declared_at = 0
        self.safety.restart()


class StreamConsumer(ConsumerModel):
    """A reader of a stream. It must see every offset from where it began that it wants, but for what retention takes.

    ``wanted`` are filter values, None among them for messages without any; empty: all. More may come.
    """

    def __init__(self, tag: str, channel, queue: StreamModel) -> None:
        super().__init__(tag, channel, queue, no_ack=False)
        # The next offset, or until it has seen one the lowest and highest it may begin with.
        self.next: int | None = None
        self.begins = (0, 0)
        self.wanted: set[str | None] = set()

    def arguments(self, random, log, now_ms: int) -> dict:
        """Choose what to read; the consume's arguments."""
        arguments = self._begin_somewhere(random, log, now_ms)
        if random.random() < 0.3:
            values = random.sample(VALUES, random.randint(1, 2))
            self.wanted = set(values)
            arguments["x-stream-filter"] = values if len(values) > 1 else values[0]
            if random.random() < 0.4:
                self.wanted.add(None)
                arguments["x-stream-match-unfiltered"] = True
        return arguments

    def _begin_somewhere(self, random, log, now_ms: int) -> dict:
        first, end = log.first_offset, log.durable
        match random.randrange(8):
            case 0 | 1:
                self.begins = first, first
                return {"x-stream-offset": "first"}
            case 2:
                self.begins = log.last_chunk_offset, log.last_chunk_offset
                return {"x-stream-offset": "last"}
            case 3:
                self.begins = end, end
                return {"x-stream-offset": "next"}
            case 4:
                self.begins = end, end
                return {}
            case 5:
                offset = random.randint(0, len(self.queue.messages) + 2)
                # One beyond the end is waited for.
                self.begins = max(offset, first), max(offset, first)
                return {"x-stream-offset": offset}
            case 6:
                ago = random.randint(0, 20)
                return {"x-stream-offset": self._since(now_ms - ago * 1000, first, end, f"{ago}s" if ago else None)}
            case _:
                return {"x-stream-offset": self._since(now_ms - random.randint(0, 9000), first, end, None)}

    def _since(self, time_ms: int, first: int, end: int, span: str | None):
        """It may begin earlier, at the chunk's beginning, and never later than the first message of that time."""
        if span is None:
            time_ms = time_ms // 1000 * 1000
        kept = range(first, end)
        self.begins = first, next((offset for offset in kept if self.queue.times[offset] >= time_ms), end)
        return span or datetime.fromtimestamp(time_ms / 1000, UTC)

    def has_room(self) -> bool:
        return not self.channel.outbox.full and self.outstanding < self.prefetch

    def read(self, offset: int | None, message: int, redelivered: bool) -> int:
        """It was delivered this; the offset."""
        queue = self.queue
        assert offset is not None, f"{queue.name}: a delivery without its offset"
        assert not redelivered, f"{queue.name}: a stream redelivers nothing"
        assert offset < queue.safety.safe, f"{queue.name}: {offset} was delivered and {queue.safety.safe} are safe"
        low, high = self.begins if self.next is None else (self.next, self.next)
        assert low <= offset, f"{self.tag} was given {offset} of {queue.name}, not {low}"
        missed = self._missing(high, offset)
        assert not missed, f"{self.tag} was given {offset} of {queue.name}, not {missed[0]}"
        self.next = offset + 1
        queue.seen(offset, message)
        return offset

    def check_caught_up(self, end: int) -> None:
        missed = self._missing(self.begins[1] if self.next is None else self.next, end)
        assert not missed, f"{self.tag} was never given {missed} of {self.queue.name}"

    def _missing(self, begin: int, end: int) -> list[int]:
        """What of these offsets it had to be given."""
        queue, wanted = self.queue, self.wanted
        there = range(max(begin, queue.dropped_below), end)
        return [offset for offset in there if not wanted or queue.values[offset] in wanted]
