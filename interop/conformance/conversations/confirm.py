"""Publisher confirms: the count, what is acked, returns before acks, confirms and transactions."""

from interop.conformance.steps import (
    ack,
    bind,
    call,
    confirms,
    consume,
    conversation,
    declare,
    deliveries,
    exchange,
    expect,
    get,
    open_channel,
    publish,
    quiet,
    send,
)

SELECT = call("confirm.select")

CONVERSATIONS = [
    conversation("confirm/select-twice", SELECT, declare("~q"), publish("", "~q"), confirms(1, 1), SELECT, publish("", "~q"), confirms(2, 2)),
    conversation("confirm/select-nowait", send("confirm.select", nowait=True), declare("~q"), publish("", "~q"), confirms(1, 1)),
    conversation("confirm/not-selected", declare("~q"), publish("", "~q"), quiet("~q")),
    conversation("confirm/count-starts-at-select", declare("~q"), publish("", "~q"), SELECT, publish("", "~q"), confirms(1, 1), quiet("~q")),
    conversation("confirm/unroutable", SELECT, publish("", "~nobody"), expect("basic.ack"), publish("amq.fanout", "~"), confirms(2, 2)),
    conversation("confirm/transient", SELECT, declare("~q", durable=False), publish("", "~q", delivery_mode=1), expect("basic.ack")),
    conversation("confirm/persistent", SELECT, declare("~q"), publish("", "~q", delivery_mode=2), expect("basic.ack")),
    conversation("confirm/hundred", SELECT, declare("~q"), *[publish("", "~q", delivery_mode=1 + n % 2) for n in range(100)], confirms(1, 100), quiet("~q")),
    conversation("confirm/several-queues", SELECT, exchange("~x", "fanout"), declare("~q"), declare("~r", durable=False), bind("~q", "~x"), bind("~r", "~x"), publish("~x", "", delivery_mode=2), confirms(1, 1), quiet()),
    conversation("confirm/return-before-ack", SELECT, publish("", "~nobody", mandatory=True), expect("basic.return", "basic.ack", in_order=True)),
    conversation("confirm/return-before-ack-mixed", SELECT, declare("~q"), publish("", "~q"), confirms(1, 1), publish("", "~nobody", mandatory=True), expect("basic.return", "basic.ack", in_order=True), publish("", "~q", mandatory=True), confirms(3, 3)),
    conversation("confirm/ack-when-consumed", SELECT, declare("~q"), consume("~q", no_ack=True), publish("", "~q", delivery_mode=2), expect("basic.deliver", "basic.ack")),
    conversation("confirm/ack-without-consumer-ack", SELECT, declare("~q"), consume("~q"), publish("", "~q"), expect("basic.deliver", "basic.ack"), ack(1), quiet("~q")),
    conversation("confirm/error-gives-none", SELECT, publish("~x", "k"), expect("channel.close")),
    conversation("confirm/error-after-some", SELECT, publish("", "~nobody"), confirms(1, 1), publish("~x", "k"), publish("", "~nobody"), expect("channel.close"), open_channel(1), quiet()),
    conversation("confirm/to-tx", SELECT, call("tx.select")),
    conversation("confirm/from-tx", call("tx.select"), SELECT),
    conversation("confirm/queue-deleted-after", SELECT, declare("~q"), publish("", "~q"), confirms(1, 1), call("queue.delete", queue="~q"), publish("", "~q"), confirms(2, 2)),
    conversation("confirm/e2e-and-queue", SELECT, exchange("~a", "fanout"), exchange("~b", "fanout"), declare("~q"), call("exchange.bind", source="~a", destination="~b"), bind("~q", "~a"), bind("~q", "~b"), publish("~a", ""), confirms(1, 1), get("~q"), get("~q")),
    conversation("confirm/client-acks-unharmed", SELECT, declare("~q"), publish("", "~q"), confirms(1, 1), get("~q"), ack(1), publish("", "~q"), confirms(2, 2), get("~q"), ack(2), quiet("~q")),
    conversation("confirm/large-and-small", SELECT, declare("~q"), publish("", "~q", bytes(300000)), publish("", "~q", b""), confirms(1, 2)),
]
