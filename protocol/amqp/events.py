"""What a peer asked for, as the broker sees it. Plain classes with slots: some are made once a batch of messages.

PublishRun and SettlementRun, the two of the hot path, stand with their readers in ``protocol.amqp.basic``.
"""

from protocol.amqp.basic import PublishRun, SettlementRun
from protocol.amqp.errors import SoftError
from protocol.amqp.methods import Method
from protocol.amqp.tables import FieldTable


class Login:
    """The peer wants in. Answer with ``Connection.authenticated`` or raise a HardError (403)."""

    __slots__ = ("client_properties", "mechanism", "password", "user")

    def __init__(self, mechanism: str, user: str, password: str, client_properties: FieldTable) -> None:
        self.mechanism = mechanism
        self.user = user
        self.password = password
        self.client_properties = client_properties


class Open:
    """The peer names its virtual host. Answer with ``Connection.opened`` or raise a HardError (530)."""

    __slots__ = ("virtual_host",)

    def __init__(self, virtual_host: str) -> None:
        self.virtual_host = virtual_host


class ChannelOpened:
    """open-ok goes out when this event has been handled."""

    __slots__ = ("channel",)

    def __init__(self, channel: int) -> None:
        self.channel = channel


class ChannelClosed:
    """The client closed it: settle what it held. close-ok goes out when this event has been handled."""

    __slots__ = ("channel",)

    def __init__(self, channel: int) -> None:
        self.channel = channel


class MethodReceived:
    """Any method that is not of the hot path and not of a life cycle."""

    __slots__ = ("channel", "method")

    def __init__(self, channel: int, method: Method) -> None:
        self.channel = channel
        self.method = method


class Refused:
    """A channel did wrong in a way that only its bytes show (a body larger than allowed)."""

    __slots__ = ("channel", "error")

    def __init__(self, channel: int, error: SoftError) -> None:
        self.channel = channel
        self.error = error


class Closed:
    """The client closes the connection: end everything it held. close-ok goes out when this event has been handled."""

    __slots__ = ("code", "text")

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text


Event = Login | Open | ChannelOpened | ChannelClosed | MethodReceived | Refused | Closed | PublishRun | SettlementRun
