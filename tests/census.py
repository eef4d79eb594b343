"""Census: how many of the broker's objects are alive, to see that nothing is left behind."""

import gc
from collections import Counter

_ROOMS = ("broker.", "protocol.")
# They come and go by themselves: one a turn, or made once at import.
_IGNORED = {"Turn", "Notice"}


def census() -> Counter[str]:
    """Instances of the broker's own classes by name; call it when nothing is under way."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(
        kind.__qualname__
        for kind in kinds
        if str(kind.__module__).startswith(_ROOMS) and kind.__qualname__ not in _IGNORED
    )
