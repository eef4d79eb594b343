"""What is made only to be unmade: channels, queues, connections, logins that fail."""

import socket
import struct
import uuid

import trio
from pamqp import commands

from interop.siege.hostile.victim import PROTOCOL_HEADER, Tally, Victim, flood, marshal, start_ok, swallow

_RESET = struct.pack("ii", 1, 0)


async def channel_churn(victim: Victim, tally: Tally) -> None:
    """channel.open, channel.close."""
    async with victim.opened(channels=0) as stream:
        await flood(stream, marshal(commands.Channel.Open(), commands.Channel.Close(200, "", 0, 0)), tally)


async def queue_churn(victim: Victim, tally: Tally) -> None:
    """queue.declare, queue.bind, queue.delete."""
    await _churn(victim, tally, durable=False)


async def durable_churn(victim: Victim, tally: Tally) -> None:
    """The same with durable queues."""
    await _churn(victim, tally, durable=True)


async def _churn(victim: Victim, tally: Tally, *, durable: bool) -> None:
    async with victim.opened() as stream:
        name = f"churn-{uuid.uuid4().hex[:8]}"
        unit = marshal(
            commands.Queue.Declare(queue=name, durable=durable, exclusive=not durable),
            commands.Queue.Bind(queue=name, exchange="amq.topic", routing_key=f"{name}.*"),
            commands.Queue.Delete(queue=name),
        )
        await flood(stream, unit, tally)


async def connection_churn(victim: Victim, tally: Tally) -> None:
    """Logs in, opens a channel, and is gone: every second time with a RST."""
    async with victim.opened() as stream:
        tally.units += 1
        if tally.units % 2:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        else:
            await stream.send_all(marshal(commands.Connection.Close(200, "", 0, 0), channel=0))


async def bare_connects(victim: Victim, tally: Tally) -> None:
    """Connects and leaves without a word."""
    async with victim.connected():
        tally.units += 1


async def wrong_passwords(victim: Victim, tally: Tally) -> None:
    """Logs in with wrong passwords, one connection each, and does not wait to be shown the door."""
    async with victim.connected() as stream:
        await stream.send_all(PROTOCOL_HEADER + start_ok(f"wrong{tally.units}"))
        tally.units += 1
        with trio.move_on_after(0.1):
            await swallow(stream)
