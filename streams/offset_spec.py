"""Where a reader wants to start. What each means at the ends of a log is decided in ``cursor``."""


class First:
    """The oldest record that is kept."""

    __slots__ = ()


class Last:
    """The start of the newest chunk of user records."""

    __slots__ = ()


class Next:
    """The first record that becomes durable from now on."""

    __slots__ = ()


class Exact:
    """This offset; the oldest kept when it is gone, the next one when it is not there yet."""

    __slots__ = ("offset",)
    __match_args__ = ("offset",)

    def __init__(self, offset: int) -> None:
        self.offset = offset


class Since:
    """The first chunk whose time is at or after this one (ms). Nothing stamped later is missed.

    A chunk bears the time of its newest record, so a few earlier ones may come with it. After the newest chunk it is
    as Next, however far away that time is.
    """

    __slots__ = ("timestamp_ms",)
    __match_args__ = ("timestamp_ms",)

    def __init__(self, timestamp_ms: int) -> None:
        self.timestamp_ms = timestamp_ms


OffsetSpec = First | Last | Next | Exact | Since
