"""Attackers: processes of hostile clients, one a kind, that attack when told to, and say what they got done.

They run only where a core has nothing else to do (``SCHED_IDLE``), as they would not be on the broker's machine, and it
is the broker that is to be measured: with the lowest priority alone the kernel lets one of them have a core for
milliseconds now and then. What they achieved is told, so that nobody takes a siege for one that was none.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from interop.siege.kinds import Kind

_ROOT = Path(__file__).parents[2]
_END_TIMEOUT_S = 20.0


class Deed:
    """What one kind got done: units and lives of connections, a second."""

    __slots__ = ("ended", "lives", "seconds", "units")

    def __init__(self, units: int, lives: int, ended: int, seconds: float) -> None:
        self.units = units
        self.lives = lives
        self.ended = ended
        self.seconds = seconds

    @property
    def rate(self) -> float:
        return self.units / self.seconds if self.seconds else 0.0


class Attackers:
    """One kind's process with its connections; asleep until ``go``."""

    def __init__(self, kind: Kind, count: int, port: int, tls_port: int = 0) -> None:
        self.kind = kind
        command = [sys.executable, "-m", "interop.siege.attack", kind.name, str(count), str(port), str(tls_port)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ready(self) -> None:
        """Wait until it has started. Raises RuntimeError."""
        self._expect("ready")

    def go(self) -> None:
        """Attack."""
        self._tell("go")

    def halt(self) -> Deed:
        """Close all connections; what was done since ``go``."""
        self._tell("halt")
        return Deed(**json.loads(self._line()))

    def _tell(self, word: str) -> None:
        assert self._process.stdin is not None
        print(word, file=self._process.stdin, flush=True)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _expect(self, word: str) -> None:
        if (line := self._line().strip()) != word:
            raise RuntimeError(f"the attackers of kind {self.kind.name} said {line!r} for {word!r}")

    def end(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Army:
    """Attackers of several kinds, as a context manager that starts and ends them all."""

    def __init__(self, kinds: Sequence[Kind], count: int, port: int, tls_port: int = 0) -> None:
        self.attackers = [Attackers(kind, count, port, tls_port) for kind in kinds]

    def __enter__(self) -> Army:
        try:
            for each in self.attackers:
                each.ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in self.attackers:
            each.end()
