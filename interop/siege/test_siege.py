"""The siege itself, on a small scale: every kind attacks, and what is judged is judged rightly."""

import gc

import pytest
import trio

import broker as leveret
from broker.server.peer import Peer
from broker.session.channel import Channel
from broker.session.session import Session
from interop.bench.client import Client
from interop.certificates import certificates
from interop.leveret import Leveret
from interop.siege import __main__ as command
from interop.siege import report
from interop.siege.attack import attack
from interop.siege.attackers import Deed
from interop.siege.hostile import bombs
from interop.siege.hostile.victim import Tally, Victim
from interop.siege.kinds import KINDS
from interop.siege.rounds import Round
from protocol.amqp.tables import TableError, read_table


@pytest.fixture(scope="module")
def broker():
    with certificates() as made, Leveret(0, *made.flags) as broker:
        yield broker


def found(rate: float, p99_ms: float) -> Round:
    found = Round(["silent"])
    found.quiet = {"rate": 100.0, "p50_ms": 1.0, "p99_ms": 2.0, "cpu": 0.5, "newcomer_ms": 5.0}
    found.besieged = {"rate": rate, "p50_ms": 1.0, "p99_ms": p99_ms, "max_ms": 20.0, "cpu": 0.4, "newcomer_ms": 9.0}
    found.deeds = {"silent": Deed(units=30, lives=20, ended=0, seconds=10.0)}
    return found


def test_the_median_of_the_rounds_is_judged():
    rounds = [found(10.0, 100.0), found(71.0, 9.9), found(90.0, 2.0)]
    quiet_ms = report.quiet_p99_ms(rounds)
    assert quiet_ms == 2.0
    verdicts = report.judge("all", rounds, quiet_ms, kept=0.7, times=5)
    assert [kept for kept, _ in verdicts] == [True, True]
    verdicts = report.judge("all", [found(69.0, 10.1)], quiet_ms, kept=0.7, times=5)
    assert [kept for kept, _ in verdicts] == [False, False]
    assert "69% of the full rate" in verdicts[0][1]
    assert rounds[1].cpu_kept == pytest.approx(0.71 * 0.5 / 0.4)
    assert "71%" in report.line("silent", rounds[1])
    assert "3 connections" in report.line("silent", rounds[1])


def test_the_bombs_are_what_they_say():
    def sized(table: bytes) -> bytes:
        return len(table).to_bytes(4, "big") + table

    depth, table = 0, read_table(sized(bombs.nested(690)))[0]
    while table:
        depth, table = depth + 1, table["a"]
    assert depth == 98
    with pytest.raises(TableError):
        read_table(sized(bombs.nested(7_900)))
    with pytest.raises(TableError):
        read_table(sized(bombs.lying()))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_attacks_and_the_broker_lives_on(kind, broker):
    async def assail() -> None:
        tally, scope = Tally(), trio.CancelScope()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(attack, kind, 2, Victim(broker.port, broker.tls_port), tally, scope)
            with trio.fail_after(20):
                while tally.units < 2:  # noqa: ASYNC110 - the tally tells nobody
                    await trio.sleep(0.001)
            scope.cancel()

    trio.run(assail)
    with Client(broker.url):
        assert "internal error" not in broker.log


@pytest.mark.parametrize("name", ["hashes", "queue_churn", "wrong_passwords", "noise_on_tls", "tls_handshakes"])
def test_a_siege_leaves_nothing_of_its_clients(name):
    """Calm again, a broker takes more memory than before; but what it holds is nobody's any more."""

    async def assail() -> int:
        flags = dict(zip(made.flags[::2], made.flags[1::2], strict=True))
        tls = {"tls_certfile": flags["--tls-certfile"], "tls_keyfile": flags["--tls-keyfile"]}
        async with leveret.serve(port=0, tls_port=0, **tls) as b:
            tally, scope = Tally(), trio.CancelScope()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(attack, KINDS[name], 2, Victim(b.port, b.tls_port), tally, scope)
                with trio.fail_after(20):
                    while tally.units < 2:  # noqa: ASYNC110 - the tally tells nobody
                        await trio.sleep(0.001)
                scope.cancel()
            gc.collect()
            with trio.fail_after(20):
                while b.node.sessions:  # noqa: ASYNC110 - until all have left
                    await trio.sleep(0.01)
            gc.collect()
            return sum(isinstance(one, Peer | Session | Channel) for one in gc.get_objects())

    with certificates() as made:
        assert trio.run(assail) == 0


def test_a_siege_from_end_to_end(capsys):
    loose = ["--kept", "0.001", "--times", "10000"]
    said = command.main(["--kinds", "heartbeats", "--hostile", "2", "--seconds", "0.2", "--rounds", "2", *loose])
    out = capsys.readouterr().out
    assert said == 0, out
    assert "2 of 2 targets kept" in out
