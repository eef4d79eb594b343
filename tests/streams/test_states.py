"""Hypothesis drives a log through its verbs, crashes among them, and shrinks what breaks it to the fewest steps.

The seeded lives of ``crashes`` go through more of them; this one finds the shortest."""

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from streams.cursor import AT_TAIL, NEED_BLOCK
from streams.format import Kind
from streams.offset_spec import Exact
from tests.streams.engines import Engine
from tests.streams.faulty import FaultyFiles

KINDS = st.sampled_from([Kind.USER, Kind.SETTLEMENT])


class LogMachine(RuleBasedStateMachine):
    """The model: what was appended, how much of it is confirmed, and where each reader is."""

    readers = Bundle("readers")

    @initialize(segment_bytes=st.sampled_from([200, 1000, 100_000]), tail_bytes=st.sampled_from([0, 1500, 1 << 20]))
    def start(self, segment_bytes, tail_bytes):
        self.options = {"segment_bytes": segment_bytes, "tail_bytes": tail_bytes}
        self.engine = Engine(FaultyFiles(Random(0)), "data").open(**self.options)
        self.appended = []
        self.ends = {0}
        self.kept_from = 0

    @rule(sizes=st.lists(st.integers(0, 300), min_size=1, max_size=4), kind=KINDS)
    def append(self, sizes, kind):
        records = [b"%d" % len(self.appended) + bytes(size) for size in sizes]
        assert self.engine.append(*records, kind=kind) == len(self.appended)
        if kind == Kind.USER:
            self.appended += records
            self.ends.add(len(self.appended))

    @rule()
    def commit(self):
        self.engine.commit()
        assert self.engine.log.durable == len(self.appended)

    @rule(written=st.booleans())
    def refuse(self, written):
        commit = self.engine.writer.take_pending()
        if commit is not None:
            durable = self.engine.log.durable
            if written:
                commit.write()
            self.engine.writer.failed(commit)
            assert self.engine.log.durable == durable

    @rule()
    def roll(self):
        self.engine.writer.roll()

    @rule(share=st.floats(0, 1))
    def truncate(self, share):
        offset = int(self.engine.log.durable * share)
        self.engine.writer.truncate_before(offset)
        self.kept_from = max(self.kept_from, offset)

    @rule(target=readers, offset=st.integers(0, 20))
    def attach(self, offset):
        start = min(max(offset, self.engine.log.first_offset), self.engine.log.durable)
        return self.engine.log, self.engine.log.cursor(Exact(offset)), [start]

    @rule(reader=consumes(readers), target=readers)
    def read(self, reader):
        """A reader sees each record once, in order, jumping only over what was let go."""
        log, cursor, place = reader
        if log is not self.engine.log:
            return self.attach(place[0])
        while (found := cursor.next_records()) is not AT_TAIL:
            if found is NEED_BLOCK:
                cursor.request.perform()
                cursor.feed(cursor.request)
                continue
            assert found.base_offset == place[0] or place[0] < found.base_offset <= self.kept_from
            assert found.records == self.appended[found.base_offset : found.next_offset]
            place[0] = found.next_offset
        assert place[0] == log.durable or place[0] <= self.kept_from
        return reader

    @rule(seed=st.integers(0, 2**32), in_flight=st.booleans())
    def lose_power(self, seed, in_flight):
        commit = self.engine.writer.take_pending() if in_flight else None
        if commit is not None:
            commit.write()
        confirmed = self.engine.log.durable
        self.engine = Engine(self.engine.files.after_power_cut(Random(seed)), "data").open(**self.options)
        durable = self.engine.log.durable
        assert confirmed <= durable <= len(self.appended)
        assert durable in self.ends
        assert self.engine.log.damages == []
        del self.appended[durable:]
        self.ends = {end for end in self.ends if end <= durable}

    @invariant()
    def kept_records_are_all_there(self):
        if hasattr(self, "engine"):
            for offset, record in self.engine.records(Exact(self.kept_from)):
                assert self.appended[offset] == record


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(max_examples=60, stateful_step_count=30)
