"""Simulated crashes of a log, each from its seed: ``python -m tests.streams.crashes --count 20000``.

One life of a log is random appends, commits, refusals of the disk, rolls, truncations and reads, ended by a power cut
or a kill in the middle of anything; then it is opened again, held against the model, and lives on.
"""

import argparse
import errno
import sys
import time
from contextlib import contextmanager
from random import Random

from streams.cursor import AT_TAIL, NEED_BLOCK
from streams.format import Kind
from streams.index import Index
from streams.layout import Layout
from streams.log import Log
from streams.offset_spec import Exact, First
from streams.reads import BlockRead
from streams.writer import LogWriter
from tests.streams.faulty import FaultyFiles, PowerCut

FOLDER = "data"
ALL_KINDS = frozenset(Kind)


class Broken(AssertionError):
    """The log broke its promise."""


def read_all(log, spec=None, kinds=None):
    """Every batch a new reader gets, from the disk as well as from memory."""
    cursor = log.cursor(First() if spec is None else spec, **({} if kinds is None else {"kinds": kinds}))
    batches = []
    while (found := cursor.next_records()) is not AT_TAIL:
        if found is NEED_BLOCK:
            cursor.request.perform()
            cursor.feed(cursor.request)
        else:
            batches.append(found)
    return batches


class Life:
    """A log under test and what it promised: the model."""

    def __init__(self, seed):
        self.random = Random(seed)
        # "os" promises to outlive the process only: such a life knows no power cuts.
        self.durability = self.random.choice(("fsync", "fsync", "fsync", "os"))
        self.disk = FaultyFiles(self.random)
        self.appended = []  # the record of each offset, as last appended
        self.batch_ends = {0}  # offsets between batches: nothing may end elsewhere
        self.safe = 0  # offsets below were confirmed
        self.settled = self.safe_settled = 0  # the newest settlement appended, and confirmed
        self.seen = {}  # what any reader ever saw, by offset
        self.dropped_below = 0
        self.clock = 1000
        self.serial = 0
        self.crashes = 0
        self.open()

    def open(self):
        # Everything that usually takes megabytes happens within a few hundred bytes here.
        Index.ENTRY_BYTES = self.random.choice((100, 1000))
        Index.WAYPOINT_BYTES = self.random.choice((300, 3000, 1 << 20))
        Index.WAYPOINT_CONTROLS = self.random.choice((2, 1000))
        BlockRead.BYTES = self.random.choice((64, 1000, 1 << 18))
        LogWriter.CHUNK_BYTES = self.random.choice((100, 1 << 18))
        Layout.SMALL_COMMITS = self.random.choice((0, 3, 1000))
        self.log = Log.open(self.disk, FOLDER, "q", tail_bytes=self.random.choice((0, 2000, 1 << 20)))
        self.writer = LogWriter(
            self.log, self.disk.lock(FOLDER + "/lock"), salt=self.random.getrandbits(32),
            segment_bytes=self.random.choice((300, 2000, 20000)), durability=self.durability, snapshot=self.snapshot,
        )  # fmt: skip
        self.check_after_opening()

    def snapshot(self):
        self.serial += 1
        return [(Kind.CHECKPOINT, [b"%d" % self.settled])]

    # --- what must hold ---

    def expect(self, holds, *what):
        if not holds:
            raise Broken(*what)

    def check_after_opening(self):
        durable = self.log.durable
        self.expect(durable >= self.safe, "confirmed records are gone", durable, self.safe)
        self.expect(durable <= len(self.appended), "offsets that were never appended", durable)
        self.expect(durable in self.batch_ends, "half a batch shows", durable)
        del self.appended[durable:]
        self.batch_ends = {end for end in self.batch_ends if end <= durable}
        self.safe = durable
        self.check_content()
        self.check_checkpoint()
        self.expect(not self.log.damages, "no bit was flipped", [str(damage) for damage in self.log.damages])

    def check_content(self):
        expected = 0
        for batch in read_all(self.log, kinds=ALL_KINDS):
            if batch.kind != Kind.USER:
                continue
            # Removals are forgotten each by itself, so what was let go may come back in part.
            hole = batch.base_offset != expected
            self.expect(not hole or expected < batch.base_offset <= self.dropped_below, "a hole", batch.base_offset)
            self.take(batch)
            expected = batch.next_offset
        self.expect(
            expected == self.log.durable or self.log.durable <= self.dropped_below, "the end is missing", expected
        )

    def check_checkpoint(self):
        """What the newest segment repeats of older ones is there whenever an older one may have gone."""
        if len(self.log.segments) > 1 or self.log.first_offset:
            self.expect(self.log.controls(frozenset({Kind.CHECKPOINT})), "the checkpoint is missing")
        found = self.log.controls(frozenset({Kind.CHECKPOINT, Kind.SETTLEMENT}))
        newest = max((int(record) for batch in found for record in batch.records), default=0)
        self.expect(self.safe_settled <= newest <= self.settled, "settlements", self.safe_settled, newest, self.settled)
        self.settled = self.safe_settled = newest

    def take(self, batch):
        for offset, record in enumerate(batch.records, batch.base_offset):
            self.expect(self.appended[offset] == record, "another record", offset)
            self.expect(self.seen.setdefault(offset, record) == record, "an offset changed its record", offset)

    # --- a life ---

    def live(self, steps):
        actions = [self.append] * 6 + [self.commit] * 4 + [self.settle] * 2
        actions += [self.roll, self.truncate, self.read, self.bad_disk, self.reopen, self.rest]
        # Swarm testing: each life leaves some actions out, so that the others meet in longer rows.
        actions = [action for action in actions if self.random.random() < 0.8] or [self.append]
        for _ in range(steps):
            self.clock += self.random.randrange(3)
            self.random.choice(actions)()

    def append(self):
        count = self.random.choice((1, 1, 2, 10))
        size = self.random.choice((0, 3, 40, 700))
        self.serial += 1
        records = [b"%d:%d" % (self.serial, i) + self.random.randbytes(size) for i in range(count)]
        base = self.writer.append(records, self.clock)
        self.expect(base == len(self.appended), "offsets are dense", base, len(self.appended))
        self.appended += records
        self.batch_ends.add(len(self.appended))

    def settle(self):
        self.settled += 1
        self.writer.append([b"%d" % self.settled] * self.random.choice((1, 30)), self.clock, Kind.SETTLEMENT)

    def commit(self):
        commit = self.writer.take_pending()
        if commit is None:
            return
        end, settled = len(self.appended), self.settled
        if self.random.random() < 0.3:
            self.append()  # it arrives while the commit is under way
        try:
            commit.perform()
        except OSError:
            self.writer.failed(commit)
        else:
            self.writer.committed(commit)
            self.expect(self.log.durable == end, "committed", self.log.durable, end)
            self.safe, self.safe_settled = end, settled

    def bad_disk(self):
        self.disk.fault = self.random.choice((errno.ENOSPC, errno.EIO))
        self.disk.fault_share = self.random.choice((0.2, 1.0))
        for _ in range(self.random.randrange(4)):
            self.append()
            self.commit()
        self.disk.fault = None

    def roll(self):
        self.writer.roll()

    def truncate(self):
        offset = self.random.randint(0, self.safe)
        self.writer.truncate_before(offset)
        self.dropped_below = max(self.dropped_below, offset)

    def read(self):
        spec = Exact(self.random.randint(0, len(self.appended)))
        for batch in read_all(self.log, spec):
            self.take(batch)

    def rest(self):
        self.writer.rest()

    def reopen(self):
        """A writer that ends in order loses only what it never committed."""
        self.writer.close()
        self.open()

    def crash(self):
        """Go on until the power goes or the process is killed, in the middle of whatever it is doing."""
        self.crashes += 1
        self.disk.steps_left = self.random.randrange(30)
        try:
            while True:
                for _ in range(self.random.randint(1, 5)):
                    self.random.choice((self.append, self.settle))()
                self.commit()
                if self.random.random() < 0.2:
                    self.roll()
                    self.truncate()
                if self.random.random() < 0.1:
                    self.bad_disk()
        except PowerCut:
            pass
        kill = self.durability == "os" or self.random.random() < 0.3
        self.disk = (self.disk.after_kill if kill else self.disk.after_power_cut)(self.random)
        self.open()


