"""A Connection of the protocol room, alone: no broker behind it, the test decides what is right."""

import pamqp.frame
from pamqp.commands import Channel
from pamqp.commands import Connection as Methods

from protocol.amqp import replies
from protocol.amqp.connection import Connection, Offer
from protocol.amqp.errors import HardError, SoftError
from protocol.amqp.events import Login, Open
from protocol.amqp.handshake import AMQP_0_9_1, State
from tests.conversation import cut

START_OK = Methods.StartOk({"capabilities": {"authentication_failure_close": True}}, "PLAIN", "\0guest\0guest", "en_US")
TUNE_OK = Methods.TuneOk(2047, 131072, 0)
OPEN = Methods.Open("/")
CLOSE = Methods.Close(200, "", 0, 0)


class Peer:
    """``events`` and ``said`` (methods) grow; an error of the last input is ``error``."""

    def __init__(self, state: State = State.RUNNING) -> None:
        self.events: list = []
        self.said: list = []
        self.error: HardError | None = None
        self.connection = Connection(Offer({}), self._hear, 0.0)
        self._go_to(state)
        self.forget()

    def _hear(self, data: bytes) -> None:
        self.said += [pamqp.frame.unmarshal(raw)[2] for raw in cut(data)]

    def forget(self) -> None:
        self.events.clear()
        self.said.clear()
        self.error = None

    def _go_to(self, state: State) -> None:
        """By the usual way. The states are in the order in which they are gone through."""
        steps = {
            State.STARTING: lambda: self.put(AMQP_0_9_1),
            State.TUNING: lambda: self.say(0, START_OK),
            State.OPENING: lambda: self.say(0, TUNE_OK),
            State.RUNNING: lambda: self.say(0, OPEN),
            State.CLOSED: lambda: self.connection.fail(HardError(replies.CONNECTION_FORCED, "enough"), 0.0),
            State.ENDED: lambda: self.say(0, Methods.CloseOk()),
        }
        for next_state, step in steps.items():
            if self.connection.state is state:
                break
            step()
            assert self.connection.state is next_state, (self.connection.state, self.error)
        assert self.connection.state is state

    def put(self, data: bytes) -> None:
        try:
            for event in self.connection.receive(data, 0.0):
                self.events.append(event)
                if isinstance(event, Login):
                    self.connection.authenticated()
                elif isinstance(event, Open):
                    self.connection.opened()
        except HardError as error:
            self.error = error

    def say(self, channel: int, *methods) -> None:
        self.put(b"".join(pamqp.frame.marshal(method, channel) for method in methods))

    def open_channel(self, number: int = 1) -> None:
        self.say(number, Channel.Open())

    def close_channel(self, number: int = 1) -> None:
        """The broker does."""
        self.connection.close_channel(number, SoftError(replies.NOT_FOUND, "what"))
