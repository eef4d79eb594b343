"""Multiplexer: the channels of one connection, each with its state and the content that it is taking in.

What moves a channel from one state to another stands in ``channels.TABLE``; this does what the table says.
"""

from collections.abc import Callable

from protocol.amqp import basic, channels, frames, methods, replies
from protocol.amqp.channels import Action, Input
from protocol.amqp.content import CONTENT_HEAD_BYTES, ContentAssembler
from protocol.amqp.errors import HardError, SoftError, precondition_failed
from protocol.amqp.events import ChannelClosed, ChannelOpened, Event, MethodReceived, Refused
from protocol.amqp.methods import Method
from protocol.amqp.properties import Checker

_ANY = 1 << 62
_INPUTS: dict[type[Method], Input] = {
    methods.Channel.Open: Input.OPEN,
    methods.Channel.Close: Input.CLOSE,
    methods.Channel.CloseOk: Input.CLOSE_OK,
}


class ChannelInput:
    """One channel that was opened and is not freed yet."""

    __slots__ = ("assembler", "state")

    def __init__(self, number: int, keep_max: int, checker: Checker) -> None:
        self.state = channels.State.OPEN
        self.assembler = ContentAssembler(number, keep_max, checker)

    @property
    def ready_for_runs(self) -> bool:
        """Whether whole runs of publishes and settlements may be read past the table and the assembler."""
        return self.state is channels.State.OPEN and not self.assembler.awaiting


class Multiplexer:
    """``channel_max`` is what was negotiated; ``message_max`` and ``properties_max`` (0 for none) are bytes; ``write``
    takes frames. ``header_max`` is the largest payload of a header frame.

    ``held_bytes`` is what all channels keep of bodies that are not whole yet: a client may begin one on each.
    """

    __slots__ = ("_message_max", "_write", "channel_max", "channels", "checker", "header_max", "held_bytes")

    def __init__(self, message_max: int, properties_max: int, channel_max: int, write: Callable[[bytes], None]) -> None:
        self.channel_max = channel_max
        self.header_max = properties_max + CONTENT_HEAD_BYTES if properties_max else _ANY
        self.channels: dict[int, ChannelInput] = {}
        self.checker = Checker()
        self.held_bytes = 0
        self._message_max = message_max
        self._write = write

    def read(self, kind: int, number: int, payload: bytes) -> Event | None:
        """A frame came on a channel. Raises HardError."""
        if kind == frames.METHOD and len(payload) >= 4:
            return self._read_method(number, payload)
        if kind == frames.BODY or (kind == frames.HEADER and len(payload) >= CONTENT_HEAD_BYTES):
            return self._read_content(kind, number, payload)
        if kind == frames.HEARTBEAT and not payload:
            raise frames.unexpected(kind, payload)
        raise frames.unknown(kind, payload)

    def close(self, number: int, error: SoftError) -> None:
        """End a channel on account of ``error``; it is freed when the client has answered."""
        channel = self.channels[number]
        channel.state = channels.State.CLOSING
        self.held_bytes -= channel.assembler.held_bytes
        channel.assembler.keep_nothing()
        close = methods.Channel.Close(error.reply.code, error.text, error.class_id, error.method_id)
        self._write(methods.encode(number, close))

    def forget(self) -> None:
        """The connection is over: no channel is read any more."""
        self.channels.clear()
        self.held_bytes = 0

    def _read_method(self, number: int, payload: bytes) -> Event | None:
        channel = self.channels.get(number)
        if channel is not None:
            if payload[:4] == basic.PUBLISH:
                basic.PublishArguments(payload[4:])
                channel.assembler.start(payload[4:])
                return None
            channel.assembler.method_came()
        method = methods.decode(payload)
        return self._step(number, _INPUTS.get(type(method), Input.METHOD), method)

    def _read_content(self, kind: int, number: int, payload: bytes) -> Event | None:
        channel = self.channels.get(number)
        if channel is None:
            return self._step(number, Input.CONTENT, None)
        # Also while the channel is closing: as in RabbitMQ, content must then still be in order.
        assembler = channel.assembler
        self.held_bytes -= assembler.held_bytes
        content = assembler.finish() if assembler.add(kind, payload) else None
        self.held_bytes += assembler.held_bytes
        if content is None:
            return None
        if channel.state is not channels.State.OPEN:
            return self._step(number, Input.CONTENT, None)
        if assembler.too_large:
            text = f"message size {assembler.body_size} is larger than configured max size {self._message_max}"
            error = precondition_failed(text)
            error.blame(basic.CLASS_BASIC, basic.PUBLISH_METHOD)
            return Refused(number, error)
        header_bytes = int.from_bytes(content[3:7], "big")
        if header_bytes > self.header_max:
            most, size = self.header_max - CONTENT_HEAD_BYTES, header_bytes - CONTENT_HEAD_BYTES
            error = precondition_failed(f"message headers of {size} bytes are larger than configured max size {most}")
            error.blame(basic.CLASS_BASIC, basic.PUBLISH_METHOD)
            return Refused(number, error)
        return basic.PublishRun(number, assembler.arguments, [content], assembler.flags, 0)

    def _step(self, number: int, given: Input, method: Method | None) -> Event | None:
        channel = self.channels.get(number)
        state = channels.State.ABSENT if channel is None else channel.state
        if channel is None and len(self.channels) >= self.channel_max:
            text = f"number of channels opened ({len(self.channels)}) has reached"
            raise HardError(replies.NOT_ALLOWED, f"{text} the negotiated channel_max ({self.channel_max})")
        cell = channels.TABLE[state, given]
        if isinstance(cell, channels.Refuse):
            error = cell.error()
            if method is not None:
                error.blame(*methods.ids(method))
            raise error
        action, _ = cell
        return self._act(action, number, method)

    def _act(self, action: Action, number: int, method: Method | None) -> Event | None:
        match action:
            case Action.OPEN:
                self.channels[number] = ChannelInput(number, self._message_max, self.checker)
                return ChannelOpened(number)
            case Action.CLOSE:
                del self.channels[number]
                return ChannelClosed(number)
            case Action.FREE:
                del self.channels[number]
            case Action.ANSWER_CLOSE:
                self._write(methods.encode(number, methods.Channel.CloseOk()))
            case Action.PASS_ON if method is not None:
                return MethodReceived(number, method)
            case _:
                pass
        return None
