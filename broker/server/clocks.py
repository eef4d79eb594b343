"""The time of day, as the node wants it; its other clock is trio's."""

import time


def wall_clock_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
