"""Operators: what the judge can do to a broker beside the protocol, with RabbitMQ and with a Leveret of its own.

Each answers with the words it was refused with, "" where it was not.
"""

import json
import subprocess
import sys
import threading
from typing import Any, Protocol

from interop.conformance.steps import ClearPolicy, SetPolicy
from interop.leveret import Leveret
from interop.rabbitmq.node import CtlFailed, Node


class Operator(Protocol):
    """``step`` is filled: it bears the names as the broker is to see them."""

    def set_policy(self, step: SetPolicy) -> str: ...
    def clear_policy(self, step: ClearPolicy) -> str: ...


class RabbitOperator:
    """Speaks by rabbitmqctl, one to four seconds a word."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def set_policy(self, step: SetPolicy) -> str:
        verb = "set_operator_policy" if step.operator else "set_policy"
        aims = ("--priority", str(step.priority), "--apply-to", step.apply_to)
        return self._ask(verb, step.name, step.pattern, json.dumps(step.definition), *aims)

    def clear_policy(self, step: ClearPolicy) -> str:
        return self._ask("clear_operator_policy" if step.operator else "clear_policy", step.name)

    def _ask(self, *words: str) -> str:
        try:
            self._node.ctl(*words)
        except CtlFailed as refused:
            return str(refused).removeprefix("Error:").strip()
        return ""


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

    def _ask(self, verb: str, *values: Any, **named: Any) -> str:
        process = self._process
        assert process is not None, "the broker does not run"
        assert process.stdin is not None
        assert process.stdout is not None
        with self._asking:
            process.stdin.write(json.dumps([verb, values, named]).encode() + b"\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline()))
