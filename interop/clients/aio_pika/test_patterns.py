"""The patterns programs are built of: request and reply, worker queues, publish and subscribe."""

import asyncio

import aio_pika
from aio_pika.patterns import Master

from interop.clients.aio_pika.programs import Inbox, program, soon


@program
async def test_request_and_reply_over_an_exclusive_queue(url, unique):
    async with await aio_pika.connect(url) as server, await aio_pika.connect(url) as client:
        server_channel = await server.channel()
        requests = await server_channel.declare_queue(unique("double"), exclusive=True)

        async def double(request):
            async with request.process():
                reply = aio_pika.Message(str(int(request.body) * 2).encode(), correlation_id=request.correlation_id)
                await server_channel.default_exchange.publish(reply, request.reply_to)

        await requests.consume(double)

        channel = await client.channel()
        replies = await channel.declare_queue(exclusive=True)
        waiting: dict[str, asyncio.Future[int]] = {}

        async def resolve(reply):
            waiting.pop(reply.correlation_id).set_result(int(reply.body))

        await replies.consume(resolve, no_ack=True)

        async def call(number):
            answer = waiting[f"call-{number}"] = asyncio.get_running_loop().create_future()
            request = aio_pika.Message(str(number).encode(), correlation_id=f"call-{number}", reply_to=replies.name)
            await channel.default_exchange.publish(request, requests.name)
            return await soon(answer, f"the reply to call {number}")

        assert await asyncio.gather(*(call(number) for number in range(50))) == [number * 2 for number in range(50)]


@program
async def test_a_rejected_task_is_done_by_the_next_worker(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)
        tasks = await channel.declare_queue(unique("tasks"), exclusive=True)
        refused, done = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def unwilling(task):
            refused.set()
            await task.reject(requeue=True)

        async def willing(task):
            await task.ack()
            done.set_result(task.redelivered)

        tag = await tasks.consume(unwilling)
        await channel.default_exchange.publish(aio_pika.Message(b"dig"), tasks.name)
        await soon(refused.wait(), "the first delivery")
        await tasks.cancel(tag)
        await tasks.consume(willing)
        assert await soon(done, "the second delivery") is True, "it came back, so it must be marked as redelivered"


@program
async def test_aio_pikas_master_and_workers(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        master = Master(channel)
        results: asyncio.Queue[int] = asyncio.Queue()

        async def square(*, number):
            await results.put(number * number)

        await master.create_worker(unique("square"), square, auto_delete=True)
        for number in range(10):
            await master.create_task(unique("square"), {"number": number})
        found = [await soon(results.get(), "a worker's result") for _ in range(10)]
        assert sorted(found) == [number * number for number in range(10)]


@program
async def test_every_subscriber_has_a_copy_of_its_own(url, unique):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        news = await channel.declare_exchange(unique("news"), "fanout", auto_delete=True)
        inboxes = []
        for _ in range(5):
            subscription = await (await connection.channel()).declare_queue(exclusive=True)
            await subscription.bind(news)
            inboxes.append(Inbox())
            await subscription.consume(inboxes[-1], no_ack=True)
        await news.publish(aio_pika.Message(b"carrots", headers={"edition": 1}), "")
        for inbox in inboxes:
            message = await inbox.next()
            assert (message.body, message.headers) == (b"carrots", {"edition": 1})
