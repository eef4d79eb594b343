"""From start to stop: who is told, who is waited for, and that nothing is left, wherever a cancellation strikes."""

import errno
import gc
import socket
import time

import pytest
import trio
import trio.testing

from broker.server import listeners as listeners_module
from broker.server.committer import CommitterFailed
from broker.server.doorkeeper import Doorkeeper
from broker.server.governor import Governor
from broker.server.listeners import ListenError, accept_from, close_all, listen
from tests.server.fakes import CancelAtStep, Node, errors_logged, no_socket_left, served, until

trio_test = pytest.mark.trio


@trio_test
async def test_stopping_tells_the_clients_and_waits_for_those_that_agree():
    node = Node()
    with no_socket_left():
        async with trio.open_nursery() as nursery:
            client = None
            async with served(node) as port:
                client = await trio.open_tcp_stream("127.0.0.1", port)
                await until(lambda: node.sessions)

                async def agree():
                    async with client:
                        assert b"".join([chunk async for chunk in client]) == b"bye"

                nursery.start_soon(agree)
            assert node.stopped
            assert not node.sessions


@trio_test
async def test_stopping_does_not_wait_for_ever(autojump_clock):
    autojump_clock.autojump_threshold = 0.05
    node = Node()
    async with served(node, grace_s=0.5) as port:
        client = await trio.open_tcp_stream("127.0.0.1", port)
        await client.send_all(b"here")
        await client.receive_some()
        begin = trio.current_time()
    assert trio.current_time() - begin == pytest.approx(0.5, abs=0.1)
    assert not node.sessions
    await client.aclose()


class Broken:
    """A batch that ends as none should."""

    def perform(self):
        raise KeyError("a bug")


@trio_test
async def test_a_bug_in_the_committer_ends_the_broker_at_once():
    node = Node()
    batches = []
    node.take_batch = lambda turn: batches.pop() if batches else None

    async def live():
        async with served(node, grace_s=60) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
            batches.append(Broken())
            await client.send_all(b"here")
            await trio.sleep_forever()

    raised = pytest.raises(CommitterFailed, match="nothing can be written any more")
    with no_socket_left(), errors_logged() as logged, trio.fail_after(10), raised as failed:
        await live()
    assert isinstance(failed.value.__cause__, KeyError)
    assert node.ended
    assert [record.getMessage() for record in logged] == ["internal error in the committer; the broker stops"]


@trio_test
async def test_two_brokers_in_one_process_do_not_know_each_other():
    one, two = Node(), Node()
    async with served(one) as first_port:
        async with served(two) as second_port:
            assert first_port != second_port
            async with await trio.open_tcp_stream("127.0.0.1", second_port):
                await until(lambda: two.sessions)
                assert not one.sessions
        assert two.stopped
        assert not one.stopped
        async with await trio.open_tcp_stream("127.0.0.1", first_port):
            await until(lambda: one.sessions)


@trio_test
async def test_the_blocks_own_error_comes_out_as_it_is():
    with no_socket_left(), pytest.raises(KeyError, match="mine"):
        async with served(Node()) as port, await trio.open_tcp_stream("127.0.0.1", port):
            raise KeyError("mine")


@trio_test
async def test_a_port_is_free_again_at_once():
    async with served(Node()) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
        await client.send_all(b"x")
        await client.receive_some()
    close_all(await listen(["127.0.0.1"], port))


async def _a_whole_life(node: Node) -> None:
    async with served(node, grace_s=0.2) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
        await client.send_all(b"fill")
        got = 0
        while got < 4_000_000:
            got += len(await client.receive_some(1_000_000))


def test_cancelled_at_any_step_it_leaves_no_session_no_socket_no_task():
    struck = True
    step = 0
    while struck:
        step += 1
        node = Node(lambda session, data, turn: session.send(bytes(4_000_000), turn))

        async def main(step=step, node=node):
            nonlocal struck
            tasks = trio.lowlevel.current_statistics().tasks_living
            with trio.CancelScope() as scope:
                at_step = CancelAtStep(step, scope)
                trio.lowlevel.add_instrument(at_step)
                try:
                    await _a_whole_life(node)
                finally:
                    struck = at_step.struck
                    trio.lowlevel.remove_instrument(at_step)
            assert trio.lowlevel.current_statistics().tasks_living == tasks

        with errors_logged() as errors, no_socket_left():
            trio.run(main)
        assert not node.sessions, step
        assert all(session.disconnections == 1 for session in node.ever), step
        assert not errors, step
    assert step > 20
    gc.collect()


# Time and left-over work


