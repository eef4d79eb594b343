"""What the aio-pika tests share: running a test's coroutine, and waiting for what the broker sends on its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import ParamSpec, TypeVar

from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
# Every wait here is for a broker on loopback: milliseconds when all is well.
_PATIENCE_S = 5.0
_TEST_TIMEOUT_S = 30.0


def program(test: Callable[Parameters, Coroutine[None, None, None]]) -> Callable[Parameters, None]:
    """Make a plain test of a coroutine: one ``asyncio.run`` with a deadline. Fixtures arrive as for any test."""

    @functools.wraps(test)
    def run(*arguments: Parameters.args, **named: Parameters.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), _TEST_TIMEOUT_S))

    return run


async def soon(awaitable: Awaitable[Result], what: str) -> Result:
    """Await what the broker owes us; fails by name of the thing instead of hanging."""
    try:
        return await asyncio.wait_for(awaitable, _PATIENCE_S)
    except TimeoutError:
        raise AssertionError(f"waited {_PATIENCE_S:.0f} s in vain for {what}") from None


async def bodies(queue: AbstractQueue) -> list[bytes]:
    """All that is ready in the queue, in order; takes (and acks) it."""
    found = []
    while (message := await queue.get(fail=False, no_ack=True)) is not None:
        found.append(message.body)
    return found


class Inbox:
    """A consumer's messages as they come, unsettled; ``await inbox.next()`` gives one or fails."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        await self._messages.put(message)

    async def next(self) -> AbstractIncomingMessage:
        return await soon(self._messages.get(), "a delivery")

    async def take(self, count: int) -> list[AbstractIncomingMessage]:
        return [await self.next() for _ in range(count)]

    @property
    def waiting(self) -> int:
        """Messages that came and were not taken."""
        return self._messages.qsize()
