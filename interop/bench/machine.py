"""The machine that measures, in words that name no host and no path."""

import os
import platform
from pathlib import Path


def description() -> str:
    """Its cores, their kind, its memory, its system and the Python that runs."""
    cores = len(os.sched_getaffinity(0))
    memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} {'core' if cores == 1 else 'cores'} ({_model()}), {memory} GiB, {platform.system()}, {python}"


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
