"""Answering: a Connection with a broker of a few lines behind it, which holds every event against what may come then.

It keeps the rules that ``broker.session`` keeps: which channels there are, what ends them, who raises what. Whatever
the Connection writes has to be whole frames that pamqp can decode.
"""

import pamqp.frame

from protocol.amqp import basic, methods, replies
from protocol.amqp.connection import Connection, Offer
from protocol.amqp.errors import AmqpError, HardError, SoftError, not_allowed, not_found
from protocol.amqp.events import ChannelClosed, ChannelOpened, Closed, Login, MethodReceived, Open, Refused
from protocol.amqp.handshake import State
from tests.conversation import cut

# The tag that this broker does not know, and the body that is too large for it.
UNKNOWN_TAG = 13
MESSAGE_MAX = 200
CHANNEL_MAX = 3
FRAME_MAX = 4096

_REFUSED_METHODS = (methods.Queue.Purge, methods.Exchange.Delete)


class Answering:
    """``events`` are what came, each as something that can be compared; ``heard`` is all that was written."""

    def __init__(self, kind: type[Connection] = Connection) -> None:
        self.now = 0.0
        self.events: list[tuple] = []
        self.heard: list[bytes] = []
        self.channels: set[int] = set()
        offer = Offer({}, channel_max=CHANNEL_MAX, frame_max=FRAME_MAX, message_max=MESSAGE_MAX)
        self.connection = kind(offer, self._hear, self.now)

    def _hear(self, data: bytes) -> None:
        assert not self.connection.ended, "it writes after its end"
        for raw in cut(data):
            pamqp.frame.unmarshal(raw)
        self.heard.append(data)

    def put(self, data: bytes) -> None:
        """Bytes came."""
        for _ in range(len(data) + FRAME_MAX):
            try:
                for event in self.connection.receive(data, self.now):
                    self._answer(event)
            except HardError as error:
                self._fail(error)
                data = b""
            else:
                break
        else:
            raise AssertionError("it fails without an end")
        self._check()

    def _fail(self, error: HardError) -> None:
        self.events.append(("fails", error.text, error.class_id, error.method_id))
        assert 0 < len(error.text.encode()) <= 255
        self.channels.clear()
        self.connection.fail(error, self.now)
        assert self.connection.state in (State.CLOSED, State.ENDED)

    def _check(self) -> None:
        multiplexer = self.connection._multiplexer
        begun = [channel.assembler.held_bytes for channel in multiplexer.channels.values()]
        assert self.connection.held_bytes == sum(begun), "bodies that are not whole are counted wrong"
        assert len(multiplexer.channels) <= CHANNEL_MAX
        assert self.channels <= set(multiplexer.channels)

    # -- events --------------------------------------------------------------------------------------------------------

    def _answer(self, event) -> None:
        assert self.connection.state not in (State.CLOSED, State.ENDED), f"{event} after the end"
        try:
            self._dispatch(event)
        except AmqpError as error:
            if isinstance(event, MethodReceived):
                error.blame(*methods.ids(event.method))
            if isinstance(error, HardError):
                raise
            self._close_channel(event.channel, error)

    def _dispatch(self, event) -> None:
        match event:
            case basic.PublishRun():
                self._publish(event)
            case basic.SettlementRun():
                for tag in event.tags:
                    self._settle(event.channel, event.method, event.multiple, event.requeue, tag)
            case MethodReceived(channel=0):
                self.events.append(("update-secret", event.method.new_secret))
                self.connection.send(0, methods.Connection.UpdateSecretOk())
            case MethodReceived():
                self._method(event.channel, event.method)
            case ChannelOpened():
                assert event.channel not in self.channels
                self.channels.add(event.channel)
                self.events.append(("opens", event.channel))
            case ChannelClosed():
                self.channels.remove(event.channel)
                self.events.append(("closes", event.channel))
            case Refused():
                raise event.error
            case _:
                self._of_the_connection(event)

    def _of_the_connection(self, event) -> None:
        match event:
            case Login():
                self.events.append(("login", event.mechanism, event.user, event.password))
                if (event.user, event.password) != ("guest", "guest"):
                    raise HardError(replies.ACCESS_REFUSED, "Login was refused")
                self.connection.authenticated()
            case Open():
                self.events.append(("open", event.virtual_host))
                if event.virtual_host != "/":
                    raise not_allowed(f"vhost {event.virtual_host} not found")
                self.connection.opened()
            case Closed():
                self.events.append(("closed", event.code, event.text))
                self.channels.clear()
            case _:
                raise AssertionError(event)

    def _publish(self, run: basic.PublishRun) -> None:
        assert run.channel in self.channels
        assert run.contents
        try:
            arguments = basic.PublishArguments(run.arguments)
        except HardError as error:
            error.blame(basic.CLASS_BASIC, basic.PUBLISH_METHOD)
            raise
        for content in run.contents:
            head, *bodies = cut(content)
            channels = {int.from_bytes(raw[1:3], "big") for raw in (head, *bodies)}
            assert channels == {run.channel}
            assert head[0] == 2
            assert len(bodies) <= 1
            assert int.from_bytes(head[11:19], "big") == sum(len(body) - 8 for body in bodies) <= MESSAGE_MAX
            self.events.append(("publish", run.channel, run.arguments, run.persistent, content))
        if arguments.immediate:
            raise HardError(replies.NOT_IMPLEMENTED, "immediate=true")

    def _settle(self, channel: int, method: int, multiple: bool, requeue: bool, tag: int) -> None:
        assert channel in self.channels
        # pamqp takes it for a signed number, frame by frame; the broker only ever sees runs of these.
        self.events.append(("settles", channel, method, multiple, requeue, tag % 2**64))
        if tag == UNKNOWN_TAG:
            error = SoftError(replies.PRECONDITION_FAILED, f"unknown delivery tag {tag}")
            error.blame(basic.CLASS_BASIC, method)
            raise error

    def _method(self, channel: int, method: methods.Method) -> None:
        assert channel in self.channels
        match method:
            case methods.Basic.Ack():
                self._settle(channel, basic.ACK_METHOD, method.multiple, False, method.delivery_tag)
            case methods.Basic.Nack():
                self._settle(channel, basic.NACK_METHOD, method.multiple, method.requeue, method.delivery_tag)
            case methods.Basic.Reject():
                self._settle(channel, basic.REJECT_METHOD, False, method.requeue, method.delivery_tag)
            case _:
                self._other_method(channel, method)

    def _other_method(self, channel: int, method: methods.Method) -> None:
        told = [(name, repr(getattr(method, name))) for name in method.__slots__]
        self.events.append(("method", channel, type(method).__qualname__, told))
        if isinstance(method, _REFUSED_METHODS):
            raise not_found("no such thing")
        match method:
            case methods.Queue.Declare():
                self.connection.send(channel, methods.queue_declare_ok(method.queue, 0, 0))
            case methods.Basic.Consume():
                self.connection.send(channel, methods.Basic.ConsumeOk(method.consumer_tag))
            case methods.Basic.Qos():
                self.connection.send(channel, methods.Basic.QosOk())

    def _close_channel(self, number: int, error: AmqpError) -> None:
        self.events.append(("ends", number, error.text, error.class_id, error.method_id))
        self.channels.remove(number)
        self.connection.close_channel(number, error)

    def end_channel(self, number: int) -> None:
        """The broker ends a channel of its own accord, if it is open."""
        if number in self.channels:
            self._close_channel(number, SoftError(replies.PRECONDITION_FAILED, "delivery acknowledgement timed out"))
            self._check()

    # -- the end -------------------------------------------------------------------------------------------------------

    def wait(self) -> None:
        """Time goes on until nothing is due any more, or the peer has been silent for too long."""
        for _ in range(8):
            deadline = self.connection.next_deadline()
            if deadline is None:
                break
            assert deadline >= 0
            self.now = max(self.now, deadline)
            self.connection.tick(self.now)
        else:
            raise AssertionError("a silent peer is waited for without an end")
        running = self.connection.state is State.RUNNING
        assert running or self.connection.ended or self.connection.next_deadline() is None