@contextmanager
def usual_sizes():
    """What a life has made small is as it was afterwards."""
    kept = [(owner, name, getattr(owner, name)) for owner, names in _SIZES for name in names]
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


_SIZES = (
    (Index, ("ENTRY_BYTES", "WAYPOINT_BYTES", "WAYPOINT_CONTROLS")),
    (BlockRead, ("BYTES",)),
    (LogWriter, ("CHUNK_BYTES",)),
    (Layout, ("SMALL_COMMITS",)),
)


def run(seed, crashes=4):
    """One log through this many crashes. Returns how many there were."""
    with usual_sizes():
        life = Life(seed)
        for _ in range(crashes):
            life.live(life.random.randrange(30))
            life.crash()
        life.live(20)
        life.check_content()
        return life.crashes


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tests.streams.crashes", description=__doc__)
    parser.add_argument("--count", type=int, default=20000, help="crashes in all")
    parser.add_argument("--seed", type=int, default=0, help="the first life's seed")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    done = lives = 0
    while done < options.count:
        seed = options.seed + lives
        try:
            done += run(seed, min(4, options.count - done))
        except Exception:
            print(f"seed {seed} broke it: python -m tests.streams.crashes --count 4 --seed {seed}", file=sys.stderr)
            raise
        lives += 1
    print(f"{done} simulated crashes in {lives} logs: nothing lost, nothing half, nothing changed")
    print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
