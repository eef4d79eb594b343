"""What a broker's process has used, out of /proc: processor time and resident memory, its children's included."""

import contextlib
import os
import resource
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of the process with all its threads, and of its living descendants; exact to 10 ms."""
    ticks = 0
    for each in _tree(pid):
        # The command's name, in parentheses, may hold spaces: the numbers begin behind it, utime being the 12th.
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_A_SECOND


def rss_bytes(pid: int) -> int:
    """Resident memory of the process and its descendants."""
    return sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in _tree(pid)) * _PAGE_BYTES


def peak_rss_bytes(pid: int) -> int:
    """The most resident memory the process has had, without its descendants, since its start or ``forget_peak``."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def forget_peak(pid: int) -> None:
    """Have the kernel watch for the most memory anew, from what there is now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def own_cpu_seconds() -> float:
    """User and system time of the calling process."""
    times = os.times()
    return times.user + times.system


def allow_open_files(count: int) -> None:
    """Raise our limit of open files, which children inherit, to ``count``, as far as the hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
                found += [int(child) for child in (task / "children").read_text().split()]
    return found
