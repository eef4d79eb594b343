"""For stories in Python: each step told on its own, within its time, in the lines that the runner reads."""

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType

import pytest

from interop.clients.story.steps import STEPS

_LIMIT_S = 10.0
# A RabbitMQ on two busy cores needs half a minute to be there again.
_LIMIT_OF_RESTART_S = 120.0

_now = [""]


class CannotTell(Exception):
    """The client has no such thing; its words say why."""


class TookTooLong(Exception):
    """The step's time is over."""


def saw(*words: object) -> None:
    """What the client showed its user; compared word for word between the brokers."""
    _say("saw", _now[0], *words)


def saw_error(problem: BaseException) -> None:
    """Its type and its message."""
    saw(f"{type(problem).__name__}:", problem)


def restart_the_broker() -> None:
    """Return when the broker listens again."""
    _say("restart")
    assert sys.stdin.readline().strip() == "restarted", "nobody restarts the broker"


async def restart_the_broker_meanwhile() -> None:
    """As restart_the_broker, the event loop going on."""
    await asyncio.to_thread(restart_the_broker)


def tell(*modules: ModuleType) -> None:
    """Run the functions (or coroutine functions) of the steps' names, with the URL that the command line gives."""
    url = sys.argv[1]
    functions = {name: getattr(module, name) for module in modules for name in STEPS if hasattr(module, name)}
    for name in STEPS:
        if name in functions:
            _tell_step(name, functions[name], url)


def _tell_step(name: str, step: Callable[[str], object], url: str) -> None:
    _now[0] = name
    limit_s = _LIMIT_OF_RESTART_S if name == "restart" else _LIMIT_S
    try:
        if inspect.iscoroutinefunction(step):
            asyncio.run(asyncio.wait_for(step(url), limit_s))
        else:
            with _within(limit_s):
                step(url)
    except CannotTell as reason:
        _say("cannot", name, reason)
    except (Exception, pytest.fail.Exception) as problem:
        traceback.print_exc()
        _say("failed", name, f"{type(problem).__name__}: {problem}", _where(problem))
    else:
        _say("ok", name)


def _where(problem: BaseException) -> str:
    """The line of the story that failed, as an assert has no words of its own."""
    frames = traceback.extract_tb(problem.__traceback__)
    lines = [one for one in frames if "/interop/clients/" in one.filename and one.filename != __file__]
    return f"({lines[-1].line})" if lines else ""


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"took longer than {seconds:.0f} s")

    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say(*words: object) -> None:
    print(" ".join(" ".join(map(str, words)).split()), flush=True)
