"""The front door's commands are done as they stand there, by a shell, running and stopped."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interop.leveret import Leveret

_README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def lines():
    found = re.search(r"<!-- a test runs these lines -->\n```sh\n(.*?)```", _README.read_text("utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("runs", [True, False], ids=["running", "stopped"])
def test_the_commands_do_what_they_say(lines, folder, tmp_path, runs):
    def done():
        script = f'set -e\nleveret() {{ {sys.executable} -m broker "$@"; }}\n{lines}'
        environment = os.environ | {"PYTHONPATH": str(_README.parent)}
        done = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    if runs:
        with Leveret(0, "--data-dir", str(folder)):
            out = done()
    else:
        out = done()
    assert "alice  monitoring\n" in out
    assert '{"user": "alice", "configure": "^hares", "write": ".*", "read": ".*"}' in out
    assert out.endswith("Closed 0 connections\n")
