"""The words conversations are written in: plain records of what a client sends and waits for. Nothing runs here.

Names: in every string ``~`` stands for the conversation's own prefix (``~q`` is a queue no other conversation uses) and
``$name`` for a value saved from an earlier reply. ``c`` is the connection (a, b, ...), ``ch`` the channel.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

CAPABILITIES = {"consumer_cancel_notify": True, "authentication_failure_close": True, "connection.blocked": True}
PLAIN = "\0guest\0guest"
# The verbs of administrators that are about no virtual host or user.
WHOLE_BROKER = ("set_alarm", "clear_alarm", "set_env", "clear_env")


@dataclass(frozen=True)
class Tcp:
    """Open a socket; say nothing."""

    c: str


@dataclass(frozen=True)
class Connect:
    """The whole handshake up to connection.open-ok, not recorded."""

    c: str
    capabilities: dict[str, Any]
    tune: dict[str, int]
    user: str = "guest"
    password: str = "guest"
    # "" is the one of the broker's URL.
    vhost: str = ""


@dataclass(frozen=True)
class Send:
    """One method frame, nothing awaited."""

    method: str
    arguments: dict[str, Any]
    c: str
    ch: int


@dataclass(frozen=True)
class Call:
    """One method frame; wait for its reply or the close that refuses it.

    ``save`` maps arguments of the reply, or properties of its content, to $names.
    """

    method: str
    arguments: dict[str, Any]
    c: str
    ch: int
    save: dict[str, str]


@dataclass(frozen=True)
class Publish:
    """basic.publish with its header and body frames. ``split`` cuts the body into frames of that size."""

    arguments: dict[str, Any]
    properties: dict[str, Any]
    body: bytes
    c: str
    ch: int
    split: int


@dataclass(frozen=True)
class Raw:
    """Bytes as they are."""

    data: bytes
    label: str
    c: str


@dataclass(frozen=True)
class Expect:
    """Wait until all these frames came. Recorded in the order given here, unless ``in_order`` asks for the wire's."""

    frames: tuple[str, ...]
    c: str
    ch: int
    in_order: bool


@dataclass(frozen=True)
class Skip:
    """Wait for a frame and do not record it: another conversation does."""

    frame: str
    c: str
    ch: int


@dataclass(frozen=True)
class Confirms:
    """Wait until publishes first..last are acked or nacked; how the broker coalesced them is not recorded."""

    first: int
    last: int
    c: str
    ch: int


@dataclass(frozen=True)
class Quiet:
    """Three round trips on the channel: whatever the broker had to say before is recorded, which is usually nothing.

    With ``queue`` the round trips go through that queue, so that deliveries it owed have been sent.
    """

    queue: str
    c: str
    ch: int


@dataclass(frozen=True)
class Counts:
    """The queue's counts, by passive declares on the channel until the same answer came three times.

    RabbitMQ answers these ahead of publishes, acks and requeues that the queue has not handled yet.
    """

    queue: str
    c: str
    ch: int


@dataclass(frozen=True)
class AwaitClosed:
    """Wait until the broker ends the socket; record what came before."""

    c: str


@dataclass(frozen=True)
class Drop:
    """End the socket without a word."""

    c: str


@dataclass(frozen=True)
class Until:
    """Ask from a connection apart until the queue has so many ready messages, consumers (None: until it is gone)."""

    queue: str
    counts: tuple[int, int] | None


@dataclass(frozen=True)
class UntilNoExchange:
    """Ask from a connection apart until the exchange is gone."""

    exchange: str


@dataclass(frozen=True)
class SetPolicy:
    """What an operator sets beside the protocol; where it is refused, the words are recorded.

    Before the conversation ends it is cleared.
    """

    name: str
    pattern: str
    definition: Any
    apply_to: str
    priority: int
    operator: bool


@dataclass(frozen=True)
class ClearPolicy:
    """An operator clears it, or is told that there is none."""

    name: str
    operator: bool


