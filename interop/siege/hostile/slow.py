"""Clients that take their time, vanish, or do not read what they asked for."""

import uuid

import trio
from pamqp import commands

from interop.siege.hostile.victim import OPENING, Tally, Victim, marshal, raw_frame, repeated, swallow

_A_BYTE_EACH_S = 0.05
_DECLARE = marshal(commands.Queue.Declare(queue="slow" * 60, auto_delete=True))
_BODY_BYTES = 64_000
_BACKLOG = 50


async def slow_handshake(victim: Victim, tally: Tally) -> None:
    """The handshake, one byte at a time (slow-loris)."""
    async with victim.connected() as stream:
        await _drip(stream, OPENING, tally)


async def slow_frame(victim: Victim, tally: Tally) -> None:
    """Frames, one byte at a time, once logged in."""
    async with victim.opened() as stream:
        while True:
            await _drip(stream, _DECLARE, tally)


async def _drip(stream: trio.SocketStream, data: bytes, tally: Tally) -> None:
    for place in range(len(data)):
        await stream.send_all(data[place : place + 1])
        tally.units += 1
        await trio.sleep(_A_BYTE_EACH_S)


async def silent(victim: Victim, tally: Tally) -> None:
    """Connects and never says anything; once thrown out, connects again."""
    async with victim.connected() as stream:
        tally.units += 1
        await swallow(stream)


async def vanished(victim: Victim, tally: Tally) -> None:
    """Stops for good in the midst of a message, without a FIN: its host is gone, as far as the broker can know."""
    async with victim.opened() as stream:
        begun = marshal(commands.Basic.Publish(routing_key="nowhere"))
        begun += raw_frame(2, 1, b"\x00\x3c\x00\x00" + (1 << 20).to_bytes(8, "big") + b"\x00\x00")
        await stream.send_all(begun + raw_frame(3, 1, bytes(100_000)))
        tally.units += 1
        await trio.sleep_forever()


async def deaf_consumer(victim: Victim, tally: Tally) -> None:
    """Consumes a backlog of large messages without limit, and does not read one."""
    async with victim.opened() as stream:
        queue = f"deaf-{uuid.uuid4().hex[:8]}"
        await stream.send_all(
            marshal(
                commands.Queue.Declare(queue=queue, exclusive=True), commands.Basic.Consume(queue=queue, no_ack=True)
            )
        )
        message = marshal(commands.Basic.Publish(routing_key=queue))
        message += raw_frame(2, 1, b"\x00\x3c\x00\x00" + _BODY_BYTES.to_bytes(8, "big") + b"\x00\x00")
        message += raw_frame(3, 1, bytes(_BODY_BYTES))
        for _ in range(_BACKLOG):
            await stream.send_all(message)
            tally.units += 1
        await trio.sleep_forever()


async def deaf_declares(victim: Victim, tally: Tally) -> None:
    """Floods with declares, and does not read one reply."""
    async with victim.opened() as stream:
        blob, count = repeated(marshal(commands.Queue.Declare(queue="deaf", auto_delete=True)))
        while True:
            await stream.send_all(blob)
            tally.units += count
