"""Connecting and being refused, and what a connection's end looks like to the program."""

import asyncio

import aio_pika
import pytest
from aio_pika.exceptions import AuthenticationError, ConnectionClosed, InvalidFrameError, ProbableAuthenticationError
from yarl import URL

from interop.clients.aio_pika.programs import program, soon


@program
async def test_the_defaults_connect(url):
    async with await aio_pika.connect(url) as connection:
        assert not connection.is_closed
    assert connection.is_closed


@program
async def test_the_broker_presents_itself_as_rabbitmq(url):
    async with await aio_pika.connect(url) as connection:
        properties = connection.transport.connection.server_properties
        assert properties["product"] == "RabbitMQ"
        assert int(str(properties["version"]).split(".")[0]) >= 3
        assert properties["capabilities"]["publisher_confirms"] is True


@program
async def test_a_wrong_password_is_told_as_such(url):
    refused = "Login was refused using authentication mechanism PLAIN"
    with pytest.raises((AuthenticationError, ProbableAuthenticationError), match=refused):
        await aio_pika.connect(URL(url).with_password("wrong"))


@program
async def test_an_unknown_virtual_host_is_refused(url):
    # aiormq does not look into the connection.close that comes in place of open-ok; pika's test reads the text.
    with pytest.raises(InvalidFrameError, match=r"Connection\.Close"):
        await aio_pika.connect(URL(url).with_path("/nowhere"))


@program
async def test_an_idle_connection_lives_on_its_heartbeats(url):
    async with await aio_pika.connect(url, heartbeat=1) as connection:
        channel = await connection.channel()
        # Both sides give up after about two missed beats: three seconds of silence tell.
        await asyncio.sleep(3.2)
        await channel.declare_queue(exclusive=True)


@program
async def test_many_channels_share_a_connection(url):
    async with await aio_pika.connect(url) as connection:
        channels = [await connection.channel() for _ in range(200)]
        queues = await asyncio.gather(*(channel.declare_queue(exclusive=True) for channel in channels))
        assert len({queue.name for queue in queues}) == 200
        await asyncio.gather(*(channel.close() for channel in channels))
        async with connection.channel() as channel:
            await channel.get_queue(queues[0].name)


@program
async def test_a_channel_number_can_be_used_again_and_again(url):
    async with await aio_pika.connect(url) as connection:
        for _ in range(100):
            async with connection.channel() as channel:
                await channel.declare_queue(exclusive=True)


@program
async def test_a_stopping_broker_says_so(leveret):
    connection = await aio_pika.connect(leveret.url)
    closing: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
    connection.close_callbacks.add(lambda _, reason: closing.done() or closing.set_result(reason))
    leveret.terminate()
    reason = await soon(closing, "the broker's farewell")
    assert isinstance(reason, ConnectionClosed), f"the connection broke with {reason!r} instead of being closed"
    assert "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'" in str(reason)
    assert leveret.wait() == 0
