"""Checks: what holds between any two steps, one small object each; and what holds when the disk has nothing to do."""


class Counts:
    """What was enqueued is ready, unsettled, settled or dropped; message counts and what is held say the same."""

    def __call__(self, world) -> None:
        for name, model in world.topology.queues.items():
            queue = world.broker.queue(name)
            if model.is_stream:
                expected = sum(end - begin for begin, end in queue._log.ranges())
                assert queue.message_count == expected, f"{name}: {queue.message_count} != {expected}"
                continue
            ready, out = len(model.ready), len(model.out)
            assert model.enqueued == ready + out + model.done + model.dropped, f"{name} does not add up"
            assert queue.message_count == ready, f"{name}: message count {queue.message_count}, not {ready}"
            assert queue.consumer_count == len(model.consumers), f"{name}: {queue.consumer_count} consumers"
            kept = 0 if queue._log is None else queue._log.kept
            in_memory = len(queue.ready) + kept + out
            assert queue.held == in_memory, f"{name} says it holds {queue.held} and holds {in_memory}"


class Names:
    """Exactly the queues and exchanges that should be there are there."""

    def __call__(self, world) -> None:
        assert world.broker.queues == set(world.topology.queues), f"{world.broker.queues}"
        exchanges = {name for name in world.vhost.exchanges if name and not name.startswith("amq.")}
        expected = {name for name in world.topology.exchanges if not name.startswith("amq.")}
        assert exchanges == expected, f"{exchanges} != {expected}"


class Windows:
    """However long a durable queue is, memory holds a window of it (what came back from consumers set aside)."""

    # What may come on top: a run of publishes that begins below the limit, or what a chunk holds beside its last run.
    RUN = 30
    RECORD_BYTES = 60

    def __call__(self, world) -> None:
        chunk = min(world.largest_chunk // self.RECORD_BYTES, 3 * self.RUN)
        most = world.sizes["holding._WINDOW_BYTES"] // 200 + self.RUN + chunk
        for name, model in world.topology.queues.items():
            if model.durable and not model.is_stream:
                ready = world.broker.queue(name).ready
                held = len(ready) - len(ready.returned)
                assert held <= most, f"{name} has {held} messages in memory, and {most} are a full window"


class NobodyIdle:
    """No message waits in memory while a consumer has room for it."""

    def __call__(self, world) -> None:
        for name, model in world.topology.queues.items():
            if not model.is_stream and model.consumers and len(world.broker.queue(name).ready):
                idle = [consumer.tag for consumer in model.consumers if consumer.has_room()]
                assert not idle, f"{len(model.ready)} wait in {name} while {idle} have room"


class Blocked:
    """While the disk refuses, whoever publishes is held back; else nobody is."""

    def __call__(self, world) -> None:
        node = world.broker.node
        refuses = node.committing.failure is not None
        for actor in world.actors:
            session = actor.session
            held_back = session.has_published and (refuses or node.congested)
            if not session.ending and session.connection.state.name == "RUNNING":
                assert session.paused == (held_back or session.outbox.clogged), f"paused: {session.paused}"


ALWAYS = (Counts(), Names(), Windows(), NobodyIdle(), Blocked())


class AllConfirmed:
    def __call__(self, world) -> None:
        for actor in world.actors:
            for number, channel in actor.channels.items():
                missing = set(range(1, len(channel.published) + 1)) - channel.confirmed
                assert not missing, f"{world.name(actor)}: {sorted(missing)} on {number} were never confirmed"
                assert not channel.committing, f"{world.name(actor)}: no tx.commit-ok on {number}"
                assert not channel.returns, f"{world.name(actor)}: no return of {list(channel.returns)} on {number}"


class AllAnswered:
    """Everybody reads, so everybody has had its answers."""

    def __call__(self, world) -> None:
        for actor in world.actors:
            for number, asked in actor.asked.items():
                assert not asked, f"{world.name(actor)}: no answer to {asked[0].method.name} on {number}"
            assert actor.session.outbox.size == 0, f"{world.name(actor)}: {actor.session.outbox.size} bytes unsent"
            assert not actor.session.paused, f"{world.name(actor)} is held back"


class NobodyStarves:
    """Nothing waits anywhere, in memory or on disk, while a consumer has room for it."""

    def __call__(self, world) -> None:
        for name, model in world.topology.queues.items():
            idle = [consumer for consumer in model.consumers if consumer.has_room()]
            if model.is_stream:
                end = world.broker.queue(name)._log.durable
                for consumer in idle:
                    consumer.check_caught_up(end)
            elif model.ready:
                assert not idle, f"{len(model.ready)} wait in {name}, mostly on disk, and {idle[0].tag} has room"


class AllSafe:
    """Everything is written."""

    def __call__(self, world) -> None:
        assert not world.broker.node.backlog.unwritten
        assert not world.broker.node.committing.waiting_bytes, f"{world.committing.waiting_bytes} bytes to be written"
        safety = world.topology.safety
        assert safety.safe == len(world.topology.history) - 1, "a definition is not safe"


class Files:
    """There are files of the logs of queues that are there, and of no others."""

    def __call__(self, world) -> None:
        names = {entry.split(".")[0] for entry in world.disk.names("data/logs")}
        expected = {model.log_name for model in world.topology.queues.values()}
        assert names <= expected, f"files of {names - expected}, which are gone"


WHEN_QUIET = (AllConfirmed(), AllAnswered(), NobodyStarves(), AllSafe(), Files())
