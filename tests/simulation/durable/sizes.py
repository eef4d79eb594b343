"""Sizes: everything that takes megabytes made to happen within a few hundred bytes, for one run of a node."""

from contextlib import contextmanager

import broker.node
import broker.queues.holding
import broker.queues.stream
import broker.session.outbox
import broker.session.session
import broker.store.committing
import broker.store.definitions
import broker.store.queue_log
import broker.store.settled
import broker.store.store
import broker.turn
import streams.layout
from streams.index import Index
from streams.layout import Layout
from streams.log import Log
from streams.reads import BlockRead
from streams.window import Window
from streams.writer import LogWriter

# Owner, name, and the values one of which a run of a node has.
CHOICES = (
    (broker.queues.holding, "_WINDOW_BYTES", (600, 3000, 3000, 1 << 20)),
    (broker.queues.holding, "_PIECE_BYTES", (500, 5000)),
    (broker.queues.stream, "_PIECE", (1, 3, 100)),
    (broker.store.store, "QUEUE_SEGMENT_BYTES", (300, 1500, 1500, 6000)),
    (broker.store.queue_log, "_IDLE_RECORDS", (1, 4, 100)),
    (broker.store.queue_log, "_WORTH_ROLLING_BYTES", (200, 800, 1 << 20)),
    (broker.store.queue_log, "_LOOK_AGAIN", (1, 5, 1000)),
    (broker.store.queue_log, "_SETTLEMENTS", (1, 4, 1024)),
    (broker.store.definitions, "SEGMENT_BYTES", (0, 300, 3000)),
    (broker.store.committing, "_CONGESTED_BYTES", (1000, 1 << 24, 1 << 24)),
    (broker.store.committing, "_OPEN_FILES", (0, 1, 100)),
    (broker.store.committing, "_LOGS_AT_ONCE", (1, 2, 256)),
    (broker.session.outbox.Outbox, "HIGH_WATER", (800, 20_000, 256 * 1024)),
    (broker.session.outbox.Outbox, "LOW_WATER", (300,)),
    (broker.turn, "DISPATCH_BUDGET", (3, 20, 8192)),
    (broker.session.session, "INPUT_BUDGET", (5, 65_536)),
    (Index, "ENTRY_BYTES", (100, 1000)),
    (Index, "WAYPOINT_BYTES", (300, 3000, 1 << 20)),
    (Index, "WAYPOINT_CONTROLS", (2, 1000)),
    (BlockRead, "BYTES", (64, 1000, 1 << 18)),
    (LogWriter, "CHUNK_BYTES", (100, 600, 1 << 18)),
    (Layout, "SMALL_COMMITS", (0, 3, 1000)),
    (streams.layout, "ROOM_BYTES", (500, 5000)),
    (Window, "BYTES", (200, 1 << 16)),
)
PAGE_BITS = (2, 4, 16)
TAIL_BYTES = (0, 1500, 1 << 20)


@contextmanager
def usual():
    """Whatever ``choose`` sets within is as it was afterwards."""
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in CHOICES]
    kept += [(broker.store.settled, name, getattr(broker.store.settled, name)) for name in _page(16)]
    tail_bytes = Log.open.__func__.__kwdefaults__["tail_bytes"]
    try:
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
        Log.open.__func__.__kwdefaults__["tail_bytes"] = tail_bytes


def choose(random) -> dict[str, int]:
    """Sizes for the next run; what they are, by name."""
    chosen = {}
    for owner, name, values in CHOICES:
        value = random.choice(values)
        setattr(owner, name, value)
        chosen[f"{owner.__name__.rpartition('.')[2]}.{name}"] = value
    bits = chosen["PAGE_BITS"] = random.choice(PAGE_BITS)
    for name, value in _page(bits).items():
        setattr(broker.store.settled, name, value)
    # A default is bound when the function is made.
    Log.open.__func__.__kwdefaults__["tail_bytes"] = chosen["TAIL_BYTES"] = random.choice(TAIL_BYTES)
    return chosen


def _page(bits: int) -> dict[str, object]:
    return {"_PAGE_BITS": bits, "_PAGE": 1 << bits, "_MASK": (1 << bits) - 1, "_FULL": b"\1" * (1 << bits)}
