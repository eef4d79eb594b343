"""Holds one conversation with one broker and writes down what came back, a line an event.

a/1 < queue.declare-ok queue='~q' message_count=0 consumer_count=0     what the broker sent: connection/channel
a/1 > queue.declare queue='~q' durable=True                            what we sent (so that a diff can be read)
"""

import binascii
import time
from dataclasses import replace
from typing import Any

from interop.conformance import wire
from interop.conformance.normal import Normaliser, render
from interop.conformance.operators import Operator
from interop.conformance.peer import CLOSED, SILENT, Event, Peer
from interop.conformance.settled import Observer, settle
from interop.conformance.steps import (
    CAPABILITIES,
    Administer,
    Again,
    AwaitClosed,
    Call,
    ClearPolicy,
    CloseConnection,
    Confirms,
    Connect,
    Conversation,
    Counts,
    Drop,
    Expect,
    Pause,
    Publish,
    Quiet,
    Raw,
    Send,
    SetPolicy,
    Settle,
    Skip,
    Step,
    Tcp,
    Until,
    UntilNoExchange,
)

_ENDS = (CLOSED, SILENT, "connection.close")
_POLL_S = 0.01
_ALIKE = 3
_UNDONE_BY = {
    "add_user": "delete_user",
    "put_user": "delete_user",
    "add_vhost": "delete_vhost",
    "add_vhost_of_type": "delete_vhost",
    "set_alarm": "clear_alarm",
    "set_env": "clear_env",
}


def hold(conversation: Conversation, url: str, patience_s: float = 10.0, operator: Operator | None = None) -> list[str]:
    """The transcript of ``conversation`` with the broker at ``url``. Leaves nothing behind on the broker.

    ``operator`` is for conversations that need one.
    """
    stage = Stage(conversation, url, patience_s, operator)
    stage.sweep()
    try:
        stage.play()
    finally:
        stage.leave()
        stage.sweep()
    return stage.lines


