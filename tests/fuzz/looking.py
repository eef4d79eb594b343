"""Looking: whether a long run of executions leaves anything behind that a single one does not show."""

import gc
import resource
import sys
from collections import Counter
from pathlib import Path

from tests.census import census
from tests.fuzz import guard

# After so many executions it is looked whether anything stayed. The first time is the measure for those that follow.
_LOOK_EACH = 20_000
# What may come and go by itself, in objects: tables that were checked, caches that fill up.
_STRAYS_MAX = 20_000


class Looking:
    """Sees that objects do not grow in number."""

    def __init__(self, each: int = _LOOK_EACH) -> None:
        self.executions = 0
        self._each = each
        self._first: Counter[str] | None = None
        self._objects = 0

    def count(self) -> None:
        """An execution is over. Raises Leak."""
        self.executions += 1
        if self.executions % self._each:
            return
        now, objects = census(), len(gc.get_objects())
        if self._first is None:
            self._first, self._objects = now, objects
            return
        grown = now - self._first
        if grown:
            raise guard.Leak(f"after {self.executions} executions there are more of {dict(grown)}")
        if objects > self._objects + _STRAYS_MAX:
            raise guard.Leak(f"{objects - self._objects} objects more after {self.executions} executions")
        print(f"LOOKED objects {objects} rss_kib {_rss_kib()}", file=sys.stderr)


def _rss_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
