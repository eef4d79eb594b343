"""A client as its folder's client.toml describes it: what it is called, what it needs, how it is built and run.

    title = "pika"
    language = "Python"
    version = ["{python}", "-c", "import pika; print(pika.__version__)"]   # another status than 0: not installed
    build = [["javac", "-d", "{build}", "{folder}/Story.java"]]            # may be left out
    run = ["{python}", "-m", "interop.clients.pika.story"]                 # the broker's URL is added
    environment = { NODE_PATH = "{cache}/node_modules" }                   # may be left out
    note = "Recovers by ..."                    # what it does after a restart, and what it lacks; shown in the table
    [needs]                                                                # any of them
    pip = true              # from requirements.lock (extras clients, frameworks)
    apt = ["ruby-bunny"]    # Debian's packages
    npm = ["amqplib@0.10.9"]

In every word {python} is this interpreter, {folder} the client's folder, {build} a temporary folder of its own,
{cache} a folder that outlives the run, in which install.py puts what comes from npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CLIENTS = Path(__file__).parents[1]
ROOT = CLIENTS.parents[1]
# A Java or Go compiler on two busy cores.
_BUILD_TIMEOUT_S = 300.0
_VERSION_TIMEOUT_S = 60.0


class BuildFailed(Exception):
    """The client's program could not be built; carries the end of the compiler's output."""


@dataclass(frozen=True)
class Needs:
    pip: bool = False
    apt: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()


@dataclass(frozen=True)
class Client:
    name: str
    title: str
    language: str
    version_command: tuple[str, ...]
    run_command: tuple[str, ...]
    note: str
    build_commands: tuple[tuple[str, ...], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    needs: Needs = Needs()

    @property
    def folder(self) -> Path:
        return CLIENTS / self.name

    def version(self) -> str | None:
        """What is installed, or None where it (or what runs it) is not."""
        command = self._filled(self.version_command, Path())
        if shutil.which(command[0]) is None:
            return None
        done = subprocess.run(
            command, cwd=ROOT, env=self.whole_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, check=False, timeout=_VERSION_TIMEOUT_S,
        )  # fmt: skip
        words = done.stdout.split()
        return words[0] if done.returncode == 0 and words else None

    def build(self, into: Path) -> None:
        """Compile into the folder. Raises BuildFailed."""
        for command in self.build_commands:
            done = subprocess.run(
                self._filled(command, into), cwd=into, env=self.whole_environment(into), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=_BUILD_TIMEOUT_S,
            )  # fmt: skip
            if done.returncode:
                raise BuildFailed(f"{' '.join(command)}: {done.stdout[-2000:]}")

    def command(self, built: Path, url: str) -> list[str]:
        return [*self._filled(self.run_command, built), url]

    def whole_environment(self, built: Path = Path()) -> dict[str, str]:
        return {**os.environ, **{name: self._fill(value, built) for name, value in self.environment.items()}}

    def _filled(self, words: Sequence[str], built: Path) -> list[str]:
        return [self._fill(word, built) for word in words]

    def _fill(self, word: str, built: Path) -> str:
        places = {"python": sys.executable, "folder": self.folder, "build": built, "cache": cache()}
        for name, place in places.items():
            word = word.replace(f"{{{name}}}", str(place))
        return word


def cache() -> Path:
    """Where clients lie that no package manager of the system keeps."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "leveret-clients"


def all_clients() -> dict[str, Client]:
    """Every client with an entry, by its folder's name."""
    return {path.parent.name: _read(path) for path in sorted(CLIENTS.glob("*/client.toml"))}


def _read(path: Path) -> Client:
    entry = tomllib.loads(path.read_text(encoding="utf-8"))
    needs = entry.pop("needs", {})
    client = Client(
        name=path.parent.name,
        title=entry.pop("title"),
        language=entry.pop("language"),
        version_command=tuple(entry.pop("version")),
        run_command=tuple(entry.pop("run")),
        note=entry.pop("note"),
        build_commands=tuple(tuple(one) for one in entry.pop("build", [])),
        environment=entry.pop("environment", {}),
        needs=Needs(
            pip=needs.pop("pip", False), apt=tuple(needs.pop("apt", ())), npm=tuple(needs.pop("npm", ()))
        ),
    )  # fmt: skip
    if entry or needs:
        raise ValueError(f"{path}: nothing is called {', '.join([*entry, *needs])}")
    return client
