"""One target in a process of its own, under atheris: ``python -m tests.fuzz.worker TARGET WORK_DIR [libFuzzer's]``.

libFuzzer reports on standard error, and ends the process. An input that breaks the target is put into ``WORK_DIR``.
"""

import ctypes
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

from tests.fuzz import guard, targets

AnyBytes = Callable[[bytes, int], bytes]


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
    from tests.fuzz.looking import Looking
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
