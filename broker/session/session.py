"""Session: one client's side of the broker, from its first byte to the last of its queues.

It hands events to channels, turns refusals into closes, and cleans up. It never raises on account of what a client
sent.
"""

from collections.abc import Callable
from typing import Any, Protocol

from broker.access import Access, User
from broker.access.login import LoginCheck
from broker.certificate import Certificate
from broker.events import Events
from broker.limits import ClientLimits
from broker.profile import Profile
from broker.queues import Queue
from broker.queues.gauge import MemoryGauge
from broker.session import topology
from broker.session.channel import Channel
from broker.session.outbox import Outbox
from broker.session.piece import Piece
from broker.session.secured import Secured
from broker.store.committing import Logged
from broker.store.promise import Awaited
from broker.turn import DEBUG, ERROR, INFO, INPUT_BUDGET, WARNING, Backlog, Turn
from broker.vhost import VirtualHost
from protocol.amqp import handshake, methods, replies
from protocol.amqp.basic import CLASS_BASIC, PUBLISH_METHOD, PublishRun, SettlementRun
from protocol.amqp.connection import Connection, Offer
from protocol.amqp.errors import AmqpError, HardError, SoftError, internal_error, not_allowed
from protocol.amqp.events import ChannelClosed, ChannelOpened, Closed, Event, Login, MethodReceived, Open, Refused


class Home(Protocol):
    """The node, as its sessions see it."""

    backlog: Backlog
    vhosts: dict[str, VirtualHost[Queue]]
    gauge: MemoryGauge
    # Why publishers are held back; "" when they are not.
    alarm: str
    # Whether the disk is so far behind that publishers wait.
    congested: bool
    # The log of definitions, None where nothing is kept; whether a client's method has changed it.
    definitions: Logged | None
    definitions_changed: bool
    profile: Profile
    events: Events
    clock: Callable[[], float]
    # Seconds from anywhere, to tell how long something took.
    stopwatch: Callable[[], float]
    # How long a delivery may wait for its ack, in ms, where its queue does not say; 0 for ever.
    consumer_timeout_ms: int
    # Most consumers on one channel, and most deliveries that wait for acks; 0 for any number.
    consumers_max: int
    unacked_max: int
    # How many connections and channels there may be.
    limits: ClientLimits

    # All users, and what each of them may do.
    access: Access

    @property
    def random_bytes(self) -> Callable[[int], bytes]: ...
    def user_of(self, certificate: Certificate) -> str:
        """The name by which a client with that certificate logs in; "" where it says none."""

    def may_come_from(self, user: str, peer: str) -> bool:
        """Whether a user may log in from there: ``peer`` is an address with its port."""

    def reschedule(self, session: "Session") -> None:
        """The session's next deadline may have come nearer."""

    def forget(self, session: "Session") -> None:
        """The session is over."""


# Of a body that comes in pieces, this many bytes count as a message moved.
_MESSAGE_BYTES = 4096


def _no_one() -> None:
    """Stands for the shell until there is one."""


