"""One client's program run against one broker: its lines read as they come, the broker restarted when it asks."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from interop.clients.story.entry import ROOT, Client
from interop.clients.story.outcome import BadLine, Told

# A story takes 10 to 60 s; two restarts of a RabbitMQ and a worker's start are in it.
_LIMIT_S = 300.0
# After its last line a program closes connections, threads and (on the JVM) itself.
_LIMIT_OF_END_S = 30.0


def told_by(
    client: Client,
    built: Path,
    url: str,
    restart: Callable[[], None],
    on_line: Callable[[str, str], None] | None = None,
) -> Told:
    """The client's story, told to the broker at ``url``. ``on_line`` hears each line's kind and the whole line."""
    told = Told()
    began = time.monotonic()
    with tempfile.TemporaryFile("w+b") as errors:
        process = subprocess.Popen(
            client.command(built, url), cwd=ROOT, env=client.whole_environment(built), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
        )  # fmt: skip
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            told.end = _listened(process, lines, told, restart, on_line or (lambda kind, line: None))
        finally:
            _end(process)
            reader.join(_LIMIT_OF_END_S)
        if told.end:
            errors.seek(0)
            told.end += _last_words(errors)
    told.seconds = time.monotonic() - began
    return told


def _listened(
    process: subprocess.Popen[str],
    lines: queue.SimpleQueue[str | None],
    told: Told,
    restart: Callable[[], None],
    on_line: Callable[[str, str], None],
) -> str:
    """Why it did not come to its end, or nothing."""
    assert process.stdin is not None
    deadline = time.monotonic() + _LIMIT_S
    try:
        while (line := lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
            kind = told.hear(line)
            on_line(kind, line.strip())
            if kind == "restart":
                restart()
                process.stdin.write("restarted\n")
                process.stdin.flush()
        status = process.wait(_LIMIT_OF_END_S)
    except BadLine as problem:
        return f"said what is no line of a story: {problem}"
    except BrokenPipeError:
        return "ended while the broker was restarted"
    except queue.Empty:
        return f"was not through after {_LIMIT_S:.0f} s"
    except subprocess.TimeoutExpired:
        return f"said all, but did not end in {_LIMIT_OF_END_S:.0f} s"
    return f"ended with status {status}" if status else ""


def _read(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    with stream:
        for line in stream:
            if line.strip():
                lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    """With whatever it started: workers, say."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


def _last_words(errors: IO[bytes]) -> str:
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return f"; {lines[-1]}" if lines else ""
