"""Node: the whole broker, synchronous. Virtual hosts, sessions, the timetable, commits, the alarms.

Clocks and randomness come in as arguments; the shell in ``broker.server`` gives real ones and does all waiting.
"""

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Any

import broker
from broker.access import Access
from broker.alarms import Alarms
from broker.certificate import Certificate
from broker.config import Config
from broker.events import Events
from broker.firehose import Firehose
from broker.limits import ClientLimits, DefinitionLimits
from broker.policies.configured import configured
from broker.policies.policy import Policy
from broker.profile import PROFILES
from broker.queue_factory import QueueFactory
from broker.queues import Queue
from broker.queues.classic import ClassicQueue
from broker.queues.gauge import MemoryGauge
from broker.session import overdue
from broker.session.session import Session
from broker.store.committing import Batch, Committing, Logged
from broker.store.definition_state import State
from broker.store.journal import DefinitionsJournal
from broker.store.queue_log import QueueLog
from broker.store.store import Store, definitions_log
from broker.timetable import Timetable
from broker.turn import ERROR, INFO, WARNING, Asked, Backlog, Read, Turn
from broker.vhost import VirtualHost
from protocol.amqp.connection import Offer
from protocol.amqp.errors import connection_forced
from protocol.amqp.tables import FieldTable, InOrder

# Clients look at product and version to learn what they may do, so those name the RabbitMQ we behave like; the rest is
# us.
_PRODUCT = "RabbitMQ"
# The node's and, as there is no other, the cluster's.
NAME = "leveret@localhost"
# The user of a configuration that names none.
_GUEST = "guest"
# A disk that refused to read is asked again this often.
_READ_AGAIN_S = 1.0


