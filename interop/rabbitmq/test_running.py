"""A throw-away RabbitMQ is whole while it runs, keeps its data through a restart, and is gone afterwards."""

from collections.abc import Callable
from pathlib import Path

import pika
import pytest

from interop import rabbitmq
from interop.conformance import judge, record
from interop.conformance.conversations import ALL
from interop.conformance.rabbit_operator import RabbitOperator

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(rabbitmq.installed() is None, reason="no RabbitMQ here; python -m interop.rabbitmq.install"),
]


def test_it_says_what_was_recorded_and_leaves_nothing() -> None:
    sample = [one for one in ALL if one.theme in ("ack", "exclusive") or one.name.startswith("policy/clear")]
    with rabbitmq.running() as node:
        assert Path(f"/proc/{node.pid}/stat").exists()
        held = judge.hold_all(sample, node.url, operator=RabbitOperator(node))
    short = ".".join(node.version.split(".")[:2])
    if short in record.versions():
        records = record.load(short)
        assert held == {one.name: records[one.name] for one in sample}
    assert not Path(f"/proc/{node.pid}").exists()
    assert not node.base.exists()


@pytest.mark.parametrize("stop", [rabbitmq.Node.stop, rabbitmq.Node.kill])
def test_it_is_the_same_node_after_a_restart(stop: Callable[[rabbitmq.Node], None]) -> None:
    with rabbitmq.running() as node:
        with pika.BlockingConnection(pika.URLParameters(node.url)) as connection:
            channel = connection.channel()
            channel.queue_declare("kept", durable=True)
        before = node.pid
        stop(node)
        node.start()
        assert node.pid != before
        with pika.BlockingConnection(pika.URLParameters(node.url)) as connection:
            assert connection.channel().queue_declare("kept", passive=True).method.queue == "kept"


def test_a_root_without_rabbitmq_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rabbitmq.NotInstalled, match="install"), rabbitmq.running(tmp_path):
        pass


def test_it_evaluates_expressions_also_after_a_restart() -> None:
    with rabbitmq.running() as node:
        assert node.evaluate("1 + 1") == "2"
        assert node.evaluate('<<"grüße"/utf8>>') == '<<"grüße"/utf8>>'
        with pytest.raises(rabbitmq.CtlFailed, match="badarith"):
            node.evaluate("1 / 0")
        node.stop()
        node.start()
        assert node.evaluate("{1, two}") == "{1,two}"
