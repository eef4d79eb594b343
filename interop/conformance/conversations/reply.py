"""Direct reply-to: the pseudo queue's consumer, the names given out for it, replies to who is there and who is gone."""

from typing import Any

from interop.conformance.steps import (
    Call,
    Step,
    ack,
    bind,
    call,
    confirms,
    connect,
    consume,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    open_channel,
    publish,
    quiet,
    send,
    until,
)

PSEUDO = "amq.rabbitmq.reply-to"
CANCEL = call("basic.cancel", consumer_tag="t")
REQUEST = publish("", "~q", b"question", reply_to=PSEUDO, correlation_id="7")


def listen(tag: str = "t", no_ack: bool = True, **arguments: Any) -> Call:
    return consume(PSEUDO, tag, no_ack=no_ack, **arguments)


# a asked and b knows where to reply to: $back.
ASKED: list[Step] = [
    declare("~q"),
    listen(),
    REQUEST,
    until("~q", 1),
    *connect("b"),
    call("basic.get", c="b", queue="~q", no_ack=True, save={"reply_to": "back"}),
]


def answer(body: bytes = b"answer", mandatory: bool = False, **properties: Any) -> Step:
    return publish("", "$back", body, c="b", mandatory=mandatory, **properties)


CONVERSATIONS = [
    conversation("reply/round-trip", ASKED, answer(correlation_id="7"), deliveries(1), quiet(), quiet(c="b")),
    conversation("reply/several", ASKED, answer(b"1"), answer(b"2"), answer(b""), deliveries(3)),
    conversation("reply/mandatory", ASKED, answer(mandatory=True), deliveries(1), quiet(c="b")),
    conversation("reply/confirmed", ASKED, call("confirm.select", c="b"), answer(), confirms(1, 1, "b"), deliveries(1)),
    conversation("reply/acked", ASKED, answer(), deliveries(1), ack(1), quiet()),
    conversation("reply/copied", ASKED, publish("", "~nowhere", c="b", headers={"CC": ["$back"]}), quiet(c="b")),
    conversation("reply/consume-with-ack", listen(no_ack=False)),
    conversation("reply/consume-twice", listen(), listen("u")),
    conversation("reply/consume-twice-with-ack", listen(), listen("u", no_ack=False)),
    conversation("reply/consume-exclusive", listen(exclusive=True)),
    conversation("reply/consume-again", listen(), CANCEL, listen()),
    conversation("reply/consume-on-two-channels", listen(), open_channel(2), listen(ch=2)),
    conversation(
        "reply/tag-chosen-by-server",
        call("basic.consume", queue=PSEUDO, no_ack=True, save={"consumer_tag": "ctag"}),
        call("basic.cancel", consumer_tag="$ctag"),
        REQUEST,
        quiet(),
    ),
    conversation("reply/tag-of-a-queue", declare("~q"), consume("~q"), listen()),
    conversation(
        "reply/tag-for-a-queue",
        declare("~q"),
        send("basic.consume", queue=PSEUDO, consumer_tag="t", no_ack=True, nowait=True),
        consume("~q"),
    ),
    conversation("reply/request-without-consumer", declare("~q"), REQUEST, quiet()),
    conversation("reply/request-after-cancel", declare("~q"), listen(), CANCEL, REQUEST, quiet()),
    conversation(
        "reply/request-on-another-channel",
        declare("~q"),
        listen(),
        open_channel(2),
        publish("", "~q", ch=2, reply_to=PSEUDO),
        quiet(ch=2),
    ),
    conversation(
        "reply/request-without-consumer-that-expires-badly",
        publish("", "~q", reply_to=PSEUDO, expiration="soon"),
        quiet(),
    ),
    conversation(
        "reply/request-without-consumer-to-missing-exchange", publish("~missing", "k", reply_to=PSEUDO), quiet()
    ),
    conversation(
        "reply/request-to-nowhere",
        listen(),
        publish("", "~nowhere", mandatory=True, reply_to=PSEUDO),
        expect("basic.return"),
    ),
    conversation("reply/gone-by-cancel", ASKED, CANCEL, answer(), quiet(c="b"), quiet()),
    conversation("reply/gone-by-cancel-mandatory", ASKED, CANCEL, answer(mandatory=True), quiet(c="b")),
    conversation(
        "reply/gone-by-close",
        ASKED,
        call("channel.close", reply_code=200, reply_text=""),
        declare("$back", c="b", passive=True),
    ),
    conversation("reply/published-to-pseudo", listen(), publish("", PSEUDO, mandatory=True), quiet()),
    conversation("reply/published-to-made-up-name", publish("", PSEUDO + ".nonsense", mandatory=True), quiet()),
    conversation("reply/declare", ASKED, declare("$back", c="b")),
    conversation("reply/declare-passive", ASKED, declare("$back", c="b", passive=True)),
    conversation("reply/declare-exclusive", ASKED, declare("$back", c="b", exclusive=True, arguments={"x-expires": 0})),
    conversation("reply/declare-gone", ASKED, CANCEL, declare("$back", c="b")),
    conversation("reply/declare-pseudo", declare(PSEUDO), declare(PSEUDO, passive=True)),
    conversation("reply/declare-made-up-name", declare(PSEUDO + ".nonsense")),
    conversation("reply/declare-is-the-last", declare("~q"), declare(PSEUDO), get("")),
    conversation("reply/bind", ASKED, bind("$back", "amq.direct", "k", c="b")),
    conversation("reply/bind-pseudo", bind(PSEUDO, "amq.direct", "k")),
    conversation("reply/unbind-pseudo", call("queue.unbind", queue=PSEUDO, exchange="amq.direct", routing_key="k")),
    conversation("reply/delete", ASKED, call("queue.delete", c="b", queue="$back"), answer(), deliveries(1)),
    conversation("reply/delete-pseudo", listen(), call("queue.delete", queue=PSEUDO)),
    conversation("reply/purge", ASKED, call("queue.purge", c="b", queue="$back")),
    conversation("reply/purge-pseudo", call("queue.purge", queue=PSEUDO)),
    conversation("reply/get", ASKED, get("$back", c="b")),
    conversation("reply/get-pseudo", listen(), get(PSEUDO)),
    conversation("reply/consume-its-name", ASKED, consume("$back", "u", c="b", no_ack=True)),
]
