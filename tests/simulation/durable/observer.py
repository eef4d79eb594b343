"""Observer: takes every frame that the broker wrote to anybody, holds it against the models, and moves them on."""

from pamqp import body, header
from pamqp.commands import Basic, Channel, Tx

from tests.simulation.durable import frames


class Observer:
    def __init__(self, world) -> None:
        self._world = world
        self._waited: dict[object, list[int]] = {}
        self._given: dict[object, list[int]] = {}
        self._last: dict[tuple, int] = {}

    def observe(self) -> None:
        """Everything since the last time; it was one turn's work, or little more."""
        for model in self._world.topology.queues.values():
            if model.is_stream and model.name in self._world.broker.queues:
                model.dropped_below = max(model.dropped_below, self._world.queue(model)._log.first_offset)
        for actor in self._world.actors:
            for number, frame in actor.emitted():
                channel = actor.channels.get(number)
                if channel is not None:
                    self._take(channel, number, frame)
        for queue, places in self._given.items():
            first = self._waited[queue][: len(places)]
            assert sorted(places) == first, f"{queue.name}: {sorted(places)} were given out, and {first} were first"
        self._given.clear()
        self._waited.clear()
        self._last.clear()

    def _take(self, channel, number: int, frame) -> None:
        match frame:
            case Basic.Deliver() | Basic.GetOk() | Basic.Return():
                channel.content = frame
                channel.offset = None
            case header.ContentHeader():
                if type(channel.content) is Basic.Deliver:
                    channel.offset = frames.stream_offset(frame)
            case body.ContentBody():
                method, channel.content = channel.content, None
                if method is not None:
                    self._message(channel, number, method, int(frame.value[:8]))
            case Basic.Ack():
                self._confirmed(channel, frame)
            case Basic.GetEmpty():
                self._nothing(channel.getting.popleft()[0])
            case Tx.CommitOk():
                self._check_safe(channel.committing.popleft(), "tx.commit-ok")
            case Basic.Nack() | Channel.Close():
                raise AssertionError(f"{frame.name} on {number}: {dict(frame)}")

    def _message(self, channel, number: int, method, message: int) -> None:
        if isinstance(method, Basic.Return):
            expected = channel.returns.popleft()
            assert message == expected, f"{message} was returned, not {expected}"
            return
        if isinstance(method, Basic.Deliver):
            consumer = channel.consumers[method.consumer_tag]
            queue, no_ack = consumer.queue, consumer.no_ack
        else:
            consumer = None
            queue, no_ack, left = channel.getting.popleft()
            assert method.message_count == left, f"get-ok leaves {method.message_count} in {queue.name}, not {left}"
        self._world.tally["delivered"] += 1
        if queue.is_stream:
            self._world.tally["offsets"] += 1
            place = consumer.read(channel.offset, message, method.redelivered)
        else:
            place = self._from_queue(queue, channel, method, message, no_ack, consumer)
        if not no_ack:
            channel.outstanding[method.delivery_tag] = (queue, place, consumer)
            if consumer is not None:
                consumer.outstanding += 1

    def _from_queue(self, queue, channel, method, message: int, no_ack: bool, consumer) -> int:
        if queue not in self._waited:
            self._waited[queue] = sorted(queue.ready)
        place = queue.hand_out(message, method.redelivered, no_ack)
        self._given.setdefault(queue, []).append(place)
        if consumer is not None:
            lane = (channel, queue)
            last = self._last.get(lane, -1)
            assert last < place, f"{queue.name}: one channel was sent {place} after {last}"
            self._last[lane] = place
        return place

    def _nothing(self, queue) -> None:
        """get-empty: nothing is there, or the disk has not brought it yet."""
        if queue.ready:
            log = self._world.queue(queue)._log
            waits = log is not None and log.behind and (log.loaded >= log.log.durable or self._world.disk.read_fault)
            assert waits, f"get-empty while {len(queue.ready)} wait in {queue.name}"

    def _confirmed(self, channel, frame) -> None:
        tag = frame.delivery_tag
        assert tag <= len(channel.published), f"a confirm for {tag} of {len(channel.published)}"
        low = min(set(range(1, tag + 1)) - channel.confirmed, default=tag) if frame.multiple else tag
        for each in range(low, tag + 1):
            if each not in channel.confirmed:
                channel.confirmed.add(each)
                self._world.tally["confirmed"] += 1
                self._check_safe(channel.published[each - 1], f"the confirm of {each}")

    def _check_safe(self, needs: list[tuple], what: str) -> None:
        definitions = self._world.topology.safety.safe
        unsafe = [(queue.name, place) for queue, place in needs if not queue.is_safe(place, definitions)]
        assert not unsafe, f"{what} was sent, and {unsafe} are not safe"
