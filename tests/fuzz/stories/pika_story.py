"""pika: topology, confirms, a consumer, a refused channel."""

import sys

import pika

with pika.BlockingConnection(pika.URLParameters(sys.argv[1])) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    channel.exchange_declare("pika", "topic", durable=True)
    channel.queue_declare("pika", arguments={"x-max-length": 100, "x-overflow": "reject-publish"})
    channel.queue_bind("pika", "pika", "a.*.#")
    properties = pika.BasicProperties(
        content_type="text/plain", delivery_mode=2, priority=3, correlation_id="1", headers={"n": 1, "x": [True, None]}
    )
    channel.basic_publish("pika", "a.b.c", b"hello", properties, mandatory=True)
    channel.basic_qos(prefetch_count=2)
    for method, _, _ in channel.consume("pika", inactivity_timeout=0.2):
        if method is None:
            break
        channel.basic_nack(method.delivery_tag, requeue=False)
    channel.cancel()
    channel.queue_unbind("pika", "pika", "a.*.#")
    channel.queue_delete("pika")
    channel.exchange_delete("pika")
    other = connection.channel()
    other.tx_select()
    other.basic_publish("", "nowhere", b"x" * 40)
    other.tx_commit()
    try:
        other.queue_declare("missing", passive=True)
    except pika.exceptions.ChannelClosedByBroker:
        pass
