"""The operator of a RabbitMQ: its administrator's verbs as what the node itself does for rabbitmqctl.

rabbitmqctl takes one to four seconds a word; the node's own functions, called from outside, some milliseconds. Only
where those refuse is rabbitmqctl asked for its words.
"""

import json
import re
from typing import Any

from interop.conformance.steps import ClearPolicy, SetPolicy
from interop.rabbitmq.node import CtlFailed, Node

_U = "rabbit_auth_backend_internal:"
_BY = '<<"conformance">>'
_SOURCE = "{{resource_limit, {0!s}, node()}}"
# Some settings have to be there, the others must not.
_USUAL = (
    "case maps:find({0!s}, #{{consumer_timeout => 1800000, channel_tick_interval => 60000}}) of"
    " {{ok, Usual}} -> application:set_env(rabbit, {0!s}, Usual); error -> application:unset_env(rabbit, {0!s}) end"
)
# Verb: the node's expression of the values, and rabbitmqctl's words ("" where it has none).
_VERBS = {
    "add_user": (_U + "add_user({0}, {1}, {by})", "add_user {0} {1}"),
    # As definitions have it: name, hash, algorithm.
    "put_user": (
        _U + 'put_user(#{{name => {0}, password_hash => {1}, hashing_algorithm => {2}, tags => <<"">>}}, {by})',
        "",
    ),
    "delete_user": (_U + "delete_user({0}, {by})", "delete_user {0}"),
    "change_password": (_U + "change_password({0}, {1}, {by})", "change_password {0} {1}"),
    "clear_password": (_U + "clear_password({0}, {by})", "clear_password {0}"),
    "set_user_tags": (_U + "set_tags({0}, {1}, {by})", ""),
    # User, virtual host, configure, write, read.
    "set_permissions": (
        _U + "set_permissions({0}, {1}, {2}, {3}, {4}, {by})",
        "set_permissions -p {1} {0} {2} {3} {4}",
    ),
    "clear_permissions": (_U + "clear_permissions({0}, {1}, {by})", "clear_permissions -p {1} {0}"),
    # User, virtual host, exchange, write, read.
    "set_topic_permissions": (
        _U + "set_topic_permissions({0}, {1}, {2}, {3}, {4}, {by})",
        "set_topic_permissions -p {1} {0} {2} {3} {4}",
    ),
    "clear_topic_permissions": (_U + "clear_topic_permissions({0}, {1}, {by})", "clear_topic_permissions -p {1} {0}"),
    "add_vhost": ("rabbit_vhost:add({0}, {by})", "add_vhost {0}"),
    # Virtual host, default queue type.
    "add_vhost_of_type": (
        "rabbit_vhost:add({0}, #{{default_queue_type => {1}}}, {by})",
        "add_vhost {0} --default-queue-type {1}",
    ),
    "delete_vhost": ("rabbit_vhost:delete({0}, {by})", "delete_vhost {0}"),
    "set_vhost_limits": ("rabbit_vhost_limit:parse_set({0}, {1}, {by})", "set_vhost_limits -p {0} {1}"),
    "clear_vhost_limits": ("rabbit_vhost_limit:clear({0}, {by})", "clear_vhost_limits -p {0}"),
    "set_user_limits": (_U + "set_user_limits({0}, {1}, {by})", "set_user_limits {0} {1}"),
    "clear_user_limits": (_U + "clear_user_limits({0}, {1}, {by})", "clear_user_limits {0} {1}"),
    "close_all_user_connections": (
        "rabbit_networking:close_all_user_connections({0}, {1})",
        "close_all_user_connections {0} {1}",
    ),
    # Virtual host, reason.
    "close_all_connections": (
        "rabbit_connection_tracking_handler:close_connections(rabbit_connection_tracking:list({0}), {1}, 0)",
        "close_all_connections -p {0} {1}",
    ),
    # A setting of the node, and a number; or what it is without.
    "set_env": ("application:set_env(rabbit, {0!s}, {1!s})", ""),
    "clear_env": (_USUAL, ""),
    # Of "memory" or "disk". Asking for what is set waits until it is.
    "set_alarm": ("{{rabbit_alarm:set_alarm({{" + _SOURCE + ", []}}), rabbit_alarm:get_alarms()}}", ""),
    "clear_alarm": ("{{rabbit_alarm:clear_alarm(" + _SOURCE + "), rabbit_alarm:get_alarms()}}", ""),
}
# rabbitmqctl shows the bare term; for policies' patterns RabbitMQ has these words.
_INVALID = re.compile(r'\{invalid_regexp,(?:<<)?"((?:[^"\\]|\\.)*)"(?:>>)?,(\{".*",[0-9]+\})')
# Before its own words rabbitmqctl may tell what the node logged.
_LOGGED = re.compile(r"^(?:[0-9:.]+ \[.*\n)+")
# In some of its words rabbitmqctl quotes names, in others not, and for some it shows the bare term.
_MISSING = re.compile(r"^(?:(User|Virtual host) (\S+)(?<![\"']) does not exist|\{:no_such_user, \"(.*)\"\})$")
_NO_SUCH = {"User": 'User "{}" does not exist', "Virtual host": "Virtual host '{}' does not exist"}
_CLOSE = (
    "[rabbit_networking:close_connection(Pid, {1}) || Pid <- rabbit_networking:connections(),"
    " (catch rabbit_networking:connection_info(Pid, [peer_port])) =:= [{{peer_port, {0}}}]]"
)


