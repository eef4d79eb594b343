"""One target in a process of its own, under atheris: ``python -m tests.fuzz.worker TARGET WORK_DIR [libFuzzer's]``.

libFuzzer reports on standard error, and ends the process. An input that breaks the target is put into ``WORK_DIR``.
"""

import ctypes
import gc
import importlib.util
import resource
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import atheris

from tests.fuzz import guard, targets

AnyBytes = Callable[[bytes, int], bytes]

# After so many executions it is looked whether anything stayed. The first time is the measure for those that follow.
_LOOK_EACH = 20_000
# What may come and go by itself, in objects: tables that were checked, caches that fill up.
_STRAYS_MAX = 20_000


class Looking:
    """Sees that objects do not grow in number."""

    def __init__(self) -> None:
        self.executions = 0
        self._first: Counter[str] | None = None
        self._objects = 0

    def count(self) -> None:
        self.executions += 1
        if self.executions % _LOOK_EACH:
            return
        from tests.census import census

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


def any_bytes() -> AnyBytes:
    """libFuzzer's own mutator. Not ``atheris.Mutate``: in 3.0 that one takes it that fuzzing has not begun."""
    core = importlib.util.find_spec("atheris.core_with_libfuzzer")
    assert core is not None
    assert core.origin is not None
    mutate = ctypes.CDLL(core.origin).LLVMFuzzerMutate
    mutate.restype = ctypes.c_size_t
    mutate.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t]

    def change(data: bytes, size_max: int) -> bytes:
        size_max = max(size_max, 1)
        data = data[:size_max]
        place = ctypes.create_string_buffer(data, size_max)
        return place.raw[: mutate(place, len(data), size_max)]

    return change


def main(arguments: list[str]) -> None:
    name, work, *options = arguments
    with atheris.instrument_imports(include=targets.instrumented(name)):
        target = targets.load(name)
    from tests.fuzz.mutation import Mutator

    mutate = getattr(Mutator(any_bytes()), target.MUTATES)
    corpus = Path(work, "corpus")
    looking = Looking()

    def once(data: bytes) -> None:
        guard.timed(target.run, data)
        looking.count()

    settings = [f"-max_len={target.MAX_BYTES}", f"-artifact_prefix={work}/", "-timeout=60", "-rss_limit_mb=2048"]
    quiet = ["-print_final_stats=1", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *settings, *quiet, *options, str(corpus)], once, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