class Session:
    """``peer`` and ``local`` are addresses for the log. See ``server.peer`` for how the shell drives it.

    ``ending``: close the socket when the outbox is empty. ``paused``: do not read; ``on_resume`` will be called.
    ``on_open`` is called when the client has come in.
    """

    def __init__(self, node: Home, offer: Offer, peer: str, local: str, now: float, number: int = 0) -> None:
        self.node = node
        self.number = number
        self.peer = peer
        self.local = local
        # None where the bytes come as they are.
        self.secured: Secured | None = None
        self.user = ""
        # Whom that meant when it logged in: one who is deleted and made anew is another.
        self._logged_in: User | None = None
        # Whether the user may publish under another's user-id. As in RabbitMQ, what its tags were when it came counts.
        self.impersonates = False
        self._mechanism = ""
        self.vhost: VirtualHost[Queue] | None = None
        self.channels: dict[int, Channel] = {}
        self.outbox = Outbox(node.backlog)
        self.connection = Connection(offer, self.outbox.append, now)
        self.connection.write_ahead = self.outbox.append_ahead
        self.piece = Piece(node.stopwatch)
        self.connection.enough = self.piece.over
        self.on_resume: Callable[[], None] = _no_one
        self.on_open: Callable[[], None] = _no_one
        self.has_published = False
        # Whether an alarm stands, and whether it published since, so that it is not read until the alarm is lifted.
        self._blocked = False
        self._waits = False
        # Whether what it published since is taken nevertheless; else it is held up, in ``_unfinished``.
        self._takes_last = False
        self._holds_up = False
        self._began = now
        self._heard = False
        # Whether a login is being looked at, and nothing is read until the answer is there.
        self._checking = False
        self._has_unread = False
        # Settlements of more deliveries than one turn has time for, or publishes that an alarm holds up.
        self._unfinished: SettlementRun | PublishRun | None = None
        # Of bodies that are not whole yet, as far as the gauge knows.
        self._assembling_bytes = 0
        self._over = False
        # Whether it counts as an open connection of its user and virtual host.
        self._counts = False

    @property
    def ending(self) -> bool:
        return self.connection.ended or self._over

    @property
    def interrupted(self) -> bool:
        """Whether there is input left, for want of time: give it ``receive(b"")`` when it is its turn again."""
        return self.connection.interrupted and not self._over

    @property
    def paused(self) -> bool:
        if self.connection.state is not handshake.State.RUNNING:
            # Else only its close-ok is waited for now.
            return self._checking
        held_back = self._waits or (self.has_published and self.node.congested)
        return self._has_unread or self.outbox.clogged or held_back

    @property
    def name(self) -> str:
        """For people: what the client calls itself, else its address."""
        given = self.connection.client_properties.get("connection_name")
        return f"{self.peer} ({given})" if isinstance(given, str) else self.peer

    @property
    def connection_name(self) -> str:
        """As RabbitMQ names it: both ends."""
        return f"{self.peer} -> {self.local}"

    # -- input ---------------------------------------------------------------------------------------------------------

    def secure(self, secured: Secured) -> None:
        """The bytes come by TLS; said before there are any."""
        self.secured = secured
        if secured.certificate is not None and handshake.EXTERNAL in self.connection.offer.mechanisms:
            self.connection.mechanisms += (handshake.EXTERNAL,)

    def receive(self, data: bytes, turn: Turn) -> None:
        """Bytes came. Whatever they say, it is answered here; nothing is raised on account of them."""
        self._heard = True
        self.piece.begin()
        state = self.connection.state
        while True:
            try:
                self._handle_all(data, turn)
                break
            except AmqpError as error:
                self.fail(error, turn)
                data = b""
        if self.connection.ended:
            self._clean_up(turn)
        elif self.connection.held_bytes != self._assembling_bytes:
            turn.moved += max(self.connection.held_bytes - self._assembling_bytes, 0) // _MESSAGE_BYTES
            self._count_assembling(self.connection.held_bytes)
        if self.connection.state is not state:
            self.node.reschedule(self)

    def _count_assembling(self, held_bytes: int) -> None:
        """Begun bodies take up memory as whole ones do, and whoever sends them publishes."""
        self.node.gauge.bytes += held_bytes - self._assembling_bytes
        self._assembling_bytes = held_bytes
        if held_bytes:
            self.has_published = True
            if self._blocked:
                self._wait()

    def _handle_all(self, data: bytes, turn: Turn) -> None:
        """Stops half-way where it would take too much: a read of 64 KiB may hold 3,000 gets of large messages, which
        clog the outbox, or 900 publishes to a fanout of thousands of queues, which would hold up everybody else.
        """
        while self._unfinished is not None and not self._holds_up:
            run, self._unfinished = self._unfinished, None
            # It may put the rest there again.
            self._handle_run(run, turn)
            if self._is_unfinished and not data:
                self._has_unread = True
                self.node.backlog.unread[self] = None
                return
        if self._holds_up:
            self.connection.keep(data)
            return
        for event in self.connection.receive(data, turn.peer_now):
            self._handle(event, turn)
            if self._is_holding_up:
                break
            enough = turn.enqueued > INPUT_BUDGET or self._is_unfinished
            if self._checking:
                self._has_unread = True
                break
            # Of the other events the connection still has the answer to give.
            if (enough or self.outbox.clogged) and isinstance(event, MethodReceived | PublishRun | SettlementRun):
                self._has_unread = True
                if enough:
                    self.node.backlog.unread[self] = None
                break

    @property
    def _is_unfinished(self) -> bool:
        return self._unfinished is not None

    @property
    def _is_holding_up(self) -> bool:
        return self._holds_up

    def read_on(self, turn: Turn) -> None:
        """Go on with input that was left half-way, unless the outbox still forbids it, or a login is looked at."""
        if self._has_unread and not self.outbox.clogged and not self._over and not self._checking:
            self._has_unread = False
            self.receive(b"", turn)
        if not self.paused:
            self.on_resume()

    def _handle(self, event: Event, turn: Turn) -> None:
        kind = type(event)
        if kind is PublishRun or kind is SettlementRun:
            self._handle_run(event, turn)
        elif isinstance(event, MethodReceived):
            if event.channel:
                self._handle_method(event, turn)
            else:
                self._update_secret(turn)
        elif isinstance(event, ChannelOpened):
            assert self.vhost is not None, "channels are opened on open connections only"
            self._count_channel()
            self.channels[event.channel] = Channel(event.channel, self, self.vhost, self.connection.frame_max)
            self.node.events.channel_created(self, event.channel, self.vhost.name)
        elif isinstance(event, ChannelClosed):
            self._end_channel(event.channel, turn)
        elif isinstance(event, Refused):
            self.close_channel(event.channel, event.error, turn)
        elif isinstance(event, Login):
            self._log_in(event, turn)
        elif isinstance(event, Open):
            self._open(event, turn)
        elif isinstance(event, Closed):
            self._clean_up(turn)

    def _handle_run(self, run: Any, turn: Turn) -> None:
        """The hot path."""
        channel = self.channels[run.channel]
        try:
            if type(run) is PublishRun:
                self.has_published = True
                if self._blocked:
                    self._wait()
                    if not self._takes_last:
                        # As in RabbitMQ: what comes while an alarm stands goes no further, and nothing behind it.
                        self._unfinished = run
                        self._holds_up = True
                        return
                self._moved(len(run.contents), turn)
                channel.publish(run, turn)
            else:
                self._settle(channel, run, turn)
        except AmqpError as error:
            error.blame(CLASS_BASIC, PUBLISH_METHOD if type(run) is PublishRun else run.method)
            if isinstance(error, HardError):
                raise
            self.close_channel(run.channel, error, turn)

    def _settle(self, channel: Channel, run: SettlementRun, turn: Turn) -> None:
        held = channel.unsettled.by_tag
        before = len(held)
        try:
            if channel.settlement(run, turn):
                self._unfinished = run
        finally:
            self._moved(before - len(held), turn)

    def _moved(self, count: int, turn: Turn) -> None:
        turn.moved += count
        self.piece.moved(count)

    def _handle_method(self, event: MethodReceived, turn: Turn) -> None:
        # What changed without a method (an auto-delete queue went with its consumer's connection) nobody waits for.
        self.node.definitions_changed = False
        try:
            self.channels[event.channel].handle(event.method, turn)
            self._wait_for_definitions(event.method)
        except AmqpError as error:
            error.blame(*methods.ids(event.method))
            if isinstance(error, HardError):
                raise
            self.close_channel(event.channel, error, turn)

    def _wait_for_definitions(self, method: methods.Method) -> None:
        """The client is told when what it declared is safe, or found declared by another; and nothing before that."""
        definitions = self.node.definitions
        says_so = self.node.definitions_changed or topology.may_tell_of_durable(method)
        if definitions is not None and says_so and not definitions.is_done(definitions.writer.appended):
            self.outbox.held += 1
            Awaited([definitions], self._release)

    def _release(self, turn: Turn) -> None:  # noqa: ARG002
        self.outbox.release()

    def close_channel(self, number: int, error: AmqpError, turn: Turn) -> None:
        """End a channel on account of ``error``."""
        assert isinstance(error, SoftError)
        error.forget_origin()
        if self._unfinished is not None and self._unfinished.channel == number:
            # Its time was over in the midst of it.
            self._unfinished = None
        self._end_channel(number, turn)
        self.connection.close_channel(number, error)
        if self.connection.held_bytes != self._assembling_bytes:
            self._count_assembling(self.connection.held_bytes)
        turn.notice(WARNING, f"{self.name}: channel {number} closed: {error.text}")

    def _count_channel(self) -> None:
        """Raises HardError 530 where there may be no more of them, which blames no method (as RabbitMQ does not)."""
        user = self.node.access.users.get(self.user)
        self.node.limits.channel_opens(self.user, user.limits if user is not None else {})

    def _end_channel(self, number: int, turn: Turn) -> None:
        self.channels.pop(number).close(turn)
        self.node.limits.channels_closed(self.user)

    # -- login ---------------------------------------------------------------------------------------------------------

    def _log_in(self, event: Login, turn: Turn) -> None:
        """What else the client has sent waits until it is known whether the password is right."""
        self._mechanism = event.mechanism
        self._checking = True
        if event.mechanism == handshake.EXTERNAL:
            assert self.secured is not None, "offered to those who have shown a certificate"
            assert self.secured.certificate is not None
            check = self.node.access.proven(self.node.user_of(self.secured.certificate))
        else:
            check = self.node.access.login(event.user, event.password)
        turn.ask(check, self._checked)

    def _checked(self, check: LoginCheck, turn: Turn) -> None:
        self._checking = False
        if self._over or self.connection.state is not handshake.State.STARTING:
            # It was gone, or out of time, first.
            return
        refusal = self._refusal(check)
        self.node.events.authenticated(self, check.name, self._mechanism, refusal)
        if refusal:
            turn.notice(WARNING, f"{self.name}: login refused: {refusal}")
            text = f"Login was refused using authentication mechanism {self._mechanism}."
            self.fail(HardError(replies.ACCESS_REFUSED, f"{text} For details see the broker logfile."), turn)
        else:
            self.user = check.name
            self._logged_in = check.user
            self.impersonates = self.node.access.may_impersonate(check.name)
            self.connection.authenticated()
        self.node.reschedule(self)
        self.read_on(turn)

    def _refusal(self, check: LoginCheck) -> str:
        """Why such a login is refused, for the log; the client is not told."""
        if not check.name and self._mechanism == handshake.EXTERNAL:
            return "no name found"
        if not check.right or self.node.access.users.get(check.name) is not check.user:
            return f"user '{check.name}' - invalid credentials"
        if not self.node.may_come_from(check.name, self.peer):
            return f"user '{check.name}' can only connect via localhost"
        return ""

    def _open(self, event: Open, turn: Turn) -> None:
        try:
            vhost = self.vhost = self._enter(event.virtual_host)
        except HardError as error:
            error.blame(*methods.ids(methods.Connection.Open))
            raise
        self.connection.opened()
        self.node.limits.entered(self.user, vhost.name)
        self._counts = True
        self.on_open()
        if self.node.events.heard:
            self._tell_opened(vhost.name, turn.wall_ms)
        turn.notice(INFO, f"{self.name}: user '{self.user}' authenticated, virtual host '{vhost.name}'")

    def _enter(self, name: str) -> VirtualHost[Queue]:
        """Raises HardError 530 where there is none of that name, or this user may not, or too many are there. In the
        order of RabbitMQ's rabbit_reader.
        """
        limits, access = self.node.limits, self.node.access
        limits.check_node()
        vhost = self.node.vhosts.get(name)
        if vhost is None:
            raise not_allowed(f"vhost {name} not found")
        limits.check_vhost(name, self.user, vhost.limits)
        user = access.users.get(self.user)
        if user is not None:
            limits.check_user(self.user, user.limits)
        if user is not self._logged_in or not access.may_enter(self.user, name):
            raise not_allowed(f"access to vhost '{name}' refused for user '{self.user}'")
        return vhost

    def _update_secret(self, turn: Turn) -> None:
        """Every secret will do, as in RabbitMQ with users of its own; but what the user may do is looked at again."""
        if self.vhost is not None and self.node.profile.new_secret_rechecks:
            if not self.node.access.may_enter(self.user, self.vhost.name):
                error = not_allowed(f"access to vhost '{self.vhost.name}' refused for user '{self.user}'")
                error.blame(*methods.ids(methods.Connection.UpdateSecret))
                raise error
            for channel in self.channels.values():
                channel.look_at_permissions(turn)
        self.connection.send(0, methods.Connection.UpdateSecretOk())

    def _tell_opened(self, vhost: str, wall_ms: int) -> None:
        connection = self.connection
        facts = {
            "auth_mechanism": self._mechanism,
            "frame_max": connection.frame_max,
            "channel_max": connection.channel_max,
            "timeout": int(connection.heartbeat.interval_s),
            "client_properties": connection.client_properties,
            "connected_at": wall_ms,
        }
        self.node.events.connection_created(self, vhost, facts)

    # -- end -----------------------------------------------------------------------------------------------------------

    def fail(self, error: AmqpError, turn: Turn) -> None:
        """End the connection on account of ``error``: first all it held, then the client is told."""
        error.forget_origin()
        self._clean_up(turn)
        if self.connection.state is not handshake.State.CLOSED:
            level = INFO if error.reply is replies.CONNECTION_FORCED else ERROR
            turn.notice(level, f"{self.name}: closing: {error.text}")
        self.connection.fail(error, turn.peer_now)
        self.node.reschedule(self)
        self.on_resume()

    def crashed(self, turn: Turn) -> None:
        """A bug of ours showed itself while this client was served: it is told, and nobody else is harmed."""
        self.fail(internal_error(None), turn)

    def _clean_up(self, turn: Turn) -> None:
        """Give back and delete all that was this client's. Synchronous and idempotent."""
        self._count_assembling(0)
        self._unfinished = None
        self._waits = self._holds_up = False
        channels, self.channels = self.channels, {}
        for channel in channels.values():
            channel.close(turn)
        if channels:
            self.node.limits.channels_closed(self.user, len(channels))
        if self.vhost is not None:
            if self._counts:
                self._counts = False
                self.node.limits.left(self.user, self.vhost.name)
            self.vhost.delete_owned(self, turn)

    def disconnected(self, turn: Turn) -> None:
        """The socket is gone, or is about to be. Idempotent."""
        if self._over:
            return
        self._over = True
        self._clean_up(turn)
        self.outbox.discard()
        self.node.forget(self)
        if self._heard:
            self.node.events.connection_closed(self, self.connection.client_properties)
        self._say_good_bye(turn)

    def _say_good_bye(self, turn: Turn) -> None:
        reason = self.connection.end_reason
        if not self._heard:
            # A load balancer's probe.
            turn.notice(DEBUG, f"{self.name}: connected and left without a word")
            return
        clean = reason.startswith("client closed")
        if not reason:
            running = self.connection.state is handshake.State.RUNNING
            reason = "client unexpectedly closed the TCP connection" if running else "gone before it was open"
        turn.notice(
            INFO if clean else WARNING, f"{self.name}: gone after {turn.peer_now - self._began:.1f} s: {reason}"
        )

    # -- flow ----------------------------------------------------------------------------------------------------------

    def drained(self, turn: Turn) -> None:
        """The outbox has been sent down to its low water: deliveries, or reading, may go on."""
        if self.outbox.relieved():
            for channel in self.channels.values():
                channel.reconsider(turn)
        self.read_on(turn)

    def set_blocked(self, blocked: bool, *, at_once: bool = False) -> None:
        """An alarm: a session that publishes while it stands is told so, and not read until it is lifted.

        ``at_once``: so is who published before, and may wait for confirms that do not come; what was read is taken.
        """
        self._blocked = blocked
        self._takes_last = at_once
        if blocked and at_once and self.has_published:
            self._wait()
        if blocked or not self._waits:
            return
        self._waits = False
        if self._wants_block_notices():
            self.connection.send_ahead(methods.Connection.Unblocked())
        if self._holds_up:
            self._holds_up = False
            self._has_unread = True
            self.node.backlog.unread[self] = None
        self.go_on()

    def go_on(self) -> None:
        """Reading may go on, if nothing else forbids it."""
        if not self.paused:
            self.on_resume()

    def _wait(self) -> None:
        if self._waits:
            return
        self._waits = True
        if self._wants_block_notices():
            self.connection.send_ahead(methods.Connection.Blocked(self.node.alarm))

    def _wants_block_notices(self) -> bool:
        running = self.connection.state is handshake.State.RUNNING
        return running and self.connection.capabilities.get("connection.blocked") is True

    # -- time ----------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """Monotonic seconds."""
        beat = self.connection.heartbeat
        beat.sent_at = max(beat.sent_at, self.outbox.written_at)
        return self.connection.next_deadline()

    def tick(self, turn: Turn) -> None:
        """A deadline came: heartbeats and time-outs."""
        self.next_deadline()
        self.connection.tick(turn.peer_now, receiving=not self.paused)
        if self.connection.ended:
            self._clean_up(turn)
            turn.notice(WARNING, f"{self.name}: {self.connection.end_reason}")
            # What it has not read by now it will not read: without bytes to send the shell can shut the socket.
            self.outbox.discard()
            self.node.backlog.outboxes[self.outbox] = None
        self.node.reschedule(self)
