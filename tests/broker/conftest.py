"""What most conversations begin with."""

import pytest

from tests.conversation import Broker, Client


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def client(broker: Broker) -> Client:
    """Channel 1 is open, and a queue named q is declared."""
    client = broker.connect(1)
    client.declare()
    return client
