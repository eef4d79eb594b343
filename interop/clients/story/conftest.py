"""Clients that are small programs of the test's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.clients.story.entry import Client
from interop.clients.story.steps import STEPS

PREAMBLE = f"""
import os, signal, subprocess, sys
STEPS = {list(STEPS)!r}

def say(*words):
    print(*words, flush=True)

def restart():
    say("restart")
    assert sys.stdin.readline() == "restarted\\n"

def tell(kind="ok", but={{}}):
    for step in STEPS:
        if step == "restart":
            restart()
        say(*but.get(step, (kind, step)))
"""


@pytest.fixture
def fake(tmp_path: Path) -> Callable[..., Client]:
    """A client whose story is this text of Python; ``say``, ``restart`` and ``tell`` are there for it."""

    def fake(text: str = "tell()", name: str = "fake", **changes: object) -> Client:
        program = tmp_path / "interop" / "clients" / f"{name}.py"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(PREAMBLE + text, encoding="utf-8")
        given = {
            "name": name,
            "title": name.title(),
            "language": "Python",
            "version_command": (sys.executable, "-c", "print('1.0 and more')"),
            "run_command": (sys.executable, str(program)),
            "note": "Recovers by itself.",
        }
        return Client(**(given | changes))

    return fake
