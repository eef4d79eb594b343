"""Run: one worker process from its start to its end, and what libFuzzer says of it on the way."""

import os
import re
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from protocol import native
from tests.fuzz import stored, targets

_STATUS = re.compile(r"#(\d+)\s+[\w-]+\s+(?:cov: (\d+) )?ft: (\d+) .*?rss: (\d+)Mb")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_BREAKING = ("crash-*", "timeout-*", "oom-*", "slow-unit-*")


class Run:
    """``executions`` to make at most, in ``seconds_max`` (0 for any time). ``place`` is its own folder."""

    def __init__(self, name: str, place: Path, executions: int, seconds_max: float, seed: int) -> None:
        self.name = name
        self.place = place
        self.wanted = executions
        self.seconds_max = seconds_max
        self.seed = seed
        self.executions = self.coverage = self.features = self.rss_mib = 0
        self.seconds = 0.0
        self.status = 0
        self.running = False
        self._begin = 0.0
        self._tail: deque[str] = deque(maxlen=60)
        self._process: subprocess.Popen[str] | None = None

    @property
    def failed(self) -> bool:
        return self.status != 0

    def to_its_end(self) -> None:
        """Blocks."""
        corpus = self.place / "corpus"
        corpus.mkdir(parents=True)
        target = targets.load(self.name)
        for number, data in enumerate([*target.seeds(), *stored.evolved(self.name)]):
            (corpus / f"seed-{number:05}").write_bytes(data[: target.MAX_BYTES])
        settings = [f"-runs={self.wanted}", f"-seed={self.seed}"]
        if self.seconds_max:
            settings.append(f"-max_total_time={max(1, int(self.seconds_max))}")
        command = [sys.executable, "-m", "tests.fuzz.worker", self.name, str(self.place), *settings]
        self._begin = time.monotonic()
        self.running = True
        # Only sources show where an input led.
        plain = os.environ | {native.VARIABLE: "0"}
        with subprocess.Popen(command, env=plain, stderr=subprocess.PIPE, text=True, errors="replace") as self._process:
            assert self._process.stderr is not None
            for line in self._process.stderr:
                self._heard(line)
        self.status = self._process.returncode
        self.seconds = time.monotonic() - self._begin
        self.running = False
        print(self.progress(), flush=True)

    def _heard(self, line: str) -> None:
        self._tail.append(line)
        if found := _STATUS.match(line):
            executions, coverage, features, rss_mib = (int(each or 0) for each in found.groups())
            self.executions, self.features, self.rss_mib = executions, features, rss_mib
            self.coverage = max(self.coverage, coverage)
        elif found := _EXECUTED.match(line):
            self.executions = int(found[1])

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def breaking(self) -> list[bytes]:
        """The inputs that broke it."""
        return [path.read_bytes() for pattern in _BREAKING for path in sorted(self.place.glob(pattern))]

    def corpus(self) -> list[bytes]:
        """What libFuzzer found worth keeping, seeds included."""
        return [path.read_bytes() for path in sorted((self.place / "corpus").iterdir())]

    def last_words(self) -> str:
        return "".join(self._tail)

    def progress(self) -> str:
        seconds = self.seconds or time.monotonic() - self._begin
        rate = self.executions / max(seconds, 1e-9)
        done = f"{self.executions:,} of {self.wanted:,}"
        return f"{self.name:12}{done:>26}{rate:>10,.0f}/s  coverage {self.coverage}, {self.rss_mib} MiB"

    def summary(self) -> str:
        rate = self.executions / max(self.seconds, 1e-9)
        numbers = f"{self.executions:>12,}{rate:>10,.0f}{self.coverage:>10}{self.features:>10}{self.rss_mib:>6}"
        return f"{self.name:12}{numbers}  {int(self.failed)}"
