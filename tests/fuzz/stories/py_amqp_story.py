"""py-amqp: AMQPLAIN, topology, a get, a consumer, recover."""

import sys
from urllib.parse import urlsplit

import amqp

url = urlsplit(sys.argv[1])
with amqp.Connection(f"{url.hostname}:{url.port}", login_method="AMQPLAIN") as connection:
    channel = connection.channel()
    channel.exchange_declare("py", "direct", auto_delete=True)
    channel.exchange_declare("py2", "fanout", auto_delete=True)
    channel.exchange_bind("py2", "py", "k")
    channel.queue_declare("py", exclusive=True, arguments={"x-queue-type": "classic", "x-max-priority": 3})
    channel.queue_bind("py", "py2", "k")
    for number in range(3):
        headers = {"number": number, "nested": {"a": [1, {"b": "c"}]}}
        message = amqp.Message("grüße", application_headers=headers, priority=number, reply_to="someone")
        channel.basic_publish(message, "py", "k")
    channel.basic_get("py", no_ack=True)
    channel.basic_consume("py", consumer_tag="tag", callback=lambda message: None, arguments={"x-priority": 1})
    connection.drain_events(timeout=2)
    channel.basic_ack(2)
    channel.basic_recover(requeue=True)
    channel.basic_cancel("tag")
    channel.exchange_unbind("py2", "py", "k")
    channel.close()
