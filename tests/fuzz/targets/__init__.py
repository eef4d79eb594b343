"""The targets: a module each, with ``run`` (one execution; any exception is a finding) and ``seeds``.

``MAX_BYTES`` is the largest input, ``MUTATES`` what its mutator knows (see ``mutation``). None of them needs atheris.
"""

import importlib
from types import ModuleType

# What part of all executions each gets: those that are cheap find little in more, and the whole node costs a hundred
# times a table.
SHARES = {
    "connection": 8,
    "runs": 3,
    "tables": 27,
    "properties": 15,
    "stamps": 4,
    "methods": 18,
    "logins": 16,
    "proxy": 6,
    "patterns": 2,
    "node": 1,
}


def instrumented(name: str) -> list[str]:
    """The rooms whose coverage counts."""
    return ["protocol", "broker"] if name in ("node", "patterns") else ["protocol"]


def load(name: str) -> ModuleType:
    return importlib.import_module(f"tests.fuzz.targets.{name}")
