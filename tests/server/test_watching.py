"""What is measured: the process's memory, the disk's free space; and that alarms come and go by it."""

import os

import pytest
import trio

import broker
from broker.alarms import Alarms
from broker.queues.gauge import MemoryGauge
from broker.server import watching
from broker.server.memory import give_back_unused_memory, process_memory_bytes
from broker.server.shell import Shell
from broker.server.watching import free_bytes, watch
from tests.server.fakes import Node, until

trio_test = pytest.mark.trio
MIB = 2**20


def test_a_process_knows_what_it_takes():
    before = process_memory_bytes()
    assert MIB < before < 2**40
    much = bytearray(os.urandom(64)) * MIB
    assert process_memory_bytes() > before + 32 * MIB
    del much
    give_back_unused_memory()
    assert process_memory_bytes() < before + 32 * MIB


def test_what_is_free_where_a_folder_lies(tmp_path):
    assert free_bytes(str(tmp_path)) > 0
    assert free_bytes(str(tmp_path / "none")) is None


class Counting(Shell):
    """Counts its turns."""

    turns = 0

    def act(self, work):
        self.turns += 1
        self.node.alarms.look(disk_refuses=False)


def measured(monkeypatch, **limits):
    """A shell whose process takes what the box says, and the looks at it."""
    alarms = Alarms(MemoryGauge(), **{"memory_limit_bytes": 1000 * MIB, "disk_free_limit_bytes": 50 * MIB, **limits})
    node = Node()
    node.alarms = alarms
    process = [40 * MIB]
    looks = []

    def look():
        looks.append(process[0])
        return process[0]

    monkeypatch.setattr(watching, "process_memory_bytes", look)
    return Counting(node), process, looks


@trio_test
async def test_a_turn_is_run_only_where_it_makes_a_difference(monkeypatch):
    monkeypatch.setattr(watching, "_LOOK_S", 0.001)
    shell, process, looks = measured(monkeypatch)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, shell, shell.node.alarms, None)
        for takes, reason, turns in [
            (40 * MIB, "", 0),
            (2000 * MIB, "low on memory", 1),
            (40 * MIB, "", 2),
        ]:
            process[0] = takes
            looks.clear()
            await until(lambda: len(looks) > 20)
            assert (shell.node.alarms.reason, shell.turns) == (reason, turns)
        nursery.cancel_scope.cancel()


@trio_test
async def test_the_disk_is_looked_at_each_second_where_little_is_free(monkeypatch):
    monkeypatch.setattr(watching, "_LOOK_S", 0.01)
    shell, _, _ = measured(monkeypatch)
    disk = [60 * MIB]
    monkeypatch.setattr(watching, "free_bytes", lambda folder: disk[0])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch, shell, shell.node.alarms, "somewhere")
        await until(lambda: shell.node.alarms.disk_free_bytes == 60 * MIB)
        disk[0] = 40 * MIB
        await until(lambda: shell.node.alarms.reason == "low on disk")
        disk[0] = 70 * MIB
        await until(lambda: shell.node.alarms.reason == "")
        nursery.cancel_scope.cancel()


@trio_test
async def test_alarms_are_forced_and_lifted_in_a_running_broker(tmp_path):
    async with broker.serve(port=0, data_dir=str(tmp_path)) as b:
        alarms = b.node.alarms
        await until(lambda: alarms.disk_free_bytes)
        assert b.node.alarm == ""
        b.set_disk_free_limit(2**62)
        assert b.node.alarm == "low on disk"
        b.set_memory_limit(0)
        assert b.node.alarm == "low on disk & memory"
        b.set_disk_free_limit(0)
        b.set_memory_limit(2**40)
        assert b.node.alarm == ""