class Node:
    """One broker.

    ``clock`` gives monotonic seconds, ``wall_clock_ms`` ms since 1970, ``random_bytes(n)`` bytes nobody can guess.
    ``peer_clock`` gives seconds as peers see them, where those are others than the broker's. ``stopwatch`` tells how
    long something took, where ``clock`` is too dear for that.
    Publishers are held back by ``alarms``: while queues hold more than ``memory_limit_bytes``, and so on.
    Once it is made, the definitions are restored; ``begin`` must have succeeded before clients come in.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Callable[[], float],
        wall_clock_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        memory_limit_bytes: int,
        store: Store,
        peer_clock: Callable[[], float] | None = None,
        stopwatch: Callable[[], float] | None = None,
    ) -> None:
        """Raises what ``Store.queue_log`` raises, and ConfigError for policies that cannot be."""
        self.config = config
        self.profile = PROFILES[config.profile]
        self.consumer_timeout_ms = config.consumer_timeout_ms
        self.consumers_max = config.consumer_max_per_channel
        self.unacked_max = config.unacked_max_per_channel
        self.limits = ClientLimits(NAME, connection_max=config.connection_max, channel_max=config.channel_max_per_node)
        self.definition_limits = DefinitionLimits(
            queue_max=config.cluster_queue_limit,
            exchange_max=config.cluster_exchange_limit,
            bytes_max=config.definitions_max_bytes,
        )
        self.clock = clock
        self.stopwatch = stopwatch or clock
        self.wall_clock_ms = wall_clock_ms
        self.random_bytes = random_bytes
        # Why publishers are held back, in RabbitMQ's words; "" when they are not.
        self.alarm = ""
        self.congested = False
        self.gauge = MemoryGauge()
        on_disk = store.definitions is not None
        self.alarms = Alarms(
            self.gauge,
            memory_limit_bytes=memory_limit_bytes,
            disk_free_limit_bytes=config.disk_free_limit_bytes if on_disk else 0,
        )
        if not on_disk:
            self.alarms.disk_free_bytes = 0
        self.backlog = Backlog()
        self.peer_clock = peer_clock
        self._peers = Timetable() if peer_clock else self.backlog.timetable
        self.events = Events(NAME, self.backlog)
        self._last_session = 0
        self.committing = Committing(self.backlog)
        # The log of definitions, where there is one, and whether a client has changed it since somebody asked.
        self.definitions: Logged | None = None
        self.definitions_changed = False
        self.sessions: dict[Session, None] = {}
        self.vhosts: dict[str, VirtualHost[Queue]] = {}
        self._store = store
        # What restoring found, for the first turn to tell.
        self._found: list[tuple[int, str]] = []
        self._offer = _offer(config)
        # Takes what is to outlive a restart; None where nothing is kept.
        self._journal: DefinitionsJournal | None = None
        if store.definitions is not None:
            self.definitions = self.committing.definitions = definitions_log(store.definitions)
            self._journal = DefinitionsJournal(store.definitions, self.wall_clock_ms, self._definitions_touched)
        self.access = Access(random_bytes, tell=self.events.tell, journal=self._journal)
        self._restore()
        if config.tracing:
            self.set_tracing(config.vhost, True)

    # -- what is kept --------------------------------------------------------------------------------------------------

    def _restore(self) -> None:
        """What the definitions hold, and what the configuration asks for beside it."""
        config, access = self.config, self.access
        definitions = self._store.definitions
        state = definitions.state if definitions is not None else State()
        self._found += [(ERROR, refusal) for refusal in access.restore(state)]
        parts = state.by_vhost()
        is_new = config.vhost not in parts
        for name in {**parts, config.vhost: None}:
            self._make_vhost(name, configured(config) if name == config.vhost else (), restored=parts.get(name))
        # Whoever is in charge may have deleted guest, and damage must not bring back a password that everybody knows.
        # (A directory of before there were several users says nothing of virtual hosts.)
        is_fresh = not access.users and not state.vhosts and not (definitions is not None and definitions.damaged)
        if config.vhost not in state.vhosts and self._journal is not None:
            self._journal.vhost_set(config.vhost, {})
        if is_fresh or (config.user not in access.users and config.user != _GUEST):
            access.make_first_user(config.user, config.password, config.vhost)
        else:
            self._look_at_configured_user(is_new_vhost=is_new)

    def _look_at_configured_user(self, *, is_new_vhost: bool) -> None:
        """There are users already, or there were, and what the data directory holds of them counts."""
        config, access = self.config, self.access
        user = access.users.get(config.user)
        if user is None:
            self._found.append(
                (WARNING, f"there is no user '{config.user}': it was deleted or lost, or others came first")
            )
            return
        if is_new_vhost:
            access.set_permissions(config.user, config.vhost, ".*", ".*", ".*")
        if not user.password.fits(config.password):
            text = "has another password than the configuration says; the data directory's counts"
            self._found.append((WARNING, f"user '{config.user}' {text}"))

    def add_vhost(self, name: str, **metadata: Any) -> VirtualHost[Queue]:
        """A new virtual host, which nobody may enter yet. Its name must be free."""
        vhost = self._make_vhost(name)
        vhost.set_metadata(**metadata)
        self.events.tell("vhost.created", {"name": name})
        return vhost

    def delete_vhost(self, name: str, turn: Turn) -> None:
        """With all that is in it, and all who use it. Raises KeyError."""
        vhost = self.vhosts.pop(name)
        vhost.delete_all(turn)
        # Behind what tells their consumers that the queues are gone, as in RabbitMQ.
        turn.flush(lambda turn: self._end_all(vhost, turn))
        self.access.vhost_gone(name)
        self.events.leave(vhost)
        self.events.tell("vhost.deleted", {"name": name})

    def _end_all(self, vhost: VirtualHost[Queue], turn: Turn) -> None:
        for session in list(self.sessions):
            if session.vhost is vhost:
                session.fail(connection_forced(f"vhost '{vhost.name}' is deleted"), turn)

    def set_vhost_limits(self, vhost: VirtualHost[Queue], limits: Mapping[str, int] | None) -> None:
        """In place of those there were; None clears them."""
        vhost.set_limits(limits)
        event = "vhost.limits.cleared" if limits is None else "vhost.limits.set"
        self.events.tell(event, {"name": "limits", "vhost": vhost.name, **(limits or {})})

    def delete_user(self, name: str, turn: Turn) -> None:
        """With its permissions and its connections. Who has logged in and not opened a virtual host yet will find that
        it may not. Raises NoSuchUser.
        """
        self.access.delete_user(name)
        for session in list(self.sessions):
            if session.user == name and session.vhost is not None:
                session.fail(connection_forced(f"user '{name}' is deleted"), turn)

    def _make_vhost(
        self, name: str, policies: Iterable[Policy] = (), *, restored: State | None = None
    ) -> VirtualHost[Queue]:
        """A virtual host, with what a restart brought back of it. ``policies`` are no part of that, and win."""
        factory = QueueFactory(self._store, self.gauge, self.profile, tell=self._tell_later)
        vhost = VirtualHost(
            name,
            make_queue=factory.make,
            random_bytes=self.random_bytes,
            journal=self._journal,
            profile=self.profile,
            on_policies_changed=self._time_consumers,
            default_queue_type=self.config.default_queue_type,
            make_delay_queue=factory.make_delay_queue,
            hold=self.gauge.add,
            limits=self.definition_limits,
        )
        if name == self.config.vhost:
            vhost.add_event_exchange()
            self.events.live_in(vhost)
        vhost.watch(self.events)
        vhost.preset_policies(policies)
        factory.serve(vhost)
        self.vhosts[name] = vhost
        if restored is not None:
            refusals = vhost.restore(restored, factory.restore)
            self._found += [(ERROR, refusal) for refusal in refusals]
        return vhost

    def set_tracing(self, name: str, on: bool) -> None:
        """Begin, or end, to send copies of all messages of a virtual host to its trace exchange. Raises KeyError.

        A restart ends it.
        """
        vhost = self.vhosts[name]
        vhost.firehose = Firehose(vhost, NAME, self.backlog) if on else None

    def _time_consumers(self) -> None:
        """Policies may say how long deliveries wait for acks."""
        for session in self.sessions:
            for channel in session.channels.values():
                overdue.policies_changed(channel)

    def _definitions_touched(self) -> None:
        self.backlog.unwritten[self.definitions] = None
        self.definitions_changed = True

    def _tell_later(self, log: Logged) -> None:
        self._found += log.take_findings()
        if isinstance(log, QueueLog) and log.has_to_say:
            self.backlog.unwritten[log] = None

    def begin(self, turn: Turn) -> None:
        """Make it known on disk that this run has begun: until it stops in order it counts as killed. Blocks.

        Raises OSError when the directory cannot be written to.
        """
        definitions = self._store.definitions
        if definitions is not None and self.definitions is not None:
            self._tell_later(self.definitions)
            strays = self._store.clear_strays(definitions.state.log_ids)
            self._found += [(WARNING, sentence) for sentence in strays]
            definitions.started(turn.wall_ms)
            self.backlog.unwritten[self.definitions] = None
            self._commit_now(turn)
            if self.committing.failure is not None:
                raise self.committing.failure
        for level, text in self._found:
            turn.notice(level, text)
        self._found.clear()
        for vhost in self.vhosts.values():
            for queue in vhost.queues.values():
                queue.begin(turn)
            for exchange in vhost.exchanges.values():
                exchange.begin(turn)

    def stop(self, turn: Turn) -> None:
        """Every session is gone and no batch under way: write what is left to write, let the store go. Blocks."""
        self._settle_down(turn)
        definitions = self._store.definitions
        if definitions is not None and self.committing.failure is None:
            queues = [queue for vhost in self.vhosts.values() for queue in vhost.queues.values()]
            marks = {
                queue.log_id: queue.handed_out() for queue in queues if isinstance(queue, ClassicQueue) and queue.log_id
            }
            # Whoever finds the marks takes it that all else is safe.
            self._store.settle()
            definitions.stopped({log_id: mark for log_id, mark in marks.items() if mark}, turn.wall_ms)
            self.backlog.unwritten[self.definitions] = None
            self._commit_now(turn)
        self.committing.close()
        self._store.close()

    def leave(self) -> None:
        """Instead of ``begin`` and ``stop``, by who only looked: the store is let go as it was found."""
        self.committing.close()
        self._store.close()

    def _settle_down(self, turn: Turn) -> None:
        """Write everything. Who waited for that may have more to write: a dead letter leaves its queue when it is safe
        in another.
        """
        backlog = self.backlog
        while backlog.unwritten or backlog.patient or backlog.chores:
            backlog.unwritten.update(backlog.patient)
            later = self.turn()
            self._commit_now(later)
            later.finish()
            turn.notices += later.notices
            if self.committing.failure is not None:
                break

    def _commit_now(self, turn: Turn) -> None:
        while self.committing.failure is None and self._commit_one(turn):
            pass

    def _commit_one(self, turn: Turn) -> bool:
        """Whether there was a batch."""
        batch = self.committing.take(turn)
        if batch is None:
            return False
        batch.perform()
        self.committing.finished(batch, turn)
        return True

    def user_of(self, certificate: Certificate) -> str:
        """The name by which a client with that certificate logs in (EXTERNAL); "" where it says none."""
        config = self.config
        return certificate.user(
            config.ssl_cert_login_from, config.ssl_cert_login_san_type, config.ssl_cert_login_san_index
        )

    def may_come_from(self, user: str, peer: str) -> bool:
        """Whether a user may log in from an address: the loopback users only from this machine."""
        return user not in self.config.loopback_users or _is_loopback(peer)

    # -- turns ---------------------------------------------------------------------------------------------------------

    def turn(self) -> Turn:
        """A new turn, now. There is one at a time."""
        now = self.clock()
        peer_now = now if self.peer_clock is None else self.peer_clock()
        return Turn(now, self.wall_clock_ms(), self.backlog, self._dispatched, peer_now=peer_now)

    def _dispatched(self, turn: Turn) -> bool:
        """The queues have handed out what they can. True if there is more to do in this turn."""
        if self.backlog.reads and self._store.in_memory:
            for read in self.take_reads():
                read.block.perform()
                read.then(read.block, turn)
            return True
        if self._store.in_memory and self._commit_one(turn):
            return True
        self._watch(turn)
        return False

    def take_batch(self, turn: Turn) -> Batch | None:
        """What is to be written now, in a thread; then ``batch_done``, in a new turn."""
        return None if self._store.in_memory else self.committing.take(turn)

    def batch_done(self, batch: Batch, turn: Turn) -> None:
        """A batch was performed."""
        self.committing.finished(batch, turn)

    def take_reads(self) -> list[Read]:
        """The blocks to be read now, in threads; then each one's ``then``, in a new turn."""
        reads, self.backlog.reads = self.backlog.reads, []
        return reads

    def take_checks(self) -> list[Asked]:
        """The logins to be looked at now, in a thread; then each one's ``then``, in a new turn."""
        checks, self.backlog.checks = self.backlog.checks, []
        return checks

    def resume(self, turn: Turn) -> None:
        """Go on with what an earlier turn left over. Queues that wait to hand out are ``turn.finish``'s."""
        unread, self.backlog.unread = self.backlog.unread, {}
        for session in unread:
            session.read_on(turn)

    def connect(self, peer: str, local: str, turn: Turn) -> Session:
        """A socket was accepted. ``peer`` and ``local`` are addresses for the log."""
        self._last_session += 1
        session = Session(self, self._offer, peer, local, turn.peer_now, self._last_session)
        if self.alarm:
            session.set_blocked(True, at_once=self.committing.failure is not None)
        self.sessions[session] = None
        self.reschedule(session)
        return session

    def forget(self, session: Session) -> None:
        """Its socket is gone."""
        self.sessions.pop(session, None)
        self._peers.drop(session)

    def shutdown(self, turn: Turn) -> None:
        """Tell every client that the broker stops (320); the shell closes their sockets in time."""
        for session in list(self.sessions):
            session.fail(connection_forced("broker forced connection closure with reason 'shutdown'"), turn)

    # -- alarms --------------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> str | None:
        """The data directory; None where nothing is kept."""
        return None if self._store.definitions is None else self._store.folder

    def set_memory_limit(self, limit_bytes: int) -> None:
        """As ``rabbitmqctl set_vm_memory_high_watermark absolute``, from the next turn on; with 0 the alarm stands."""
        self.alarms.memory_limit_bytes = limit_bytes

    def set_disk_free_limit(self, limit_bytes: int) -> None:
        """As ``rabbitmqctl set_disk_free_limit``, from the next turn on. A broker that keeps nothing has 0 free."""
        self.alarms.disk_free_limit_bytes = limit_bytes

    def _watch(self, turn: Turn) -> None:
        alarms = self.alarms
        changed = alarms.look(disk_refuses=self.committing.failure is not None)
        if changed:
            self._alarms_changed(changed, turn)
        congested = self.committing.is_congested(was=self.congested)
        if congested != self.congested:
            self.congested = congested
            if not congested:
                for session in list(self.sessions):
                    session.go_on()

    def _alarms_changed(self, sources: list[str], turn: Turn) -> None:
        alarms = self.alarms
        for source in sources:
            stands = alarms.stands(source)
            what = "set: publishers wait" if stands else "lifted"
            turn.notice(WARNING if stands else INFO, f"{source} alarm {what}; {alarms.describe(source)}")
            self.events.tell("alarm.set" if stands else "alarm.cleared", {"source": source, "node": NAME})
        was, self.alarm = bool(self.alarm), alarms.reason
        if bool(self.alarm) != was:
            for session in list(self.sessions):
                session.set_blocked(bool(self.alarm), at_once=self.committing.failure is not None)

    # -- time ----------------------------------------------------------------------------------------------------------

    def reschedule(self, session: Session) -> None:
        """A session's deadline may have come nearer."""
        if session in self.sessions:
            self._peers.look_at(session)

    def next_deadline(self) -> float | None:
        """When ``tick`` may have something to do; None if never. Monotonic seconds."""
        backlog = self.backlog
        read = backlog.refused_since + _READ_AGAIN_S if backlog.refused else None
        deadlines = (backlog.timetable.next_deadline(), read, self.committing.next_deadline())
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def next_peer_deadline(self) -> float | None:
        """The same of the peers alone, on their clock."""
        return self._peers.next_deadline()

    def tick(self, turn: Turn) -> None:
        """Do what is due: heartbeats and time-outs of sessions, deadlines of queues, reads that the disk refused.

        What it refused to write is tried again after any turn.
        """
        backlog = self.backlog
        if backlog.refused and backlog.refused_since + _READ_AGAIN_S <= turn.now:
            for queue in backlog.refused:
                turn.touch(queue)
            backlog.refused = {}
        backlog.timetable.tick(turn)
        if self._peers is not backlog.timetable:
            self._peers.tick(turn, turn.peer_now)


