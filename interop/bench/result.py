"""What one run of one scenario gave, and the arithmetic over several of them."""

import time
from collections.abc import Sequence

from interop.bench import process

# figure -> (heading, how it is written)
FIGURES = {
    "rate": ("msgs/s", "{:,.0f}"),
    "cpu_us": ("CPU µs", "{:.2f}"),
    "client_us": ("client µs", "{:.2f}"),
    "p50_ms": ("p50 ms", "{:.3f}"),
    "p99_ms": ("p99 ms", "{:.3f}"),
    "p999_ms": ("p999 ms", "{:.3f}"),
    "rss_mb": ("RSS MB", "{:.0f}"),
}

Figures = dict[str, float]


class Stopwatch:
    """Wall time, the broker's processor time and our own, from ``start`` to ``figures``."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self.start()

    def start(self) -> None:
        """Begin again from here."""
        self._client = process.own_cpu_seconds()
        self._cpu = process.cpu_seconds(self._pid) if self._pid else 0.0
        self._wall = time.perf_counter()

    def figures(self, messages: int) -> Figures:
        """Rate, processor time a message of broker and client, and the broker's memory now. ``messages`` is above 0."""
        wall = time.perf_counter() - self._wall
        found = {"rate": messages / wall, "client_us": (process.own_cpu_seconds() - self._client) / messages * 1e6}
        if self._pid:
            found["cpu_us"] = (process.cpu_seconds(self._pid) - self._cpu) / messages * 1e6
            found["rss_mb"] = process.rss_bytes(self._pid) / 1e6
        return found


def percentiles(seconds: Sequence[float]) -> Figures:
    """p50, p99 and p99.9, in milliseconds. ``seconds`` is not empty."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {
        f"p{name}_ms": ordered[round(last * share)] * 1000
        for name, share in (("50", 0.5), ("99", 0.99), ("999", 0.999))
    }
