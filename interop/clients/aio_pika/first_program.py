import asyncio
import sys

import aio_pika


async def main(url: str = "amqp://guest:guest@localhost/") -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()  # with confirms: a publish returns once the broker has the message
        queue = await channel.declare_queue("hares", auto_delete=True)
        for kind, key in {"direct": "field.north", "fanout": "", "topic": "field.*", "headers": ""}.items():
            exchange = await channel.declare_exchange(f"hares.{kind}", kind, auto_delete=True)
            await queue.bind(exchange, key, arguments={"fur": "brown"})
            message = aio_pika.Message(b"a hare", headers={"fur": "brown"})
            await exchange.publish(message, "field.north")
        async with queue.iterator() as messages:
            async for message in messages:
                async with message.process():  # acks at the end of the block
                    print(message.body.decode(), "by way of", message.exchange)
                if message.exchange == "hares.headers":
                    break


asyncio.run(main(*sys.argv[1:]))
