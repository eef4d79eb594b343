"""Life: one data directory through many crashes, each from the seed; after each the next node is held to what the last
one promised, and lives on.
"""

from broker.store.records import read
from streams.errors import ReadFailed
from tests.conversation import Broker
from tests.simulation.durable import checks, sizes
from tests.simulation.durable.clients import Clients
from tests.simulation.durable.disk_work import DiskWork
from tests.simulation.durable.observer import Observer
from tests.simulation.durable.topology import facts_of, log_name
from tests.simulation.durable.world import World, watched
from tests.streams.crashes import read_all
from tests.streams.faulty import PowerCut


class Life:
    """``crashes`` are counted by their kind."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.random = self.world.random
        self.clients = Clients(self.world)
        self.disk_work = DiskWork(self.world, self._client_step)
        self.observer = self.world.observer = Observer(self.world)
        self.crashes = dict.fromkeys(("power", "kill", "stop"), 0)
        # Whether the power may go without anything being lost that was promised.
        self._power_matters = True

    # -- start ---------------------------------------------------------------------------------------------------------

    def start(self, *, clean: bool) -> None:
        """The next node, on what there is. A crash may come before it is up."""
        world = self.world
        world.sizes = sizes.choose(self.random)
        world.largest_chunk = max(world.largest_chunk, world.sizes["LogWriter.CHUNK_BYTES"])
        world.durability = self.random.choice(("fsync",) * 4 + ("os",))
        world.say(f"start with {world.durability}, {world.sizes}")
        # Without syncs a power cut may take anything; after a start with syncs it may not, whatever was before.
        self._power_matters = self._power_matters and world.durability == "fsync"
        while self.random.random() < 0.05:
            self._start_in_vain()
        if self.random.random() < 0.2:
            world.disk.steps_left = self.random.randrange(12)
        world.broker = self._broker()
        world.disk.steps_left = None
        self._power_matters = world.durability == "fsync"
        self._compare(clean=clean)
        world.follows = True
        self.clients.swarm()
        self._check()
        for act in self.clients.opening():
            act()
            self._check()

    def _broker(self, **settings) -> Broker:
        world = self.world
        seed = self.random.getrandbits(32)
        settings = {"disk_waits": True, "durability": world.durability, **settings}
        return Broker(files=world.disk, seed=seed, now=world.now, **settings)

    def _start_in_vain(self) -> None:
        """The disk refuses something, and says so: then nobody may take what it does not give for lost."""
        world = self.world
        self.disk_work.spoil()
        try:
            self._broker()
        except (OSError, ReadFailed) as error:
            world.say(f"it cannot start: {error}")
        self.disk_work.mend()
        world.disk = world.disk.after_kill(self.random)

    def _compare(self, *, clean: bool) -> None:
        """What the new node has against what the old one promised."""
        world = self.world
        bad = [notice for notice in world.broker.notices if "damaged" in notice or "not restored" in notice]
        assert not bad, f"after a crash, which damages nothing: {bad}"
        models = {}
        for name, queue in world.vhost.queues.items():
            assert log_name(queue) in world.logged, f"queue {name} with {log_name(queue)} was never declared"
            models[name] = world.logged[log_name(queue)]
        world.topology.restart(facts_of(world.vhost), models, clean=clean)
        for name, model in models.items():
            queue = world.broker.queue(name)
            found, end = _held_by(queue)
            model.restart(found, end, clean=clean, killed=world.broker.store.was_killed)
            world.tally["offsets"] += len(found) if model.is_stream else 0
            assert queue.message_count == len(found), f"{name}: message count {queue.message_count}, not {len(found)}"
        world.logged = {model.log_name: model for model in models.values()}
        checks.Files()(world)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        chance = self.random.random()
        if chance < 0.6:
            self._client_step()
            return
        if chance < 0.93:
            self.disk_work.step()
        elif chance < 0.96:
            self._pass_time(self.random.choice((0.005, 0.03, 1.1, 3.0)))
        elif chance < 0.97:
            self.disk_work.spoil()
        elif chance < 0.985:
            self.disk_work.mend()
        elif chance < 0.99:
            self.quiet()
        self._check()

    def _client_step(self) -> None:
        self.clients.step()
        self._check()

    def _check(self) -> None:
        self.observer.observe()
        for check in checks.ALWAYS:
            check(self.world)
        self.world.tally["steps"] += 1

    def _pass_time(self, seconds: float) -> None:
        self.world.say(f"{seconds} s pass")
        broker = self.world.broker
        self.world.now = broker.now = broker.now + seconds
        with broker.turn() as turn:
            broker.node.tick(turn)

    def quiet(self) -> None:
        """The disk is well and catches up, everybody reads: then nothing may be left to wait for."""
        world = self.world
        world.say("all wait until it is quiet")
        was_calm, self.disk_work.calm = self.disk_work.calm, True
        self.disk_work.mend()
        for actor in world.actors:
            if not actor.reads:
                actor.start_reading()
        for _ in range(10_000):
            if not (self.disk_work.batch() or self.disk_work.read()):
                if world.committing.next_deadline() is None and not world.broker.node.backlog.refused:
                    break
                self._pass_time(1.1)
            self.observer.observe()
        else:
            raise AssertionError("it is never quiet")
        self._check()
        for check in checks.WHEN_QUIET:
            check(world)
        self.disk_work.calm = was_calm

    # -- crashes -------------------------------------------------------------------------------------------------------

    def live_and_crash(self, steps: int) -> None:
        """Live for a while, end in some way, and start again."""
        how = self.random.choice(("power", "power", "kill", "stop"))
        clean = False
        try:
            for _ in range(self.random.randrange(steps)):
                self.step()
            if how == "stop":
                clean = self._stop()
            else:
                self._fall(steps)
        except PowerCut:
            pass
        self._crash(how, clean=clean)
        while True:
            try:
                self.start(clean=clean)
            except PowerCut:
                self._crash("power" if how == "stop" and self.random.random() < 0.5 else how)
            else:
                break

    def _fall(self, steps: int) -> None:
        """Go on until the disk was asked something so many times, or stop right now."""
        if self.random.random() < 0.7:
            self.world.disk.steps_left = self.random.randrange(40)
            for _ in range(steps):
                self.step()

    def _stop(self) -> bool:
        """An orderly stop, of which True is returned; unless the disk has something against it, or dies of it."""
        world = self.world
        if self.random.random() < 0.3:
            world.disk.steps_left = self.random.randrange(40)
        world.say("stop")
        self.disk_work.finish()
        for actor in world.actors:
            self.clients.ended(actor)
        world.broker.shutdown()
        self.disk_work.finish()
        for actor in list(world.actors):
            actor.die()
        world.actors.clear()
        while self.disk_work.batch():
            pass
        world.broker.node.stop(world.broker.node.turn())
        return world.committing.failure is None

    def _crash(self, how: str, *, clean: bool = False) -> None:
        world = self.world
        if clean:
            self._power_matters = True
        elif how == "stop":
            how = self.random.choice(("power", "kill"))
        if how == "power" and not self._power_matters:
            how = "kill"
        how = "power" if how == "dark" else how
        world.say(f"crash: {how}")
        self.crashes[how] += 1
        world.follows = False
        world.actors = []
        world.broker = None
        self.disk_work.forget()
        if how == "stop" and clean and self.random.random() < 0.5:
            # What was written without syncs is synced at the end, so the power may go now.
            how = "power"
        after = world.disk.after_power_cut if how == "power" else world.disk.after_kill
        world.disk = after(self.random)

    # -- end -----------------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Everything is consumed or deleted, and nothing is left on the disk."""
        if not self._power_matters and self.random.random() < 0.5:
            self._end_in_the_dark()
            return
        self.disk_work.calm = True
        self.quiet()
        world = self.world
        for actor in list(world.actors):
            world.say(f"{world.name(actor)} dies")
            self.clients.ended(actor)
            world.actors.remove(actor)
            actor.die()
            self._check()
        for model in list(world.topology.queues.values()):
            model.delete()
            world.topology.delete_queue(model.name)
        world.topology.changed()
        with world.broker.turn() as turn:
            for queue in list(world.vhost.queues.values()):
                world.vhost.delete_queue(queue, turn)
        self.quiet()
        assert abs(world.broker.node.gauge.bytes) < 1e-3, f"the gauge says {world.broker.node.gauge.bytes}"
        assert not world.broker.node.sessions

    def _end_in_the_dark(self) -> None:
        """The power goes where nothing was synced: anything may be lost, nothing is made up, and a node starts."""
        world = self.world
        self._crash("dark")
        broker = self._broker(disk_waits=False)
        client = broker.connect(1)
        for name in sorted(broker.queues):
            queue = broker.queue(name)
            found, _ = _held_by(queue)
            places = [place for place, _ in found]
            assert places == sorted(set(places)), f"{name}: {places} are not in order"
            known = set(range(world.messages))
            assert known.issuperset(message for _, message in found), f"{name}: {found}"
            if not log_name(queue).startswith("s"):
                drained = [int(body[:8]) for body in client.drain(name)]
                assert drained == [message for _, message in found], f"{name}: {drained} of {found}"
        broker.stop()


