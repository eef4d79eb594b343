"""A leveret in a process of its own: started, stopped as an operator stops it, killed, started again on its port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from interop.written import Written

_ROOT = Path(__file__).parents[1]
_LISTENING = "listening on 127.0.0.1:"
_LISTENING_FOR_TLS = "listening for TLS on 127.0.0.1:"
_COMPLETE = "startup complete"
# Plain start-up takes about 0.3 s; two busy cores have been seen to stretch it to some seconds.
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0


class StartFailed(Exception):
    """The broker ended or did not listen in time; carries the end of its log."""


class Leveret:
    """``python -m broker`` as a context manager. ``port`` 0 takes a free port, and later starts take it again.

    It keeps nothing, unless the flags name a data directory. ``environment`` is added to ours.
    """

    root = _ROOT

    def __init__(self, port: int = 0, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        self.port = port
        self._environment = {**os.environ, **(environment or {})}
        self._flags = flags if "--data-dir" in flags else ("--ephemeral", *flags)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Written()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def tls_port(self) -> int:
        """Where it was given a certificate. Raises LookupError otherwise."""
        _, found, rest = self.log.rpartition(_LISTENING_FOR_TLS)
        if not found:
            raise LookupError("it does not listen for TLS")
        return int(rest.split()[0])

    @property
    def pid(self) -> int:
        assert self._process is not None, "the broker does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        """All it has written so far, over all starts."""
        return self._log.text

    def start(self) -> None:
        """Start and wait until it listens. Raises StartFailed."""
        logged_before = len(self.log)
        self.launch()
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while _COMPLETE not in (written := self.log[logged_before:]):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise StartFailed(f"leveret did not start; it wrote:\n{written[-2000:]}")
            time.sleep(0.01)
        self.port = int(written.partition(_LISTENING)[2].split()[0])

    def launch(self) -> None:
        """Start and do not wait: whoever kills it during its start-up has to be early."""
        command = [sys.executable, "-m", "broker", "--port", str(self.port), *self._flags]
        self._process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM) and return at once: clients are to be told before it ends."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait for its end; gives the exit status. Raises subprocess.TimeoutExpired, the process being killed."""
        assert self._process is not None, "the broker does not run"
        try:
            return self._process.wait(_STOP_TIMEOUT_S)
        finally:
            self.kill()

    def stop(self) -> int:
        """SIGTERM, then as ``wait``."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL: connections break without a word, as in a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Leveret:
        try:
            self.start()
        except BaseException:
            self.kill()
            self._log.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._process is not None:
                self.stop()
        finally:
            self._log.close()
