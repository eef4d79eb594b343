"""A throw-away RabbitMQ is whole while it runs and gone afterwards. Needs RabbitMQ on this machine."""

from pathlib import Path

import pytest

from interop import rabbitmq
from interop.conformance import judge, record
from interop.conformance.conversations import ALL

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.skipif(rabbitmq.installed() is None, reason="no RabbitMQ here; python -m interop.rabbitmq.install"),
]


def test_it_says_what_was_recorded_and_leaves_nothing() -> None:
    sample = [one for one in ALL if one.theme in ("ack", "exclusive")]
    with rabbitmq.running() as node:
        assert Path(f"/proc/{node.pid}/stat").exists()
        held = judge.hold_all(sample, node.url)
    short = ".".join(node.version.split(".")[:2])
    if short in record.versions():
        records = record.load(short)
        assert held == {one.name: records[one.name] for one in sample}
    assert not Path(f"/proc/{node.pid}").exists()
    assert not node.base.exists()


def test_a_root_without_rabbitmq_is_refused(tmp_path: Path) -> None:
    with pytest.raises(rabbitmq.NotInstalled, match="install"), rabbitmq.running(tmp_path):
        pass
