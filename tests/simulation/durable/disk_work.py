"""DiskWork: what a committer's and a reader's threads do, when the simulation says so, and meanwhile others go on."""

import errno


class DiskWork:
    """``meanwhile`` takes a step of a client: batches are performed in a thread, so turns happen in between."""

    def __init__(self, world, meanwhile) -> None:
        self.world = world
        self.random = world.random
        self._meanwhile = meanwhile
        # Whether nothing happens meanwhile.
        self.calm = False
        self._batch = None
        self._performed = False
        self._reads: list = []

    def step(self) -> None:
        """Some piece of what there is to do, if there is any."""
        self.random.choice((self.batch, self.batch, self.batch, self.read))()

    def batch(self) -> bool:
        """The next phase of a batch: it is taken, performed, or its end is told. False: there is nothing to do."""
        world = self.world
        node = world.broker.node
        if self._batch is None:
            self._batch = node.take_batch(node.turn())
            if self._batch is None:
                return False
            world.say(f"disk: a batch of {', '.join(log.log.name for log, _, _ in self._batch.results())}")
        elif not self._performed:
            self._perform()
        else:
            world.say("disk: the batch is done")
            batch, self._batch, self._performed = self._batch, None, False
            with world.broker.turn() as turn:
                node.batch_done(batch, turn)
        return True

    def _perform(self) -> None:
        world = self.world
        world.say("disk: it is written")
        world.disk.meanwhile = self._perhaps_meanwhile if self.random.random() < 0.4 else None
        try:
            self._batch.perform()
        finally:
            world.disk.meanwhile = None
        self._performed = True
        for logged, _, error in self._batch.results():
            if error is None:
                world.safety_of(logged).perform()
            else:
                world.say(f"disk: {logged.log.name} was refused: {error}")

    def _perhaps_meanwhile(self) -> None:
        if not self.calm and self.random.random() < 0.2:
            disk = self.world.disk
            meanwhile, disk.meanwhile = disk.meanwhile, None
            steps_left, disk.steps_left = disk.steps_left, None
            self._meanwhile()
            disk.meanwhile, disk.steps_left = meanwhile, steps_left

    def read(self) -> bool:
        """A block that somebody waits for is read."""
        self._reads += self.world.broker.node.take_reads()
        if not self._reads:
            return False
        read = self._reads.pop(self.random.randrange(len(self._reads)))
        self.world.say("disk: a block is read")
        read.block.perform()
        with self.world.broker.turn() as turn:
            read.then(read.block, turn)
        return True

    def spoil(self) -> None:
        """From now on the disk refuses, all or some of what it is asked."""
        disk = self.world.disk
        fault, share = self.random.choice((errno.ENOSPC, errno.EIO)), self.random.choice((0.2, 1.0))
        reading = self.random.random() < 0.3
        self.world.say(f"disk: {'reads' if reading else 'writes'} fail, {fault}, {share}")
        disk.fault_share = share
        if reading:
            disk.read_fault = fault
        else:
            disk.fault = fault

    def mend(self) -> None:
        disk = self.world.disk
        if disk.fault is not None or disk.read_fault is not None:
            self.world.say("disk: all is well again")
            disk.fault = disk.read_fault = None

    def finish(self) -> None:
        """As the shell before it stops: until no batch is under way, nor any that the end of one brings."""
        while self._batch is not None:
            self.batch()
            if self._batch is None:
                self.batch()

    def forget(self) -> None:
        """The process is gone."""
        self._batch = None
        self._performed = False
        self._reads.clear()