class RabbitOperator:
    def __init__(self, node: Node) -> None:
        self._node = node

    def set_policy(self, step: SetPolicy) -> str:
        verb = "set_operator_policy" if step.operator else "set_policy"
        aims = ("--priority", str(step.priority), "--apply-to", step.apply_to)
        return self._ask(verb, step.name, step.pattern, json.dumps(step.definition), *aims)

    def clear_policy(self, step: ClearPolicy) -> str:
        return self._ask("clear_operator_policy" if step.operator else "clear_policy", step.name)

    def administer(self, verb: str, *values: Any) -> str:
        expression, words = _VERBS[verb]
        try:
            self._node.evaluate(expression.format(*map(_Term, values), by=_BY))
        except CtlFailed as refused:
            if invalid := _INVALID.search(str(refused)):
                pattern = invalid[1].replace("\\\\", "\\")
                return f"Invalid regexp '{pattern}': {invalid[2]}"
            if not words:
                return str(refused)
            texts = [json.dumps(value) if isinstance(value, dict) else str(value) for value in values]
            return self._ask(*(word.format(*texts) for word in words.split()))
        return ""

    def forget(self, verb: str, name: str) -> None:
        try:
            self._node.evaluate(_VERBS[verb][0].format(_Term(name), by=_BY))
        except CtlFailed:
            pass

    def close_connection(self, port: int, reason: str) -> str:
        self._node.evaluate(_CLOSE.format(port, _Term(reason)))
        return ""

    def _ask(self, *words: str) -> str:
        try:
            self._node.ctl(*words)
        except CtlFailed as refused:
            said = _LOGGED.sub("", str(refused)).removeprefix("Error:").strip()
            return _MISSING.sub(lambda match: _NO_SUCH.get(match[1] or "User", "").format(match[2] or match[3]), said)
        return ""


class _Term:
    """A value in Erlang: texts and definitions (as JSON) are binaries, lists are of atoms; ``!s`` is an atom, too."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, _: str) -> str:
        match self.value:
            case list():
                return f"[{','.join(self.value)}]"
            case dict():
                return _binary(json.dumps(self.value))
            case _:
                return _binary(self.value)


def _binary(text: str) -> str:
    return f"<<{','.join(map(str, text.encode()))}>>"