@dataclass(frozen=True)
class Administer:
    """What an administrator does, by the verbs of rabbitmqctl; where it is refused, the words are recorded.

    Before the conversation ends the users and virtual hosts it added are deleted, and its alarms cleared.
    """

    verb: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class CloseConnection:
    """An administrator closes connection ``c`` and says why."""

    c: str
    reason: str


@dataclass(frozen=True)
class Again:
    """Where connection or channel are not open, or no longer, open them."""

    c: str
    ch: int


@dataclass(frozen=True)
class Settle:
    """Wait until nothing more comes and these queues' counts stay as they are; record both.

    What came since the last one is brought into the order that brokers promise (promised.py).
    """

    queues: tuple[str, ...]


@dataclass(frozen=True)
class Pause:
    """Let so much time pass, for what only the clock decides."""

    seconds: float


Step = (
    Tcp
    | Connect
    | Send
    | Call
    | Publish
    | Raw
    | Expect
    | Skip
    | Confirms
    | Quiet
    | Counts
    | AwaitClosed
    | Drop
    | Until
    | UntilNoExchange
    | SetPolicy
    | ClearPolicy
    | Administer
    | CloseConnection
    | Again
    | Settle
    | Pause
)
_OF_OPERATORS = SetPolicy | ClearPolicy | Administer | CloseConnection


@dataclass(frozen=True)
class Conversation:
    """A named list of steps. Unless ``bare``, connection a with channel 1 is open before the first."""

    name: str
    steps: tuple[Step, ...]
    bare: bool = False
    # Answer the broker's channel.close and connection.close by ourselves, as every client does.
    polite: bool = True
    # Not recorded with a RabbitMQ older than this ("4.0"), which would answer by chance or fall over.
    since: str = ""
    # What a RabbitMQ must have enabled for it.
    plugin: str = ""
    theme: str = field(default="", compare=False)

    @property
    def needs_operator(self) -> bool:
        """Whether more is asked for than clients can ask: a broker of which we are the operator."""
        return any(isinstance(step, _OF_OPERATORS) for step in self.steps)

    @property
    def alone(self) -> bool:
        """Whether others may not be held beside it: what it does is felt by every connection of the broker."""
        return any(isinstance(step, Administer) and step.verb in WHOLE_BROKER for step in self.steps)


def conversation(
    name: str, *steps: Any, bare: bool = False, polite: bool = True, since: str = "", plugin: str = ""
) -> Conversation:
    """``steps``: single ones, or lists of them as deep as you like."""
    return Conversation(name, tuple(_flat(steps)), bare, polite, since, plugin, name.partition("/")[0])


def _flat(steps: Iterable[Any]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, list):
            yield from _flat(step)
        else:
            yield step


def tcp(c: str = "a") -> Tcp:
    return Tcp(c)


def connect(
    c: str = "b",
    capabilities: dict[str, Any] | None = None,
    user: str = "guest",
    password: str = "guest",
    vhost: str = "",
    **tune: int,
) -> list[Step]:
    """A whole connection with channel 1 open. ``tune``: channel_max, frame_max, heartbeat (else the server's)."""
    capabilities = CAPABILITIES if capabilities is None else capabilities
    return [Connect(c, capabilities, tune, user, password, vhost), *open_channel(1, c)]


def open_channel(ch: int, c: str = "a") -> list[Step]:
    return [Call("channel.open", {}, c, ch, {})]


def send(method: str, c: str = "a", ch: int = 1, **arguments: Any) -> Send:
    return Send(method, arguments, c, ch)


def call(method: str, c: str = "a", ch: int = 1, save: dict[str, str] | None = None, **arguments: Any) -> Call:
    return Call(method, arguments, c, ch, save or {})


def publish(
    exchange: str, key: str, body: bytes = b"m", c: str = "a", ch: int = 1, split: int = 0,
    mandatory: bool = False, immediate: bool = False, **properties: Any,
) -> Publish:  # fmt: skip
    arguments = {"exchange": exchange, "routing_key": key, "mandatory": mandatory, "immediate": immediate}
    return Publish(arguments, properties, body, c, ch, split)


