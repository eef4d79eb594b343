"""A million tiny frames, all of them legal."""

from pamqp import commands
from pamqp.heartbeat import Heartbeat

from interop.siege.hostile.victim import Tally, Victim, flood, marshal, raw_frame

_BODY_BYTES = 100_000_000


async def tiny_bodies(victim: Victim, tally: Tally) -> None:
    """Body frames of one byte each, of a message of 100 MB."""
    async with victim.opened() as stream:
        head = raw_frame(2, 1, b"\x00\x3c\x00\x00" + _BODY_BYTES.to_bytes(8, "big") + b"\x00\x00")
        await stream.send_all(marshal(commands.Basic.Publish(routing_key="nowhere")) + head)
        await flood(stream, raw_frame(3, 1, b"x"), tally)


async def heartbeats(victim: Victim, tally: Tally) -> None:
    """Heartbeats, as fast as they go."""
    async with victim.opened() as stream:
        await flood(stream, Heartbeat().marshal(), tally)


async def tiny_methods(victim: Victim, tally: Tally) -> None:
    """basic.qos over and over."""
    async with victim.opened() as stream:
        await flood(stream, marshal(commands.Basic.Qos(prefetch_count=1)), tally)


async def acks_of_nothing(victim: Victim, tally: Tally) -> None:
    """basic.ack for all there are, where there are none."""
    async with victim.opened() as stream:
        await flood(stream, marshal(commands.Basic.Ack(0, multiple=True)), tally)


async def gets_of_nothing(victim: Victim, tally: Tally) -> None:
    """basic.get on an empty queue."""
    async with victim.opened() as stream:
        await stream.send_all(marshal(commands.Queue.Declare(queue="", exclusive=True)))
        await flood(stream, marshal(commands.Basic.Get(queue="", no_ack=True)), tally)
