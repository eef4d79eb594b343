"""Each target notices when what it looks at is broken; else millions of executions would say nothing."""

import pytest

from broker import patterns
from broker.queues.classic import ClassicQueue
from broker.session.session import Session
from protocol.amqp import basic, erlang, handshake, methods, offset_shapes, properties, tables
from protocol.amqp.connection import Connection
from protocol.amqp.content import ContentAssembler
from protocol.proxy.header import HeaderReader
from tests.fuzz import guard, minimising, targets
from tests.fuzz.looking import Looking


def _breaks(target):
    module = targets.load(target)
    for data in module.seeds():
        try:
            module.run(data)
        except Exception:
            return True
    return False


def _off_by_one(read):
    def wrong(data, pos):
        value, end = read(data, pos)
        return value, end + 1

    return wrong


BROKEN = [
    ("tables", tables._READERS, ord("S"), _off_by_one(tables._READERS[ord("S")])),
    ("tables", tables._READERS, ord("I"), tables._READERS[ord("i")]),
    ("properties", properties, "_skip_array", lambda data, pos, limit, depth: pos + 4),
    ("properties", properties.Parts, "_cut_out_expiration", lambda self, raw, place: None),
    ("stamps", offset_shapes, "FIELD_BYTES", 26),
    ("methods", methods._decode, "by_type", lambda data, kind: (1, data[0])),
    ("logins", handshake._READERS, "PLAIN", lambda response: ("guest", "guest")),
    ("logins", erlang, "_ESCAPES", {}),
    ("connection", Connection, "tick", lambda self, now, receiving=True: None),
    ("connection", ContentAssembler, "finish", lambda self: b""),
    ("proxy", HeaderReader, "feed", lambda self, data: len(data) - 1),
    ("patterns", patterns._Backtracking, "__call__", lambda self, raw: None),
    ("runs", basic._SETTLEMENTS, b"\x00\x3c\x00\x50", basic.REJECT_METHOD),
    ("node", Session, "_clean_up", lambda self, turn: None),
    ("node", ClassicQueue, "delete", lambda self, turn: None),
]


@pytest.mark.parametrize(("target", "where", "what", "instead"), BROKEN, ids=lambda each: str(each)[:20])
def test_a_target_notices(monkeypatch, target, where, what, instead):
    if isinstance(where, dict):
        monkeypatch.setitem(where, what, instead)
    else:
        monkeypatch.setattr(where, what, instead)
    assert _breaks(target)


def test_what_takes_too_long_is_a_finding(monkeypatch):
    monkeypatch.setattr(guard, "allowed_s", lambda size: 0.0)
    with pytest.raises(guard.Slow):
        guard.timed(lambda data: sum(range(100_000)), b"")


def test_what_each_execution_leaves_behind_is_a_finding():
    looking, left = Looking(each=100), []

    def execute(times, leaks):
        for _ in range(times):
            if leaks:
                left.append(properties.Checker())
            looking.count()

    execute(300, leaks=False)
    with pytest.raises(guard.Leak, match="Checker"):
        execute(100, leaks=True)


def test_a_finding_is_made_small_and_named(monkeypatch):
    monkeypatch.setitem(tables._READERS, ord("V"), lambda data, pos: 1 / 0)
    padding = b"\1aI\0\0\0\1" * 9
    inner = padding + b"\1bV" + padding
    finding = minimising.look_into("tables", len(inner).to_bytes(4, "big") + inner)
    assert len(finding.data) < 12
    assert finding.name.startswith("zerodivisionerror-")
    assert "division by zero" in finding.words