def _held_by(queue) -> tuple[list[tuple[int, int]], int]:
    """(place, message) of all that waits in a restarted queue's log, and the place of the next."""
    log = queue._log
    if log is None:
        return [], 0
    is_stream = log_name(queue).startswith("s")
    settled = () if is_stream else log.settled
    log = log if is_stream else log.log
    found = []
    for batch in read_all(log):
        for place, record in enumerate(batch.records, batch.base_offset):
            if record and place not in settled:
                found.append((place, message_in(record)))
    return found, log.durable


def message_in(record: bytes) -> int:
    """The number that a record's message begins with."""
    content = read([record])[0].content
    at = 8 + int.from_bytes(content[3:7], "big") + 7
    return int(content[at : at + 8])


def run(seed: int, crashes: int = 4, steps: int = 120) -> Life:
    """One life of that many crashes, at least. A failure bears the seed, the last steps and a test to paste."""
    life = Life(seed)
    try:
        with sizes.usual(), watched(life.world):
            while True:
                try:
                    life.start(clean=True)
                    break
                except PowerCut:
                    life._crash("power")
            while sum(life.crashes.values()) < crashes:
                life.live_and_crash(steps)
            life.end()
    except (AssertionError, Exception) as error:
        error.add_note(report(life, crashes, steps))
        raise
    return life


def report(life: Life, crashes: int, steps: int) -> str:
    tail = "\n".join(f"  {line}" for line in life.world.log[-40:])
    seed = life.world.seed
    test = f"def test_seed_{seed}():\n    life.run({seed}, {crashes}, {steps})"
    return f"seed {seed}, step {len(life.world.log)}; the last steps were:\n{tail}\na test to paste:\n{test}"
