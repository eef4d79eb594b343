"""Connection: the server's half of one AMQP connection. Bytes in, events out; what it has to say goes to ``write``.

It knows the life cycle of the connection and of its channels, and nothing of exchanges and queues. Time comes in as
``now``.

``receive`` is lazy on purpose: an event is handled before the bytes behind it are read, so that a channel closed by
the broker in the middle of a batch discards the rest of that batch.
"""

from collections.abc import Callable, Iterator
from typing import Any

from protocol.amqp import basic, frames, handshake, methods, replies
from protocol.amqp.errors import AmqpError, HardError, SoftError
from protocol.amqp.events import ChannelClosed, ChannelOpened, Closed, Event, Login, MethodReceived, Open
from protocol.amqp.frames import FrameBuffer, FramingLost
from protocol.amqp.handshake import State, Step
from protocol.amqp.heartbeat import Heartbeat
from protocol.amqp.methods import Method
from protocol.amqp.multiplexer import ChannelInput, Multiplexer
from protocol.amqp.tables import FieldTable

try:
    import cython
except ImportError:
    from protocol.native import cythonless as cython  # type: ignore[no-redef]

_CHANNEL_MIN = 1
# How long a peer that failed to log in waits for its socket to be shut, so that guessing stays slow (as RabbitMQ).
_SILENT_CLOSE_DELAY_S = 3.0
# How long we wait for close-ok, or after our own for the end of the socket: one heartbeat, but no longer than this (as
# RabbitMQ).
_CLOSE_TIMEOUT_MAX_S = 30.0

_SETTLEMENT_IDS = (b"\x00\x3c\x00\x50", b"\x00\x3c\x00\x5a", b"\x00\x3c\x00\x78")


class Offer:
    """What this server offers to every client, and the least it takes. Sizes in bytes, times in seconds.

    The defaults are lenient: a frame_max of the specification's own minimum (RabbitMQ asks for 8192 since 4.1 and broke
    old clients by it), and before tune-ok the frames that RabbitMQ takes since then.
    """

    __slots__ = (
        "channel_max",
        "frame_max",
        "frame_max_min",
        "handshake_timeout_s",
        "header_max",
        "heartbeat_s",
        "initial_frame_max",
        "mechanisms",
        "message_max",
        "offers_amqp_1_0",
        "properties",
    )

    def __init__(
        self,
        properties: FieldTable,
        *,
        channel_max: int = 2047,
        frame_max: int = 131072,
        frame_max_min: int = 4096,
        initial_frame_max: int = 8192,
        heartbeat_s: int = 60,
        message_max: int = 128 * 1024 * 1024,
        header_max: int = 0,
        handshake_timeout_s: float = 10.0,
        offers_amqp_1_0: bool = True,
        mechanisms: tuple[str, ...] = handshake.MECHANISMS,
    ) -> None:
        self.properties = properties
        self.mechanisms = mechanisms
        self.channel_max = channel_max
        self.frame_max = frame_max
        self.frame_max_min = frame_max_min
        self.initial_frame_max = initial_frame_max
        self.offers_amqp_1_0 = offers_amqp_1_0
        self.heartbeat_s = heartbeat_s
        self.message_max = message_max
        # Of a message's properties, its headers among them; 0 for what a frame holds.
        self.header_max = header_max
        self.handshake_timeout_s = handshake_timeout_s


