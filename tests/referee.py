"""Referee: holds every frame that one client gets against what that client knows, and asserts that it is legal.

Knows nothing of the broker's inside. A client that keeps to the protocol itself is assumed; tests that break it on
purpose leave the referee out.
"""

from pamqp import body, header, heartbeat
from pamqp.commands import Basic, Channel, Confirm, Connection, Tx

_CONTENT = (Basic.Deliver, Basic.GetOk, Basic.Return)
# What the broker may say unasked on an open channel.
_UNASKED = (Basic.Deliver, Basic.Return, Basic.Ack, Basic.Nack, Basic.Cancel, Channel.Close)


class Consumer:
    def __init__(self, no_ack: bool, prefetch: int) -> None:
        self.no_ack = no_ack
        self.prefetch = prefetch
        self.outstanding = 0
        # Consumers of quorum queues and streams do not take part in a channel's shared prefetch.
        self.shares = True


class ChannelState:
    """What a client knows of one of its channels."""

    def __init__(self) -> None:
        self.open = False
        # We closed it, or were told that it is closed: what comes is legal until close-ok, or not at all.
        self.closing = False
        self.told_closed = False
        self.asked: list = []
        self.consumers: dict[str, Consumer] = {}
        self.unsettled: dict[int, Consumer | None] = {}
        self.next_tag = 1
        self.prefetch = 0
        self.shared_prefetch = 0
        self.confirming = False
        self.published = 0
        self.confirmed: set[int] = set()
        self.confirmed_below = 1
        self.transactional = False
        self.settled_in_tx: dict[int, Consumer | None] = {}
        # A content under way: bytes missing, or None before its header.
        self.content: int | None = None
        self.in_content = False