def raw(data: bytes, c: str = "a", label: str = "") -> Raw:
    return Raw(data, label, c)


def expect(*frames: str, c: str = "a", ch: int = 1, in_order: bool = False) -> Expect:
    return Expect(frames, c, ch, in_order)


def skip(frame: str, c: str = "a", ch: int = 0) -> Skip:
    return Skip(frame, c, ch)


def confirms(first: int, last: int, c: str = "a", ch: int = 1) -> Confirms:
    return Confirms(first, last, c, ch)


def quiet(queue: str = "", c: str = "a", ch: int = 1) -> Quiet:
    return Quiet(queue, c, ch)


def await_closed(c: str = "a") -> AwaitClosed:
    return AwaitClosed(c)


def drop(c: str = "a") -> Drop:
    return Drop(c)


def until(queue: str, messages: int, consumers: int = 0) -> Until:
    return Until(queue, (messages, consumers))


def until_gone(queue: str) -> Until:
    return Until(queue, None)


def until_no_exchange(name: str) -> UntilNoExchange:
    return UntilNoExchange(name)


def policy(
    definition: Any,
    pattern: str = "^~q$",
    name: str = "~p",
    apply_to: str = "all",
    priority: int = 0,
    operator: bool = False,
) -> SetPolicy:
    return SetPolicy(name, pattern, definition, apply_to, priority, operator)


def clear_policy(name: str = "~p", operator: bool = False) -> ClearPolicy:
    return ClearPolicy(name, operator)


def administer(verb: str, *values: Any) -> Administer:
    return Administer(verb, values)


def close_connection(c: str, reason: str) -> CloseConnection:
    return CloseConnection(c, reason)


def again(c: str = "a", ch: int = 1) -> Again:
    return Again(c, ch)


def settle(*queues: str) -> Settle:
    return Settle(queues)


def pause(seconds: float) -> Pause:
    return Pause(seconds)


def declare(queue: str, c: str = "a", ch: int = 1, **arguments: Any) -> Call:
    """queue.declare; a durable, shared queue unless said otherwise (4.3 refuses transient shared ones)."""
    if not arguments.get("exclusive") and "durable" not in arguments:
        arguments["durable"] = True
    return call("queue.declare", c, ch, queue=queue, **arguments)


def exchange(name: str, kind: str = "direct", c: str = "a", ch: int = 1, **arguments: Any) -> Call:
    return call("exchange.declare", c, ch, exchange=name, type=kind, **arguments)


def bind(queue: str, source: str, key: str = "", c: str = "a", ch: int = 1, **arguments: Any) -> Call:
    return call("queue.bind", c, ch, queue=queue, exchange=source, routing_key=key, **arguments)


def get(queue: str, c: str = "a", ch: int = 1, no_ack: bool = False) -> Call:
    return call("basic.get", c, ch, queue=queue, no_ack=no_ack)


def consume(queue: str, tag: str = "t", c: str = "a", ch: int = 1, **arguments: Any) -> Call:
    return call("basic.consume", c, ch, queue=queue, consumer_tag=tag, **arguments)


def ack(tag: int, c: str = "a", ch: int = 1, multiple: bool = False) -> Send:
    return send("basic.ack", c, ch, delivery_tag=tag, multiple=multiple)


def nack(tag: int, c: str = "a", ch: int = 1, multiple: bool = False, requeue: bool = True) -> Send:
    return send("basic.nack", c, ch, delivery_tag=tag, multiple=multiple, requeue=requeue)


def reject(tag: int, c: str = "a", ch: int = 1, requeue: bool = True) -> Send:
    return send("basic.reject", c, ch, delivery_tag=tag, requeue=requeue)


def passive(queue: str, c: str = "a", ch: int = 1) -> Counts:
    return Counts(queue, c, ch)


def deliveries(count: int, c: str = "a", ch: int = 1) -> Expect:
    return expect(*["basic.deliver"] * count, c=c, ch=ch)
