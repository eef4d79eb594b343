"""basic.qos: which consumers a limit holds, when it takes effect, how the window opens again."""

from interop.conformance.steps import (
    ack,
    call,
    consume,
    conversation,
    declare,
    deliveries,
    get,
    nack,
    open_channel,
    passive,
    publish,
    quiet,
    reject,
)


def qos(count: int, ch: int = 1, shared: bool = False, size: int = 0):  # noqa: ANN201
    return call("basic.qos", ch=ch, prefetch_count=count, prefetch_size=size, **{"global_": shared})


def filled(count: int, queue: str = "~q") -> list:
    return [declare(queue), *[publish("", queue, str(n).encode()) for n in range(count)]]


CONVERSATIONS = [
    conversation("qos/zero", qos(0), filled(3), consume("~q"), deliveries(3)),
    conversation("qos/size", qos(0, size=1)),
    conversation("qos/size-large", qos(1, size=4294967295)),
    conversation("qos/largest", qos(65535)),
    conversation("qos/holds", filled(4), qos(2), consume("~q"), deliveries(2), quiet("~q"), passive("~q")),
    conversation("qos/ack-opens", filled(4), qos(2), consume("~q"), deliveries(2), ack(1), deliveries(1), ack(2), deliveries(1), quiet("~q")),
    conversation("qos/multiple-ack-opens", filled(5), qos(2), consume("~q"), deliveries(2), ack(2, multiple=True), deliveries(2), quiet("~q")),
    conversation("qos/nack-drop-opens", filled(3), qos(1), consume("~q"), deliveries(1), nack(1, requeue=False), deliveries(1), reject(2, requeue=False), deliveries(1)),
    conversation("qos/requeue-opens-same-again", filled(2), qos(1), consume("~q"), deliveries(1), nack(1), deliveries(1), quiet("~q")),
    conversation("qos/each-consumer-its-own", filled(6), qos(1), consume("~q", "1"), deliveries(1), consume("~q", "2"), deliveries(1), quiet("~q"), passive("~q")),
    conversation("qos/only-later-consumers", filled(6), qos(1), consume("~q", "1"), deliveries(1), qos(3), quiet("~q"), consume("~q", "2"), deliveries(3), quiet("~q")),
    conversation("qos/lifted-for-later", filled(4), qos(1), consume("~q", "1"), deliveries(1), qos(0), consume("~q", "2"), deliveries(3)),
    conversation("qos/other-channel-free", filled(4), qos(1), open_channel(2), consume("~q", "2", ch=2), deliveries(4, ch=2)),
    conversation("qos/no-ack-not-held", filled(4), qos(1), consume("~q", no_ack=True), deliveries(4)),
    conversation("qos/get-not-counted", filled(4), qos(1), get("~q"), consume("~q"), deliveries(1), quiet("~q"), passive("~q")),
    conversation("qos/cancel-keeps-held", filled(3), qos(1), consume("~q", "1"), deliveries(1), call("basic.cancel", consumer_tag="1"), consume("~q", "2"), deliveries(1), ack(1), quiet("~q"), ack(2), deliveries(1)),
    conversation("qos/shared-holds", filled(4), qos(2, shared=True), consume("~q", "1"), deliveries(2), consume("~q", "2"), quiet("~q"), passive("~q")),
    conversation("qos/shared-two-queues", filled(2), filled(2, "~r"), qos(2, shared=True), consume("~q", "q"), deliveries(2), consume("~r", "r"), quiet("~r"), ack(1), deliveries(1), ack(2), deliveries(1)),
    conversation("qos/shared-at-once", filled(4), qos(1, shared=True), consume("~q"), deliveries(1), qos(3, shared=True), deliveries(2), quiet("~q")),
    conversation("qos/shared-counts-held-already", filled(4), qos(2), consume("~q"), deliveries(2), qos(1, shared=True), ack(1), quiet("~q"), ack(2), deliveries(1), quiet("~q")),
    conversation("qos/shared-lowered", filled(6), qos(3, shared=True), consume("~q"), deliveries(3), qos(1, shared=True), ack(1), ack(2), quiet("~q"), ack(3), deliveries(1), quiet("~q")),
    conversation("qos/shared-lifted", filled(4), qos(1, shared=True), consume("~q"), deliveries(1), qos(0, shared=True), deliveries(3)),
    conversation("qos/both", filled(6), qos(2), qos(3, shared=True), consume("~q", "1"), deliveries(2), consume("~q", "2"), deliveries(1), quiet("~q"), ack(1), deliveries(1), quiet("~q")),
    conversation("qos/consumer-limit-after-shared", filled(6), qos(1, shared=True), qos(2), consume("~q", "1"), deliveries(2), quiet("~q"), consume("~q", "2"), deliveries(2), quiet("~q")),
    conversation("qos/shared-no-ack-not-held", filled(3), qos(1, shared=True), consume("~q", no_ack=True), deliveries(3)),
    conversation("qos/shared-get", filled(3), qos(1, shared=True), get("~q"), get("~q"), passive("~q")),
]
