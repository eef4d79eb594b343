"""`python -m interop.rabbitmq.install`: RabbitMQ from Debian's packages, on this machine or in a folder of its own.

Without --root: apt-get install on this Debian (RabbitMQ 3.10 on bookworm, 4.0 on trixie); the package's service is not
started. With --root DIR: debootstrap of --suite (trixie: RabbitMQ 4.0) into DIR, for `rabbitmq.running(root=DIR)`.
Not on Debian, or not root: says so and ends with status 3 (skipped).
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from interop import rabbitmq

_SKIPPED = 3
# policy-rc.d with status 101 is Debian's way to say "install services, but do not start them".
_POLICY = Path("/usr/sbin/policy-rc.d")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m interop.rabbitmq.install", description=__doc__)
    parser.add_argument("--root", default="/", help="folder for a Debian of its own (made with debootstrap)")
    parser.add_argument("--suite", default="trixie", help="Debian release for --root (default: trixie)")
    options = parser.parse_args()
    if version := rabbitmq.installed(options.root):
        print(f"RabbitMQ {version} stands under {options.root} already")
        return 0
    if not Path("/etc/debian_version").exists() or os.geteuid() != 0:
        print("skipped: installing RabbitMQ needs Debian and root", file=sys.stderr)
        return _SKIPPED
    if options.root == "/":
        _install_here()
    else:
        _install_into(options.root, options.suite)
    print(f"RabbitMQ {rabbitmq.installed(options.root)} installed under {options.root}")
    return 0


def _install_here() -> None:
    had_policy = _POLICY.exists()
    if not had_policy:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        _apt("install", "-y", "--no-install-recommends", "rabbitmq-server")
    finally:
        if not had_policy:
            _POLICY.unlink()


def _install_into(root: str, suite: str) -> None:
    if shutil.which("debootstrap") is None:
        _apt("install", "-y", "--no-install-recommends", "debootstrap")
    subprocess.run(["debootstrap", "--variant=minbase", "--include=rabbitmq-server", suite, root], check=True)


def _apt(*arguments: str) -> None:
    subprocess.run(["apt-get", *arguments], check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


if __name__ == "__main__":
    sys.exit(main())
