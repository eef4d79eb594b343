"""Hypothesis strategies for what stands on the wire, as pamqp can write it."""

import datetime as dt
import inspect

from hypothesis import strategies as st
from pamqp import commands
from pamqp.commands import Basic

UTC = dt.UTC

channels = st.integers(1, 65535)
tags = st.integers(0, 2**63 - 1)
short_strings = st.text(max_size=40)
# Seconds; pamqp takes what is above 2**32 for milliseconds.
timestamps = st.integers(0, 2**32 - 1).map(lambda seconds: dt.datetime.fromtimestamp(seconds, tz=UTC))
field_names = st.text(max_size=30)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False),
    st.text(max_size=50),
    st.binary(max_size=20).map(bytearray),
    timestamps,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(field_names, inner, max_size=4)),
    max_leaves=12,
)
tables = st.dictionaries(field_names, values, max_size=6)

properties = st.builds(
    Basic.Properties,
    content_type=st.none() | short_strings,
    content_encoding=st.none() | short_strings,
    headers=st.none() | tables,
    delivery_mode=st.none() | st.sampled_from([1, 2]),
    priority=st.none() | st.integers(0, 255),
    correlation_id=st.none() | short_strings,
    reply_to=st.none() | short_strings,
    expiration=st.none() | short_strings,
    message_id=st.none() | short_strings,
    timestamp=st.none() | timestamps,
    message_type=st.none() | short_strings,
    user_id=st.none() | short_strings,
    app_id=st.none() | short_strings,
)

_OF_TYPE = {
    "bit": st.booleans(),
    "octet": st.integers(0, 255),
    "short": st.integers(0, 65535),
    "long": st.integers(0, 2**32 - 1),
    "longlong": tags,
    "shortstr": short_strings,
    "longstr": st.text(max_size=400),
    "table": tables,
}

# Content classes aside: every class pamqp knows of, server's and client's.
METHODS = [
    kind
    for name, group in inspect.getmembers(commands, inspect.isclass)
    if name != "BasicProperties"
    for _, kind in inspect.getmembers(group, inspect.isclass)
    if getattr(kind, "index", 0) and issubclass(kind, commands.base.Frame)
]


@st.composite
def arguments(draw, kind):
    """A method of this class with any arguments, past the names that pamqp's constructors would refuse."""
    method = object.__new__(kind)
    for name in kind.__slots__:
        setattr(method, name, draw(_OF_TYPE[kind.amqp_type(name)]))
    return method


def plain(value):
    """As our own reader gives it: times are seconds."""
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value