class Connection:
    """One client's connection. ``write`` takes whole frames to be sent; ``write_ahead`` those that may overtake others.

    ``ended``: nothing more will be read or said; shut the socket when what was written has been sent.
    """

    def __init__(self, offer: Offer, write: Callable[[bytes], None], now: float) -> None:
        self.offer = offer
        self.write = write
        self.write_ahead = write
        # Asked after every frame and every run: whether the rest of what came has to wait for another ``receive``.
        self.enough: Callable[[], bool] = _never
        self.interrupted = False
        self.state = State.HEADER
        # How this peer may say who it is; until it has sent its header they may still change.
        # EXTERNAL comes in when a certificate was shown.
        self.mechanisms = tuple(each for each in offer.mechanisms if each != handshake.EXTERNAL)
        self.client_properties: FieldTable = {}
        self.capabilities: FieldTable = {}
        self.frame_max = offer.frame_max
        self.heartbeat = Heartbeat(0, now)
        self.end_reason = ""
        self._deadline: float | None = now + offer.handshake_timeout_s
        self._buffer = FrameBuffer(offer.initial_frame_max)
        self._multiplexer = Multiplexer(offer.message_max, offer.header_max, offer.channel_max, write)

    @property
    def channel_max(self) -> int:
        """How many channels may be open at once."""
        return self._multiplexer.channel_max

    @property
    def held_bytes(self) -> int:
        """What is kept of bodies that are not whole yet."""
        return self._multiplexer.held_bytes

    @property
    def ended(self) -> bool:
        return self.state is State.ENDED

    # -- input ---------------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> Iterator[Event]:
        """Everything that ``data`` completes, one event after the other.

        Raises HardError for what ends the connection; pass it to ``fail`` and call ``receive(b"", now)`` for what
        stands behind it. ``interrupted`` afterwards: there was ``enough``, and more may be there, to be had the same
        way.
        """
        self.interrupted = False
        if data:
            self.heartbeat.received_at = now
        buffer = self._buffer
        buffer.feed(data)
        if self.state is State.HEADER and not self._read_header():
            return
        while self.state is not State.ENDED:
            if self.state is State.RUNNING:
                run = self._read_run()
                if run is not None:
                    buffer.pos = run.stop
                    yield run
                    if self.enough():
                        self.interrupted = True
                        return
                    continue
            frame = buffer.next_frame()
            if frame is None:
                return
            event = self._read_frame(*frame, now)
            if event is not None:
                yield event
                self._handled(event, now)
            if self.enough():
                self.interrupted = True
                return

    def keep(self, data: bytes) -> None:
        """Bytes came that are to be read with the next ones."""
        self._buffer.feed(data)

    def _read_run(self) -> basic.PublishRun | basic.SettlementRun | None:
        """The hot path: as many like frames as stand next to each other."""
        buffer: FrameBuffer = self._buffer
        data = buffer.data
        pos: cython.Py_ssize_t = buffer.pos
        method_id = data[pos + 7 : pos + 11]
        is_publish = method_id == basic.PUBLISH
        if (not is_publish and method_id not in _SETTLEMENT_IDS) or data[pos] != frames.METHOD:
            return None
        multiplexer = self._multiplexer
        channel: ChannelInput | None = multiplexer.channels.get(data[pos + 1] << 8 | data[pos + 2])
        if channel is None or not channel.ready_for_runs:
            return None
        if is_publish:
            # What is too large is the frame by frame path's to refuse.
            payload_max: cython.Py_ssize_t = buffer.payload_max
            return basic.read_publish_run(
                data,
                pos,
                min(payload_max, self.offer.message_max),
                min(payload_max, multiplexer.header_max),
                multiplexer.checker,
            )
        return basic.read_settlement_run(data, pos)

    def _read_header(self) -> bool:
        header = self._buffer.take(handshake.HEADER_BYTES)
        if header is None:
            return False
        answer = handshake.answer_to_header(header, offers_amqp_1_0=self.offer.offers_amqp_1_0)
        if answer is not None:
            self.write(answer)
            self._end(f"no AMQP 0-9-1 header but {header!r}")
            return False
        self._send(0, methods.Connection.Start(0, 9, self.offer.properties, " ".join(self.mechanisms), "en_US"))
        self.state = State.STARTING
        return True

    def _read_frame(self, kind: int, channel: int, payload: bytes, now: float) -> Event | None:
        if channel == 0:
            return self._read_frame_0(kind, payload, now)
        if self.state is State.CLOSED:
            return None
        if self.state is not State.RUNNING:
            raise frames.unexpected(kind, payload)
        return self._multiplexer.read(kind, channel, payload)

    # -- channel 0 -----------------------------------------------------------------------------------------------------

    def _read_frame_0(self, kind: int, payload: bytes, now: float) -> Event | None:
        if kind == frames.METHOD and len(payload) >= 4:
            method = methods.decode(payload)
            try:
                return self._step_connection(method, now)
            except HardError as error:
                if error.reply is not replies.ACCESS_REFUSED:
                    error.blame(*methods.ids(method))
                raise
        if self.state is State.CLOSED or (kind == frames.HEARTBEAT and not payload):
            return None
        if kind in (frames.HEADER, frames.BODY):
            raise frames.unexpected(kind, payload)
        raise frames.unknown(kind, payload)

    def _step_connection(self, method: Any, now: float) -> Event | None:
        step = handshake.TABLE.get((self.state, type(method)))
        match step:
            case Step.LOGIN:
                return self._read_login(method)
            case Step.TUNE:
                self._tune(method, now)
            case Step.OPEN:
                return Open(method.virtual_host)
            case Step.CLOSE:
                return Closed(method.reply_code, method.reply_text)
            case Step.UPDATE_SECRET:
                return MethodReceived(0, method)
            case Step.ANSWER_CLOSE:
                self._send(0, methods.Connection.CloseOk())
            case Step.END:
                self._end("closed by the server")
            case None if self.state is not State.CLOSED:
                text = f"unexpected method in connection state {self.state.value}"
                raise HardError(replies.CHANNEL_ERROR, text)
            case _:
                pass
        return None

    def _read_login(self, method: methods.Connection.StartOk) -> Login:
        self.client_properties = method.client_properties
        self.capabilities = handshake.capabilities(method.client_properties)
        user, password = handshake.read_login(method.mechanism, method.response, self.mechanisms)
        return Login(method.mechanism, user, password, method.client_properties)

    def _tune(self, method: methods.Connection.TuneOk, now: float) -> None:
        handshake.check_negotiated("frame_max", method.frame_max, self.offer.frame_max_min, self.offer.frame_max)
        handshake.check_negotiated("channel_max", method.channel_max, _CHANNEL_MIN, self.offer.channel_max)
        self.frame_max = method.frame_max
        self._multiplexer.channel_max = method.channel_max
        self.heartbeat = Heartbeat(method.heartbeat, now)
        self._buffer.payload_max = method.frame_max
        self.state = State.OPENING

    # -- what the broker says ------------------------------------------------------------------------------------------

    def authenticated(self) -> None:
        """The login was right."""
        offer = self.offer
        self._send(0, methods.Connection.Tune(offer.channel_max, offer.frame_max, offer.heartbeat_s))
        self.state = State.TUNING

    def opened(self) -> None:
        """The virtual host may be used."""
        self._send(0, methods.Connection.OpenOk())
        self.state = State.RUNNING
        self._deadline = None

    def send(self, channel: int, method: Method) -> None:
        """A method of the cold path."""
        self._send(channel, method)

    def send_ahead(self, method: Method) -> None:
        """One for the whole connection that answers nothing, so that its place among others does not matter."""
        self.write_ahead(methods.encode(0, method))

    def close_channel(self, number: int, error: SoftError) -> None:
        """End a channel. What it held must have been settled before."""
        self._multiplexer.close(number, error)

    def fail(self, error: AmqpError, now: float) -> None:
        """End the connection on account of ``error``. What its channels held must have been settled before.

        Until tune-ok RabbitMQ tells a peer next to nothing: a frame only for a refused login of a client that can take
        it, else silence and, some seconds later, a closed socket.
        """
        lost = isinstance(error, FramingLost)
        if self.state in (State.CLOSED, State.ENDED):
            if lost:
                self._deafen()
            return
        if self._may_be_told(error):
            self._send(0, methods.Connection.Close(error.reply.code, error.text, error.class_id, error.method_id))
            self._deadline = now + (_SILENT_CLOSE_DELAY_S if lost else self._close_timeout_s())
        else:
            self._deadline = now + _SILENT_CLOSE_DELAY_S
            lost = True
        self._close(error.text)
        if lost:
            self._deafen()

    def _close(self, reason: str) -> None:
        self.state = State.CLOSED
        self.end_reason = reason
        self._multiplexer.forget()

    def _close_timeout_s(self) -> float:
        return min(self.heartbeat.interval_s or _CLOSE_TIMEOUT_MAX_S, _CLOSE_TIMEOUT_MAX_S)

    def _may_be_told(self, error: AmqpError) -> bool:
        if self.state in (State.OPENING, State.RUNNING):
            return True
        refused = self.state is State.STARTING and error.reply is replies.ACCESS_REFUSED
        return refused and self.capabilities.get("authentication_failure_close") is True

    def _deafen(self) -> None:
        """Read no further: frames cannot be told apart any more, or are none of our business."""
        self._buffer = _DeafBuffer(self.frame_max)

    def _handled(self, event: Event, now: float) -> None:
        """The broker has dealt with ``event``: give the answer that had to wait for it."""
        match event:
            case ChannelOpened():
                self._send(event.channel, methods.channel_open_ok())
            case ChannelClosed():
                self._send(event.channel, methods.Channel.CloseOk())
            case Closed():
                self._send(0, methods.Connection.CloseOk())
                # The peer shuts its socket; one that does not is not waited for.
                self._close(f"client closed: {event.code} {event.text}".rstrip())
                self._deadline = now + self._close_timeout_s()
            case _:
                pass

    def _send(self, channel: int, method: Method) -> None:
        self.write(methods.encode(channel, method))

    def _end(self, reason: str) -> None:
        self.state = State.ENDED
        self._deadline = None
        self.end_reason = self.end_reason or reason

    # -- time ----------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When ``tick`` has something to do; None if never. Monotonic seconds."""
        if self.state is State.ENDED:
            return None
        beat = self.heartbeat.next_deadline() if self.state is State.RUNNING else None
        if beat is None or self._deadline is None:
            return self._deadline if beat is None else beat
        return min(beat, self._deadline)

    def tick(self, now: float, *, receiving: bool = True) -> None:
        """Send a heartbeat that is due; end the connection of a peer that is silent or took too long.

        ``receiving`` is False while we do not read from the peer ourselves, so that its silence means nothing.
        """
        if self._deadline is not None and now >= self._deadline:
            self._end("handshake timed out" if self.state is not State.CLOSED else "no close-ok came")
        if self.state is not State.RUNNING:
            return
        if not receiving:
            self.heartbeat.received_at = now
        if self.heartbeat.dead(now):
            self._end(f"missed heartbeats from client, timeout: {self.heartbeat.interval_s}s")
        elif self.heartbeat.due(now):
            self.write_ahead(frames.HEARTBEAT_FRAME)
            self.heartbeat.sent_at = now


def _never() -> bool:
    return False


class _DeafBuffer(FrameBuffer):
    """Takes bytes and never finds a frame in them."""

    __slots__ = ()

    def feed(self, data: bytes) -> None:
        pass
