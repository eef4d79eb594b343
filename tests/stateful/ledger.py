"""Ledger: where each message of a plain queue is, as its clients know it; what waits, what is out, what is gone.

Plain is a queue whose messages leave it by its clients' doing only: no limits, no time to live, no priorities. Nothing
may be lost in one of these, doubled, or given to two at once.
"""

PLAIN = ("plain", "plain too", "durable", "mine", "auto")
Key = tuple[str, str]


class Account:
    """One queue's. ``sure``: nothing happened to it that its clients could not follow."""

    def __init__(self, queue: object) -> None:
        self.queue = queue
        self.sure = True
        self.waiting: set[bytes] = set()
        self.out: set[bytes] = set()
        self.was_out: set[bytes] = set()

    @property
    def held(self) -> int:
        return len(self.waiting) + len(self.out)

    def enqueue(self, body: bytes) -> None:
        self.waiting.add(body)

    def hand_out(self, body: bytes, redelivered: bool, no_ack: bool) -> None:
        if not self.sure:
            return
        assert body in self.waiting, f"{body!r} was delivered and did not wait"
        assert redelivered or body not in self.was_out, f"{body!r} was out before, and is not marked"
        self.waiting.remove(body)
        self.was_out.add(body)
        if not no_ack:
            self.out.add(body)

    def settle(self, body: bytes, requeue: bool) -> None:
        if not self.sure:
            return
        self.out.remove(body)
        if requeue:
            self.waiting.add(body)

    def purge(self, count: int) -> None:
        if not self.sure:
            return
        assert count == len(self.waiting), f"{count} were purged, not {len(self.waiting)}"
        self.waiting.clear()

    def doubt(self) -> None:
        self.sure = False
        self.waiting.clear()
        self.out.clear()


class Ledger:
    def __init__(self, broker) -> None:
        self._broker = broker
        self.accounts: dict[Key, Account] = {}

    def declared(self, key: Key) -> None:
        """A plain queue is there, new or as it was."""
        queue = self._queue(key)
        known = self.accounts.get(key)
        if queue is not None and (known is None or known.queue is not queue):
            self.accounts[key] = Account(queue)

    def account(self, key: Key) -> Account | None:
        """None for a queue that is not plain, or gone."""
        found = self.accounts.get(key)
        return found if found is not None and found.queue is self._queue(key) else None

    def at(self, queue: object) -> Account | None:
        """The account of one of the broker's queues."""
        return next((each for each in self.accounts.values() if each.queue is queue), None)

    def _queue(self, key: Key) -> object | None:
        vhost = self._broker.node.vhosts.get(key[0])
        return None if vhost is None else vhost.queues.get(key[1])

    def check(self) -> None:
        """Each queue holds what it should. Those that are gone are forgotten."""
        for key, account in list(self.accounts.items()):
            if account.queue is not self._queue(key):
                assert key[0] not in self._broker.node.vhosts or key[1] in ("mine", "auto"), f"{key} is gone"
                del self.accounts[key]
            elif account.sure:
                assert account.queue.held == account.held, f"{key} holds {account.queue.held}, not {account.held}"
        for vhost in self._broker.node.vhosts.values():
            for queue in vhost.queues.values():
                assert queue.kind == "stream" or 0 <= queue.message_count <= queue.held, queue.name

    def deleted(self, key: Key) -> None:
        """Its client was told so."""
        self.accounts.pop(key, None)
