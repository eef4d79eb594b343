"""Layers: where settings come from on this command line, for the broker and for the commands to it."""

import os
from collections.abc import Mapping
from pathlib import Path

from broker.config import ENVIRONMENT_PREFIX, Config, load

FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"


class Layers:
    """``file`` is a TOML file's name, None where the environment may name one; ``flags`` are texts by setting."""

    __slots__ = ("file", "flags")

    def __init__(self, file: str | None, flags: Mapping[str, str]) -> None:
        self.file = file or os.environ.get(FILE_VARIABLE)
        self.flags = dict(flags)

    def read(self) -> Config:
        """As it all stands now: the file may change while the broker runs. Raises ConfigError, OSError,
        UnicodeDecodeError.
        """
        text = Path(self.file).read_text(encoding="utf-8") if self.file else ""
        return load(file_text=text, file_name=self.file or "", environment=os.environ, flags=self.flags)
