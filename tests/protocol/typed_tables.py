"""Field tables with values of every wire type, as our own reader gives them."""

from hypothesis import strategies as st

from protocol.amqp.tables import (
    Byte,
    Decimal,
    Float,
    Long,
    Short,
    Timestamp,
    UnsignedByte,
    UnsignedInt,
    UnsignedShort,
    wire_type,
)


def integers(kind, bits, *, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return st.integers(low, high).map(kind)


def not_text(raw):
    try:
        raw.decode()
    except UnicodeDecodeError:
        return True
    return False


names = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda raw: raw.decode(errors="surrogateescape")),
    st.sampled_from(["", "é" * 127 + "x", "x" * 255]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    integers(Byte, 8, signed=True),
    integers(UnsignedByte, 8, signed=False),
    integers(Short, 16, signed=True),
    integers(UnsignedShort, 16, signed=False),
    integers(int, 32, signed=True),
    integers(UnsignedInt, 32, signed=False),
    integers(Long, 64, signed=True),
    integers(Timestamp, 64, signed=False),
    st.floats(width=32, allow_nan=False).map(Float),
    st.floats(allow_nan=False),
    st.builds(Decimal, st.integers(0, 255), st.integers(0, 2**32 - 1)),
    st.text(max_size=30),
    st.binary(min_size=1, max_size=20).filter(not_text),
    st.binary(max_size=20).map(bytearray),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)
all_tables = st.dictionaries(names, values, max_size=5)


def typed(value):
    """A value with the wire types of all that is in it, in order."""
    if isinstance(value, dict):
        return "table", [(name, typed(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return "array", [typed(inner) for inner in value]
    return wire_type(value), type(value), value
