"""Node: the whole broker, synchronous. Virtual hosts, sessions, the timetable, the memory alarm.

Clocks and randomness come in as arguments; the shell in ``broker.server`` gives real ones and does all waiting.
"""

import hmac
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import broker
from broker.config import Config
from broker.queues.classic import ClassicQueue, MemoryGauge
from broker.session.session import Session
from broker.turn import INFO, WARNING, Backlog, Turn
from broker.vhost import VirtualHost
from protocol.amqp.connection import Offer
from protocol.amqp.errors import connection_forced
from protocol.amqp.tables import FieldTable

# Clients look at product and version to learn what they may do, so those name the RabbitMQ we behave like; the rest is
# us.
_PRODUCT, _VERSION = "RabbitMQ", "4.2.0"
# The memory alarm is lifted when a fifth of the limit is free again, or it would come and go with every message.
_ALARM_LIFTED_AT = 0.8


class Node:
    """One broker.

    ``clock`` gives monotonic seconds, ``random_bytes(n)`` bytes nobody can guess. Publishers are held back while queues
    hold more than ``memory_limit_bytes``.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        memory_limit_bytes: int,
    ) -> None:
        self.config = config
        self.clock = clock
        self.random_bytes = random_bytes
        self.memory_limit_bytes = memory_limit_bytes
        self.memory_alarm = False
        self.gauge = MemoryGauge()
        self.backlog = Backlog()
        self.sessions: dict[Session, None] = {}
        self.vhosts: dict[str, VirtualHost[ClassicQueue]] = {}
        # Heap of deadlines, and whose they are: a session that is gone leaves no more than two numbers behind.
        self._timetable: list[tuple[float, int]] = []
        self._timetable_entries = 0
        self._awaited: dict[int, Session] = {}
        self._offer = _offer(config)
        self.add_vhost(config.vhost)

    def add_vhost(self, name: str) -> VirtualHost[ClassicQueue]:
        """A new, empty virtual host."""
        vhost = VirtualHost(name, make_queue=self._make_queue, random_bytes=self.random_bytes)
        self.vhosts[name] = vhost
        return vhost

    def _make_queue(
        self, name: str, durable: bool, auto_delete: bool, exclusive_owner: object | None, arguments: dict[str, Any]
    ) -> ClassicQueue:
        return ClassicQueue(
            name,
            durable=durable,
            auto_delete=auto_delete,
            exclusive_owner=exclusive_owner,
            arguments=arguments,
            gauge=self.gauge,
        )

    def authenticate(self, user: str, password: str) -> bool:
        """Whether such a user may come in. An empty password never is right (as in RabbitMQ)."""
        right = hmac.compare_digest(password.encode(), self.config.password.encode())
        return right and bool(password) and user == self.config.user

    # -- turns ---------------------------------------------------------------------------------------------------------

    def turn(self) -> Turn:
        """A new turn, now. There is one at a time."""
        return Turn(self.clock(), self.backlog, self._watch_memory)

    def resume(self, turn: Turn) -> None:
        """Go on with what an earlier turn left over. Queues that wait to hand out are ``turn.finish``'s."""
        unread, self.backlog.unread = self.backlog.unread, {}
        for session in unread:
            session.read_on(turn)

    def connect(self, peer: str, local: str, turn: Turn) -> Session:
        """A socket was accepted. ``peer`` and ``local`` are addresses for the log."""
        session = Session(self, self._offer, peer, local, turn.now)
        session.blocked = self.memory_alarm
        self.sessions[session] = None
        self.reschedule(session)
        return session

    def forget(self, session: Session) -> None:
        """Its socket is gone."""
        self.sessions.pop(session, None)
        self._awaited.pop(session.timetable_entry, None)

    def shutdown(self, turn: Turn) -> None:
        """Tell every client that the broker stops (320); the shell closes their sockets in time."""
        for session in list(self.sessions):
            session.fail(connection_forced("broker forced connection closure with reason 'shutdown'"), turn)

    # -- memory --------------------------------------------------------------------------------------------------------

    def _watch_memory(self, turn: Turn) -> None:
        held = self.gauge.bytes
        if held <= self.memory_limit_bytes and not self.memory_alarm:
            return
        alarm = held > self.memory_limit_bytes * (_ALARM_LIFTED_AT if self.memory_alarm else 1.0)
        if alarm != self.memory_alarm:
            self.memory_alarm = alarm
            what = "set: publishers wait" if alarm else "lifted: publishers go on"
            turn.notice(WARNING if alarm else INFO, f"memory alarm {what}; queues hold {held / 2**20:.0f} MiB")
            for session in list(self.sessions):
                session.set_blocked(alarm)

    # -- time ----------------------------------------------------------------------------------------------------------

    def reschedule(self, session: Session) -> None:
        """A session's deadline may have come nearer. One that moved away is found out when its old time comes."""
        deadline = session.next_deadline() if session in self.sessions else None
        if deadline is not None and (session.due is None or deadline < session.due):
            self._awaited.pop(session.timetable_entry, None)
            self._timetable_entries += 1
            session.due, session.timetable_entry = deadline, self._timetable_entries
            self._awaited[session.timetable_entry] = session
            heappush(self._timetable, (deadline, session.timetable_entry))

    def next_deadline(self) -> float | None:
        """When ``tick`` may have something to do; None if never. Monotonic seconds."""
        timetable = self._timetable
        while timetable and timetable[0][1] not in self._awaited:
            heappop(timetable)
        return timetable[0][0] if timetable else None

    def tick(self, turn: Turn) -> None:
        """Do what is due: heartbeats and time-outs of sessions."""
        while (deadline := self.next_deadline()) is not None and deadline <= turn.now:
            session = self._awaited.pop(heappop(self._timetable)[1])
            session.due = None
            session.tick(turn)
            self.reschedule(session)


def _offer(config: Config) -> Offer:
    return Offer(
        _server_properties(),
        channel_max=config.channel_max,
        frame_max=config.frame_max_bytes,
        heartbeat_s=config.heartbeat_s,
        message_max=config.max_message_bytes,
        handshake_timeout_s=config.handshake_timeout_s,
    )


def _server_properties() -> FieldTable:
    """connection.start's server-properties, with RabbitMQ's keys in RabbitMQ's order."""
    return {
        "capabilities": {
            "publisher_confirms": True,
            "exchange_exchange_bindings": True,
            "basic.nack": True,
            "consumer_cancel_notify": True,
            "connection.blocked": True,
            "authentication_failure_close": True,
            "per_consumer_qos": True,
            "direct_reply_to": True,
            "consumer_priorities": True,
        },
        "cluster_name": "leveret@localhost",
        "copyright": "The Leveret authors",
        "information": "Licensed under the Apache License 2.0",
        "leveret": broker.__version__,
        "platform": "Python",
        "product": _PRODUCT,
        "version": _VERSION,
    }
