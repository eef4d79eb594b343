"""One peer's socket: slow, silent, dead and greedy clients, and what becomes of the others meanwhile."""

import socket
import struct

import pytest
import trio
import trio.testing

from tests.server.fakes import HIGH_WATER, Node, errors_logged, no_socket_left, served, until

pytestmark = pytest.mark.trio


async def connect(port: int, receive_buffer: int = 0) -> trio.SocketStream:
    sock = trio.socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await sock.connect(("127.0.0.1", port))
    return trio.SocketStream(sock)


def reset(stream: trio.SocketStream) -> None:
    """Die as a killed process does when it has unread input: with RST, not with FIN."""
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


async def read_all(stream: trio.SocketStream) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def exchange(stream: trio.SocketStream, data: bytes) -> bytes:
    await stream.send_all(data)
    got = b""
    while len(got) < len(data):
        got += await stream.receive_some()
    return got


async def test_bytes_go_in_and_what_the_session_says_comes_out():
    async with served(Node()) as port, await connect(port) as client:
        assert await exchange(client, b"hello") == b"hello"


async def test_an_answer_larger_than_the_socket_arrives_whole_and_in_order():
    answer = b"".join(struct.pack(">I", number) for number in range(2_000_000))

    def behave(session, data, turn):
        session.send(answer[: len(answer) // 2], turn)
        session.send(answer[len(answer) // 2 :], turn)
        session.ending = True

    async with served(Node(behave)) as port, await connect(port, receive_buffer=4096) as client:
        await client.send_all(b"go")
        await trio.testing.wait_all_tasks_blocked()
        assert await read_all(client) == answer


async def test_a_client_that_never_reads_fills_its_own_outbox_and_stops_nobody():
    def pour(session, turn):
        while not session.outbox.full:
            session.send(bytes(1000), turn)

    def behave(session, data, turn):
        if data == b"flood":
            pour(session, turn)
        else:
            session.send(data, turn)

    node = Node(behave)
    node.on_drained = pour
    async with served(node) as port, await connect(port) as deaf, await connect(port) as other:
        await deaf.send_all(b"flood")
        await until(lambda: node.ever and any(session.outbox.full for session in node.ever))
        for number in range(50):
            text = b"%d" % number
            assert await exchange(other, text) == text
        flooded = next(session for session in node.ever if session.outbox.full)
        drains = flooded.drains
        assert flooded.outbox.most < HIGH_WATER + 2000
        await exchange(other, b"and nothing more is dispatched to it")
        assert flooded.drains == drains
        # When it reads after all, the flow goes on.
        while flooded.drains < drains + 5:
            await deaf.receive_some()


async def test_nothing_is_read_from_a_paused_session_until_it_resumes():
    def behave(session, data, turn):
        session.paused = b"!" in data
        session.send(b"%d" % len(data), turn)

    node = Node(behave)
    async with served(node) as port, await connect(port) as client, await connect(port) as other:
        await client.send_all(b"stop!")
        assert await client.receive_some() == b"5"
        await client.send_all(b"held")
        await other.send_all(b"not")
        assert await other.receive_some() == b"3"
        session = next(session for session in node.ever if session.paused)
        assert session.received == b"stop!"
        session.paused = False
        session.on_resume()
        assert await client.receive_some() == b"4"
        assert session.received == b"stop!held"


async def test_a_session_that_ends_sends_its_last_bytes_and_then_end_of_file():
    def behave(session, data, turn):
        session.send(b"close-ok", turn)
        session.ending = True

    node = Node(behave)
    async with served(node) as port, await connect(port) as client:
        await client.send_all(b"close")
        assert await read_all(client) == b"close-ok"
        await client.send_all(b"too late to be heard")
    await until(lambda: not node.sessions)
    assert node.ever[0].received == b"close"
    assert node.ever[0].disconnections == 1


async def test_a_session_may_end_without_a_last_word():
    node = Node()

    async with served(node) as port, await connect(port) as client:
        await exchange(client, b"up")
        (session,) = node.sessions
        session.ending = True
        session.outbox.wake()
        assert await read_all(client) == b""


@pytest.mark.parametrize("talkative", [False, True])
async def test_a_client_that_does_not_close_its_side_is_cut_off(autojump_clock, talkative):
    autojump_clock.autojump_threshold = 0.05

    def behave(session, data, turn):
        session.send(bytes(20_000_000) if talkative else b"bye", turn)
        session.ending = True

    node = Node(behave)
    async with served(node) as port, await connect(port) as client:
        await client.send_all(b"go")
        begin = trio.current_time()
        await trio.sleep(30)
        assert not node.sessions
        assert node.ever[0].gone_at - begin == pytest.approx(10 if talkative else 2, abs=0.1)


async def test_a_client_that_dies_is_disconnected_once_and_alone():
    node = Node()
    with errors_logged() as errors:
        async with served(node) as port, await connect(port) as other:
            for dies in (reset, lambda client: client.socket.close()):
                client = await connect(port)
                await client.send_all(b"half a publi")
                await until(lambda: len(node.sessions) == 2 and any(s.received for s in node.sessions))
                dies(client)
                await until(lambda: len(node.sessions) == 1)
            assert await exchange(other, b"alive") == b"alive"
        assert [session.disconnections for session in node.ever] == [1, 1, 1]
        assert not errors


async def test_a_client_that_dies_while_it_is_sent_to_is_disconnected():
    node = Node(lambda session, data, turn: session.send(bytes(20_000_000), turn))
    with errors_logged() as errors:
        async with served(node) as port:
            client = await connect(port)
            await client.send_all(b"go")
            await client.receive_some()
            reset(client)
            await until(lambda: not node.sessions)
        assert not errors


async def test_what_a_client_sent_before_it_died_is_read_to_its_end():
    """A program that publishes, never reads its confirms and exits: our sends fail, its messages are there still."""
    # Two reads at least, and yet so little that the kernel takes it from a client whose peer does not read.
    total = 100_000

    def behave(session, data, turn):
        if len(session.received) == 1:
            session.paused = True
        else:
            session.send(b"confirm", turn)

    node = Node(behave)
    async with served(node) as port:
        client = await connect(port)
        await client.send_all(b"1")
        await until(lambda: any(session.paused for session in node.sessions))
        await client.send_all(bytes(total))
        client.socket.close()
        (session,) = node.sessions
        session.paused = False
        session.on_resume()
        await until(lambda: not node.sessions)
    assert len(node.ever[0].received) == 1 + total


async def test_a_probe_that_connects_and_goes_leaves_nothing():
    node = Node()
    with errors_logged() as errors:
        async with served(node) as port:
            for _ in range(20):
                reset(await connect(port))
                (await connect(port)).socket.close()
            await until(lambda: len(node.ever) >= 20 and not node.sessions)
        assert not errors


async def test_a_bug_costs_its_own_connection_and_is_logged():
    def behave(session, data, turn):
        if data == b"bug":
            raise ZeroDivisionError("a bug")
        session.send(data, turn)

    node = Node(behave)
    with errors_logged() as errors, no_socket_left():
        async with served(node) as port, await connect(port) as other:
            async with await connect(port) as client:
                await client.send_all(b"bug")
                assert await read_all(client) == b"541"
            await until(lambda: len(node.sessions) == 1)
            assert await exchange(other, b"alive") == b"alive"
    assert len(errors) == 1
    assert errors[0].exc_info[0] is ZeroDivisionError


async def test_a_bug_in_a_drain_does_not_stop_the_broker():
    def behave(session, data, turn):
        session.send(bytes(HIGH_WATER) if data == b"fill" else data, turn)

    def broken(session, turn):
        raise ZeroDivisionError("a bug")

    node = Node(behave)
    node.on_drained = broken
    with errors_logged() as errors:
        async with served(node) as port, await connect(port) as client:
            await client.send_all(b"fill")
            got = 0
            while got < HIGH_WATER:
                got += len(await client.receive_some())
            await until(lambda: errors)
            assert await exchange(client, b"alive") == b"alive"


async def test_no_peer_starves_another():
    """One client sends without pause; another's question is answered within a few of its chunks."""
    node = Node(lambda session, data, turn: session.send(data, turn) if len(data) < 100 else None)

    async def shout(client):
        while True:
            await client.send_all(bytes(1_000_000))

    async with (
        served(node) as port,
        await connect(port) as loud,
        await connect(port) as quiet,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(shout, loud)
        await until(lambda: any(len(session.received) > 1_000_000 for session in node.ever))
        loudest = next(session for session in node.ever if len(session.received) > 1_000_000)
        before = len(loudest.received)
        assert await exchange(quiet, b"and me?") == b"and me?"
        assert len(loudest.received) - before < 20_000_000
        nursery.cancel_scope.cancel()
