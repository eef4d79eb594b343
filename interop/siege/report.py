"""What a siege found, as a table, and whether the targets were kept."""

import statistics
from collections.abc import Sequence

from interop.siege.attackers import Deed
from interop.siege.kinds import KINDS
from interop.siege.rounds import Round

_HEAD = (
    f"{'besieged by':<16} {'full rate':>19} {'kept':>5} {'of CPU':>6} {'paced p50':>13} {'paced p99, ms':>15} "
    f"{'times':>6} {'max':>6} {'newcomer, ms':>14} "
    f"{'CPU':>5} {'peak MB':>7} {'calm':>5} {'after':>6}  achieved a second"
)


def head() -> str:
    return _HEAD


def line(name: str, found: Round) -> str:
    """A row: quiet > besieged."""
    quiet, besieged = found.quiet, found.besieged
    return (
        f"{name:<16} {quiet['rate']:>8,.0f} > {besieged['rate']:>8,.0f} {found.rate_kept:>5.0%} {found.cpu_kept:>6.0%} "
        f"{quiet['p50_ms']:>5.2f} > {besieged['p50_ms']:>5.2f} {quiet['p99_ms']:>6.2f} > {besieged['p99_ms']:>6.2f} "
        f"{found.p99_times:>6.1f} {besieged['max_ms']:>6.1f} {quiet['newcomer_ms']:>6.1f} > "
        f"{besieged['newcomer_ms']:>5.0f} {besieged['cpu']:>5.2f} {found.peak_mb:>7.0f} "
        f"{found.rss_mb:>5.0f} {found.calm_s:>4.1f} s  {_achieved(found)}"
    )


def _achieved(found: Round) -> str:
    if len(found.deeds) == 1:
        return _deed(*next(iter(found.deeds.items())))
    return f"{sum(deed.lives for deed in found.deeds.values()):,} connections in all"


def _deed(name: str, deed: Deed) -> str:
    return f"{deed.rate:,.0f} {KINDS[name].unit}"


def deeds(found: Round) -> str:
    """What each kind got done in a round of several."""
    return "; ".join(f"{name} {_deed(name, deed)}" for name, deed in found.deeds.items())


def judge(
    name: str, rounds: Sequence[Round], quiet_p99_ms: float, *, kept: float, times: float
) -> list[tuple[bool, str]]:
    """Whether the medians of these rounds keep the targets, and how to say it. ``quiet_p99_ms`` is that of the run: of
    half a second alone it may be twice or half as much.
    """
    rate = statistics.median(found.rate_kept for found in rounds)
    p99 = statistics.median(found.besieged["p99_ms"] for found in rounds)
    p99_times = p99 / quiet_p99_ms
    return [
        (rate >= kept, f"{name}: {rate:.0%} of the full rate, at least {kept:.0%} wanted"),
        (p99_times <= times, f"{name}: paced p99 {p99:.2f} ms, {p99_times:.1f} times the quiet one, {times:g} allowed"),
    ]


def quiet_p99_ms(rounds: Sequence[Round]) -> float:
    """The median of all rounds of a run."""
    return statistics.median(found.quiet["p99_ms"] for found in rounds)
