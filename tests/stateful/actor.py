"""Actor: one client, and what it knows of its channels. It takes in whatever the broker says, and answers closes."""

from collections import deque

from tests.conversation import Basic, Channel, Client, Connection, Tx
from tests.stateful.ledger import Account

# Who holds a delivery, its queue's account (None where there is none), its body.
Delivery = tuple[Account | None, bytes]
# Behind the last frame of a client whose socket the broker wants shut.
GONE = object()


class ChannelState:
    def __init__(self) -> None:
        self.consumers: dict[str, tuple[Account | None, bool]] = {}
        self.unsettled: dict[int, Delivery] = {}
        self.confirming = self.transactional = False
        self.tx_published: list[tuple[list[Account], list[bytes]]] = []
        self.tx_settled: dict[int, tuple[Delivery, bool]] = {}
        # Whether a commit is under way.
        self.committing = False

    def settle(self, tag: int, requeue: bool, multiple: bool) -> None:
        """The client said so, of a tag it has."""
        tags = [each for each in self.unsettled if each <= tag or not tag] if multiple else [tag]
        for each in tags:
            delivery = self.unsettled.pop(each)
            if self.transactional:
                self.tx_settled[each] = (delivery, requeue)
            else:
                _settle(delivery, requeue)

    def commit(self) -> None:
        for delivery, requeue in self.tx_settled.values():
            _settle(delivery, requeue)
        for accounts, bodies in self.tx_published:
            for account in accounts:
                for body in bodies:
                    account.enqueue(body)
        self.tx_settled, self.tx_published = {}, []
        self.committing = False

    def rollback(self) -> None:
        self.unsettled |= {tag: delivery for tag, (delivery, _) in self.tx_settled.items()}
        self.unsettled = dict(sorted(self.unsettled.items()))
        self.tx_settled, self.tx_published = {}, []

    def doubt(self) -> None:
        """What a transaction came to nobody was told."""
        for accounts, _ in self.tx_published:
            for account in accounts:
                account.doubt()
        for (account, _), _ in self.tx_settled.values():
            if account is not None:
                account.doubt()

    def end(self) -> None:
        """It is closed: what was out waits again."""
        if self.committing:
            self.doubt()
        self.rollback()
        for delivery in self.unsettled.values():
            _settle(delivery, requeue=True)
        self.unsettled.clear()


def _settle(delivery: Delivery, requeue: bool) -> None:
    account, body = delivery
    if account is not None:
        account.settle(body, requeue)


class Actor:
    """``rest``: the end of a frame whose beginning was sent."""

    def __init__(self, client: Client, vhost: str) -> None:
        self.client = client
        self.vhost = vhost
        self.channels: dict[int, ChannelState] = {}
        self.rest = b""
        self.over = False
        # What a basic.get is under way for: its queue's account, and no_ack.
        self.getting: tuple[Account | None, bool] = (None, False)
        self._pending: deque = deque()

    @property
    def able(self) -> bool:
        """Whether it may say something now."""
        client = self.client
        return not self.over and client.reads and not client.session.paused and not client.session.ending

    def finish(self) -> None:
        """Send the end of what was begun."""
        if self.rest and not self.client.session.ending:
            rest, self.rest = self.rest, b""
            self.client.send_bytes(rest)

    def collect(self) -> None:
        """Take what came; ``hear_some`` goes through it."""
        self._pending += self.client.frames()
        if self.client.session.ending and not self.over and GONE not in self._pending:
            self._pending.append(GONE)

    def hear_some(self) -> bool:
        """Go through what came, up to a message that somebody else must have given back first. Whether there was any.

        Two clients' frames have no order between them: who lost a message, and who got it then, may both be told.
        """
        heard = False
        while self._pending and self._in_turn(self._pending[0]):
            heard = True
            self._hear(self._pending.popleft())
        return heard

    @property
    def stuck(self) -> object:
        """A message that it got, and that nobody gave back."""
        return self._pending[0] if self._pending else None

    def _in_turn(self, got) -> bool:
        channel = None if got is GONE else self.channels.get(got.channel)
        if channel is None or not isinstance(got.method, Basic.Deliver):
            return True
        account, _ = channel.consumers[got.consumer_tag]
        return account is None or not account.sure or got.body in account.waiting

    def _hear(self, got) -> None:
        if got is GONE:
            self.leave()
            return
        channel = self.channels.get(got.channel)
        match got.method:
            case Channel.OpenOk():
                self.channels[got.channel] = ChannelState()
            case Channel.CloseOk():
                self._channel_gone(got.channel)
            case Channel.Close():
                self._channel_gone(got.channel)
                self.finish()
                if not self.client.session.ending:
                    self.client.send(got.channel, Channel.CloseOk())
            case Connection.CloseOk():
                self._all_gone()
            case Connection.Close():
                self._all_gone()
                self.finish()
                self.client.send(0, Connection.CloseOk())
                if not self.client.session.ending:
                    # Its frames could not be told apart any more: it is not heard.
                    self.leave()
            case _ if channel is not None:
                self._hear_on(channel, got)

    def _hear_on(self, channel: ChannelState, got) -> None:
        match got.method:
            case Basic.Deliver():
                account, no_ack = channel.consumers[got.consumer_tag]
                self._take(channel, got, account, no_ack)
            case Basic.GetOk():
                self._take(channel, got, *self.getting)
            case Basic.Cancel() | Basic.CancelOk():
                channel.consumers.pop(got.consumer_tag, None)
            case Basic.RecoverOk():
                for delivery in channel.unsettled.values():
                    _settle(delivery, requeue=True)
                channel.unsettled.clear()
            case Tx.CommitOk():
                channel.commit()
            case Tx.RollbackOk():
                channel.rollback()

    @staticmethod
    def _take(channel: ChannelState, got, account: Account | None, no_ack: bool) -> None:
        if account is not None:
            account.hand_out(got.body, got.redelivered, no_ack)
        if not no_ack:
            channel.unsettled[got.delivery_tag] = (account, got.body)

    def _channel_gone(self, number: int) -> None:
        channel = self.channels.pop(number, None)
        if channel is not None:
            channel.end()

    def _all_gone(self) -> None:
        for number in list(self.channels):
            self._channel_gone(number)

    def leave(self) -> None:
        """The socket is gone."""
        if self.over:
            return
        self.over = True
        self._all_gone()
        self.client.die()
