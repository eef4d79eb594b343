"""The commands as a person types them, in this process; the broker they are for is another process, or stopped."""

import io
import json
import sys
from collections.abc import Callable, Iterator

import pytest

from broker.__main__ import main
from interop.leveret import Leveret


class Done:
    """What a command wrote, and its exit status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err

    @property
    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.out.splitlines()]

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def leveret(monkeypatch, capsys) -> Callable[..., Done]:
    """``leveret("user", "list")``; with ``stdin`` what is typed."""

    def run(*arguments: str, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["leveret", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        status = main()
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data directory which commands find without being told."""
    monkeypatch.setenv("LEVERET_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def broker(folder) -> Iterator[Leveret]:
    """A broker that runs on it."""
    with Leveret(0, "--data-dir", str(folder)) as running:
        yield running
