"""However TLS connections end, nothing of them stays: no socket, no session, no object."""

import gc
import ssl

import pytest
import trio

import broker
from broker.server.tls_peer import TlsPeer
from broker.server.tls_socket import TlsSocket
from broker.session.session import Session
from tests.server.authority import Authority
from tests.server.client import connect, connect_tls
from tests.server.fakes import CancelAtStep, errors_logged, no_socket_left, until


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.trio
async def test_connections_leave_no_object_behind(authority):
    context = authority.client("hare@field.test")
    async with broker.serve(port=0, tls_port=0, **authority.mutual()) as b:
        for number in range(20):
            client = await connect_tls(b.tls_port, context)
            await client.open()
            if number % 2:
                await client.close()
            else:
                client.stream.transport_stream.socket.close()
            await (await connect(b.tls_port)).stream.aclose()
        await until(lambda: not b.node.sessions)
        del client
        gc.collect()
        assert not [one for one in gc.get_objects() if isinstance(one, TlsPeer | TlsSocket | Session | ssl.SSLObject)]


async def _a_life(lives: list, settings: dict[str, str], context: ssl.SSLContext) -> None:
    """Of a broker that has a client in the midst of a handshake, and one that has done with it."""
    async with broker.serve(port=0, tls_port=0, **settings) as b:
        lives.append(b.node)
        async with await connect(b.tls_port) as half:
            await half.stream.send_all(b"\x16\x03\x01\x02\x00")
            async with await connect_tls(b.tls_port, context) as client:
                await client.open()


def test_cancelled_at_any_step_a_broker_forgets_its_sessions(authority):
    settings, context = authority.server(), authority.client()
    struck, step, lives = True, 0, []
    while struck:
        step += 1

        async def main(step=step):
            with trio.CancelScope() as scope:
                at_step = CancelAtStep(step, scope)
                trio.lowlevel.add_instrument(at_step)
                await _a_life(lives, settings, context)
            return at_step.struck

        with errors_logged() as errors, no_socket_left():
            struck = trio.run(main)
        assert not any(node.sessions for node in lives), step
        assert not [record for record in errors if record.exc_info], step
    assert len(lives) > 20
