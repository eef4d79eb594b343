"""What a process writes, kept in a file without a name, to be read while it is still being written."""

from __future__ import annotations

import os
import tempfile


class Written:
    """A process's standard output and error: hand the object itself to ``subprocess.Popen``."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by close()

    def fileno(self) -> int:
        return self._file.fileno()

    @property
    def text(self) -> str:
        """All that was written so far.

        The process writes where the file's position is, and shares it with us: reading must not move it (pread), or
        what is written meanwhile covers what stood there before.
        """
        size = os.fstat(self.fileno()).st_size
        return os.pread(self.fileno(), size, 0).decode(errors="replace")

    def close(self) -> None:
        self._file.close()
