"""Native: which modules may be compiled, whether they are, and what stands in for Cython where it is absent.

The modules of ``modules`` are Python like all others; ``setup.py`` may have compiled them besides. This decides,
before the first of them is imported, which is used: ``COMPILED`` says so, and ``HOW`` in words.

The environment's LEVERET_COMPILED: 0 takes the sources, whatever there is; 1 raises ImportError unless it is all
compiled; without it what was compiled is taken if it was made from the very sources that stand beside it.
"""

import os
import sys
from importlib.machinery import PathFinder
from typing import Final

from protocol.native.record import Built, state
from protocol.native.sources import SourceFinder

VARIABLE: Final = "LEVERET_COMPILED"


def _decide() -> tuple[bool, str]:
    wanted = os.environ.get(VARIABLE, "")
    found = state()
    if wanted == "1" and found is not Built.FRESH:
        raise ImportError(f"{VARIABLE} is 1, but {found.value}")
    if wanted == "0" or found is Built.STALE:
        # Before Python's own, which takes compiled modules first; behind those that look at sources as they load.
        place = sys.meta_path.index(PathFinder) if PathFinder in sys.meta_path else 0
        sys.meta_path.insert(place, SourceFinder)
    if wanted == "0":
        return False, f"in plain Python, as {VARIABLE} is 0"
    if found is Built.FRESH:
        return True, "compiled"
    return False, f"in plain Python, as {found.value}"


COMPILED, HOW = _decide()