def _is_loopback(address: str) -> bool:
    """Of an address with its port. What is no address is no machine of ours either."""
    try:
        found = ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


def _offer(config: Config) -> Offer:
    profile = PROFILES[config.profile]
    return Offer(
        _server_properties(profile.version),
        channel_max=config.channel_max,
        frame_max=config.frame_max_bytes,
        frame_max_min=profile.frame_max_min,
        initial_frame_max=config.initial_frame_max_bytes or profile.initial_frame_max,
        heartbeat_s=config.heartbeat_s,
        message_max=config.max_message_bytes or profile.message_max,
        header_max=config.max_headers_bytes,
        handshake_timeout_s=config.handshake_timeout_s,
        offers_amqp_1_0=profile.offers_amqp_1_0,
        mechanisms=config.auth_mechanisms,
    )


def _server_properties(version: str) -> FieldTable:
    """connection.start's server-properties, with RabbitMQ's keys in RabbitMQ's order."""
    properties: FieldTable = {
        "capabilities": {
            "publisher_confirms": True,
            "exchange_exchange_bindings": True,
            "basic.nack": True,
            "consumer_cancel_notify": True,
            "connection.blocked": True,
            "consumer_priorities": True,
            "authentication_failure_close": True,
            "per_consumer_qos": True,
            "direct_reply_to": True,
        },
        "cluster_name": NAME,
        "copyright": "The Leveret authors",
        "information": "Licensed under the Apache License 2.0",
        "leveret": broker.__version__,
        "platform": "Python",
        "product": _PRODUCT,
        "version": version,
    }
    return InOrder(properties)
