"""Every input in every state of a channel, as a client sees it; written down here once more, cell by cell."""

import itertools

import pytest
from pamqp.commands import Basic, Channel

from protocol.amqp import replies
from protocol.amqp.channels import TABLE, Input, State
from protocol.amqp.errors import connection_forced
from protocol.amqp.events import ChannelClosed, ChannelOpened, MethodReceived
from tests.protocol.peers import Peer

CLOSE = Channel.Close(200, "", 0, 0)
BODY = b"\x03\x00\x01\x00\x00\x00\x01x\xce"
INPUTS = {
    Input.OPEN: lambda peer: peer.say(1, Channel.Open()),
    Input.CLOSE: lambda peer: peer.say(1, CLOSE),
    Input.CLOSE_OK: lambda peer: peer.say(1, Channel.CloseOk()),
    Input.METHOD: lambda peer: peer.say(1, Basic.Qos()),
    Input.CONTENT: lambda peer: peer.put(BODY),
}
NOT_OPEN = (replies.CHANNEL_ERROR, "CHANNEL_ERROR - expected 'channel.open'")
TWICE = (replies.CHANNEL_ERROR, "CHANNEL_ERROR - second 'channel.open' seen")
UNEXPECTED = (
    replies.UNEXPECTED_FRAME,
    "UNEXPECTED_FRAME - expected method frame, got non method frame instead",
)
UNKNOWN = (replies.COMMAND_INVALID, "COMMAND_INVALID - unimplemented method")
NOTHING = ([], [])

# The error; or events for the broker, answers to the client, and the state afterwards.
EXPECTED = {
    (State.ABSENT, Input.OPEN): ([ChannelOpened], [Channel.OpenOk], State.OPEN),
    (State.ABSENT, Input.CLOSE): NOT_OPEN,
    (State.ABSENT, Input.CLOSE_OK): NOT_OPEN,
    (State.ABSENT, Input.METHOD): NOT_OPEN,
    (State.ABSENT, Input.CONTENT): UNEXPECTED,
    (State.OPEN, Input.OPEN): TWICE,
    (State.OPEN, Input.CLOSE): ([ChannelClosed], [Channel.CloseOk], State.ABSENT),
    (State.OPEN, Input.CLOSE_OK): UNKNOWN,
    (State.OPEN, Input.METHOD): ([MethodReceived], [], State.OPEN),
    (State.OPEN, Input.CONTENT): UNEXPECTED,
    (State.CLOSING, Input.OPEN): TWICE,
    (State.CLOSING, Input.CLOSE): ([], [Channel.CloseOk], State.CLOSING),
    (State.CLOSING, Input.CLOSE_OK): (*NOTHING, State.ABSENT),
    (State.CLOSING, Input.METHOD): (*NOTHING, State.CLOSING),
    (State.CLOSING, Input.CONTENT): UNEXPECTED,
}


def in_state(state):
    peer = Peer()
    if state is not State.ABSENT:
        peer.open_channel()
    if state is State.CLOSING:
        peer.close_channel()
    peer.forget()
    return peer


def state_of(peer, number=1):
    channel = peer.connection._multiplexer.channels.get(number)
    return State.ABSENT if channel is None else channel.state


def test_no_cell_is_missing():
    every = set(itertools.product(State, Input))
    assert set(TABLE) == every
    assert set(EXPECTED) == every


@pytest.mark.parametrize("cell", EXPECTED, ids=lambda cell: f"{cell[0].name}-{cell[1].name}")
def test_cell(cell):
    state, given = cell
    peer = in_state(state)
    INPUTS[given](peer)
    expected = EXPECTED[cell]
    events = [type(event) for event in peer.events]
    said = [type(method) for method in peer.said]
    if isinstance(expected[0], list):
        assert peer.error is None
        assert (events, said, state_of(peer)) == expected
    else:
        assert (peer.error.reply, peer.error.text) == expected
        assert (events, said) == NOTHING


@pytest.mark.parametrize("cell", EXPECTED, ids=lambda cell: f"{cell[0].name}-{cell[1].name}")
def test_no_cell_touches_another_channel(cell):
    state, given = cell
    peer = in_state(state)
    peer.open_channel(2)
    peer.forget()
    INPUTS[given](peer)
    assert state_of(peer, 2) is State.OPEN


@pytest.mark.parametrize("given", [Input.OPEN, Input.CLOSE, Input.METHOD, Input.CLOSE_OK])
def test_on_a_connection_that_is_being_closed_nothing_is_read(given):
    peer = in_state(State.OPEN)
    peer.connection.fail(connection_forced("x"), 0.0)
    peer.forget()
    INPUTS[given](peer)
    assert (peer.events, peer.said, peer.error) == ([], [], None)


def test_the_blame_is_on_the_method():
    peer = in_state(State.ABSENT)
    peer.say(1, Basic.Qos())
    assert (peer.error.class_id, peer.error.method_id) == (60, 10)


def test_events_wait_for_the_broker_before_they_are_answered():
    """open-ok and close-ok go out when the event has been handled, so what it undoes is undone before."""
    peer = Peer()
    events = peer.connection.receive(b"\x01\x00\x01\x00\x00\x00\x05\x00\x14\x00\x0a\x00\xce", 0.0)
    assert isinstance(next(events), ChannelOpened)
    assert peer.said == []
    assert next(events, None) is None
    assert [type(method) for method in peer.said] == [Channel.OpenOk]
