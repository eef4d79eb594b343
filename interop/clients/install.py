"""`python -m interop.clients.install [CLIENT]...`: get the clients that tell the story, from Debian, PyPI and npm.

Python's come from requirements.lock, npm's in pinned versions into a cache folder outside of the repository. Where
Debian's packages cannot be had (not Debian, not root), that is said and the rest is done; ends with 3 then.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from interop.clients.story.entry import ROOT, Client, all_clients, cache

_SKIPPED = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.clients.install", description=__doc__)
    every = all_clients()
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"{', '.join(every)}; all, if none is named")
    names = [name.replace("-", "_") for name in parser.parse_args().clients] or list(every)
    if unknown := [name for name in names if name not in every]:
        parser.error(f"no client is called {', '.join(unknown)}")
    clients = [every[name] for name in names]
    if any(client.needs.pip for client in clients):
        _run(sys.executable, "-m", "pip", "install", "-q", "-r", str(ROOT / "requirements.lock"))
    all_there = _apt(sorted({package for client in clients for package in _apt_needs(client)}))
    for package in sorted({package for client in clients for package in client.needs.npm}):
        cache().mkdir(parents=True, exist_ok=True)
        _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(cache()), package)
    missing = [client for client in clients if client.version() is None]
    _print(clients, missing)
    return 0 if all_there and not missing else _SKIPPED


def _apt_needs(client: Client) -> list[str]:
    """npm is among them only where there is none: Node's own packages bring theirs and conflict with Debian's."""
    lacks_npm = client.needs.npm and shutil.which("npm") is None
    return [*client.needs.apt, *(["nodejs", "npm"] if lacks_npm else [])]


def _apt(packages: Sequence[str]) -> bool:
    if not packages:
        return True
    if not Path("/etc/debian_version").exists() or os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"skipped: {' '.join(packages)} need Debian and root", file=sys.stderr)
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    return subprocess.run(command, check=False, env=environment).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def _print(clients: Sequence[Client], missing: Sequence[Client]) -> None:
    for client in clients:
        print(f"{client.title}: {'is missing' if client in missing else client.version()}")


if __name__ == "__main__":
    sys.exit(main())
