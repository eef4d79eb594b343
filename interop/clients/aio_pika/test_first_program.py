"""The README's first program does what it says."""

import subprocess
import sys
from pathlib import Path


def test_the_first_program_prints_one_line_a_kind_of_exchange(url):
    program = Path(__file__).with_name("first_program.py")
    done = subprocess.run(
        [sys.executable, program, url], capture_output=True, text=True, timeout=30, check=False, cwd=program.parents[3]
    )
    assert done.returncode == 0, done.stderr
    kinds = [line.removeprefix("a hare by way of hares.") for line in done.stdout.splitlines()]
    assert kinds == ["direct", "fanout", "topic", "headers"], done.stdout
