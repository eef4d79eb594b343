"""How much memory this machine, or the container around this process, has, and how much this process takes up."""

import os
from pathlib import Path

# cgroup v2, then v1. Inside a container its own group is mounted as the root.
_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
# Linux: sizes in pages, of which the second is the resident set. Read in 10 µs.
_STATM = Path("/proc/self/statm")


def machine_memory_bytes() -> int:
    """Physical memory, or the container's limit where that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *filter(None, map(_limit, _CONTAINER_LIMITS))])


def process_memory_bytes() -> int:
    """The resident set; 0 where the system does not tell. (Elsewhere than on Linux, but what it was at most.)"""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def give_back_unused_memory() -> None:
    """Have the C library give back what nothing lies in (glibc). Blocks."""
    # Here, as few brokers ever need it.
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _limit(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None  # no such group, or "max"
