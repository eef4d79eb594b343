"""Those who speak another protocol than the port: TLS, HTTP, noise on the plain one, AMQP and noise on the TLS one."""

import random
import ssl

import trio

from interop.siege.hostile.victim import OPENING, Tally, Victim, swallow


def client_hello() -> bytes:
    """What a TLS client says first."""
    context = ssl.create_default_context()
    said = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return said.read()


async def tls_on_plain(victim: Victim, tally: Tally) -> None:
    """TLS on the plain port."""
    await _say(victim, victim.port, _HELLO, tally)


async def http(victim: Victim, tally: Tally) -> None:
    """HTTP on the plain port."""
    await _say(victim, victim.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", tally)


async def noise(victim: Victim, tally: Tally) -> None:
    """Noise on the plain port: without a header, and behind one."""
    data = random.Random(tally.units).randbytes(10_000)
    await _say(victim, victim.port, data if tally.units % 2 else OPENING + data, tally)


async def plain_on_tls(victim: Victim, tally: Tally) -> None:
    """AMQP on the TLS port."""
    await _say(victim, victim.tls_port, OPENING, tally)


async def noise_on_tls(victim: Victim, tally: Tally) -> None:
    """Noise on the TLS port, half of it behind a good hello."""
    data = random.Random(tally.units).randbytes(10_000)
    await _say(victim, victim.tls_port, data if tally.units % 2 else _HELLO + data, tally)


async def tls_handshakes(victim: Victim, tally: Tally) -> None:
    """TLS handshakes, one after the other, each left as soon as it is done."""
    async with victim.connected(victim.tls_port) as stream:
        tls = trio.SSLStream(stream, _TRUSTING, server_hostname="localhost")
        await tls.do_handshake()
        tally.units += 1


async def _say(victim: Victim, port: int, data: bytes, tally: Tally) -> None:
    async with victim.connected(port) as stream:
        await stream.send_all(data)
        tally.units += 1
        with trio.move_on_after(0.1):
            await swallow(stream)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_HELLO = client_hello()
_TRUSTING = _trusting()
