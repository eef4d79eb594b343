"""The targets: a module each, with ``run`` (one execution; any exception is a finding) and ``seeds``.

``MAX_BYTES`` is the largest input, ``MUTATES`` what its mutator knows (see ``mutation``). None of them needs atheris.
"""

import importlib
from types import ModuleType

# How many of a thousand executions each gets: the whole node costs a hundred times what a table does.
SHARES = {
    "connection": 50,
    "runs": 12,
    "tables": 290,
    "properties": 120,
    "stamps": 30,
    "methods": 230,
    "logins": 190,
    "proxy": 58,
    "patterns": 15,
    "node": 5,
}


def instrumented(name: str) -> list[str]:
    """The rooms whose coverage counts."""
    return ["protocol", "broker"] if name in ("node", "patterns") else ["protocol"]


def load(name: str) -> ModuleType:
    return importlib.import_module(f"tests.fuzz.targets.{name}")
