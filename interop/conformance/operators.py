"""Operators: what the judge can do to a broker beside the protocol; and the one of a Leveret of the judge's own.

Each answers with the words it was refused with, "" where it was not.
"""

import json
import subprocess
import sys
import threading
from typing import Any, Protocol

from interop.conformance.steps import ClearPolicy, SetPolicy
from interop.leveret import Leveret


class Operator(Protocol):
    """``step`` is filled: it bears the names as the broker is to see them."""

    def set_policy(self, step: SetPolicy) -> str: ...
    def clear_policy(self, step: ClearPolicy) -> str: ...

    def administer(self, verb: str, *values: Any) -> str:
        """A verb of an administrator, with its values in the order of ``administrator``'s words."""

    def forget(self, verb: str, name: str) -> None:
        """The same, where it does not matter whether there is anything to be deleted or cleared."""

    def close_connection(self, port: int, reason: str) -> str:
        """Close the connection that comes from our ``port``."""


class OperatedLeveret(Leveret):
    """A leveret inside a program (``operated``) that does as it is told, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self._asking = threading.Lock()

    def launch(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "interop.conformance.operated", str(self.port)],
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def kill(self) -> None:
        process = self._process
        super().kill()
        if process is not None:
            process.communicate()

    def set_policy(self, step: SetPolicy) -> str:
        verb = "set_operator_policy" if step.operator else "set_policy"
        aims = {"apply_to": step.apply_to, "priority": step.priority}
        return self._ask(verb, step.name, step.pattern, step.definition, **aims)

    def clear_policy(self, step: ClearPolicy) -> str:
        return self._ask("clear_operator_policy" if step.operator else "clear_policy", step.name)

    def administer(self, verb: str, *values: Any) -> str:
        return self._ask(verb, *values)

    def forget(self, verb: str, name: str) -> None:
        self._ask(verb, name)

    def close_connection(self, port: int, reason: str) -> str:
        return self._ask("close_connection", port, reason)

    def _ask(self, verb: str, *values: Any, **named: Any) -> str:
        process = self._process
        assert process is not None, "the broker does not run"
        assert process.stdin is not None
        assert process.stdout is not None
        with self._asking:
            process.stdin.write(json.dumps([verb, values, named]).encode() + b"\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline()))
