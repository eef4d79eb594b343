"""Who may come in: so many sockets, so many of them strangers; who takes too long makes room, others wait outside."""

import resource

import pytest
import trio

import broker
from broker.config import Config
from broker.limits import ClientLimits
from broker.server import doorkeeper as doorkeeper_module
from broker.server.doorkeeper import Doorkeeper, doorkeeper
from tests.server.client import Client

trio_test = pytest.mark.trio


async def has_room(door, within=0.5):
    with trio.move_on_after(within):
        await door.room()
        return True
    return False


@trio_test
async def test_there_is_room_until_there_are_so_many_sockets(autojump_clock):
    door = Doorkeeper(2, 10)
    first, second = trio.CancelScope(), trio.CancelScope()
    for scope in (first, second):
        assert await has_room(door)
        door.came(scope)
        door.opened(scope)
    assert not await has_room(door, 100)
    door.gone(first)
    assert await has_room(door)
    assert not second.cancel_called


@trio_test
async def test_who_is_silent_goes_when_others_need_the_place(autojump_clock):
    door = Doorkeeper(10, 2)
    slow, slower, third = trio.CancelScope(), trio.CancelScope(), trio.CancelScope()
    for scope in (slow, slower):
        door.came(scope)
        door.waits_for(scope)
        await trio.sleep(0.5)
    begin = trio.current_time()
    assert await has_room(door, 5)
    # It had its two seconds.
    assert trio.current_time() - begin == pytest.approx(1, abs=0.1)
    assert (slow.cancel_called, slower.cancel_called) == (True, False)
    door.gone(slow)
    door.came(third)
    door.opened(slower)
    assert await has_room(door)
    assert not slower.cancel_called


@trio_test
async def test_nobody_goes_because_the_broker_is_slow(autojump_clock):
    door = Doorkeeper(10, 2)
    scopes = trio.CancelScope(), trio.CancelScope()
    for scope in scopes:
        door.came(scope)
        door.waits_for(scope)
        door.heard(scope)
    assert not await has_room(door, 100)
    # Who has to show its certificate, or its proxy's header, first is given more time.
    door.gone(scopes[0])
    door.came(last := trio.CancelScope())
    assert not await has_room(door, 4.5)
    assert await has_room(door, 1)
    assert last.cancel_called
    assert not scopes[1].cancel_called


@trio_test
async def test_the_log_says_so_but_not_for_ever(autojump_clock, caplog):
    door = Doorkeeper(1, 10)
    scope = trio.CancelScope()
    door.came(scope)
    door.opened(scope)
    assert not await has_room(door, 25)
    assert [record.getMessage() for record in caplog.records] == [
        "new connections wait: there are 1, 0 of them not logged in"
    ] * 3


def limited(monkeypatch, descriptors, **settings):
    monkeypatch.setattr(doorkeeper_module.resource, "getrlimit", lambda _: (descriptors, descriptors))
    limits = ClientLimits("n")
    door = doorkeeper(Config(ephemeral=True, **settings), limits)
    return door._sockets_max, limits.connection_max


def test_sockets_leave_descriptors_for_the_disk_and_for_refusals(monkeypatch):
    assert limited(monkeypatch, 10_000) == (9400, 7050)
    assert limited(monkeypatch, 1024) == (424, 318)
    assert limited(monkeypatch, 256) == (64, 48)
    assert limited(monkeypatch, 10_000, connection_max=7) == (9400, 7)
    assert limited(monkeypatch, 10_000, connection_max=9_999) == (9400, 7050)
    _, guests = limited(monkeypatch, resource.RLIM_INFINITY)
    assert guests > 2**29


@trio_test
async def test_peers_that_say_nothing_do_not_keep_others_out():
    async with broker.serve(port=0, handshake_max=3, handshake_timeout_s=3600) as b:
        silent = [await trio.open_tcp_stream("127.0.0.1", b.port) for _ in range(5)]
        with trio.fail_after(20):
            async with Client(await trio.open_tcp_stream("127.0.0.1", b.port)) as client:
                await client.open()
                # The one that came first was sent away.
                assert await silent[0].receive_some() == b""
                await client.close()
        for stream in silent:
            await stream.aclose()


@trio_test
async def test_open_connections_take_no_strangers_place():
    async with broker.serve(port=0, handshake_max=1) as b:
        clients = []
        with trio.fail_after(20):
            for _ in range(5):
                clients.append(Client(await trio.open_tcp_stream("127.0.0.1", b.port)))
                await clients[-1].open()
            for client in clients:
                await client.close()
                await client.stream.aclose()
