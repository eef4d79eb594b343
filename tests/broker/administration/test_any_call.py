"""Whatever another process asks for, it gets an answer or a refusal, and the node lives on."""

import inspect
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import NoneType, UnionType
from typing import get_args, get_origin

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.administration import Administration, Refused
from broker.administration.calls import CHANGES, READS, BadCall, call
from tests.conversation import Broker

_WORDS = (
    *(
        "guest",
        "alice",
        "/",
        "garden",
        "",
        "amq.topic",
        "amq.",
        "q",
        "e",
        "(",
        ".*",
        "\udcff",
        "\x00",
        "AAAA",
        "undefined",
    ),
    *("all", "queues", "classic", "quorum", "stream", "topic", "direct", "x-delayed-message", "queue", "exchange"),
    *("max-connections", "max-length", "x-queue-type", "x-max-length", "operator_policy", "vhost-limits"),
    "rabbit_password_hashing_md5",
)
texts = st.sampled_from(_WORDS) | st.text(max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
_SECTIONS = {
    "users": ("name", "password", "password_hash", "hashing_algorithm", "tags", "limits"),
    "vhosts": ("name", "metadata", "limits", "default_queue_type"),
    "permissions": ("user", "vhost", "configure", "write", "read"),
    "topic_permissions": ("user", "vhost", "exchange", "write", "read"),
    "policies": ("name", "vhost", "pattern", "definition", "priority", "apply-to"),
    "parameters": ("name", "vhost", "component", "value"),
    "global_parameters": ("name", "value"),
    "exchanges": ("name", "vhost", "type", "durable", "auto_delete", "internal", "arguments"),
    "queues": ("name", "vhost", "type", "durable", "auto_delete", "arguments"),
    "bindings": ("source", "vhost", "destination", "destination_type", "routing_key", "arguments"),
}
# Objects with the right names and often fitting values, or the way would end at the first check.
_items = {
    section: st.lists(
        st.fixed_dictionaries({}, optional={name: texts | st.booleans() | values for name in names}), max_size=3
    )
    for section, names in _SECTIONS.items()
}
definitions = st.fixed_dictionaries({}, optional={section: items | values for section, items in _items.items()})


_OF_KIND = {
    str: texts,
    int: st.integers(),
    float: st.integers() | st.floats(),
    NoneType: st.none(),
    Sequence: st.lists(texts, max_size=3),
    Mapping: st.dictionaries(texts, st.integers() | values, max_size=3),
}


def fitting(parameter: inspect.Parameter) -> st.SearchStrategy:
    """What the argument is for, as far as its annotation says it."""
    if parameter.name == "definitions":
        return definitions
    kinds = get_args(parameter.annotation) if get_origin(parameter.annotation) is UnionType else (parameter.annotation,)
    return st.one_of([_OF_KIND[get_origin(kind) or kind] for kind in kinds])


@st.composite
def calls(draw):
    verb = draw(st.sampled_from(sorted(READS | CHANGES)))
    parameters = [
        p for name, p in inspect.signature(getattr(Administration, verb)).parameters.items() if name != "self"
    ]
    arguments = {}
    for parameter in parameters:
        needed = parameter.default is parameter.empty
        if needed or draw(st.booleans()):
            arguments[parameter.name] = draw(fitting(parameter) if draw(st.integers(0, 9)) else values)
    return verb, arguments


@settings(deadline=None, max_examples=150)
@given(st.lists(calls(), max_size=12))
def test_it_is_answered_or_refused(asked):
    broker = Broker()
    broker.admin.add_user("alice", "wonder")
    broker.admin.add_vhost("garden")
    for verb, arguments in asked:
        with suppress(BadCall, Refused):
            json.dumps(call(broker.admin, verb, arguments))
    # And the node is whole: what it holds can be told, and taken by another.
    if "/" in broker.node.vhosts:
        told = json.loads(json.dumps(broker.admin.export_definitions()))
        other = Broker()
        other.admin.import_definitions(told)
        assert other.admin.list_users()[0]["user"] == "guest"