class Referee:
    """``sent`` is told of every method that goes to the broker, ``got`` of every frame that comes from it."""

    def __init__(self, frame_max: int, *, takes_cancels: bool) -> None:
        self.frame_max = frame_max
        self.takes_cancels = takes_cancels
        self.channels: dict[int, ChannelState] = {}
        self.closed_by_us = False
        self.closed_by_broker = False
        self.over = False

    def channel(self, number: int) -> ChannelState:
        return self.channels.setdefault(number, ChannelState())

    # -- what the client says ------------------------------------------------------------------------------------------

    def sent(self, number: int, method) -> None:
        state = self.channel(number)
        if number == 0:
            self.closed_by_us = self.closed_by_us or isinstance(method, Connection.Close)
            return
        if isinstance(method, Channel.CloseOk):
            self.channels[number] = ChannelState()
            return
        if isinstance(method, Channel.Open) and not state.open:
            self.channels[number] = state = ChannelState()
        is_answered = isinstance(method, Channel.Close) or not state.told_closed
        if is_answered and method.valid_responses and not getattr(method, "nowait", False):
            state.asked.append(method)
        self._note(state, method)

    def _note(self, state: ChannelState, method) -> None:
        match method:
            case Basic.Publish():
                state.published += state.confirming
            case Confirm.Select():
                state.confirming = True
            case Basic.Qos(global_=False):
                state.prefetch = method.prefetch_count
            case Basic.Consume() if method.consumer_tag:
                state.consumers[method.consumer_tag] = Consumer(method.no_ack, state.prefetch)
            case Basic.Consume():
                method.prefetch_then = state.prefetch
            case Basic.Ack() | Basic.Nack() | Basic.Reject():
                self._settle(state, method)
            case Channel.Close():
                state.closing = True
            case Tx.Select():
                state.transactional = True
            case Tx.Commit():
                state.settled_in_tx.clear()

    def _settle(self, state: ChannelState, method) -> None:
        tag = method.delivery_tag
        if getattr(method, "multiple", False):
            tags = [t for t in state.unsettled if t <= tag or tag == 0]
        else:
            tags = [tag] if tag in state.unsettled else []
        for each in tags:
            consumer = state.unsettled.pop(each)
            if state.transactional:
                # Room comes back only with the commit, but to count it early errs on the lenient side.
                state.settled_in_tx[each] = consumer
            if consumer is not None:
                consumer.outstanding -= 1

    # -- what the broker says ------------------------------------------------------------------------------------------

    def got(self, number: int, frame, size_bytes: int) -> None:
        assert not self.over, f"a frame after connection.close-ok: {frame!r}"
        # A header frame cannot be cut; it is as large as the publisher made it.
        assert size_bytes <= self.frame_max or isinstance(frame, header.ContentHeader), f"{size_bytes} > frame_max"
        if isinstance(frame, heartbeat.Heartbeat):
            assert number == 0
            assert not self.closed_by_broker
        elif number == 0:
            self._got_on_0(frame)
        elif isinstance(frame, (header.ContentHeader, body.ContentBody)):
            self._got_content(self.channel(number), frame)
        else:
            self._got_method(self.channel(number), frame)

    def _got_on_0(self, method) -> None:
        assert isinstance(method, Connection.CloseOk) or not self.closed_by_broker, f"{method.name} after close"
        if isinstance(method, Connection.Close):
            self.closed_by_broker = True
        elif isinstance(method, Connection.CloseOk):
            assert self.closed_by_us
            self.over = True

    def _got_content(self, state: ChannelState, frame) -> None:
        assert state.in_content, "content without a method"
        if isinstance(frame, header.ContentHeader):
            assert state.content is None, "a second content header"
            state.content = frame.body_size
        else:
            assert state.content, "a body frame that nobody announced"
            assert len(frame.value), "an empty body frame"
            state.content -= len(frame.value)
            assert state.content >= 0, "a body larger than announced"
        if state.content == 0:
            state.in_content = False
            state.content = None

    def _got_method(self, state: ChannelState, method) -> None:
        assert not self.closed_by_broker, f"{method.name} after connection.close"
        assert not state.in_content, f"{method.name} in the middle of a content"
        if isinstance(method, (Channel.OpenOk, Channel.CloseOk)):
            self._got_life_cycle(state, method)
            return
        assert state.open, f"{method.name} on a channel that is not open"
        assert not state.told_closed, f"{method.name} on a channel the broker has closed"
        if not isinstance(method, _UNASKED):
            request = self._answered(state, method)
            self._got_answer(state, request, method)
        match method:
            case Basic.Deliver():
                self._got_deliver(state, method)
            case Basic.Ack() | Basic.Nack():
                self._got_confirm(state, method)
            case Basic.Cancel():
                assert self.takes_cancels, "a client without consumer_cancel_notify was sent basic.cancel"
                del state.consumers[method.consumer_tag]
            case Channel.Close():
                state.told_closed = True
                state.asked = [each for each in state.asked if isinstance(each, Channel.Close)]
        if isinstance(method, _CONTENT):
            state.in_content = True

    def _answered(self, state: ChannelState, method):
        assert state.asked, f"{method.name} answers nothing"
        request = state.asked.pop(0)
        assert method.name in request.valid_responses, f"{method.name} answers {request.name}"
        return request

    def _got_life_cycle(self, state: ChannelState, method) -> None:
        self._answered(state, method)
        if isinstance(method, Channel.OpenOk):
            state.open = True
        else:
            state.open = state.closing = False

    def _got_answer(self, state: ChannelState, request, method) -> None:
        match method:
            case Basic.ConsumeOk() if not request.consumer_tag:
                consumer = Consumer(request.no_ack, request.prefetch_then)
                assert method.consumer_tag not in state.consumers
                state.consumers[method.consumer_tag] = consumer
            case Basic.ConsumeOk():
                assert method.consumer_tag == request.consumer_tag
            case Basic.CancelOk():
                state.consumers.pop(method.consumer_tag, None)
            case Basic.QosOk():
                # In force from here on in the stream; deliveries before it were made under the old limit.
                state.shared_prefetch = request.prefetch_count if request.global_ else 0
            case Basic.GetOk():
                self._take_tag(state, method.delivery_tag)
                if not request.no_ack:
                    state.unsettled[method.delivery_tag] = None
            case Basic.RecoverOk():
                self._forget(state)
            case Tx.RollbackOk():
                self._take_back(state)

    @staticmethod
    def _take_back(state: ChannelState) -> None:
        for tag, consumer in state.settled_in_tx.items():
            state.unsettled[tag] = consumer
            if consumer is not None:
                consumer.outstanding += 1
        state.settled_in_tx.clear()
        state.unsettled = dict(sorted(state.unsettled.items()))

    @staticmethod
    def _forget(state: ChannelState) -> None:
        for consumer in state.unsettled.values():
            if consumer is not None:
                consumer.outstanding -= 1
        state.unsettled.clear()

    @staticmethod
    def _take_tag(state: ChannelState, tag: int) -> None:
        assert tag == state.next_tag, f"delivery tag {tag}, not {state.next_tag}"
        state.next_tag += 1

    def _got_deliver(self, state: ChannelState, method) -> None:
        consumer = state.consumers.get(method.consumer_tag)
        assert consumer is not None, f"a delivery for {method.consumer_tag!r}, whom nobody knows"
        self._take_tag(state, method.delivery_tag)
        if consumer.no_ack:
            return
        state.unsettled[method.delivery_tag] = consumer
        consumer.outstanding += 1
        limit = consumer.prefetch
        assert not limit or consumer.outstanding <= limit, f"{consumer.outstanding} outstanding, prefetch {limit}"
        limit = state.shared_prefetch
        if limit and consumer.shares:
            shared = sum(1 for holder in state.unsettled.values() if holder is not None and holder.shares)
            assert shared <= limit, f"{shared} outstanding on the channel, shared prefetch {limit}"

    @staticmethod
    def _got_confirm(state: ChannelState, method) -> None:
        assert state.confirming, f"{method.name} without confirm.select"
        tag = method.delivery_tag
        assert 0 < tag <= state.published, f"a confirm for {tag} of {state.published}"
        first = state.confirmed_below if method.multiple else tag
        fresh = {each for each in range(first, tag + 1) if each not in state.confirmed}
        assert tag in fresh, f"{tag} was confirmed twice"
        state.confirmed |= fresh
        while state.confirmed_below in state.confirmed:
            state.confirmed.discard(state.confirmed_below)
            state.confirmed_below += 1
