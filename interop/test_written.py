"""Reading what a process writes must not disturb it."""

import subprocess
import sys

from interop.written import Written

_LINES = 20_000


def test_what_is_read_while_it_is_written_stays_whole() -> None:
    """Once a start-up line was lost: reading had moved the position at which the broker wrote on."""
    written = Written()
    try:
        command = [sys.executable, "-uc", f"for number in range({_LINES}): print(number)"]
        with subprocess.Popen(command, stdout=written, stderr=written) as process:
            while process.poll() is None:
                assert len(written.text) >= 0
        assert written.text.split() == [str(number) for number in range(_LINES)]
    finally:
        written.close()
