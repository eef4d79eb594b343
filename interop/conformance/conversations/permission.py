"""What each method needs: with just that it is done, and without any part of it refused, in words that name the part.

b is a connection of ~u; what has to be there was made by guest. Patterns are about the full names, as in ^~q$.
"""

from collections.abc import Iterator

from interop.conformance.conversations.access_words import ALL, CLOSE, NONE, administer, member, permit, purge
from interop.conformance.steps import (
    Conversation,
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
    exchange,
    expect,
    get,
    open_channel,
    passive,
    publish,
    quiet,
    reject,
    send,
    until,
)

Steps = Step | list[Step]
AS_USER = connect("b", user="~u", password="p")
EXISTING = [declare("~q"), exchange("~x", "fanout")]
DEAD = {"x-dead-letter-exchange": "~dlx"}
LATER = {"alternate-exchange": "~ae"}


def _needs(name: str, action: Steps, prepared: Steps = [], **needed: str) -> Iterator[Conversation]:  # noqa: B006
    """One conversation in which ~u may do only what is ``needed``; and for each of that, one in which it is what is missing."""
    least = {"configure": NONE, "write": NONE, "read": NONE}
    yield conversation(f"permission/{name}", prepared, member(**{**least, **needed}), AS_USER, action)
    for kind in needed:
        yield conversation(f"permission/{name}-without-{kind}", prepared, member(**{kind: NONE}), AS_USER, action)


def _free(name: str, action: Steps, prepared: Steps = []) -> Iterator[Conversation]:  # noqa: B006
    """A method that needs no permission."""
    yield conversation(f"permission/{name}", prepared, member(NONE, NONE, NONE), AS_USER, action)


def _matched(name: str, pattern: str, *queues: str) -> Conversation:
    """Which of the queues may be configured under that pattern."""
    declared = [[open_channel(ch, "b") if ch > 1 else [], declare(queue, "b", ch)] for ch, queue in enumerate(queues, 1)]
    return conversation(f"permission/pattern-{name}", member(pattern, NONE, NONE), AS_USER, declared)


