"""The memory of a process over time: what it was after the warm-up, what it is in the end, and whether it grew."""

import statistics

from interop.bench import process


class Growth:
    """Samples of resident memory, in MB. First and last are medians over a tenth of the samples: single ones jump."""

    def __init__(self) -> None:
        self._samples: list[float] = []

    def sample(self, pid: int) -> float:
        """Look now, keep and return what was seen."""
        self._samples.append(process.rss_bytes(pid) / 1e6)
        return self._samples[-1]

    def judge(self, allowed_mb: float, most_mb: float, *, warm: bool) -> tuple[str, bool]:
        """First, last and most as a sentence, and whether the memory kept its bounds. There must be samples.

        ``warm``: the samples began after the warm-up, so that they may tell of growth; else only the most counts.
        """
        tenth = max(len(self._samples) // 10, 1)
        first = statistics.median(self._samples[:tenth])
        last = statistics.median(self._samples[-tenth:])
        most = max(self._samples)
        grown = last - first
        growth = f"allowed {allowed_mb:+.1f} MB" if warm else "not judged: the run is too short to be warm first"
        sentence = (
            f"RSS first {first:.1f} MB, last {last:.1f} MB: {grown:+.1f} MB, {growth};"
            f" most {most:.1f} MB, allowed {most_mb:.1f} MB"
        )
        return sentence, most <= most_mb and (grown <= allowed_mb or not warm)
