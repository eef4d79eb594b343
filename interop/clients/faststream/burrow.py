"""A FastStream program as its users write one. $BROKER_URL names the broker."""

import asyncio
import os

from faststream import AckPolicy, FastStream
from faststream.exceptions import NackMessage, RejectMessage
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue

broker = RabbitBroker(os.environ["BROKER_URL"])
app = FastStream(broker)

news = RabbitExchange("burrow.news", type=ExchangeType.TOPIC)
graves = RabbitQueue("burrow.graves", durable=True)
digging = RabbitQueue(
    "burrow.digging",
    durable=True,
    arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "burrow.graves"},
)
weather = RabbitQueue("burrow.weather", durable=True, routing_key="weather.#")
seen: list[str] = []


@broker.subscriber("burrow.square")
async def square(number: int) -> int:
    return number * number


@broker.subscriber("burrow.in")
@broker.publisher("burrow.out")
async def pass_on(text: str) -> str:
    return text.upper()


@broker.subscriber(weather, news)
@broker.publisher("burrow.out")
async def forecast(text: str, message: RabbitMessage) -> str:
    return f"{message.raw_message.routing_key}: {text}"


@broker.subscriber(digging)
@broker.publisher("burrow.out")
async def dig(how: str, message: RabbitMessage) -> str:
    if how == "reject":
        raise RejectMessage
    if how == "twice" and not message.raw_message.redelivered:
        raise NackMessage
    return f"dug {how}, redelivered {message.raw_message.redelivered}"


@broker.subscriber(RabbitQueue("burrow.strict", durable=True), ack_policy=AckPolicy.NACK_ON_ERROR)
@broker.publisher("burrow.out")
async def strict(text: str, message: RabbitMessage) -> str:
    if not message.raw_message.redelivered:
        raise ValueError("the first time it fails")
    return f"strict {text}"


@app.after_startup
async def declare_graves() -> None:
    await broker.declare_queue(graves)


if __name__ == "__main__":
    asyncio.run(app.run())
