"""What an execution may cost, and the exceptions that say that it cost too much."""

import time
from collections.abc import Callable

# Far above what instrumented code needs (some 20 µs a byte at worst), far below what a square of a few KiB takes.
_BASE_S = 0.25
_BYTE_S = 100e-6
# A collection, or another program's turn on this core, may fall into one run; hardly into each of three.
_TRIES = 3


class Slow(AssertionError):
    """It took more processor time than so many bytes may."""


class Leak(AssertionError):
    """Something stayed when all should have been gone."""


def allowed_s(size: int) -> float:
    """Processor time for an input of so many bytes."""
    return _BASE_S + _BYTE_S * size


def timed(run: Callable[[bytes], None], data: bytes) -> None:
    """One execution. Raises Slow, and whatever ``run`` raises."""
    begin = time.process_time()
    run(data)
    took = time.process_time() - begin
    if took > allowed_s(len(data)):
        for _ in range(_TRIES - 1):
            begin = time.process_time()
            run(data)
            took = min(took, time.process_time() - begin)
        if took > allowed_s(len(data)):
            raise Slow(f"{took:.2f} s for {len(data)} bytes")
