"""basic.ack, nack, reject and recover: which tags they take, where messages go back to."""

from interop.conformance.steps import (
    Step,
    ack,
    call,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    nack,
    open_channel,
    passive,
    publish,
    quiet,
    reject,
    send,
)


def held(count: int, more: int = 0) -> list[Step]:
    """``count`` messages taken and not acked, ``more`` left in the queue."""
    publishes = [publish("", "~q", str(n).encode()) for n in range(count + more)]
    return [declare("~q"), *publishes, *[get("~q") for _ in range(count)]]


def _order(name: str, *steps: Step, take: int = 4) -> object:
    return conversation(f"requeue/{name}", held(3, 1), *steps, *[get("~q", no_ack=True) for _ in range(take + 1)])


CONVERSATIONS = [
    conversation("ack/one", held(2), ack(1), quiet("~q"), reject(2), passive("~q")),
    conversation("ack/twice", held(2), ack(1), ack(1), expect("channel.close"), open_channel(1), passive("~q")),
    conversation("ack/unknown", ack(1), expect("channel.close")),
    conversation("ack/unknown-future", held(2), ack(3), expect("channel.close"), open_channel(1), passive("~q")),
    conversation("ack/unknown-large", held(1), ack((1 << 63) + 5), expect("channel.close")),
    conversation("ack/zero", held(1), ack(0), expect("channel.close")),
    conversation(
        "ack/zero-multiple",
        held(3),
        ack(0, multiple=True),
        quiet("~q"),
        call("basic.recover", requeue=True),
        passive("~q"),
    ),
    conversation("ack/zero-multiple-nothing", ack(0, multiple=True), quiet()),
    conversation("ack/multiple", held(4), ack(3, multiple=True), quiet("~q"), reject(4), passive("~q")),
    conversation(
        "ack/multiple-with-gaps", held(4), ack(2), ack(3, multiple=True), quiet("~q"), reject(4), passive("~q")
    ),
    conversation("ack/multiple-settled-tag", held(3), ack(2), ack(2, multiple=True), quiet("~q")),
    conversation("ack/multiple-beyond", held(2), ack(5, multiple=True), expect("channel.close")),
    conversation("ack/multiple-nothing-outstanding", ack(1, multiple=True), expect("channel.close")),
    conversation("ack/multiple-one-only", held(2), ack(1, multiple=True), quiet("~q"), ack(2), quiet("~q")),
    conversation(
        "ack/no-ack-delivery", declare("~q"), publish("", "~q"), get("~q", no_ack=True), ack(1), expect("channel.close")
    ),
    conversation(
        "ack/other-channel", held(1), open_channel(2), ack(1, ch=2), expect("channel.close", ch=2), ack(1), quiet("~q")
    ),
    conversation("ack/out-of-order", held(4), ack(4), ack(1), ack(3), ack(2), quiet("~q")),
    conversation(
        "ack/mixed-queues",
        declare("~q"),
        declare("~r"),
        publish("", "~q"),
        publish("", "~r"),
        get("~q"),
        get("~r"),
        ack(2, multiple=True),
        quiet(),
        passive("~q"),
        passive("~r"),
    ),
    conversation("nack/requeue", held(1), nack(1), get("~q")),
    conversation("nack/drop", held(1), nack(1, requeue=False), get("~q"), passive("~q")),
    conversation("nack/multiple-requeue", held(3), nack(2, multiple=True), passive("~q"), get("~q"), get("~q")),
    conversation(
        "nack/multiple-drop", held(3), nack(2, multiple=True, requeue=False), passive("~q"), reject(3), passive("~q")
    ),
    conversation("nack/zero-multiple", held(3), nack(0, multiple=True), passive("~q")),
    conversation("nack/zero-multiple-nothing", nack(0, multiple=True), quiet()),
    conversation("nack/unknown", nack(7), expect("channel.close")),
    conversation("nack/unknown-multiple", nack(7, multiple=True), expect("channel.close")),
    conversation("nack/zero", held(1), nack(0), expect("channel.close")),
    conversation("reject/requeue", held(1), reject(1), get("~q")),
    conversation("reject/drop", held(1), reject(1, requeue=False), passive("~q"), get("~q")),
    conversation("reject/unknown", reject(3), expect("channel.close")),
    conversation("reject/zero", held(1), reject(0), expect("channel.close")),
    conversation("reject/twice", held(1), reject(1, requeue=False), reject(1), expect("channel.close")),
    _order("first", nack(1)),
    _order("middle", nack(2)),
    _order("last", nack(3)),
    _order("backwards", nack(3), nack(2), nack(1)),
    _order("all-at-once", nack(3, multiple=True)),
    _order("two-of-three", nack(1), nack(3)),
    _order("after-newer-publish", publish("", "~q", b"new"), nack(2), take=5),
    _order("recover", call("basic.recover", requeue=True)),
    _order("reject-each", reject(2), reject(1), reject(3)),
    conversation(
        "requeue/to-waiting-consumer",
        connect("b"),
        held(2),
        consume("~q", c="b"),
        nack(2, multiple=True),
        deliveries(2, c="b"),
    ),
    conversation(
        "requeue/loop-with-one-consumer",
        declare("~q"),
        call("basic.qos", prefetch_count=1),
        consume("~q"),
        publish("", "~q", b"0"),
        publish("", "~q", b"1"),
        deliveries(1),
        nack(1),
        deliveries(1),
        nack(2),
        deliveries(1),
        ack(3),
        deliveries(1),
    ),
    conversation(
        "requeue/one-of-many-with-consumer",
        declare("~q"),
        consume("~q"),
        *[publish("", "~q", str(n).encode()) for n in range(4)],
        deliveries(4),
        nack(2),
        deliveries(1),
        nack(4),
        deliveries(1),
    ),
    conversation(
        "recover/requeue",
        held(2, 1),
        call("basic.recover", requeue=True),
        passive("~q"),
        get("~q"),
        get("~q"),
        get("~q"),
    ),
    conversation("recover/nothing", call("basic.recover", requeue=True)),
    conversation(
        "recover/tags-invalid-after", held(1), call("basic.recover", requeue=True), ack(1), expect("channel.close")
    ),
    conversation("recover/no-requeue", held(1), call("basic.recover", requeue=False)),
    conversation(
        "recover/async", held(2), send("basic.recover-async", requeue=True), passive("~q"), get("~q"), get("~q")
    ),
    conversation(
        "recover/async-no-requeue",
        held(1),
        send("basic.recover-async", requeue=False),
        expect("connection.close", ch=0),
    ),
    conversation(
        "recover/to-own-consumer",
        declare("~q"),
        consume("~q"),
        publish("", "~q", b"0"),
        publish("", "~q", b"1"),
        deliveries(2),
        send("basic.recover", requeue=True),
        expect("basic.recover-ok", "basic.deliver", "basic.deliver"),
    ),
    conversation(
        "recover/only-own-channel",
        held(1),
        open_channel(2),
        publish("", "~q", b"2"),
        passive("~q"),
        get("~q", ch=2),
        call("basic.recover", requeue=True),
        passive("~q"),
        get("~q"),
    ),
]
