"""What no client may do, by name: bytes for a channel, each of which costs it that channel or its connection."""

from collections.abc import Callable

from tests.conversation import Basic, Channel, Connection, Exchange, Queue, Tx
from tests.hostile.noise import frame, marshal, publish


def _one(method) -> Callable[[int], bytes]:
    return lambda channel: marshal(channel, method)


WRONGS: dict[str, Callable[[int], bytes]] = {
    "a tag it was never given": _one(Basic.Ack(99_999)),
    "a second open": _one(Channel.Open()),
    "a header that belongs to nothing": lambda channel: frame(2, channel, b"\x00\x3c\0\0" + bytes(8) + b"\0\0"),
    "a body that belongs to nothing": lambda channel: frame(3, channel, b"body"),
    "a publish in the midst of one": lambda channel: marshal(channel, *publish()[:1] * 2),
    "a body larger than announced": lambda channel: marshal(channel, *publish()[:2]) + frame(3, channel, bytes(9)),
    "another method in the midst of a publish": lambda channel: marshal(channel, *publish()[:1], Basic.Qos()),
    "a transaction nobody began": _one(Tx.Commit()),
    "a queue that is not there": _one(Queue.Purge(queue="missing")),
    "an exchange that is not there": lambda channel: marshal(channel, *publish(exchange="missing")),
    "a reserved name": _one(Queue.Declare(queue="amq.mine")),
    "a reserved exchange": _one(Exchange.Declare(exchange="amq.mine")),
    "an argument that cannot be": _one(Queue.Declare(queue="wrong", arguments={"x-max-length": -1})),
    "a kind that cannot be": lambda channel: marshal(channel, _of_kind("x-none")),
    "a publish that cannot wait": lambda channel: marshal(
        channel, Basic.Publish(routing_key="q", immediate=True), *publish()[1:]
    ),
    "a user it is not": lambda channel: marshal(channel, *publish(user_id="somebody")),
    "an expiration that is no number": lambda channel: marshal(channel, *publish(expiration="soon")),
    "a limit by size": _one(Basic.Qos(prefetch_size=1)),
    "recovery without requeue": _one(Basic.Recover(requeue=False)),
    "flow that stops": _one(Channel.Flow(active=False)),
    "a channel nobody opened": lambda channel: marshal(77, Basic.Qos()),
    "a method nobody knows": lambda channel: frame(1, channel, b"\xff\xff\xff\xff"),
    "arguments cut short": lambda channel: frame(1, channel, b"\x00\x32\x00\x0a\0"),
    "a frame of no kind": lambda channel: frame(9, channel, b""),
    "a heartbeat on a channel": lambda channel: frame(8, channel, b""),
    "a frame without its end": lambda channel: frame(1, channel, b"\x00\x3c\x00\x6e\1")[:-1] + b"!",
    "a frame too large": lambda channel: b"\1" + channel.to_bytes(2, "big") + b"\xff\xff\xff\xff",
    "tune-ok once more": lambda channel: marshal(0, Connection.TuneOk(2047, 131072, 0)),
    "the beginning once more": lambda channel: b"AMQP\0\0\x09\x01",
    "HTTP": lambda channel: b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
}


def _of_kind(kind: str) -> Exchange.Declare:
    method = Exchange.Declare(exchange="wrong")
    method.exchange_type = kind
    return method
