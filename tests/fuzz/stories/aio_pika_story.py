"""aio-pika, and aiormq below it: topology, a message with all it can bear, a get, a consumer."""

import asyncio
import datetime as dt
import sys

import aio_pika


async def main() -> None:
    async with await aio_pika.connect(sys.argv[1], client_properties={"connection_name": "story"}) as connection:
        channel = await connection.channel()
        await channel.set_qos(5)
        exchange = await channel.declare_exchange("aio", aio_pika.ExchangeType.HEADERS, auto_delete=True)
        queue = await channel.declare_queue(exclusive=True, arguments={"x-message-ttl": 60000})
        await queue.bind(exchange, arguments={"x-match": "any", "fur": "brown", "legs": 4})
        message = aio_pika.Message(
            b"hello",
            headers={
                "fur": "brown",
                "weight": 2.5,
                "at": dt.datetime.now(dt.UTC),
                "raw": bytearray(b"\xff"),
            },
            expiration=10,
            message_id="m",
            timestamp=dt.datetime.now(dt.UTC),
            type="t",
            user_id="guest",
            app_id="story",
        )
        await exchange.publish(message, "key")
        await exchange.publish(message, "key")
        got = await queue.get()
        await got.reject(requeue=True)
        async with queue.iterator(timeout=1) as messages:
            async for message in messages:
                await message.ack()
                if not message.redelivered:
                    break
        await queue.unbind(exchange, arguments={"x-match": "any", "fur": "brown", "legs": 4})
        await queue.purge()


asyncio.run(main())