ROWS: tuple[Iterator[Conversation], ...] = (
    _needs("queue-declare", declare("~q", "b"), configure="^~q$"),
    _needs("queue-declare-existing", declare("~q", "b"), declare("~q"), configure="^~q$"),
    _needs("queue-declare-nowait", [send("queue.declare", "b", queue="~q", nowait=True, durable=True), quiet(c="b")], configure="^~q$"),
    _needs("queue-declare-exclusive", declare("~q", "b", exclusive=True), configure="^~q$"),
    _needs("queue-declare-server-named", declare("", "b", exclusive=True), configure=r"^amq\.gen-"),
    _needs("queue-declare-dead-lettering", declare("~q", "b", arguments=DEAD), configure="^~q$", read="^~q$", write="^~dlx$"),
    _needs("queue-declare-dead-lettering-to-default", declare("~q", "b", arguments={"x-dead-letter-exchange": ""}),
           configure="^~q$", read="^~q$", write=r"^amq\.default$"),
    _needs("queue-declare-existing-dead-lettering", declare("~q", "b", arguments=DEAD), declare("~q", arguments=DEAD), configure="^~q$"),
    _needs("queue-declare-quorum", declare("~q", "b", arguments={"x-queue-type": "quorum"}), configure="^~q$"),
    _needs("queue-declare-stream", declare("~q", "b", arguments={"x-queue-type": "stream"}), configure="^~q$"),
    _free("queue-declare-passive", call("queue.declare", "b", queue="~q", passive=True), declare("~q")),
    _free("queue-declare-passive-missing", call("queue.declare", "b", queue="~q", passive=True)),
    _needs("queue-delete", call("queue.delete", "b", queue="~q"), declare("~q"), configure="^~q$"),
    _needs("queue-delete-missing", call("queue.delete", "b", queue="~q"), configure="^~q$"),
    _needs("queue-purge", purge(), declare("~q"), read="^~q$"),
    _needs("queue-bind", bind("~q", "~x", c="b"), EXISTING, write="^~q$", read="^~x$"),
    _needs("queue-bind-nowait", [send("queue.bind", "b", queue="~q", exchange="~x", nowait=True), quiet(c="b")], EXISTING, write="^~q$", read="^~x$"),
    _needs("queue-bind-existing-binding", bind("~q", "~x", c="b"), [EXISTING, bind("~q", "~x")], write="^~q$", read="^~x$"),
    _needs("queue-unbind", call("queue.unbind", "b", queue="~q", exchange="~x"), [EXISTING, bind("~q", "~x")], write="^~q$", read="^~x$"),
    _needs("exchange-declare", exchange("~x", c="b"), configure="^~x$"),
    _needs("exchange-declare-existing", exchange("~x", c="b"), exchange("~x"), configure="^~x$"),
    _needs("exchange-declare-predeclared", exchange("amq.direct", c="b", durable=True), configure=r"^amq\.direct$"),
    _needs("exchange-declare-alternate", exchange("~x", c="b", arguments=LATER), configure="^~x$", read="^~x$", write="^~ae$"),
    _needs("exchange-declare-existing-alternate", exchange("~x", c="b", arguments=LATER), exchange("~x", arguments=LATER), configure="^~x$"),
    _needs("exchange-declare-internal", exchange("~x", c="b", internal=True), configure="^~x$"),
    _free("exchange-declare-passive", call("exchange.declare", "b", exchange="~x", passive=True), exchange("~x")),
    _free("exchange-declare-passive-missing", call("exchange.declare", "b", exchange="~x", passive=True)),
    _needs("exchange-delete", call("exchange.delete", "b", exchange="~x"), exchange("~x"), configure="^~x$"),
    _needs("exchange-delete-missing", call("exchange.delete", "b", exchange="~x"), configure="^~x$"),
    _needs("exchange-bind", call("exchange.bind", "b", destination="~x", source="~y"), [EXISTING, exchange("~y")], write="^~x$", read="^~y$"),
    _needs("exchange-unbind", call("exchange.unbind", "b", destination="~x", source="~y"), [EXISTING, exchange("~y")], write="^~x$", read="^~y$"),
    _needs("publish", [publish("~x", "k", c="b"), quiet(c="b")], EXISTING, write="^~x$"),
    _needs("publish-mandatory", [publish("~x", "k", c="b", mandatory=True), expect("basic.return", c="b")], EXISTING, write="^~x$"),
    _needs("publish-to-default", [publish("", "~q", c="b"), quiet(c="b"), passive("~q")], declare("~q"), write=r"^amq\.default$"),
    _needs("publish-to-missing-queue", [publish("", "~q", c="b"), quiet(c="b")], write=r"^amq\.default$"),
    _needs("publish-to-predeclared", [publish("amq.fanout", "", c="b"), quiet(c="b")], write=r"^amq\.fanout$"),
    _needs("publish-confirmed", [call("confirm.select", "b"), publish("~x", "k", c="b"), confirms(1, 1, c="b")], EXISTING, write="^~x$"),
    _needs("publish-in-a-transaction", [call("tx.select", "b"), publish("~x", "k", c="b"), call("tx.commit", "b")], EXISTING, write="^~x$"),
    _needs("get", get("~q", "b"), declare("~q"), read="^~q$"),
    _needs("consume", consume("~q", c="b"), declare("~q"), read="^~q$"),
    _needs("consume-stream", [call("basic.qos", "b", prefetch_count=1), consume("~q", c="b")],
           declare("~q", arguments={"x-queue-type": "stream"}), read="^~q$"),
    _needs("exclusive-queue-of-its-own", [declare("~q", "b", exclusive=True), get("~q", "b")], configure="^~q$", read="^~q$"),
    _free("reply-to-listener", consume("amq.rabbitmq.reply-to", c="b", no_ack=True)),
    _free("channel-words", [call("basic.qos", "b", prefetch_count=1), call("basic.recover", "b", requeue=True), call("tx.select", "b"),
                            call("tx.commit", "b"), call("tx.rollback", "b"), call("channel.flow", "b", active=True), CLOSE]),
    _free("confirm-select", [call("confirm.select", "b"), quiet(c="b")]),
    _free("cancel-unknown", call("basic.cancel", "b", consumer_tag="t")),
)  # fmt: skip

