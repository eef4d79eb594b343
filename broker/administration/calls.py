"""Calls: verbs by name with arguments as JSON holds them, as they come from another process.

What is asked for is looked up in a table and its arguments are checked before anything is called, so nothing but these
verbs can be reached, and none with what it is not made for.
"""

import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from broker.administration.administration import Administration

# Those that change nothing: whoever asks need not wait for the disk.
READS = frozenset(
    {
        "authenticate_user",
        "export_definitions",
        "list_connections",
        "list_operator_policies",
        "list_permissions",
        "list_policies",
        "list_queues",
        "list_topic_permissions",
        "list_user_limits",
        "list_user_permissions",
        "list_user_topic_permissions",
        "list_users",
        "list_vhost_limits",
        "list_vhosts",
        "status",
    }
)
CHANGES = frozenset(
    {
        "add_user",
        "add_vhost",
        "change_password",
        "clear_operator_policy",
        "clear_password",
        "clear_permissions",
        "clear_policy",
        "clear_topic_permissions",
        "clear_user_limits",
        "clear_vhost_limits",
        "close_all_connections",
        "close_connection",
        "delete_user",
        "delete_vhost",
        "import_definitions",
        "set_disk_free_limit",
        "set_operator_policy",
        "set_permissions",
        "set_policy",
        "set_topic_permissions",
        "set_user_limits",
        "set_user_tags",
        "set_vhost_limits",
        "set_vm_memory_high_watermark",
        "trace_off",
        "trace_on",
        "update_vhost_metadata",
    }
)
# What of a running broker they change ends with it.
OF_A_RUN = frozenset({"set_disk_free_limit", "set_vm_memory_high_watermark", "trace_off", "trace_on"})


class BadCall(Exception):
    """No such verb, or not with these arguments; one sentence, which repeats no value: one may be a password."""


def call(admin: Administration, verb: object, arguments: object) -> Any:
    """Do what ``verb`` does. Raises BadCall, and what the verb raises."""
    if not isinstance(verb, str) or (verb not in READS and verb not in CHANGES):
        raise BadCall("there is no such verb")
    if not isinstance(arguments, Mapping):
        raise BadCall(f"{verb}: its arguments have to be an object")
    method: Callable[..., Any] = getattr(admin, verb)
    try:
        _check(verb, inspect.signature(method).parameters, arguments)
        return method(**arguments)
    except RecursionError:
        # JSON may be nested deeper than what looks at it can follow.
        raise BadCall(f"{verb}: its arguments are nested too deeply") from None


def _check(verb: str, parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        parameter = parameters.get(name)
        if parameter is None:
            raise BadCall(f"{verb} has arguments {', '.join(parameters) or 'of no name'}, and no other")
        if not _fits(value, parameter.annotation) or not _is_text(value):
            raise BadCall(f"{verb}: {name} has to be {_words(parameter.annotation)}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in arguments:
            raise BadCall(f"{verb} needs an argument {name}")


def _fits(value: object, kind: Any) -> bool:
    """Whether a value that JSON gave is of the kind that an annotation names."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(kind))
    if origin is Sequence:
        (item,) = get_args(kind)
        return isinstance(value, list) and all(_fits(each, item) for each in value)
    if origin is Mapping:
        return isinstance(value, dict)
    # `type`, not `isinstance`: True is no number here.
    if kind is float:
        # An integer of JSON may be more than any float is.
        return type(value) in (int, float) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]
    return type(value) is kind


def _is_text(value: object) -> bool:
    """Whether all text in it can be written down: JSON can hold halves of characters."""
    try:
        json.dumps(value, ensure_ascii=False).encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


def _words(kind: Any) -> str:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return " or ".join(_words(each) for each in get_args(kind))
    if origin is Sequence:
        return f"a list of {_words(get_args(kind)[0])}"
    return "an object" if origin is Mapping else _WORDS[kind]
