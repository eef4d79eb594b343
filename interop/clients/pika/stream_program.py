import sys

import pika


def main(url: str = "amqp://guest:guest@localhost/") -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()  # a publish returns once the message is safe
        channel.queue_declare("laps", durable=True, arguments={"x-queue-type": "stream", "x-max-age": "7D"})
        for lap in range(3):
            channel.basic_publish("", "laps", f"lap {lap}".encode())
        channel.basic_qos(prefetch_count=100)  # the credit; an ack gives it back, and removes nothing
        where = {"x-stream-offset": "first"}  # or last, next, an offset, a datetime, an interval as "1h"
        for method, properties, body in channel.consume("laps", arguments=where, inactivity_timeout=1):
            if method is None:
                break
            print(properties.headers["x-stream-offset"], body.decode())
            channel.basic_ack(method.delivery_tag)


main(*sys.argv[1:])
