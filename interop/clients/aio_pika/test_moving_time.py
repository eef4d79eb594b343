import asyncio
import contextlib
import queue
import threading

import aio_pika
import trio

import broker


@contextlib.contextmanager
def moving_broker(**settings):
    """A broker in a thread of its own: its URL, and how to move its clock."""
    started = queue.SimpleQueue()

    async def serve():
        async with broker.serve(port=0, clock=broker.VirtualClock(), **settings) as b:
            stop = trio.Event()
            started.put((b, stop, trio.lowlevel.current_trio_token()))
            await stop.wait()

    thread = threading.Thread(target=trio.run, args=(serve,))
    thread.start()
    b, stop, token = started.get(timeout=10)
    try:
        yield b.url, lambda seconds: trio.from_thread.run(b.advance, seconds, trio_token=token)
    finally:
        trio.from_thread.run_sync(stop.set, trio_token=token)
        thread.join()


def test_an_order_that_nobody_takes_is_cancelled_after_an_hour():
    with moving_broker() as (url, advance):
        asyncio.run(order_a_hat(url, advance))


async def order_a_hat(url, advance):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        cancelled = await channel.declare_queue("cancelled", durable=True)
        expires = {"x-message-ttl": 3_600_000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "cancelled"}
        await channel.declare_queue("orders", durable=True, arguments=expires)
        await channel.default_exchange.publish(aio_pika.Message(b"a hat"), "orders")
        advance(3599)
        assert await cancelled.get(fail=False) is None
        advance(1)
        message = await cancelled.get()
        assert (message.body, message.headers["x-first-death-reason"]) == (b"a hat", "expired")
