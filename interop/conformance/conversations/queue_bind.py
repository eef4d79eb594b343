"""queue.bind and queue.unbind: what is missing, the default exchange, duplicates, empty names and keys."""

from interop.conformance.steps import bind, call, conversation, declare, exchange, expect, get, open_channel, publish, quiet, send


def unbind(queue: str, source: str, key: str = "", **arguments):  # noqa: ANN003, ANN201
    return call("queue.unbind", queue=queue, exchange=source, routing_key=key, **arguments)


CONVERSATIONS = [
    conversation("bind/missing-queue", bind("~q", "amq.direct", "~k")),
    conversation("bind/missing-exchange", declare("~q"), bind("~q", "~x", "k")),
    conversation("bind/missing-both", bind("~q", "~x", "k")),
    conversation("bind/default-exchange", declare("~q"), bind("~q", "", "k")),
    conversation("bind/default-exchange-missing-queue", bind("~q", "", "k")),
    conversation("bind/unbind-default-exchange", declare("~q"), unbind("~q", "", "~q")),
    conversation("bind/unbind-missing-binding", declare("~q"), exchange("~x"), unbind("~q", "~x", "k")),
    conversation("bind/unbind-missing-queue", exchange("~x"), unbind("~q", "~x", "k")),
    conversation("bind/unbind-missing-exchange", declare("~q"), unbind("~q", "~x", "k")),
    conversation("bind/unbind-missing-both", unbind("~q", "~x", "k")),
    conversation("bind/twice-is-once", declare("~q"), exchange("~x"), bind("~q", "~x", "k"), bind("~q", "~x", "k"), publish("~x", "k"), get("~q"), get("~q"), unbind("~q", "~x", "k"), publish("~x", "k"), get("~q")),
    conversation("bind/two-keys-one-message", declare("~q"), exchange("~x", "topic"), bind("~q", "~x", "a.*"), bind("~q", "~x", "#"), publish("~x", "a.b"), get("~q"), get("~q")),
    conversation("bind/arguments-make-another", declare("~q"), exchange("~x"), bind("~q", "~x", "k", arguments={"n": 1}), bind("~q", "~x", "k", arguments={"n": 2}), unbind("~q", "~x", "k", arguments={"n": 1}), publish("~x", "k"), get("~q"), get("~q"), unbind("~q", "~x", "k"), publish("~x", "k"), get("~q"), unbind("~q", "~x", "k", arguments={"n": 2}), publish("~x", "k"), get("~q")),
    conversation("bind/nowait", declare("~q"), exchange("~x"), send("queue.bind", queue="~q", exchange="~x", routing_key="k", nowait=True), publish("~x", "k"), get("~q")),
    conversation("bind/nowait-error", send("queue.bind", queue="~q", exchange="amq.direct", routing_key="k", nowait=True), quiet()),
    conversation("bind/empty-queue-empty-key", declare("~q"), exchange("~x"), bind("", "~x", ""), publish("~x", "~q", b"by name"), publish("~x", "", b"by nothing"), get("~q"), get("~q")),
    conversation("bind/empty-queue-with-key", declare("~q"), exchange("~x"), bind("", "~x", "k"), publish("~x", "k"), get("~q")),
    conversation("bind/queue-with-empty-key", declare("~q"), exchange("~x"), bind("~q", "~x", ""), publish("~x", "", b"by nothing"), publish("~x", "~q", b"by name"), get("~q"), get("~q")),
    conversation("bind/unbind-empty-queue-empty-key", declare("~q"), exchange("~x"), bind("", "~x", ""), unbind("", "~x", ""), publish("~x", "~q"), get("~q")),
    conversation("bind/unbind-stops-routing", declare("~q"), exchange("~x", "fanout"), bind("~q", "~x"), publish("~x", "k", b"before"), unbind("~q", "~x"), publish("~x", "k", b"after", mandatory=True), expect("basic.return"), get("~q"), get("~q")),
    conversation("bind/queue-deleted-unbinds", declare("~q"), exchange("~x", "fanout"), bind("~q", "~x"), call("queue.delete", queue="~q"), declare("~q"), publish("~x", "k", mandatory=True), expect("basic.return"), call("exchange.delete", exchange="~x", if_unused=True)),
    conversation("bind/predeclared-exchanges", declare("~q"), bind("~q", "amq.direct", "~k"), bind("~q", "amq.topic", "~k.*"), publish("amq.direct", "~k"), publish("amq.topic", "~k.x"), get("~q"), get("~q"), unbind("~q", "amq.direct", "~k"), unbind("~q", "amq.topic", "~k.*")),
    conversation("bind/internal-exchange", declare("~q"), exchange("~x", internal=True), bind("~q", "~x", "k")),
    conversation("bind/key-with-line-ends", declare("~q"), exchange("~x"), bind("~q", "~x", "a\r\nb"), publish("~x", "a\r\nb", b"as bound"), publish("~x", "ab", b"without"), get("~q"), get("~q")),
    conversation("bind/key-longest", declare("~q"), exchange("~x"), bind("~q", "~x", "k" * 255), publish("~x", "k" * 255), get("~q")),
    conversation("bind/reopened-after-error", declare("~q"), bind("~q", "~x", "k"), open_channel(1), exchange("~x"), bind("~q", "~x", "k"), publish("~x", "k"), get("~q")),
]
