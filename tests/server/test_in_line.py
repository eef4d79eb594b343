"""In line: what moves no messages is done when its turn comes, and not before, while messages flow."""

import pytest
import trio

import broker
from broker.server.governor import Account
from tests.server.authority import Authority
from tests.server.client import connect
from tests.server.fakes import until

pytestmark = pytest.mark.trio


@pytest.fixture
def authority(tmp_path) -> Authority:
    return Authority(tmp_path)


class OtherWork:
    """Messages flow, and somebody's piece of other work is under way until it is ``done``."""

    def __init__(self, b) -> None:
        self._governor = b.shell.governor
        self._governor.spent(Account(), 0.0001, 1, 100)
        assert self._governor.line_up(Account()) is None

    def done(self) -> None:
        self._governor.done()


async def hears_something(client) -> bool:
    """If only the end."""
    with trio.move_on_after(0.1) as scope:
        await client.stream.receive_some()
    return not scope.cancelled_caught


async def test_nobody_is_let_in_out_of_turn():
    async with broker.serve(port=0) as b:
        other = OtherWork(b)
        async with await connect(b.port) as client:
            await client.stream.send_all(b"AMQP\x00\x00\x09\x01")
            assert not await hears_something(client)
            assert not b.node.sessions
            other.done()
            assert await client.stream.receive_some()


async def test_who_speaks_no_tls_is_shown_the_door_at_its_turn(authority, caplog):
    """20 of them took 40 % of a publisher's rate, and made its p99 16 times as long."""
    async with broker.serve(port=0, tls_port=0, **authority.server()) as b, await connect(b.tls_port) as client:
        await until(lambda: b.node.sessions)
        other = OtherWork(b)
        await client.stream.send_all(b"GET / HTTP/1.1\r\n\r\n")
        assert not await hears_something(client)
        assert "TLS" not in caplog.text
        other.done()
        await client.stream.receive_some()
        assert "the client may not speak TLS" in caplog.text


async def test_who_leaves_does_so_at_its_turn():
    async with broker.serve(port=0) as b:
        async with await connect(b.port) as client:
            await client.open()
            other = OtherWork(b)
        await trio.sleep(0.1)
        assert b.node.sessions
        other.done()
        await until(lambda: not b.node.sessions)


async def test_a_login_goes_on_at_its_turn():
    async with broker.serve(port=0) as b, await connect(b.port) as client:
        checked = b.shell.check
        waiting = []
        b.shell.check = waiting.append
        with trio.move_on_after(0.1):
            await client.open()
        (asked,) = waiting
        other = OtherWork(b)
        checked(asked)
        assert not await hears_something(client)
        other.done()
        assert await client.stream.receive_some()
