"""A short run of the machine, the same each time; and that it notices when the broker does wrong."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from broker.queues.classic import ClassicQueue
from broker.session.confirms import Confirms
from broker.session.session import Session
from broker.session.unsettled import Unsettled
from tests.stateful.machine import BrokerMachine
from tests.stateful.world import World


def _converse(conversations, steps):
    how = settings(
        max_examples=conversations,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(BrokerMachine, settings=how)


def test_conversations_break_nothing():
    before = World.steps
    _converse(25, 60)
    assert World.steps - before > 1000


@pytest.mark.parametrize(
    ("where", "what", "instead"),
    [
        (ClassicQueue, "put_back", lambda self, *entries, **settings: None),
        (Confirms, "flush", lambda self: None),
        (Unsettled, "take_all", lambda self: {}),
        (Session, "close_channel", lambda self, number, error, turn: self.connection.close_channel(number, error)),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_it_notices(monkeypatch, where, what, instead):
    monkeypatch.setattr(where, what, instead)
    with pytest.raises(Exception):  # noqa: B017 - any
        _converse(10, 60)
