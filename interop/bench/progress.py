"""How far a benchmark is, told on standard error as each run ends."""

import sys
import time
from collections.abc import Callable

from interop.bench.client import Refused
from interop.bench.ends import Garbled
from interop.bench.flow import Stalled
from interop.bench.result import Figures


class Progress:
    """Counts runs up to ``total``, and guesses from those that are over how long the others will take."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begun = time.monotonic()

    def run(self, what: str, measure: Callable[[], Figures]) -> Figures:
        """One run. One that fails gives no figures, and the others go on."""
        try:
            figures = measure()
        except (Stalled, Garbled, Refused, OSError) as error:
            self._tell(what, f"FAILED: {type(error).__name__}: {error}")
            return {}
        cpu = f"{figures['cpu_us']:8.2f} µs CPU" if "cpu_us" in figures else ""
        self._tell(what, f"{figures['rate']:>10,.0f}/s {cpu}")
        return figures

    def _tell(self, what: str, result: str) -> None:
        self._done += 1
        left = (time.monotonic() - self._begun) / self._done * (self._total - self._done)
        say(f"{self._done:>3}/{self._total} {int(left) // 60:>3}:{int(left) % 60:02} left  {what} {result}")


def say(line: str) -> None:
    """A line for whoever waits."""
    print(line, file=sys.stderr, flush=True)
