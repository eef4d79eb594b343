"""Direct reply-to where it meets other things: transactions, confirms, prefetch, exchanges, other connections."""


from interop.conformance.conversations.reply import ASKED, CANCEL, PSEUDO, answer, listen
from interop.conformance.steps import (
    ack,
    call,
    confirms,
    connect,
    conversation,
    declare,
    deliveries,
    expect,
    get,
    open_channel,
    publish,
    quiet,
    until,
)

CONFIRM = call("confirm.select")

CONVERSATIONS = [
    conversation("reply/reply-with-properties", ASKED,
                 answer(b"", content_type="text/plain", headers={"a": 1}, priority=3, expiration="1000", message_id="m"),
                 deliveries(1)),
    conversation("reply/reply-large", ASKED, answer(b"z" * 200000), deliveries(1)),
    conversation("reply/reply-through-exchange", ASKED, publish("amq.direct", "$back", c="b", mandatory=True),
                 expect("basic.return", c="b")),
    conversation("reply/reply-asking-in-turn", ASKED, listen("u", c="b"), answer(reply_to=PSEUDO), deliveries(1)),
    conversation("reply/reply-in-transaction", ASKED, call("tx.select", c="b"), answer(), quiet(c="b"), call("tx.commit", c="b"),
                 deliveries(1)),
    conversation("reply/reply-from-own-channel", declare("~q"), listen(), publish("", "~q", reply_to=PSEUDO), until("~q", 1),
                 call("basic.get", queue="~q", no_ack=True, save={"reply_to": "back"}), publish("", "$back", b"own"),
                 deliveries(1)),
    conversation("reply/reply-twice-after-cancel", ASKED, answer(), deliveries(1), CANCEL, answer(), quiet(c="b"), quiet()),
    conversation("reply/request-in-transaction", declare("~q"), listen(), call("tx.select"), publish("", "~q", reply_to=PSEUDO),
                 call("tx.commit"), until("~q", 1), get("~q")),
    conversation("reply/request-confirmed", CONFIRM, declare("~q"), listen(), publish("", "~q", reply_to=PSEUDO), confirms(1, 1)),
    conversation("reply/request-to-own-name", declare("~q"), listen(), publish("", "~q", reply_to="~elsewhere"), until("~q", 1), get("~q")),
    conversation("reply/requests-share-a-name", declare("~q"), listen(), publish("", "~q", reply_to=PSEUDO),
                 publish("", "~q", reply_to=PSEUDO), until("~q", 2), get("~q"), get("~q")),
    conversation("reply/another-name-after-cancel", declare("~q"), listen(), publish("", "~q", reply_to=PSEUDO), CANCEL, listen(),
                 publish("", "~q", reply_to=PSEUDO), until("~q", 2), get("~q"), get("~q")),
    conversation("reply/listener-with-priority", listen(arguments={"x-priority": 5})),
    conversation("reply/listener-with-wrong-priority", listen(arguments={"x-priority": "high"})),
    conversation("reply/listener-with-prefetch", ASKED, call("basic.qos", prefetch_count=1), answer(b"1"), answer(b"2"), deliveries(2)),
    conversation("reply/listener-on-second-channel", declare("~q"), open_channel(2), listen(ch=2),
                 publish("", "~q", ch=2, reply_to=PSEUDO), until("~q", 1), get("~q")),
    conversation("reply/expiration-in-request", declare("~q"), listen(), publish("", "~q", reply_to=PSEUDO, expiration="60000"),
                 until("~q", 1), get("~q"), ack(1)),
    conversation("reply/other-virtual-connection", ASKED, connect("c"), publish("", "$back", b"c", c="c"), deliveries(1)),
]
