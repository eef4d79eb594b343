"""The names random conversations use: few, so that their steps meet; some that mean nothing, some that are reserved."""

from typing import Any

from hypothesis import strategies as st

QUEUES = ("~a", "~b", "~c")
STREAM = "~s"
KEYS = ("", "k", "a.b", "a.b.c")
TAGS = ("t", "u")
# Of scenes, which close them mostly: delivery tags begin with 1 then.
OWN_CHANNELS = (4, 5)
PATTERNS = ("", "k", "a.b", "a.*", "#", "*.b.#", "a.#.c")
KINDS = ("direct", "fanout", "topic", "headers")
# Each of its kind, as ``~x`` with an alternate exchange may be of any.
EXCHANGES = ("~direct", "~fanout", "~topic", "~headers", "~x")
PREDECLARED = ("amq.direct", "amq.fanout", "amq.topic", "amq.headers")

Draw = Any
places = st.sampled_from([("a", 1), ("a", 1), ("a", 1), ("a", 2), ("b", 1)])
bits = st.booleans()
rarely = st.integers(0, 15).map(lambda n: n == 15)
often = st.integers(0, 5).map(lambda n: n > 0)
seldom = st.integers(0, 5).map(lambda n: n == 5)
queues = st.sampled_from([*QUEUES, *QUEUES, *QUEUES, "~nowhere", ""])
exchanges = st.sampled_from([*EXCHANGES, *EXCHANGES, "", "", *PREDECLARED, "~nowhere"])
own_exchanges = st.sampled_from([*EXCHANGES, *EXCHANGES, *EXCHANGES, "~nowhere"])
tags = st.sampled_from(TAGS)
