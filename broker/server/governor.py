"""Governor: keeps work that moves no messages from taking the time of work that does.

The broker is one thread, and everything it is asked to do is done there. Whoever publishes, acks or gets is served at
once. Everything else (handshakes, declares, tiny frames, refusals) stands in one line while messages flow: one small
piece of it is done, then all sockets are looked at again, and together it has no more than a share of the time. While
no messages flow, nobody waits. It is time that is counted, not methods: whatever a client may think of to keep the
broker busy, it is known by what it costs and what it moves.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

# What moving one message may cost at most to be taken for no more than that, and the turn around it. Measured: 1.3 to
# 5 µs in hundreds, 100 µs and more in a turn of its own.
_MESSAGE_S = 20e-6
_TURN_S = 150e-6
# What a byte of a large one costs while its frame is not whole.
_BYTE_S = 1e-9
# A piece of other work costs this much around it, which no turn sees: the wait, the wake-up, the look at the sockets.
_AROUND_S = 50e-6

# Messages flow when one has been moved this lately. An idle consumer's acks may be seconds apart.
_FLOWING_S = 5.0
# How much of the time messages took is judged by this much of it. Other work gets what is left when twice as much is
# kept free for them, and this share in any case.
_WINDOW_S = 0.1
_ROOM = 2.0
_LEAST_SHARE = 0.12
# Unused time is kept for a moment only: it would be spent at once, and be felt.
_CREDIT_MAX_S = 0.0005
# Two pieces closer than this had no look at the sockets in between.
_APART_S = 0.0002
# One piece that took very long (a second is not unheard of) must not keep all others from theirs for ever.
_CREDIT_MIN_S = -0.2
_SHORTEST_WAIT_S = 0.0001
# What takes longer by the clock was held up by somebody else.
_CHARGE_MAX_S = 0.001

# What a peer may spend on other work without losing its place among those that move messages: a pause of the garbage
# collector, which falls on whoever is served, may be all of it. It is forgotten at this rate, and for each second of
# messages moved.
_ALLOWANCE_S = 0.02
_FORGIVEN_BY_TIME = 0.005
_FORGIVEN_BY_WORK = 0.1
# Who has had little stands in another line than who has had much: below these seconds, and, in the last one, above. A
# client that logs in and opens a channel has had 0.7 ms; one that floods has had 20 in no time. Whoever lets clients in
# stands in a line of their own, the last. The lines take turns.
_LINES_S = (0.0015, 0.005, _ALLOWANCE_S)
_TURNS = (0, 0, 4, 0, 1, 0, 0, 4, 0, 2, 0, 0, 4, 0, 1, 0, 0, 4, 0, 3)
NEWCOMERS, DOORS = 0, 4
# How long a piece of each line's may be (one frame may take longer): so many of them are done between two looks at the
# sockets as take no longer than one long piece.
_PIECES_S = (0.00015, 0.00025, 0.00025, 0.00025, 0.00015)
_BETWEEN_LOOKS_S = 0.0003
# Newcomers that stand in line before others are let in to it.
_NEWCOMERS_MAX = 256
_LOOK_AGAIN_S = 0.001


class Account:
    """One peer's: ``trusted`` when what it does moves messages, so that it never has to wait.

    ``measured``: its turns are to be told in CPU time.
    """

    __slots__ = ("debt_s", "measured", "settled_at", "trusted")

    def __init__(self) -> None:
        self.trusted = False
        self.measured = True
        # Other work it has had done, as far as that is not forgotten.
        self.debt_s = 0.0
        self.settled_at = 0.0


class Place:
    """One peer's in the line. ``called``: it is its turn."""

    __slots__ = ("called", "left")

    def __init__(self) -> None:
        self.called = trio.Event()
        self.left = False


