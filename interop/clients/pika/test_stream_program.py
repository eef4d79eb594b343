"""README.md's program with a stream, run twice as a user runs it: the second time reads what the first wrote, too."""

import subprocess
import sys
from pathlib import Path

_PROGRAM = Path(__file__).parent / "stream_program.py"


def test_it_prints_every_message_from_the_first_on(url: str) -> None:
    for laps in (3, 6):
        done = subprocess.run([sys.executable, _PROGRAM, url], capture_output=True, text=True, timeout=30, check=False)
        assert done.stderr == ""
        assert done.stdout.splitlines() == [f"{offset} lap {offset % 3}" for offset in range(laps)]
