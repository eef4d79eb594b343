"""What stories in Python tell their steps with."""

from __future__ import annotations

from pathlib import Path

from interop.clients.story.program import told_by

STORY = """
import asyncio
from types import ModuleType
from interop.clients.story import telling

telling._LIMIT_S = 0.1
steps = ModuleType("steps")

def connect(url):
    assert url == "amqp://nobody"

def wrong_password(url):
    telling.saw_error(ValueError("two\\nlines"))

def get(url):
    assert "one" == "other"

def rpc(url):
    raise telling.CannotTell("it has none")

def confirms(url):
    signal.pause()

async def returns(url):
    await asyncio.Event().wait()

def restart(url):
    telling.restart_the_broker()
    telling.saw("again")

async def close(url):
    raise ValueError("shut")

def helper(url):
    say("ok topology")

for one in (connect, wrong_password, get, rpc, confirms, returns, restart, close, helper):
    setattr(steps, one.__name__, one)
telling.tell(steps)
"""


def test_each_step_is_told_on_its_own_and_in_order(fake):
    root = str(Path(__file__).parents[3])
    restarts: list[None] = []
    client = fake(STORY, environment={"PYTHONPATH": root})
    lines: list[str] = []
    told = told_by(client, Path(), "amqp://nobody", lambda: restarts.append(None), lambda _, line: lines.append(line))
    assert told.end == ""
    assert len(restarts) == 1
    assert lines == [
        "ok connect",
        "saw wrong_password ValueError: two lines",
        "ok wrong_password",
        "failed confirms TookTooLong: took longer than 0 s (signal.pause())",
        "failed returns TimeoutError:",
        'failed get AssertionError: (assert "one" == "other")',
        "cannot rpc it has none",
        "restart",
        "saw restart again",
        "ok restart",
        'failed close ValueError: shut (raise ValueError("shut"))',
    ]
