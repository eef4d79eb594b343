"""Of many inputs those few that together reach all that all of them reach, the smallest first. Needs no atheris."""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz import targets

# So that the whole corpus stays below 200 KiB in base64.
_BYTES_MAX = 10_000
_ROOT = str(Path(__file__).parents[2])


def distil(name: str, inputs: Iterable[bytes]) -> list[bytes]:
    """What the seeds reach is not counted again."""
    target = targets.load(name)
    rooms = tuple(f"{_ROOT}/{room}/" for room in targets.instrumented(name))
    reached: set[tuple] = set()
    for seed in target.seeds():
        reached |= _steps(target.run, seed, rooms)
    kept, size = [], 0
    for data in sorted(set(inputs), key=len):
        fresh = _steps(target.run, data, rooms) - reached
        if fresh and size + len(data) <= _BYTES_MAX:
            reached |= fresh
            kept.append(data)
            size += len(data)
    return kept


def _steps(run: Any, data: bytes, rooms: tuple[str, ...]) -> set[tuple]:
    """From which line it went to which."""
    steps: set[tuple] = set()

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(rooms):
            return None
        code, last = frame.f_code, 0

        def step(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            if event == "line":
                steps.add((code, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return steps