CONVERSATIONS: tuple[Conversation, ...] = (
    *[one for row in ROWS for one in row],
    conversation("permission/queue-bind-last-declared-without-write", EXISTING, member(ALL, NONE, ALL), AS_USER, declare("~q", "b"), bind("", "~x", c="b")),
    # What is done for ~u later is not asked about.
    conversation("permission/dead-letters-need-none", exchange("~dlx", "fanout"), declare("~dead"), bind("~dead", "~dlx"),
                 declare("~q", arguments=DEAD), publish("", "~q"), until("~q", 1), member(NONE, NONE, "^~q$"), AS_USER, get("~q", "b"),
                 call("basic.recover", "b", requeue=True), get("~q", "b"), reject(2, "b", requeue=False), until("~dead", 1)),
    conversation("permission/alternate-exchange-needs-none-at-publish", exchange("~ae", "fanout"), declare("~q"), bind("~q", "~ae"),
                 exchange("~x", arguments=LATER), member(NONE, "^~x$", NONE), AS_USER, publish("~x", "k", c="b"), until("~q", 1)),
    conversation("permission/bound-exchange-needs-none-at-publish", exchange("~x", "fanout"), exchange("~y", "fanout"), declare("~q"),
                 call("exchange.bind", destination="~y", source="~x"), bind("~q", "~y"), member(NONE, "^~x$", NONE), AS_USER,
                 publish("~x", "k", c="b"), until("~q", 1)),
    conversation("permission/copies-need-none", declare("~q"), declare("~r"), member(NONE, r"^amq\.default$", NONE), AS_USER,
                 publish("", "~q", c="b", headers={"CC": ["~r"]}), until("~q", 1), until("~r", 1)),
    conversation("permission/deliveries-and-acks-need-read-once", declare("~q"), member(NONE, NONE, "^~q$"), AS_USER, consume("~q", c="b"),
                 publish("", "~q"), deliveries(1, c="b"), ack(1, "b"), call("basic.cancel", "b", consumer_tag="t")),
    conversation("permission/queue-of-another-vhost", administer("add_vhost", "~v"), member(NONE, NONE, NONE), permit(vhost="~v"),
                 connect("b", user="~u", password="p", vhost="~v"), declare("~q", "b"), declare("~q", "b", exclusive=True)),
    conversation("permission/refused-in-a-vhost-of-its-name", administer("add_vhost", "~v"), member(NONE, NONE, NONE, vhost="~v"),
                 connect("b", user="~u", password="p", vhost="~v"), declare("~q", "b")),
    conversation("permission/administrators-need-them-too", member(NONE, NONE, NONE), administer("set_user_tags", "~u", ["administrator"]),
                 AS_USER, declare("~q", "b")),
    conversation("permission/refusal-closes-the-channel-only", declare("~q"), member(NONE, NONE, "^~q$"), AS_USER, call("channel.open", "b", 2),
                 declare("~q", "b", 2), get("~q", "b"), call("channel.open", "b", 2), get("~q", "b", 2)),
    conversation("permission/pipelined-after-a-refusal", declare("~q"), member(NONE, NONE, "^~q$"), AS_USER,
                 publish("", "~q", c="b"), publish("", "~q", c="b"), expect("channel.close", c="b"), call("channel.open", "b"), get("~q", "b")),
    conversation("permission/refused-publish-is-not-confirmed", member(NONE, NONE, ALL), AS_USER, call("confirm.select", "b"),
                 publish("amq.direct", "k", c="b"), confirms(1, 1, c="b")),
    conversation("permission/refused-in-a-transaction", declare("~q"), member(NONE, r"^amq\.default$", NONE), AS_USER, call("tx.select", "b"),
                 publish("", "~q", c="b"), publish("amq.direct", "k", c="b"), expect("channel.close", c="b"), until("~q", 0)),
    conversation("permission/long-name-in-words", member(NONE, NONE, NONE), AS_USER, declare("~" + "q" * 230, "b")),
    conversation("permission/quote-in-words", administer("add_user", "~it's", "p"), permit(NONE, NONE, NONE, user="~it's"),
                 connect("b", user="~it's", password="p"), declare("~q'", "b")),
    conversation("permission/unicode-in-words", administer("add_user", "~ü", "p"), permit(NONE, NONE, NONE, user="~ü"),
                 connect("b", user="~ü", password="p"), declare("~€", "b")),
    conversation("permission/line-ends-are-taken-out-first", member("^~q$", NONE, NONE), AS_USER, declare("~\r\nq", "b")),
    # What patterns mean.
    _matched("empty", "", "~q"),
    _matched("everything", ".*", "~q"),
    _matched("unanchored", "q", "~q", "~a-q-b", "~a"),
    _matched("begins", "^~a", "~a", "~ab", "~b", "x~a"),
    _matched("ends", "-a$", "~a", "~ab"),
    _matched("either", "^(~a|~b)$", "~a", "~b", "~ab", "~c"),
    _matched("either-without-parentheses", "^~a|b$", "~a", "~xb", "~ax", "~bx"),
    _matched("case-matters", "^~Q$", "~q", "~Q"),
    _matched("case-put-aside", "(?i)^~Q$", "~q", "~Q", "~r"),
    _matched("dot-is-any", "^~a.c$", "~abc", "~a.c", "~ac"),
    _matched("dot-of-a-letter-of-two-bytes", "^~a.c$", "~aüc", "~abc"),
    _matched("dots-of-a-letter-of-two-bytes", "^~a..c$", "~aüc", "~abbc"),
    _matched("unicode", "^~ü$", "~ü", "~u"),
    _matched("class-of-unicode", "^~[äü]$", "~ü", "~ä", "~u"),
    _matched("digits", r"^~\d+$", "~12", "~a", "~1a"),
    _matched("words", r"^~\w+$", "~a_1", "~a-b", "~ü"),
    _matched("posix-class", "^~[[:alpha:]]+$", "~ab", "~a1"),
    _matched("negated-class", "^~[^a]", "~b", "~a"),
    _matched("counted", "^~a{2,3}$", "~a", "~aa", "~aaaa"),
    _matched("escaped", r"^~a\.b$", "~a.b", "~acb"),
    _matched("quoted", r"^~\Qa.b\E$", "~a.b", "~acb"),
    _matched("word-boundary", r"\bab\b", "~ab", "~abc"),
    _matched("lookahead", "^~(?!secret)", "~open", "~secret"),
    _matched("lookbehind", "(?<!secret)$", "~open", "~secret"),
    _matched("back-reference", r"(a|b)\1", "~aa", "~ab"),
    _matched("possessive", "^~a++$", "~aa", "~ab"),
    _matched("atomic", "^~(?>a|ab)c$", "~ac", "~abc"),
    _matched("named-group", "^~(?P<n>a)$", "~a", "~b"),
    _matched("lazy", "^~a+?$", "~aa", "~b"),
    _matched("absolute-anchors", r"\A~a\z", "~a", "~ab"),
    _matched("end-before-a-blank", "^~a$", "~a ", "~a"),
    _matched("nothing-ever", "^(?!)$", "~a"),
    # A pattern that is no pattern is refused, and what was set before stays.
    *[conversation(f"permission/no-pattern-{name}", member("^~q$", NONE, NONE), permit(pattern, NONE, NONE), AS_USER, declare("~q", "b"))
      for name, pattern in (("parenthesis", "("), ("star", "*"), ("class", "[a"), ("range", "[z-a]"), ("counts", "a{2,1}"),
                            ("escape-at-end", "a\\"), ("group", "(?<n"), ("back-reference", r"\1"), ("option", "(?q)a"))],
    conversation("permission/no-pattern-write", member(), permit(ALL, "(", ALL)),
    conversation("permission/no-pattern-read", member(), permit(ALL, ALL, "(")),
    conversation("permission/no-pattern-two", member(), permit("(", "[", ALL)),
)