class Stage:
    """The connections of one conversation and its transcript so far."""

    def __init__(self, conversation: Conversation, url: str, patience_s: float, operator: Operator | None) -> None:
        self.operator = operator
        # Set and not yet cleared.
        self.policies: dict[tuple[str, bool], None] = {}
        self.conversation = conversation
        self.url = url
        self.patience_s = patience_s
        self.prefix = f"c{binascii.crc32(conversation.name.encode()):08x}-"
        self.normaliser = Normaliser(self.prefix)
        self.peers: dict[str, Peer] = {}
        self.saved: dict[str, Any] = {}
        self.lines: list[str] = []
        # For settle: what is open, how many lines are in their order, which publishes were confirmed.
        self.open: set[tuple[str, int]] = set()
        self.over: set[str] = set()
        self.settled = 0
        self.confirmed: dict[str, set[int]] = {}
        self.settle_s = _POLL_S
        self.settle_rounds = _ALIKE
        self._observer: Observer | None = None

    def observer(self) -> Observer:
        if self._observer is None:
            self._observer = Observer(self._connected(Connect("", {}, {})))
        return self._observer

    def play(self) -> None:
        if not self.conversation.bare:
            self.peers["a"] = self._connected(Connect("a", CAPABILITIES, {}))
            self.peers["a"].method("channel.open", 1)
            self.peers["a"].until("channel.open-ok", channel=1)
            self.open.add(("a", 1))
        for step in self.conversation.steps:
            self._play(step)
            if self.lines and self.lines[-1].endswith(SILENT):
                return

    def leave(self) -> None:
        for peer in self.peers.values():
            peer.close()
        for name, operator in self.policies:
            assert self.operator is not None
            self.operator.clear_policy(ClearPolicy(name, operator))

    def sweep(self) -> None:
        """Delete every queue, exchange, user and virtual host the conversation names, so that it can be held again."""
        self._undo_administration()
        doomed = []
        for step in self.conversation.steps:
            if isinstance(step, Send | Call) and step.method in ("queue.declare", "exchange.declare"):
                kind = step.method.partition(".")[0]
                name = self._fill(step.arguments.get(kind, ""))
                if name.startswith(self.prefix) and (kind, name) not in doomed:
                    doomed.append((kind, name))
        if doomed:
            self.observer().delete(doomed)
        if self._observer is not None:
            self._observer.peer.close()
            self._observer = None

    def _undo_administration(self) -> None:
        for step in self.conversation.steps:
            if isinstance(step, Administer) and (forget := _UNDONE_BY.get(step.verb)):
                assert self.operator is not None
                self.operator.forget(forget, self._fill(step.values[0]))

    def _connected(self, step: Connect) -> Peer:
        peer = Peer(self.url, self.patience_s)
        login = {"user": step.user, "password": step.password, "vhost": step.vhost}
        opened = peer.open(step.capabilities, step.tune, **self._fill(login))
        if opened.name != "connection.open-ok":
            peer.drop()
            raise ConnectionError(f"no connection to {self.url}: {opened.name}")
        return peer

    def _play(self, step: Step) -> None:
        match step:
            case Tcp():
                if step.c in self.peers:
                    self.peers[step.c].drop()
                self.peers[step.c] = Peer(self.url, self.patience_s)
            case Connect():
                self.peers[step.c] = self._connected(step)
                login = f" as {step.user} to {step.vhost or '/'}" if (step.user, step.vhost) != ("guest", "") else ""
                self.lines.append(f"{step.c} connected{login} {render(step.tune)}".rstrip())
            case Send() | Call():
                self._send(step)
            case Publish():
                self._publish(step)
            case Raw():
                self.lines.append(f"{step.c} > {step.label or self.normaliser(repr(step.data))}")
                self.peers[step.c].send(self._fill(step.data))
            case Expect():
                self._expect(step)
            case Skip():
                if self.peers[step.c].until(step.frame, channel=step.ch).name != step.frame:
                    self.lines.append(f"{step.c}/{step.ch} never sent {step.frame}")
            case Confirms():
                self._confirms(step)
            case Quiet():
                self._quiet(step)
            case Counts():
                self._counts(step)
            case AwaitClosed():
                self._await_closed(step.c)
            case Drop():
                self.lines.append(f"{step.c} drops the socket")
                self.peers.pop(step.c).drop()
                self._not_open(step.c)
            case Until():
                self._until(step)
            case UntilNoExchange():
                self._until_no_exchange(step)
            case SetPolicy():
                self._set_policy(step)
            case ClearPolicy():
                self._clear_policy(step)
            case Administer() | CloseConnection():
                self._administer(step)
            case Again():
                self._again(step)
            case Settle():
                settle(self, [self._fill(queue) for queue in step.queues])
            case Pause():
                time.sleep(step.seconds)

    def _again(self, step: Again) -> None:
        if step.c in self.over:
            self.peers[step.c].drop()
        if step.c in self.over or step.c not in self.peers:
            self.over.discard(step.c)
            self.peers[step.c] = self._connected(Connect(step.c, CAPABILITIES, {}))
            self.lines.append(f"{step.c} connected")
        if (step.c, step.ch) not in self.open:
            self._send(Call("channel.open", {}, step.c, step.ch, {}))

    def round_trip(self, c: str) -> None:
        """One on each open channel of the connection; what comes before the answers is recorded."""
        waiting = {ch for place, ch in self.open if place == c}
        flow = wire.encode_method("channel.flow", {"active": True})
        self.peers[c].send(b"".join(wire.frame(wire.METHOD, ch, flow) for ch in waiting))
        while any((c, ch) in self.open for ch in waiting):
            event = self.peers[c].next_event()
            if event.name == "channel.flow-ok" and event.channel in waiting:
                waiting.discard(event.channel)
            else:
                self._record(c, event)

    def _not_open(self, c: str) -> None:
        self.open = {place for place in self.open if place[0] != c}

    def _note_open(self, c: str, event: Event) -> None:
        if event.name == "channel.open-ok":
            self.open.add((c, event.channel))
        elif event.name in ("channel.close", "channel.close-ok"):
            self.open.discard((c, event.channel))
        elif event.name in (*_ENDS, "connection.close-ok"):
            self._not_open(c)
            self.over.add(c)

    def _set_policy(self, step: SetPolicy) -> None:
        said = {"definition": step.definition, "apply_to": step.apply_to, "priority": step.priority}
        self._operator_says(f"set{' operator' * step.operator} policy {step.name} for {step.pattern} {render(said)}")
        assert self.operator is not None
        name = self._fill(step.name)
        self.policies[name, step.operator] = None
        step = replace(step, name=name, pattern=self._fill(step.pattern), definition=self._fill(step.definition))
        self._operator_hears(self.operator.set_policy(step))

    def _clear_policy(self, step: ClearPolicy) -> None:
        self._operator_says(f"clear{' operator' * step.operator} policy {step.name}")
        assert self.operator is not None
        name = self._fill(step.name)
        self.policies.pop((name, step.operator), None)
        self._operator_hears(self.operator.clear_policy(ClearPolicy(name, step.operator)))

    def _administer(self, step: Administer | CloseConnection) -> None:
        assert self.operator is not None
        if isinstance(step, CloseConnection):
            self._operator_says(f"close_connection {step.c} {step.reason!r}")
            port = self.peers[step.c].socket.getsockname()[1]
            self._operator_hears(self.operator.close_connection(port, step.reason))
        else:
            self._operator_says(" ".join([step.verb, *map(repr, step.values)]))
            self._operator_hears(self.operator.administer(step.verb, *self._fill(list(step.values))))

    def _operator_says(self, what: str) -> None:
        self.lines.append(f"operator > {what}")

    def _operator_hears(self, refusal: str) -> None:
        self.lines += [f"operator < {self.normaliser(line)}" for line in refusal.splitlines() if line]

    def _send(self, step: Send | Call) -> None:
        arguments = self._fill(step.arguments)
        self.lines.append(self.normaliser(f"{_place(step)} > {step.method} {render(arguments)}".rstrip()))
        self.peers[step.c].method(step.method, step.ch, **arguments)
        if isinstance(step, Call):
            replies = wire.METHODS[step.method].replies
            reply = self._await(step.c, step.ch, replies)
            for argument, name in step.save.items():
                self.saved[name] = ({**reply.arguments, **(reply.properties or {})}).get(argument, "")

    def _publish(self, step: Publish) -> None:
        arguments, properties = self._fill(step.arguments), self._fill(step.properties)
        peer = self.peers[step.c]
        size = step.split or peer.frame_max - 8
        data = [
            wire.frame(wire.METHOD, step.ch, wire.encode_method("basic.publish", arguments)),
            wire.frame(wire.HEADER, step.ch, wire.encode_header(len(step.body), properties)),
        ]
        data += [wire.frame(wire.BODY, step.ch, step.body[at : at + size]) for at in range(0, len(step.body), size)]
        said = {name: value for name, value in arguments.items() if value} | properties
        self.lines.append(self.normaliser(f"{_place(step)} > basic.publish {render(said)}".rstrip()))
        peer.send(b"".join(data))

    def _await(self, c: str, ch: int, names: list[str]) -> Event:
        """Record events until one of ``names`` on the channel, its close, or the end of the connection."""
        while True:
            event = self.peers[c].next_event()
            self._record(c, event)
            if event.name in _ENDS or (event.channel == ch and event.name in (*names, "channel.close")):
                return event

    def _expect(self, step: Expect) -> None:
        missing, came = list(step.frames), []
        while missing:
            event = self.peers[step.c].next_event()
            came.append(event)
            if event.name in _ENDS or (event.name == "channel.close" and event.channel == step.ch):
                break
            if event.channel == step.ch and event.name in missing:
                missing.remove(event.name)
        if not step.in_order:
            came.sort(key=lambda event: step.frames.index(event.name) if event.name in step.frames else 99)
        for event in came:
            self._record(step.c, event, event.name in step.frames)

    def _confirms(self, step: Confirms) -> None:
        open_tags = set(range(step.first, step.last + 1))
        settled: dict[int, str] = {}
        while open_tags:
            event = self.peers[step.c].next_event()
            if event.name not in ("basic.ack", "basic.nack") or event.channel != step.ch:
                self._record(step.c, event)
                if event.name in (*_ENDS, "channel.close"):
                    break
                continue
            tag = event.arguments["delivery_tag"]
            covered = {t for t in open_tags if t <= tag} if event.arguments["multiple"] else {tag} & open_tags
            if not covered:
                self._record(step.c, event)
                break
            settled |= dict.fromkeys(covered, event.name)
            open_tags -= covered
        for name in ("basic.ack", "basic.nack"):
            if tags := sorted(tag for tag, by in settled.items() if by == name):
                self.lines.append(f"{_place(step)} < {name} for {', '.join(map(str, tags))}")

    def _quiet(self, step: Quiet) -> None:
        peer = self.peers[step.c]
        for _ in range(3):
            if step.queue:
                peer.method("queue.declare", step.ch, queue=self._fill(step.queue), passive=True)
            else:
                # Whatever a user may do, this is answered, and in turn.
                peer.method("channel.flow", step.ch, active=True)
            while True:
                event = peer.next_event()
                if event.channel == step.ch and event.name in ("queue.declare-ok", "channel.flow-ok"):
                    break
                self._record(step.c, event)
                if event.name in (*_ENDS, "channel.close"):
                    return

    def _counts(self, step: Counts) -> None:
        peer, queue = self.peers[step.c], self._fill(step.queue)
        self.lines.append(self.normaliser(f"{_place(step)} > queue.declare queue={queue!r} passive=True"))
        answers: list[str] = []
        while len(answers) < 3 or len(set(answers[-3:])) > 1:
            time.sleep(_POLL_S if answers else 0)
            peer.method("queue.declare", step.ch, queue=queue, passive=True)
            while (event := peer.next_event()).name != "queue.declare-ok" or event.channel != step.ch:
                self._record(step.c, event)
                if event.name in _ENDS or (event.name == "channel.close" and event.channel == step.ch):
                    return
            answers.append(f"{_place(step)} < queue.declare-ok {render(event.arguments)}")
        self.lines.append(self.normaliser(answers[-1]))

    def _await_closed(self, c: str) -> None:
        while True:
            event = self.peers[c].next_event()
            self._record(c, event)
            if event.name in (CLOSED, SILENT):
                return

    def _until(self, step: Until) -> None:
        admin = self._connected(Connect("", {}, {}))
        # RabbitMQ counts a stream's messages every five seconds.
        deadline = time.monotonic() + 2 * self.patience_s
        counts: tuple[int, int] | str | None = ""
        channel = 0
        while counts != step.counts and time.monotonic() < deadline:
            time.sleep(_POLL_S if channel else 0)
            channel += 1
            admin.method("channel.open", channel)
            admin.method("queue.declare", channel, queue=self._fill(step.queue), passive=True)
            event = admin.until("queue.declare-ok", "channel.close", channel=channel)
            if event.name == "queue.declare-ok":
                counts = event.arguments["message_count"], event.arguments["consumer_count"]
            else:
                counts = None if event.arguments.get("reply_code") == 404 else "locked"
            admin.method("channel.close", channel)
        admin.close()
        said = "is gone" if step.counts is None else "has {} ready, {} consumers".format(*step.counts)
        self.lines.append(
            f"{step.queue} {said}" if counts == step.counts else f"{step.queue}: {counts}, not {step.counts}"
        )

    def _until_no_exchange(self, step: UntilNoExchange) -> None:
        admin = self._connected(Connect("", {}, {}))
        deadline = time.monotonic() + self.patience_s
        channel, answer = 0, ""
        while answer != "channel.close" and time.monotonic() < deadline:
            time.sleep(_POLL_S if channel else 0)
            channel += 1
            admin.method("channel.open", channel)
            admin.method("exchange.declare", channel, exchange=self._fill(step.exchange), passive=True)
            answer = admin.until("exchange.declare-ok", "channel.close", channel=channel).name
            admin.method("channel.close" if answer != "channel.close" else "channel.close-ok", channel)
        admin.close()
        self.lines.append(f"{step.exchange} is {'gone' if answer == 'channel.close' else 'still there'}")

    def _record(self, c: str, event: Event, expected: bool = False) -> None:
        self._note_open(c, event)
        if event.name == "heartbeat" and not expected:
            return
        if event.name in (CLOSED, SILENT):
            if (line := f"{c} {event.name}") not in self.lines:
                self.lines.append(line)
            return
        line = f"{c}/{event.channel} < {event.name} {render(self.normaliser.arguments(event))}".rstrip()
        if event.properties is not None:
            body = b"".join(event.bodies)
            shown = repr(body) if len(body) < 100 else f"{len(body)} bytes crc {binascii.crc32(body):08x}"
            frames = "" if len(event.bodies) < 2 else f" in frames of {', '.join(str(len(b)) for b in event.bodies)}"
            line += f" | {render(event.properties)} | {shown}{frames}"
        self.lines.append(self.normaliser(line))
        if self.conversation.polite and event.name == "channel.close":
            self.peers[c].method("channel.close-ok", event.channel)
        elif self.conversation.polite and event.name == "connection.close":
            self.peers[c].method("connection.close-ok")
            self._record(c, self.peers[c].until(CLOSED))

    def _fill(self, value: Any) -> Any:
        """``~`` becomes the conversation's prefix, ``$name`` what was saved."""
        if isinstance(value, dict):
            return {key: self._fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if isinstance(value, wire.Typed) and isinstance(value.value, str | list | dict):
            return wire.Typed(value.tag, self._fill(value.value))
        if isinstance(value, bytes):
            return value.replace(b"~", self.prefix.encode())
        if isinstance(value, str):
            value = value.replace("~", self.prefix)
            for name in sorted(self.saved, key=len, reverse=True):
                value = value.replace(f"${name}", str(self.saved[name]))
        return value


def _place(step: Send | Call | Publish | Confirms | Counts) -> str:
    return f"{step.c}/{step.ch}"
