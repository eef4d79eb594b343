"""QueueModel: what a classic queue should hold, durable or not, and what of it a crash may take.

Messages by their place in the queue, from 0; a durable queue's log must number them alike.
"""

from tests.simulation.durable.safety import Safety


class QueueModel:
    """``log_name`` is "" for a queue that lives in memory; ``declare`` is how it was declared.

    A message is a number; ``persistent`` says which are.
    """

    is_stream = False

    def __init__(self, name: str, log_name: str, declare, *, owner: object = None) -> None:
        self.name = name
        self.log_name = log_name
        self.declare = declare
        self.auto_delete = declare.auto_delete
        self.owner = owner
        self.deleted = False
        # The state of the definitions that has it, and the one that no longer does.
        self.declared_at = self.gone_at = 0
        self.ever_consumed = False
        self.consumers: list = []
        self.messages: list[int] = []
        self.place_of: dict[int, int] = {}
        # Places at which a crash may end the log: nothing half of what was appended in one go.
        self.ends = {0}
        self.persistent: set[int] = set()
        self.ready: set[int] = set()
        self.out: set[int] = set()
        self.was_out: set[int] = set()
        # In the order in which it happened, purged and transient ones included.
        self.settled: list[int] = []
        self.enqueued = self.done = self.dropped = 0
        self.safety = Safety(self._mark)

    @property
    def durable(self) -> bool:
        return bool(self.log_name)

    def _mark(self) -> tuple[int, int]:
        return len(self.messages), len(self.settled)

    # -- what happens --------------------------------------------------------------------------------------------------

    def enqueue(self, run) -> None:
        """All of a run or nothing outlives a crash."""
        messages = run.messages
        for message in messages:
            place = len(self.messages)
            self.messages.append(message)
            self.place_of[message] = place
            self.ready.add(place)
            if run.persistent:
                self.persistent.add(place)
        self.enqueued += len(messages)
        self.ends.add(len(self.messages))

    def hand_out(self, message: int, redelivered: bool, no_ack: bool) -> int:
        """A message was delivered; its place."""
        place = self.place_of.get(message)
        assert place is not None, f"{self.name}: message {message} never was in it"
        assert place in self.ready, f"{self.name}: {place} was delivered and did not wait"
        if place in self.was_out:
            assert redelivered, f"{self.name}: {place} may have been delivered before and is not flagged"
        else:
            assert not redelivered, f"{self.name}: {place} is flagged and was never delivered"
        self.ready.remove(place)
        self.was_out.add(place)
        if no_ack:
            self.done += 1
            self.settled.append(place)
        else:
            self.out.add(place)
        return place

    def settle(self, place: int, requeue: bool) -> None:
        if self.deleted:
            return
        self.out.remove(place)
        if requeue:
            self.ready.add(place)
        else:
            self.done += 1
            self.settled.append(place)

    def purge(self) -> None:
        self.dropped += len(self.ready)
        self.settled += sorted(self.ready)
        self.ready.clear()

    def delete(self) -> None:
        self.deleted = True
        self.dropped += len(self.ready) + len(self.out)
        self.ready.clear()
        self.out.clear()
        for consumer in self.consumers:
            consumer.channel.consumers.pop(consumer.tag)
        self.consumers.clear()

    def is_safe(self, place: int, definitions: int) -> bool:
        """Whether the one who published it may be told so. ``definitions``: the state of those that is safe."""
        there = place < self.safety.safe[0] and self.declared_at <= definitions
        return there or (self.deleted and self.gone_at <= definitions)

    # -- after a restart -----------------------------------------------------------------------------------------------

    def restart(self, found: list[tuple[int, int]], end: int, *, clean: bool, killed: bool) -> None:
        """``found`` waits there now, as (place, message); the log goes on at ``end``. Everybody is gone.

        ``killed``: the node knows of no orderly stop, so it must take all for delivered, as RabbitMQ's classic queues
        do; else exactly those that were.
        """
        if clean:
            self._check_after_stop(found, end)
        else:
            self._check_after_crash(found, end)
        for message in self.messages[end:]:
            del self.place_of[message]
        del self.messages[end:]
        waiting = {place for place, _ in found}
        self.ready = waiting
        self.persistent = {place for place in self.persistent if place < end}
        self.ends = {each for each in self.ends if each < end} | {end}
        self.settled = [place for place in range(end) if place not in waiting]
        self.was_out = {place for place in self.was_out if place < end} | (waiting if killed else set())
        self.out = set()
        self.consumers = []
        # Perhaps it had been, and nobody had been told.
        self.deleted = self.ever_consumed = False
        self.declared_at = 0
        # Counted from the start on.
        self.enqueued, self.done, self.dropped = len(waiting), 0, 0
        self.safety.restart()

    def _check_after_crash(self, found, end: int) -> None:
        safe, settled_safely = self.safety.performed
        attempted, settled_perhaps = self.safety.attempted
        assert safe <= end, f"{self.name}: safe up to {safe}, and after the crash it ends at {end}"
        assert end <= attempted, f"{self.name}: {attempted} went to the disk, and after the crash there are {end}"
        assert end in self.ends, f"{self.name}: half of a batch shows: it ends at {end}"
        self._check_found(found)
        there = {place for place, _ in found}
        kept = {place for place in self.persistent if place < end}
        back = there & set(self.settled[:settled_safely])
        assert not back, f"{self.name}: {sorted(back)} were settled, safely, and are back"
        lost = kept - set(self.settled[:settled_perhaps]) - there
        assert not lost, f"{self.name}: {sorted(lost)} are lost"

    def _check_after_stop(self, found, end: int) -> None:
        assert end <= len(self.messages)
        self._check_found(found)
        expected = sorted(self.persistent - set(self.settled))
        places = [place for place, _ in found]
        assert places == expected, f"{self.name}: after an orderly stop there are {places}, not {expected}"

    def _check_found(self, found) -> None:
        places = [place for place, _ in found]
        assert places == sorted(set(places)), f"{self.name}: {places} are not in order"
        for place, message in found:
            assert place < len(self.messages), f"{self.name}: {message} at {place} was never enqueued"
            assert self.messages[place] == message, f"{self.name}: at {place} is {message}, not {self.messages[place]}"
            assert place in self.persistent, f"{self.name}: {place} was transient"
