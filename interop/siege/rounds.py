"""A siege: the pair measured quiet and besieged in turn, in one run of one broker."""

import time
from collections.abc import Callable, Sequence

from interop.bench import process
from interop.bench.result import Figures
from interop.siege.attackers import Attackers, Deed
from interop.siege.pair import Pair

# The attackers' connections are made, and what comes with that is over for those that stay.
_RAMP_S = 0.5
# After a siege the broker has its leave-takings to do: it is calm when it takes less than this of a core.
_CALM_CORES = 0.05
_CALM_STEP_S = 0.25
_CALM_MAX_S = 30.0


class Round:
    """The pair quiet, then besieged by ``names``; what the attackers did; the broker's memory, in MB, once calm again.

    ``calm_s``: how long that took.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.quiet: Figures = {}
        self.besieged: Figures = {}
        self.deeds: dict[str, Deed] = {}
        self.calm_s = 0.0
        self.rss_mb = 0.0
        self.peak_mb = 0.0

    @property
    def rate_kept(self) -> float:
        """Of the full rate, as a share."""
        return self.besieged["rate"] / self.quiet["rate"]

    @property
    def cpu_kept(self) -> float:
        """The same of what the pair gets of each second of CPU that the broker has: what other programs take of the
        machine does not show in it.
        """
        return self.rate_kept * self.quiet["cpu"] / max(self.besieged["cpu"], 0.01)

    @property
    def p99_times(self) -> float:
        """The paced p99, in times of the quiet one."""
        return self.besieged["p99_ms"] / self.quiet["p99_ms"]


def besiege(
    pair: Pair, pid: int, attackers: Sequence[Attackers], seconds: float, go_on: Callable[[], object] = lambda: None
) -> Round:
    """One round. Raises what the pair raises when the broker does not serve it: Refused, Stalled, OSError."""
    found = Round([each.kind.name for each in attackers])
    found.quiet = _measure(pair, seconds)
    process.forget_peak(pid)
    for each in attackers:
        each.go()
    time.sleep(_RAMP_S)
    try:
        found.besieged = _measure(pair, seconds)
    finally:
        found.deeds = {each.kind.name: each.halt() for each in attackers}
    found.peak_mb = process.peak_rss_bytes(pid) / 1e6
    found.calm_s = _await_calm(pid)
    found.rss_mb = process.rss_bytes(pid) / 1e6
    go_on()
    return found


def _measure(pair: Pair, seconds: float) -> Figures:
    newcomer = pair.newcomer()
    paced = pair.paced(seconds)
    full = pair.full(seconds)
    return {**newcomer, **paced, "paced_cpu": paced["cpu"], **full}


def _await_calm(pid: int) -> float:
    """Wait until the broker has nothing more to do; how long, in seconds."""
    begun = time.perf_counter()
    while (passed := time.perf_counter() - begun) < _CALM_MAX_S:
        before = process.cpu_seconds(pid)
        time.sleep(_CALM_STEP_S)
        if process.cpu_seconds(pid) - before < _CALM_CORES * _CALM_STEP_S:
            break
    return passed
