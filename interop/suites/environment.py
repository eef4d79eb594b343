"""A virtual environment for each suite, with the test dependencies its repository pins; made once, then reused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from interop.suites.suites import Suite


class CheckoutMissing(Exception):
    """No folder of that repository stands among the checkouts."""


def find_checkout(checkouts: Path, suite: Suite) -> Path:
    """``name``, ``owner/name`` or ``owner+name`` under ``checkouts``. Raises CheckoutMissing."""
    owner, name = suite.repository.split("/")
    for candidate in (checkouts / name, checkouts / owner / name, checkouts / f"{owner}+{name}"):
        if (candidate / suite.tests_in).is_dir():
            return candidate.resolve()
    raise CheckoutMissing(f"no checkout of github.com/{suite.repository} in {checkouts} (looked for {name} in it)")


def commit_of(checkout: Path) -> str:
    """The commit a checkout stands at, or '' where git does not know."""
    answer = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def python_for(suite: Suite, checkout: Path, environments: Path) -> Path:
    """The interpreter of the suite's environment; makes that anew when its recipe has changed."""
    folder = environments / suite.name
    recipe = "\n".join([sys.version, commit_of(checkout), *suite.requirements])
    stamp = folder / "made-by"
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != recipe:
        print(f"{suite.name}: making its environment", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        _pip(python, *suite.requirements)
        if suite.install_checkout:
            _install_copy(python, checkout)
        stamp.write_text(recipe)
    return python


def _install_copy(python: Path, checkout: Path) -> None:
    """Install from a copy: a build may leave files beside the sources, and checkouts stay as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / checkout.name
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
        _pip(python, "--no-deps", str(copy))


def _pip(python: Path, *arguments: str) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pip install {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
