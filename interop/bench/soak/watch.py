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

    def judge(self, allowed_mb: float) -> tuple[str, bool]:
        """First, last and most as a sentence, and whether it grew by no more than allowed. There must be samples."""
        tenth = max(len(self._samples) // 10, 1)
        first = statistics.median(self._samples[:tenth])
        last = statistics.median(self._samples[-tenth:])
        grown = last - first
        sentence = (
            f"RSS first {first:.1f} MB, last {last:.1f} MB, most {max(self._samples):.1f} MB:"
            f" {grown:+.1f} MB, allowed {allowed_mb:+.1f} MB"
        )
        return sentence, grown <= allowed_mb
