"""From an input that breaks a target to the smallest that breaks it in the same way, with a name and a few words."""

import hashlib
import re
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fuzz import guard, targets
from tests.fuzz.mutation import split
from tests.fuzz.pieces import HEAD_BYTES

_SECONDS_MAX = 30.0
# Holes of so many bytes at most are tried at each place.
_ANYWHERE = 12
_ROOT = Path(__file__).parents[2]


class Finding:
    """``words``: what happened, and where."""

    def __init__(self, name: str, data: bytes, words: str) -> None:
        self.name = name
        self.data = data
        self.words = words


def look_into(target: str, data: bytes) -> Finding:
    run = targets.load(target).run
    kind, words = _breaks(run, data)
    if kind is None:
        words = "It broke a long run, and does not by itself: something had grown, or was left by others."
    else:
        data = _smallest(lambda piece: _breaks(run, piece)[0] == kind, data)
        _, words = _breaks(run, data)
    digest = hashlib.sha256(data).hexdigest()[:6]
    return Finding(f"{_slug(kind or 'grown')}-{digest}", data, words)


def _breaks(run: Callable[[bytes], None], data: bytes) -> tuple[str | None, str]:
    """How it breaks, None where it does not: the exception and where in our rooms it came from."""
    try:
        guard.timed(run, data)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = frames[-1]
        where = f"{Path(place.filename).stem}-{place.name}"
        path = " < ".join(f"{Path(each.filename).name}:{each.lineno}" for each in reversed(frames[-5:]))
        return f"{type(error).__name__}-{where}", f"{type(error).__name__}: {str(error)[:300]}\n{path}"
    return None, ""


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()


def _smallest(breaks: Callable[[bytes], bool], data: bytes) -> bytes:
    until = time.monotonic() + _SECONDS_MAX
    while time.monotonic() < until:
        for shorter in _shorter(data):
            if breaks(shorter):
                data = shorter
                break
            if time.monotonic() > until:
                break
        else:
            break
    return data


def _shorter(data: bytes) -> Iterator[bytes]:
    """The same with less in it, the largest cuts first: whole frames, then bytes, with sizes put right and without."""
    head, frames = data[:HEAD_BYTES], split(data[HEAD_BYTES:])
    for count in (16, 4, 1):
        for start in range(0, len(frames), count):
            if len(frames) > count:
                yield head + b"".join(frames[:start] + frames[start + count :])
    if data[:4] == (len(data) - 4).to_bytes(4, "big"):
        for inner in _with_a_hole(data[4:]):
            yield len(inner).to_bytes(4, "big") + inner
    for number, raw in enumerate(frames):
        if len(raw) > 8 and not raw.startswith(b"AMQP"):
            for payload in _with_a_hole(raw[7:-1]):
                envelope = raw[:3] + len(payload).to_bytes(4, "big")
                yield head + b"".join([*frames[:number], envelope, payload, raw[-1:], *frames[number + 1 :]])
    yield from _with_a_hole(data)


def _with_a_hole(data: bytes) -> Iterator[bytes]:
    size = (len(data) + 1) // 2
    while size:
        for start in range(0, len(data) - size + 1, size if size > _ANYWHERE else 1):
            yield data[:start] + data[start + size :]
        size = size // 2 if size > _ANYWHERE else size - 1
