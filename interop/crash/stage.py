"""All runs on one data directory: what each of them is to be, the broker's starts and ends, the final reckoning."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from interop.crash import reading
from interop.crash.clients import Client, Ending, Tally, connected
from interop.crash.consumers import Consumer, Habits, drain
from interop.crash.definer import Definer, Definitions, check
from interop.crash.ledger import Violation
from interop.crash.publishers import OneByOne, Windowed, Writer
from interop.crash.routes import STREAM, Routes
from interop.leveret import Leveret

# What waits in a queue before its consumer has to hurry, and nobody publishes large messages.
_MUCH_BYTES = 48 * 1024 * 1024
# How long clients may take to notice that the broker is gone, or to come to an end when asked.
_END_S = 60.0
_COMPLAINTS = re.compile(r"Traceback|internal error|damaged|was not restored| ERROR ")
_REPAIR = re.compile(r" WARNING .*\(byte \d+\)")


class Plan:
    """One run, drawn by lot."""

    def __init__(self, chance: random.Random, *, hurry: bool) -> None:
        self.seconds = chance.uniform(0.1, 1.5)
        self.orderly = chance.random() < 0.15
        # Consumers and publishers are asked to come to an end before an orderly stop.
        self.quiet = chance.random() < 0.5
        self.large = not hurry and chance.random() < 0.15
        self.publishers = [chance.choice(("many", "many", "few", "one", "tx")) for _ in range(chance.randint(1, 3))]
        self.consumes = 1.0 if hurry else chance.choice((0.0, 0.5, 0.8, 1.0))
        self.looks_through = chance.choice((0.0, 0.5, 1.0))
        self.reads_from = chance.choice(("first", "middle", "end"))
        self.drains = chance.random() < 0.1
        self.purges = chance.random() < 0.03
        self.deletes = chance.random() < 0.03
        self.deletes_stream = chance.random() < 0.04
        # Before the next run: killed while it starts, after so many seconds; killed right after its start.
        self.kills_at_start = [chance.uniform(0, 0.6) for _ in range(chance.choice((0, 0, 0, 0, 1, 2)))]
        self.kills_once_more = chance.random() < 0.1

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in vars(self).items() if value not in (False, [], 0.0))


class Stage:
    """``run`` and ``reckon`` raise Violation, or whatever a client raised, when a rule was broken."""

    def __init__(self, folder: Path, durability: str, seed: int) -> None:
        self.tally = Tally()
        self.plan: Plan | None = None
        self.log = ""
        self._flags = ("--data-dir", str(folder), "--durability", durability, "--host", "127.0.0.1")
        self._chance = random.Random(seed)
        self._routes = Routes()
        self._definitions = Definitions()
        self._publishers = 0
        self._port = 0
        self._broker: Leveret | None = None

    @property
    def came_again(self) -> int:
        """Messages that came although their ack had been sent."""
        return sum(ledger.came_again for ledger in self._routes.queues.values())

    # -- the broker ----------------------------------------------------------------------------------------------------

    @property
    def _url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self._port}/%2f"

    def open(self) -> None:
        """Start for the first time, and declare what everything stands on."""
        self._start()
        with connected(self._url) as connection:
            self._routes.declare(connection.channel())

    def _start(self) -> None:
        self._broker = Leveret(self._port, *self._flags)
        self._broker.start()
        self._port = self._broker.port

    def close(self) -> None:
        """Leave no process, whatever happened. Kills it, as it may hang."""
        if self._broker is not None:
            self._broker.kill()
            self._look_at_log()

    def _kill(self, clients: Sequence[Client] = (), *, began: bool = True) -> None:
        assert self._broker is not None
        self._broker.kill()
        # They take in what had been sent to them before the run ends for the ledgers.
        _join(clients)
        for ledger in self._routes.queues.values():
            ledger.killed(began=began)
        self._routes.stream.next_run()
        self.tally.add(kills=1, kills_at_start=int(not began))
        self._look_at_log()

    def _stop(self, clients: Sequence[Client] = ()) -> None:
        assert self._broker is not None
        status = self._broker.stop()
        _join(clients)
        on_their_way = {client.queue: client.on_their_way for client in clients if isinstance(client, Consumer)}
        for name, ledger in self._routes.queues.items():
            ledger.stopped(on_their_way.get(name, 0))
        self._routes.stream.next_run()
        self.tally.add(stops=1)
        self._look_at_log()
        if status != 0:
            raise Violation(f"the broker ended with status {status} when it was asked to stop")

    def _look_at_log(self) -> None:
        """The broker is gone. Raises Violation when its log has something in it that a kill does not explain."""
        assert self._broker is not None
        broker, self._broker = self._broker, None
        self.log = broker.log
        broker.__exit__(None, None, None)
        self.tally.add(repairs=len(_REPAIR.findall(self.log)))
        found = _COMPLAINTS.search(self.log)
        if found is not None:
            raise Violation(f"the broker's log says: {self.log[found.start() : found.start() + 3000]}")

    # -- a run ---------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Look at what the last run left, have traffic, end it, and start the broker again."""
        owed = max(ledger.owed_bytes() for ledger in self._routes.queues.values())
        plan = self.plan = Plan(self._chance, hurry=owed > _MUCH_BYTES)
        self._check(plan)
        self._change(plan)
        ending = Ending()
        clients = self._clients(plan, ending)
        for client in clients:
            client.start()
        # The one wait that is not for an event: it says when the event comes.
        threading.Event().wait(plan.seconds)
        if plan.orderly and plan.quiet:
            for client in clients:
                client.stop()
            _join(clients)
        ending.allowed.set()
        early = list(ending.failures)
        if plan.orderly:
            self._stop(clients)
        else:
            self._kill(clients)
        for failure in (*early, *ending.failures):
            raise failure
        self.tally.add(runs=1)
        self._restart(plan)

    def _restart(self, plan: Plan) -> None:
        for seconds in plan.kills_at_start:
            broker = self._broker = Leveret(self._port, *self._flags)
            broker.launch()
            threading.Event().wait(seconds)
            self._kill(began=False)
        if plan.kills_once_more:
            self._start()
            threading.Event().wait(self._chance.choice((0.0, 0.02, 0.1)))
            self._kill()
        self._start()

    def _check(self, plan: Plan) -> None:
        chance, stream = self._chance, self._routes.stream
        with connected(self._url) as connection:
            channel = connection.channel()
            for ledger in self._routes.queues.values():
                found = reading.count(channel, ledger)
                if chance.random() < plan.looks_through:
                    reading.look_through(connection, ledger, found, self.tally)
            offsets = {"first": 0, "middle": chance.randint(0, stream.known), "end": stream.known}
            reading.read_stream(connection, stream, offsets[plan.reads_from], self.tally)
            check(connection, self._definitions)
        if plan.drains:
            drain(self._url, chance.choice(list(self._routes.queues.values())), self.tally)

    def _change(self, plan: Plan) -> None:
        """Purge and delete, while nobody else is there."""
        ledger = self._chance.choice(list(self._routes.queues.values()))
        with connected(self._url) as connection:
            channel = connection.channel()
            if plan.purges:
                waiting = reading.waiting(channel, ledger)
                ledger.purged()
                purged = channel.queue_purge(ledger.queue).method.message_count
                if purged != waiting or reading.waiting(channel, ledger):
                    raise Violation(f"{ledger.queue}: {purged} of {waiting} messages were purged")
            if plan.deletes:
                channel.queue_delete(ledger.queue)
                ledger.deleted()
            if plan.deletes_stream:
                channel.queue_delete(STREAM)
                self._routes.stream.deleted()
            self._routes.declare(channel)

    def _clients(self, plan: Plan, ending: Ending) -> list[Client]:
        chance = self._chance
        clients: list[Client] = [self._publisher(kind, plan, ending) for kind in plan.publishers]
        for ledger in self._routes.queues.values():
            hurry = ledger.owed_bytes() > _MUCH_BYTES
            if hurry or chance.random() < plan.consumes:
                habits = Habits(chance, hurry=hurry)
                clients.append(Consumer(self._url, ending, self.tally, ledger, habits, random.Random(chance.random())))
        clients.append(Definer(self._url, ending, self.tally, self._definitions, random.Random(chance.random())))
        return clients

    def _publisher(self, kind: str, plan: Plan, ending: Ending) -> Client:
        chance = self._chance
        self._publishers += 1
        writer = Writer(self._publishers, self._routes, random.Random(chance.random()), large=plan.large)
        if kind == "many":
            return Windowed(self._url, ending, self.tally, writer, window=chance.choice((50, 500)))
        if kind == "few":
            return Windowed(self._url, ending, self.tally, writer, window=chance.randint(1, 10))
        return OneByOne(self._url, ending, self.tally, writer, batch=1 if kind == "one" else chance.randint(2, 20))

    # -- the end -------------------------------------------------------------------------------------------------------

    def reckon(self) -> None:
        """Take all there is, and have nothing left after an orderly stop."""
        with connected(self._url) as connection:
            reading.read_stream(connection, self._routes.stream, 0, self.tally)
            check(connection, self._definitions)
        for ledger in self._routes.queues.values():
            drain(self._url, ledger, self.tally)
        self._stop()
        self._start()
        with connected(self._url) as connection:
            channel = connection.channel()
            for ledger in self._routes.queues.values():
                if reading.count(channel, ledger):
                    raise Violation(f"{ledger.queue}: messages wait after all were acked and the broker was stopped")
            reading.read_stream(connection, self._routes.stream, 0, self.tally)
        self._stop()


def _join(clients: Sequence[Client]) -> None:
    """Have all of them ended. Raises Violation where one does not."""
    deadline = time.monotonic() + _END_S
    for client in clients:
        client.join(max(deadline - time.monotonic(), 0.1))
