"""Operators: what the judge can do to a broker beside the protocol; and the one of a Leveret of the judge's own.

Each answers with the words it was refused with, "" where it was not.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
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


Call = tuple[str, tuple[Any, ...], dict[str, Any]]
_ABUNDANT_BYTES = 1 << 40
# Where leveret's verb is not called with just the values of the conversations' word.
_OTHERWISE: dict[str, Callable[..., Call]] = {
    "put_user": lambda name, hashed, algorithm: (
        "add_user", (name,), {"password_hash": hashed, "hashing_algorithm": algorithm}),
    "set_permissions": lambda user, vhost, *patterns: ("set_permissions", (user, *patterns), {"vhost": vhost}),
    "clear_permissions": lambda user, vhost: ("clear_permissions", (user,), {"vhost": vhost}),
    "set_topic_permissions": lambda user, vhost, *rest: ("set_topic_permissions", (user, *rest), {"vhost": vhost}),
    "clear_topic_permissions": lambda user, vhost: ("clear_topic_permissions", (user,), {"vhost": vhost}),
    "add_vhost_of_type": lambda name, kind: ("add_vhost", (name,), {"default_queue_type": kind}),
    "set_vhost_limits": lambda vhost, limits: ("set_vhost_limits", (limits,), {"vhost": vhost}),
    "clear_vhost_limits": lambda vhost: ("clear_vhost_limits", (), {"vhost": vhost}),
    "close_all_user_connections": lambda user, reason: ("close_all_connections", (reason,), {"user": user}),
    "close_all_connections": lambda vhost, reason: ("close_all_connections", (reason,), {"vhost": vhost}),
    # An operator of leveret forces an alarm by its limit.
    "clear_env": lambda name: ("set_env", (name, 0), {}),
    "set_alarm": lambda source: _limited(source, 0, 1),
    "clear_alarm": lambda source: _limited(source, _ABUNDANT_BYTES, 0),
}  # fmt: skip


def _limited(source: str, memory_bytes: int, disk_bytes: int) -> Call:
    if source == "memory":
        return "set_vm_memory_high_watermark", (memory_bytes,), {}
    return "set_disk_free_limit", (disk_bytes,), {}


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
        if verb in _OTHERWISE:
            verb, values, named = _OTHERWISE[verb](*values)
            return self._ask(verb, *values, **named)
        return self._ask(verb, *values)

    def forget(self, verb: str, name: str) -> None:
        self.administer(verb, name)

    def close_connection(self, port: int, reason: str) -> str:
        return self._ask("close_connection_from", port, reason)

    def _ask(self, verb: str, *values: Any, **named: Any) -> str:
        process = self._process
        assert process is not None, "the broker does not run"
        assert process.stdin is not None
        assert process.stdout is not None
        with self._asking:
            process.stdin.write(json.dumps([verb, values, named]).encode() + b"\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline()))
