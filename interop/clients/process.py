"""A framework's program in a process of its own: started, waited for, stopped as an operator stops it, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from interop.written import Written

_ROOT = Path(__file__).parents[2]
# A worker imports its framework in about a second and forks; two busy cores have been seen to stretch it to eight.
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0
# For what a program owes soon: 0.1 s when all is well, some seconds where it polls.
_PATIENCE_S = 30.0

INSTALL = "not installed: .venv/bin/pip install -e '.[frameworks]'"
"""Why the tests of a framework are skipped where it is missing."""


class Program:
    """``python -m MODULE ARGUMENTS`` as a context manager; it runs once its log holds ``ready``.

    It leads a process group of its own, so its children end with it.
    """

    def __init__(self, *arguments: str, ready: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "-m", *arguments]
        self._ready = ready
        self._environment = {**os.environ, **environment}
        self._log = Written()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All it has written so far."""
        return self._log.text

    def stop(self) -> int:
        """SIGTERM, then wait for its end; gives the exit status. Raises subprocess.TimeoutExpired, all being killed."""
        assert self._process is not None, "the program does not run"
        self._process.terminate()
        try:
            return self._process.wait(_STOP_TIMEOUT_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and its children: connections break without a word."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.wait()
            self._process = None

    def __enter__(self) -> Program:
        self._process = subprocess.Popen(
            self._command, cwd=_ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._ready not in self.log:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{' '.join(self._command)} did not start; it wrote:\n{self.log[-4000:]}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()  # an orderly stop takes workers up to eight seconds: who wants one says so
        if kind is not None:
            print(self.log[-4000:])
        self._log.close()


def eventually(condition: Callable[[], object], what: str) -> None:
    """Return once the condition holds; fails by name of the thing instead of waiting for ever."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {_PATIENCE_S:.0f} s in vain for {what}"
        time.sleep(0.02)
