"""Every connection method in every connection state: the legal step, or the right error and nothing else."""

import inspect

import pamqp.frame
import pytest
from pamqp import commands
from pamqp.commands import Connection as Methods

from protocol.amqp import handshake, replies
from protocol.amqp.events import Closed, Login, MethodReceived, Open
from protocol.amqp.handshake import State, Step
from tests.protocol.peers import CLOSE, OPEN, START_OK, TUNE_OK, Peer

KINDS = [kind for _, kind in inspect.getmembers(commands.Connection, inspect.isclass) if hasattr(kind, "index")]
SAMPLES = {
    Methods.StartOk: START_OK,
    Methods.TuneOk: TUNE_OK,
    Methods.Open: OPEN,
    Methods.Close: CLOSE,
    Methods.Blocked: Methods.Blocked("no"),
    Methods.Secure: Methods.Secure("x"),
    Methods.SecureOk: Methods.SecureOk("x"),
    Methods.UpdateSecret: Methods.UpdateSecret("guest", "time"),
}

# What each legal step leads to: the state, the event (if the broker has a say), the replies.
EFFECTS = {
    Step.LOGIN: (State.TUNING, Login, [Methods.Tune]),
    Step.TUNE: (State.OPENING, None, []),
    Step.OPEN: (State.RUNNING, Open, [Methods.OpenOk]),
    Step.CLOSE: (State.CLOSED, Closed, [Methods.CloseOk]),
    Step.UPDATE_SECRET: (State.RUNNING, MethodReceived, []),
    Step.ANSWER_CLOSE: (State.CLOSED, None, [Methods.CloseOk]),
    Step.END: (State.ENDED, None, []),
}
STATES = [state for state in State if state is not State.HEADER]


def test_all_methods_are_walked():
    assert len(KINDS) >= 14
    assert {kind for _, kind in handshake.TABLE} <= set(KINDS)
    assert set(EFFECTS) == set(Step)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_cell(state, kind):
    peer = Peer(state)
    peer.say(0, SAMPLES.get(kind) or kind())
    step = handshake.TABLE.get((state, kind))
    said = [type(method) for method in peer.said]
    events = [type(event) for event in peer.events]
    if step is not None:
        after, event, answers = EFFECTS[step]
        assert (peer.connection.state, events, said) == (after, [event] if event else [], answers)
        assert peer.error is None
        return
    assert (peer.connection.state, events, said) == (state, [], [])
    if state in (State.CLOSED, State.ENDED):
        assert peer.error is None
    else:
        assert peer.error.reply is replies.CHANNEL_ERROR
        assert peer.error.text == f"CHANNEL_ERROR - unexpected method in connection state {state.value}"
        assert (peer.error.class_id, peer.error.method_id) == (10, kind.index & 0xFFFF)


@pytest.mark.parametrize("channel", [1, 2047])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_on_another_channel_than_0_none_is_legal(kind, channel):
    peer = Peer()
    peer.say(channel, SAMPLES.get(kind) or kind())
    assert peer.error.reply is replies.CHANNEL_ERROR
    peer = Peer()
    peer.open_channel(channel)
    peer.forget()
    peer.say(channel, SAMPLES.get(kind) or kind())
    assert not [event for event in peer.events if not isinstance(event, MethodReceived)]
    assert peer.connection.state is State.RUNNING


@pytest.mark.parametrize("state", [State.STARTING, State.TUNING, State.OPENING], ids=lambda state: state.name)
@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("kind", [2, 3])
def test_content_before_open_is_unexpected(state, channel, kind):
    peer = Peer(state)
    peer.put(bytes([kind, 0, channel, 0, 0, 0, 14]) + b"\x00\x3c" + bytes(12) + b"\xce")
    assert peer.error.reply is replies.UNEXPECTED_FRAME


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_a_heartbeat_is_welcome_at_any_time(state):
    peer = Peer(state)
    peer.put(b"\x08\x00\x00\x00\x00\x00\x00\xce")
    assert peer.error is None
    assert peer.connection.state is state


HEADERS = [
    b"AMQP\x00\x00\x09\x01",
    b"AMQP\x01\x01\x00\x09",
    b"AMQP\x00\x01\x00\x00",
    b"HTTP/1.1",
    bytes(8),
    b"\xff" * 8,
]


@pytest.mark.parametrize("header", HEADERS)
def test_the_header_is_the_first_step(header):
    peer = Peer(State.HEADER)
    peer.put(header)
    if handshake.answer_to_header(header) is None:
        assert peer.connection.state is State.STARTING
        assert [type(method) for method in peer.said] == [Methods.Start]
    else:
        assert peer.connection.state is State.ENDED
        assert [type(said) for said in peer.said] == [pamqp.header.ProtocolHeader]