@trio_test
async def test_ticks_come_at_the_deadline_and_earlier_when_a_turn_brings_an_earlier_one(autojump_clock):
    autojump_clock.autojump_threshold = 0.05

    def behave(session, data, turn):
        node.deadline = turn.now + 5
        session.send(data, turn)

    node = Node(behave)
    node.deadline = trio.current_time() + 1000
    async with served(node) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
        begin = trio.current_time()
        await client.send_all(b"x")
        await client.receive_some()
        await trio.sleep(20)
        assert node.ticks == [pytest.approx(begin + 5, abs=0.1)]


@trio_test
async def test_a_deadline_that_a_tick_does_not_clear_does_not_spin():
    node = Node()

    def tick(turn):
        node.ticks.append(turn.now)

    node.tick = tick
    node.deadline = trio.current_time()
    async with served(node) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
        await client.send_all(b"x")
        assert await client.receive_some() == b"x"
        await trio.sleep(0.02)
    assert 1 <= len(node.ticks) < 100


@trio_test
async def test_a_tick_that_fails_is_logged_and_time_goes_on():
    node = Node()

    def tick(turn):
        node.ticks.append(turn.now)
        node.deadline = None if len(node.ticks) > 1 else turn.now
        if len(node.ticks) == 1:
            raise ZeroDivisionError("a bug")

    node.tick = tick
    node.deadline = trio.current_time()
    with errors_logged() as errors:
        async with served(node):
            await until(lambda: len(node.ticks) == 2)
    assert [record.exc_info[0] for record in errors] == [ZeroDivisionError]


@trio_test
async def test_work_left_by_a_turn_goes_on_and_lets_others_in_between():
    def behave(session, data, turn):
        turn.work_left = data == b"a storm"
        session.send(data, turn)

    node = Node(behave)
    node.resume_more = 100_000_000
    async with served(node) as port, await trio.open_tcp_stream("127.0.0.1", port) as client:
        await client.send_all(b"a storm")
        assert await client.receive_some() == b"a storm"
        await until(lambda: node.resumed > 10)
        async with await trio.open_tcp_stream("127.0.0.1", port) as other:
            await other.send_all(b"hello")
            assert await other.receive_some() == b"hello"
        node.resume_more = 0


# Listening


def ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@trio_test
@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6 loopback")
async def test_any_port_is_the_same_one_on_both_families():
    sockets = await listen(["127.0.0.1", "::1"], 0)
    assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1", "::1"]
    assert sockets[0].getsockname()[1] == sockets[1].getsockname()[1]
    close_all(sockets)


@trio_test
@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6 loopback")
async def test_wildcards_of_both_families_stand_side_by_side():
    close_all(await listen(["0.0.0.0", "::"], 0))


@trio_test
async def test_a_busy_port_is_refused_by_name_and_nothing_stays_bound():
    with no_socket_left(), socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=rf"^cannot listen on 127\.0\.0\.1:{port}: Address already in use$"):
            await listen(["127.0.0.2", "127.0.0.1"], port)


@trio_test
async def test_an_unknown_host_is_refused_by_name():
    with pytest.raises(ListenError, match=r"^cannot listen on no-such-host\.invalid:5672: "):
        await listen(["no-such-host.invalid"], 5672)


@trio_test
async def test_a_machine_without_ipv6_is_served_on_ipv4_alone(monkeypatch):
    real = listeners_module._bind

    def bind(family, host, port):
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return real(family, host, port)

    monkeypatch.setattr(listeners_module, "_bind", bind)
    sockets = await listen(["127.0.0.1", "::1"], 0)
    assert len(sockets) == 1
    close_all(sockets)
    with pytest.raises(ListenError):
        await listen(["::1"], 0)


class FullTable:
    """A listener on a machine that has no descriptor left, for a while."""

    def __init__(self, sock: socket.socket, failures: list[int]) -> None:
        self.sock = sock
        self.failures = failures

    def fileno(self) -> int:
        return self.sock.fileno()

    def accept(self):
        if self.failures:
            raise OSError(self.failures.pop(), "no")
        return self.sock.accept()


@trio_test
@pytest.mark.parametrize("failure", [errno.EMFILE, errno.ENFILE, errno.ECONNABORTED, errno.EPROTO])
async def test_accepting_goes_on_after_a_failure(autojump_clock, failure):
    autojump_clock.autojump_threshold = 0.05
    (real,) = await listen(["127.0.0.1"], 0)
    welcomed = []
    listener = FullTable(real, [failure] * 3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept_from, listener, welcomed.append, Doorkeeper(), Governor(time.perf_counter))
        async with await trio.open_tcp_stream(*real.getsockname()):
            await trio.sleep(1)
        assert not listener.failures
        close_all([real])
    welcomed[0].close()


@trio_test
async def test_the_kernel_asks_peers_whether_they_still_live():
    """One that vanished without a word, and had turned heartbeats off, would be kept for ever."""
    (listener,) = await listen(["127.0.0.1"], 0)
    with listener, socket.create_connection(listener.getsockname()):
        await trio.lowlevel.wait_readable(listener)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 120
