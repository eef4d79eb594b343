"""Alarms: who is short of what, when, and what operators and events are told. Who waits then: test_memory_alarm."""

import pytest

from broker.alarms import Alarms
from broker.queues.gauge import MemoryGauge
from tests.conversation import CAPABILITIES, Broker, Connection, Queue

MIB = 2**20
LIMIT = 1000 * MIB


def make(**settings):
    gauge = MemoryGauge()
    return gauge, Alarms(gauge, **{"memory_limit_bytes": LIMIT, "disk_free_limit_bytes": 0, **settings})


def test_what_the_process_takes_counts_beside_what_queues_hold():
    _, alarms = make()
    alarms.process_takes(40 * MIB)
    assert alarms.look(disk_refuses=False) == []
    alarms.process_takes(1700 * MIB)
    assert alarms.look(disk_refuses=False) == []
    alarms.process_takes(1800 * MIB)
    assert alarms.would_change
    assert alarms.look(disk_refuses=False) == ["memory"]
    assert alarms.reason == "low on memory"
    alarms.process_takes(1500 * MIB)
    assert alarms.look(disk_refuses=False) == []
    alarms.process_takes(1300 * MIB)
    assert alarms.look(disk_refuses=False) == ["memory"]
    assert alarms.reason == ""


def test_a_process_that_was_large_before_is_not_short_of_memory_for_a_small_limit():
    _, alarms = make(memory_limit_bytes=100_000)
    alarms.process_takes(900 * MIB)
    alarms.process_takes(1100 * MIB)
    assert alarms.look(disk_refuses=False) == []
    alarms.process_takes(1200 * MIB)
    assert alarms.look(disk_refuses=False) == ["memory"]


def test_the_disk_alarm_is_lifted_when_a_quarter_more_is_free():
    _, alarms = make(disk_free_limit_bytes=80)
    assert alarms.look(disk_refuses=False) == []
    alarms.disk_free_bytes = 80
    assert alarms.look(disk_refuses=False) == []
    alarms.disk_free_bytes = 79
    assert alarms.look(disk_refuses=False) == ["disk"]
    assert alarms.reason == "low on disk"
    alarms.disk_free_bytes = 99
    assert alarms.look(disk_refuses=False) == []
    alarms.disk_free_bytes = 100
    assert alarms.look(disk_refuses=False) == ["disk"]
    assert alarms.reason == ""


def test_a_disk_that_refuses_is_short_whatever_is_said_to_be_free():
    gauge, alarms = make(disk_free_limit_bytes=80)
    alarms.disk_free_bytes = 10**12
    gauge.add(LIMIT + 1)
    assert alarms.look(disk_refuses=True) == ["disk", "memory"]
    assert alarms.reason == "low on disk & memory"
    assert alarms.look(disk_refuses=False) == ["disk"]
    assert alarms.reason == "low on memory"


def force(broker, **limits):
    """As an operator does; the shell runs a turn for it."""
    with broker.turn():
        for name, limit in limits.items():
            getattr(broker.node, f"set_{name}")(limit)


@pytest.fixture
def broker():
    broker = Broker(memory_limit_bytes=LIMIT)
    broker.connect(1).declare()
    return broker


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"memory_limit": 0}, "low on memory"),
        ({"disk_free_limit": 1}, "low on disk"),
        ({"memory_limit": 0, "disk_free_limit": 1}, "low on disk & memory"),
    ],
)
def test_an_operator_may_force_them(broker, limits, reason):
    publisher = broker.connect(1)
    publisher.publish(1, b"x")
    publisher.expect_nothing()
    force(broker, **limits)
    publisher.expect_nothing()
    publisher.publish(1, b"x")
    publisher.expect(Connection.Blocked, reason=reason)
    assert publisher.session.paused
    force(broker, memory_limit=LIMIT, disk_free_limit=0)
    publisher.expect(Connection.Unblocked)
    assert not publisher.session.paused


def test_who_waits_is_told_once_whatever_else_runs_short(broker):
    publisher = broker.connect(1)
    force(broker, memory_limit=0)
    publisher.publish(1, b"x")
    publisher.expect(Connection.Blocked, reason="low on memory")
    force(broker, disk_free_limit=1)
    force(broker, memory_limit=LIMIT)
    publisher.expect_nothing()
    force(broker, disk_free_limit=0)
    publisher.expect(Connection.Unblocked)


def test_who_did_not_publish_is_told_nothing_and_goes_on(broker):
    publisher, consumer = broker.connect(1), broker.connect(1, heartbeat=10)
    publisher.publish(1, *[b"x"] * 5)
    force(broker, memory_limit=0)
    consumer.consume(prefetch=1)
    for number in range(1, 6):
        (got,) = consumer.deliveries()
        assert got.delivery_tag == number
        consumer.ack(1, number)
    consumer.declare("another")
    consumer.expect_nothing()


def test_a_client_that_cannot_hear_it_waits_all_the_same(broker):
    deaf = broker.connect(1, capabilities={**CAPABILITIES, "connection.blocked": False})
    force(broker, disk_free_limit=1)
    deaf.publish(1, b"x")
    deaf.expect_nothing()
    assert deaf.session.paused


def test_alarms_are_events(broker):
    hearer = broker.connect(1)
    hearer.declare("events")
    hearer.call(1, Queue.Bind(queue="events", exchange="amq.rabbitmq.event", routing_key="alarm.*"), Queue.BindOk)
    hearer.consume("events", no_ack=True)
    force(broker, memory_limit=0, disk_free_limit=1)
    force(broker, memory_limit=LIMIT)
    told = [(got.routing_key, got.properties.headers) for got in hearer.deliveries()]
    assert [(key, headers["source"], headers["node"]) for key, headers in told] == [
        ("alarm.set", "disk", "leveret@localhost"),
        ("alarm.set", "memory", "leveret@localhost"),
        ("alarm.cleared", "memory", "leveret@localhost"),
    ]


def test_the_log_says_what_there_is(broker):
    force(broker, memory_limit=0, disk_free_limit=1)
    force(broker, memory_limit=LIMIT)
    assert broker.notices[-3:] == [
        "disk alarm set: publishers wait; 0 MiB are free",
        "memory alarm set: publishers wait; queues hold 0 MiB",
        "memory alarm lifted; queues hold 0 MiB",
    ]