class Governor:
    """``clock`` gives monotonic seconds.

    A peer that is not ``trusted`` waits to be ``admitted`` while ``messages_flow``, does one piece of work, and says
    ``done``. Everybody's turns are told: by ``spent`` in CPU time, as what else the machine does is no peer's fault; or
    by ``flowed``, if the account is trusted and not ``measured``, which costs a fifth.
    """

    __slots__ = (
        "_admitted",
        "_clock",
        "_credit_s",
        "_done_at",
        "_flowing_until",
        "_lines",
        "_looked_at",
        "_moved_s",
        "_pause_at",
        "_served",
        "_share",
        "_timer",
        "_window_at",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._flowing_until = float("-inf")
        self._share = 1.0
        self._window_at = self._looked_at = clock()
        # Seconds of this window that moved messages.
        self._moved_s = 0.0
        self._credit_s = _CREDIT_MAX_S
        # How many do their pieces, and when the sockets are to be looked at again: when the first of them has begun.
        self._admitted = 0
        self._pause_at = 0.0
        self._done_at = float("-inf")
        self._lines: tuple[deque[Place], ...] = tuple(deque() for _ in _PIECES_S)
        self._served = 0
        self._timer = trio.Event()

    # -- accounts ------------------------------------------------------------------------------------------------------

    @property
    def messages_flow(self) -> bool:
        return self._clock() < self._flowing_until

    def flowed(self, account: Account, begun: float, ended: float, moved: int, size_bytes: int) -> None:
        """A trusted peer's turn lasted from ``begun`` to ``ended`` by the clock, and read and moved so much.

        Where that is longer than it should be, the next turn is to be measured.
        """
        worth = size_bytes * _BYTE_S
        if moved:
            worth += moved * _MESSAGE_S + _TURN_S
            self._flowing_until = ended + _FLOWING_S
        self._moved_s += min(ended - begun, worth)
        account.measured = ended - begun > worth

    def spent(self, account: Account, seconds: float, moved: int, size_bytes: int) -> None:
        """A peer's turn took this much CPU time, read and moved so much."""
        worth = size_bytes * _BYTE_S
        now = self._clock()
        if moved:
            worth += moved * _MESSAGE_S + _TURN_S
            self._flowing_until = now + _FLOWING_S
        worth = min(seconds, worth)
        other = seconds - worth
        self._moved_s += worth
        account.measured = other > 0 or not account.trusted
        if not account.measured:
            return
        forgiven = (now - account.settled_at) * _FORGIVEN_BY_TIME + worth * _FORGIVEN_BY_WORK
        account.debt_s = max(account.debt_s - forgiven, 0.0) + other
        account.settled_at = now
        account.trusted = (account.trusted or worth > other) and account.debt_s <= _ALLOWANCE_S
        self._refill(now)
        self._credit_s = max(self._credit_s - other, _CREDIT_MIN_S)

    @contextmanager
    def charged(self) -> Iterator[None]:
        """For work that moves no messages and that nobody can be made to wait for: others wait longer for it."""
        begun = self._clock()
        try:
            yield
        finally:
            self.charge(self._clock() - begun)

    def charge(self, seconds: float) -> None:
        """The same, where it is known how long it took."""
        self._credit_s = max(self._credit_s - min(seconds, _CHARGE_MAX_S), _CREDIT_MIN_S)

    def _refill(self, now: float) -> None:
        window = now - self._window_at
        if window >= _WINDOW_S:
            self._share = max(_LEAST_SHARE, 1 - _ROOM * self._moved_s / window)
            self._moved_s = 0.0
            self._window_at = now
        self._credit_s = min(self._credit_s + (now - self._looked_at) * self._share, _CREDIT_MAX_S)
        self._looked_at = now

    # -- the line ------------------------------------------------------------------------------------------------------

    async def admitted(self, account: Account, line: int | None = None) -> None:
        """Wait until a piece of other work may be done. Whatever comes of it, ``done`` must be called then; not where
        this raises trio.Cancelled. The line is what the account's debt says, where none is given.
        """
        number = _line_of(account) if line is None else line
        place = self.line_up(account, number)
        if place is None:
            return
        try:
            await place.called.wait()
            while self._is_late(_PIECES_S[number]):
                # Those called before have taken longer than was thought.
                place.called = trio.Event()
                self._lines[number].appendleft(place)
                self._leave()
                await place.called.wait()
        except BaseException:
            place.left = True
            if place.called.is_set():
                self.done()
            raise

    def _is_late(self, piece_s: float) -> bool:
        """Whether the sockets have to be looked at before one more piece; never before the first."""
        now = self._clock()
        if not self._pause_at:
            self._pause_at = now + _BETWEEN_LOOKS_S
            return False
        return now + piece_s > self._pause_at

    def piece_s(self, account: Account) -> float:
        """How long a piece of this peer's may be."""
        return _PIECES_S[_line_of(account)]

    async def room(self) -> None:
        """Wait while very many newcomers are in line: in the kernel waiting costs nothing, and who leaves again is
        soon dealt with.
        """
        while len(self._lines[NEWCOMERS]) >= _NEWCOMERS_MAX and self.messages_flow:  # noqa: ASYNC110 - as long as it takes
            await trio.sleep(_LOOK_AGAIN_S)

    def line_up(self, account: Account, line: int | None = None) -> Place | None:
        """None if it is this peer's turn at once. See ``admitted``."""
        now = self._clock()
        self._refill(now)
        if not (self._admitted or self._has_line) and self._credit_s > 0 and now - self._done_at >= _APART_S:
            self._admitted = 1
            return None
        place = Place()
        self._lines[_line_of(account) if line is None else line].append(place)
        self._look_again()
        return place

    @property
    def _has_line(self) -> bool:
        return any(self._lines)

    def done(self) -> None:
        """The piece is done: when all that were called have done theirs, and the sockets have been looked at, the next
        have their turn.
        """
        self._done_at = self._clock()
        self._credit_s -= _AROUND_S
        self._leave()

    def _leave(self) -> None:
        self._admitted -= 1
        self._look_again()

    def call(self) -> float:
        """Call the next, if there is time for their pieces; else the seconds until there will be, 0 if nobody waits for
        that.
        """
        if self._admitted or not self._has_line:
            return 0.0
        now = self._clock()
        self._refill(now)
        if self._credit_s <= 0 and now < self._flowing_until:
            return min(_SHORTEST_WAIT_S - self._credit_s / self._share, self._flowing_until - now)
        self._pause_at = 0.0
        room = _BETWEEN_LOOKS_S
        while self._has_line:
            number = self._next_line()
            if self._admitted and room < _PIECES_S[number]:
                self._served -= 1
                break
            place = self._lines[number].popleft()
            if not place.left:
                room -= _PIECES_S[number]
                self._admitted += 1
                place.called.set()
        return 0.0

    def _next_line(self) -> int:
        """The one whose turn it is; the first of all where nobody stands in that."""
        self._served += 1
        number = _TURNS[self._served % len(_TURNS)]
        return number if self._lines[number] else next(n for n, line in enumerate(self._lines) if line)

    def _look_again(self) -> None:
        """Have the next called. Not here: between two pieces there is a round of the loop that has none in it, so that
        a message waits for one of them at most.
        """
        if not self._admitted and self._has_line:
            self._timer.set()

    async def keep(self) -> None:
        """Call those who wait when there is time for them; for ever."""
        while True:
            await self._timer.wait()
            self._timer = trio.Event()
            while delay := self.call():  # noqa: ASYNC110 - it is time that is waited for
                await trio.sleep(delay)


def _line_of(account: Account) -> int:
    return bisect_right(_LINES_S, account.debt_s)
