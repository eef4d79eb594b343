"""The definitions log: what was committed is there after reopening, whole and nothing else, and the log stays small."""

import time
from errno import ENOSPC
from random import Random

import pytest

from broker.store import definition_records as records
from broker.store import definitions as module
from broker.store.definition_state import (
    BindingDefinition,
    ExchangeDefinition,
    PolicyDefinition,
    QueueDefinition,
    State,
)
from broker.store.definitions import Definitions
from broker.store.errors import StoreError, UnreadableRecord
from protocol.amqp.tables import Byte, Decimal, Float, Long, Short, Timestamp
from streams.files import OsFiles
from streams.format import Kind
from streams.log import Log
from streams.writer import LogWriter
from tests.protocol.typed_tables import typed
from tests.streams.faulty import FaultyFiles, PowerCut

FOLDER = "data"
LONG = "é" * 127 + "x"
AWKWARD = {
    "": None,
    LONG: [Byte(-1), Short(2), 3, Long(4), Timestamp(5), Float(0.5), 0.5, Decimal(2, 314), [], {}],
    "\udcff": {"deep": {"er": [{"est": b"\xff"}]}},
    "b": bytearray(b"\0"),
    "t": True,
}


def exchange(name="x", kind="direct", vhost="/", **properties):
    properties = {"auto_delete": False, "internal": False, "arguments": {}, **properties}
    return ExchangeDefinition(vhost, name, kind, **properties)


def queue(definitions, name="q", vhost="/", **properties):
    properties = {"auto_delete": False, "arguments": {}, **properties}
    return QueueDefinition(vhost, name, definitions.next_log_id(), **properties)


def binding(source="x", destination="q", key="", vhost="/", *, to_exchange=False, arguments=None):
    return BindingDefinition(
        vhost, source, destination, to_exchange=to_exchange, routing_key=key, arguments=arguments or {}
    )


def policy(name="p", vhost="/", **said):
    said = {"operator": False, "pattern": "", "apply_to": "all", "priority": 0, "definition": {"max-length": 1}, **said}
    return PolicyDefinition(vhost, name, **said)


def values(definition):
    return {name: getattr(definition, name) for name in definition.__slots__ if name != "record"}


def opened(files=None, durability="fsync"):
    return Definitions.open(FaultyFiles(Random(0)) if files is None else files, FOLDER, salt=7, durability=durability)


def commit(definitions):
    while (pending := definitions.writer.take_pending()) is not None:
        pending.perform()
        definitions.writer.committed(pending)


def reopened(definitions):
    """As the next process finds it: what was not committed is gone."""
    definitions.writer.close()
    return opened(definitions.log.files)


def said(state):
    """A state as a value: the records that make it, in order."""
    return records.checkpoint(state)


def fields(definition):
    """Every field of a definition, arguments with their types."""
    names = (name for name in definition.__slots__ if name not in {"record", "identity", "arguments"})
    return {name: getattr(definition, name) for name in names} | {"arguments": typed(definition.arguments)}


@pytest.fixture
def small(monkeypatch):
    """A new segment every few hundred bytes."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 400)


# Round trips.


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize("name", ["q", "", LONG, "\udcff\udc80", "amq.gen-x", "a\nb"])
def test_definitions_come_back_as_they_were(name, rolled):
    definitions = opened()
    made = [
        exchange(name, name or "topic", name, auto_delete=True, arguments=AWKWARD),
        exchange(name + "?" if name != LONG else "other", internal=True, vhost=name),
        queue(definitions, name, name, auto_delete=True, arguments=AWKWARD),
        queue(definitions, "plain", name),
        binding(name, name, name, name, arguments=AWKWARD),
        binding(name, name, "", name, to_exchange=True),
    ]
    add = [definitions.exchange_declared] * 2 + [definitions.queue_declared] * 2 + [definitions.bound] * 2
    for declare, definition in zip(add, made, strict=True):
        declare(definition, 1)
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    state = reopened(definitions).state
    found = [*state.exchanges.values(), *state.queues.values(), *state.bindings.values()]
    assert [fields(each) for each in found] == [fields(each) for each in made]
    assert list(state.exchanges) == [(name, made[0].name), (name, made[1].name)]
    assert list(state.queues) == [(name, name), (name, "plain")]
    assert [each.log_id for each in state.queues.values()] == [1, 2]
    assert state.next_log_id == 3


@pytest.mark.parametrize("rolled", [False, True])
@pytest.mark.parametrize("name", ["p", "", LONG + LONG, "\udcff", "a\nb"])
def test_policies_come_back_as_they_were(name, rolled):
    definitions = opened()
    made = [
        policy(name, pattern=LONG, apply_to="queues", priority=-5, definition={"message-ttl": 10**30, "overflow": "é"}),
        policy(name, operator=True, priority=1.5),
        policy(name, "other", pattern="\udcff"),
    ]
    for each in (policy(name, definition={"expires": 1}), *made, policy("gone"), policy("gone", operator=True)):
        definitions.policy_set(each, 1)
    definitions.policy_cleared("/", "gone", 1, operator=False)
    definitions.policy_cleared("/", "gone", 1, operator=True)
    definitions.policy_cleared("/", "never", 1, operator=True)
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    state = reopened(definitions).state
    assert [values(each) for each in state.policies.values()] == [values(each) for each in made]
    assert list(state.policies) == [("/", False, name), ("/", True, name), ("other", False, name)]


@pytest.mark.parametrize("rolled", [False, True])
def test_what_is_set_of_virtual_hosts_comes_back(rolled):
    definitions = opened()
    definitions.vhost_set("é", {"default_queue_type": "stream"}, 1)
    definitions.vhost_set("/", {}, 1)
    definitions.vhost_set("é", {"default_queue_type": "quorum", "more": [1, None]}, 1)
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    assert reopened(definitions).state.vhosts == {"é": {"default_queue_type": "quorum", "more": [1, None]}, "/": {}}


@pytest.mark.parametrize("rolled", [False, True])
def test_users_and_permissions_come_back(rolled):
    definitions = opened()
    bob = {"name": "bob", "password_hash": "", "hashing_algorithm": "h", "tags": ["a", "é"], "limits": {"n": -1}}
    for user in ({**bob, "tags": []}, bob, {"name": "gone"}):
        definitions.user_set(user, 1)
    for user, vhost in (("bob", "/"), ("bob", "é"), ("gone", "/")):
        definitions.permissions_set(user, vhost, {"configure": "\udcff", "write": "", "read": ".*"}, 1)
        definitions.topic_permissions_set(user, vhost, "amq.topic", {"write": "^a", "read": ""}, 1)
    definitions.user_deleted("gone", 1)
    definitions.vhost_deleted("é", 1)
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    state = reopened(definitions).state
    assert state.users == {"bob": bob}
    assert state.permissions == {("bob", "/"): {"configure": "\udcff", "write": "", "read": ".*"}}
    assert state.topic_permissions == {("bob", "/", "amq.topic"): {"write": "^a", "read": ""}}


def test_a_virtual_host_that_goes_takes_all_along_that_is_in_it():
    definitions = opened()
    for vhost in ("/", "gone"):
        definitions.vhost_set(vhost, {}, 1)
        definitions.exchange_declared(exchange("x", vhost=vhost), 1)
        definitions.queue_declared(queue(definitions, "q", vhost), 1)
        definitions.bound(binding("x", "q", "k", vhost), 1)
        definitions.bound(binding("amq.topic", "amq.fanout", "", vhost, to_exchange=True), 1)
        definitions.policy_set(policy("p", vhost), 1)
    definitions.vhost_deleted("gone", 1)
    definitions.vhost_deleted("gone", 1)
    commit(definitions)
    state = reopened(definitions).state
    assert state.vhost_names == {"/": None}
    assert {each.vhost for each in state.bindings.values()} == {"/"}
    assert len(state.bindings) == 2


def test_virtual_hosts_are_known_by_what_is_in_them():
    """What was written before there were several says nothing of the one there was."""
    definitions = opened()
    definitions.queue_declared(queue(definitions, "q", "old"), 1)
    definitions.policy_set(policy("p", "older"), 1)
    commit(definitions)
    assert reopened(definitions).state.vhost_names == {"old": None, "older": None}


def test_a_folder_without_definitions():
    definitions = opened()
    assert said(definitions.state) == said(State())
    assert definitions.state.marks is None
    assert definitions.next_log_id() == 1
    assert not definitions.writer.has_work


def test_what_was_not_committed_is_gone_and_its_number_free():
    definitions = opened()
    definitions.queue_declared(queue(definitions), 1)
    commit(definitions)
    definitions.queue_declared(queue(definitions, "q2"), 1)
    again = reopened(definitions)
    assert list(again.state.queues) == [("/", "q")]
    assert again.next_log_id() == 2


@pytest.mark.parametrize("rolled", [False, True])
def test_log_ids_are_never_given_again(rolled):
    definitions = opened()
    for name in ("a", "b"):
        definitions.queue_declared(queue(definitions, name), 1)
        definitions.queue_deleted("/", name, 1)
    commit(definitions)
    definitions.skip_log_ids(10)
    definitions.skip_log_ids(5)
    assert definitions.next_log_id() == 10
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    # One that no queue was declared with counts only once a checkpoint says so.
    assert reopened(definitions).next_log_id() == (11 if rolled else 3)


def test_what_goes_takes_its_bindings_along():
    definitions = opened()
    for name in "xy":
        definitions.exchange_declared(exchange(name), 1)
        definitions.queue_declared(queue(definitions, name), 1)
    for source in ("x", "y", "amq.topic"):
        for destination in ("x", "y"):
            for to_exchange in (False, True):
                definitions.bound(binding(source, destination, to_exchange=to_exchange), 1)
    definitions.exchange_deleted("/", "x", 1)
    definitions.queue_deleted("/", "y", 1)
    left = [("y", "x", False), ("y", "y", True), ("amq.topic", "x", False), ("amq.topic", "y", True)]
    commit(definitions)
    for state in (definitions.state, reopened(definitions).state):
        assert [(each.source, each.destination, each.to_exchange) for each in state.bindings.values()] == left
    definitions = reopened(definitions)
    definitions.queue_deleted("/", "x", 1)
    definitions.unbound(binding("amq.topic", "y", to_exchange=True), 1)
    assert list(definitions.state.bindings) == [binding("y", "y", to_exchange=True).identity]
    definitions.exchange_deleted("/", "y", 1)
    assert not definitions.state.bindings
    assert not definitions.state._bindings_of


def test_who_comes_under_a_name_does_not_inherit_its_bindings():
    definitions = opened()
    definitions.bound(binding("x", "q"), 1)
    definitions.exchange_declared(exchange("x"), 1)
    assert not definitions.state.bindings
    definitions.bound(binding("x", "q"), 1)
    definitions.queue_declared(queue(definitions), 1)
    assert not definitions.state.bindings


def test_the_same_binding_is_one_whatever_the_order_of_its_arguments():
    definitions = opened()
    definitions.bound(binding(arguments={"a": 1, "b": 2}), 1)
    offset = definitions.writer.next_offset
    definitions.bound(binding(arguments={"b": 2, "a": 1}), 1)
    definitions.unbound(binding(arguments={"b": 2, "a": Long(1)}), 1)
    assert definitions.writer.next_offset == offset
    definitions.unbound(binding(arguments={"b": 2, "a": 1}), 1)
    commit(definitions)
    assert not reopened(definitions).state.bindings


def test_what_changes_nothing_is_not_written():
    definitions = opened()
    definitions.exchange_deleted("/", "x", 1)
    definitions.queue_deleted("/", "q", 1)
    definitions.unbound(binding(), 1)
    assert not definitions.writer.has_work


def test_a_definition_that_cannot_be_written_leaves_everything_as_it_was():
    definitions = opened()
    for change in (
        lambda: definitions.exchange_declared(exchange("x" * 256), 1),
        lambda: definitions.queue_declared(queue(definitions, arguments={"a": 1j}), 1),
        lambda: definitions.bound(binding(key="x" * 256), 1),
    ):
        with pytest.raises(ValueError):
            change()
    assert not definitions.writer.has_work
    assert not any((definitions.state.exchanges, definitions.state.queues, definitions.state.bindings))


def test_a_deletion_that_takes_nothing_but_bindings_along_is_written():
    """Damage may have taken the exchange. Its deletion was not written, and the bindings came back with a restart."""
    definitions = opened()
    definitions.bound(binding("x", "q"), 1)
    definitions.exchange_deleted("/", "x", 1)
    definitions.bound(binding("x", "q"), 1)
    definitions.queue_deleted("/", "q", 1)
    commit(definitions)
    assert not reopened(definitions).state.bindings


# Starts and stops.


@pytest.mark.parametrize("rolled", [False, True])
def test_marks_of_a_clean_stop(rolled):
    definitions = opened()
    definitions.started(1)
    marks = {1: 0, 2**40: 2**50}
    definitions.stopped(marks, 2)
    if rolled:
        definitions.writer.roll()
    commit(definitions)
    again = reopened(definitions)
    assert (again.state.marks, again.state.generation) == (marks, 1)
    again.started(3)
    assert again.state.marks is None
    if rolled:
        again.writer.roll()
    commit(again)
    # Killed now.
    killed = reopened(again)
    assert (killed.state.marks, killed.state.generation) == (None, 2)


def test_a_clean_stop_without_any_queue():
    definitions = opened()
    definitions.stopped({}, 1)
    commit(definitions)
    assert reopened(definitions).state.marks == {}


# Checkpoints.


def paths(definitions):
    return sorted(path for path in definitions.log.files.entries if path.endswith(".segment"))


def test_endless_declaring_and_deleting_stays_small(monkeypatch):
    monkeypatch.setattr(module, "SEGMENT_BYTES", 4000)
    definitions = opened()
    definitions.exchange_declared(exchange(arguments=AWKWARD), 1)
    definitions.queue_declared(queue(definitions, "stays"), 1)
    definitions.bound(binding(destination="stays"), 1)
    largest = 0
    for number in range(3000):
        definitions.queue_declared(queue(definitions, f"goes.{number}"), number)
        definitions.bound(binding(destination=f"goes.{number}", key="k"), number)
        definitions.queue_deleted("/", f"goes.{number}", number)
        if number % 5 == 0:
            commit(definitions)
            largest = max(largest, sum(len(inode.now) for inode in definitions.log.files.entries.values()))
            assert len(paths(definitions)) <= 3
        if number % 700 == 0:
            before = said(definitions.state)
            commit(definitions)
            definitions = reopened(definitions)
            assert said(definitions.state) == before
    # 430 KB were written.
    assert largest < 20_000
    assert definitions.log.segments[0].number > 50
    assert list(definitions.state.queues) == [("/", "stays")]
    assert definitions.state.next_log_id == 3002


def test_a_checkpoint_larger_than_a_segment_is_not_repeated_with_every_commit(small):
    definitions = opened()
    for number in range(200):
        definitions.queue_declared(queue(definitions, f"q.{number}"), 1)
    commit(definitions)
    for number in range(400):
        definitions.queue_declared(queue(definitions, f"q.{number}"), 1)
        commit(definitions)
        if number % 50 == 0:
            definitions = reopened(definitions)
    assert 2 <= definitions.log.segments[-1].number <= 8


def test_a_checkpoint_larger_than_a_segment_is_not_repeated_with_every_start(small):
    definitions = opened()
    for number in range(200):
        definitions.queue_declared(queue(definitions, f"q.{number}"), 1)
    commit(definitions)
    for _ in range(50):
        definitions.started(1)
        commit(definitions)
        definitions = reopened(definitions)
    assert definitions.log.segments[-1].number <= 2


def test_what_arrives_while_a_segment_is_left_does_not_leave_the_next_one(small):
    definitions = opened()
    for _ in range(10):
        definitions.exchange_declared(exchange(arguments=AWKWARD), 1)
        commit(definitions)
        if definitions.writer.rolling:
            break
    definitions.exchange_declared(exchange("on its way"), 1)
    pending = definitions.writer.take_pending()
    assert pending.create
    definitions.exchange_declared(exchange("meanwhile"), 1)
    assert not definitions.writer.rolling
    pending.perform()
    definitions.writer.committed(pending)
    commit(definitions)
    assert list(reopened(definitions).state.exchanges) == [("/", "x"), ("/", "on its way"), ("/", "meanwhile")]


def test_the_segment_before_the_newest_is_kept_and_no_other(small):
    definitions = opened()
    for number in range(50):
        definitions.exchange_declared(exchange(str(number % 5), arguments={"n": number}), 1)
        commit(definitions)
    assert [segment.number for segment in definitions.log.segments] == [
        definitions.log.segments[-1].number - 1,
        definitions.log.segments[-1].number,
    ]
    # After a start as well.
    definitions = reopened(definitions)
    definitions.writer.roll()
    commit(definitions)
    commit(definitions)
    assert len(definitions.log.segments) == len(paths(definitions)) == 2


# Damage.


def history(definitions, count=12):
    """A commit a change; returns what the log says after each of them."""
    states = []
    for number in range(count):
        definitions.queue_declared(queue(definitions, f"q{number}", arguments={"n": number}), 1)
        definitions.bound(binding("amq.topic", f"q{number}", str(number)), 1)
        commit(definitions)
        states.append(said(definitions.state))
    return states


def chunks(definitions, kinds):
    """(segment, batch) of each kind, from the first."""
    found = []
    for segment in definitions.log.segments:
        end = definitions.log.files.open(segment.path)
        data = end.read(0, end.size())
        at = 64
        while at < segment.end:
            size = int.from_bytes(data[at + 16 : at + 20], "little")
            if data[at + 9] in kinds:
                found.append((segment, at, at + 64 + size))
            at += 64 + size
    return found


def flip(definitions, segment, position):
    definitions.log.files.entries[segment.path].now[position] ^= 0x10


@pytest.mark.parametrize("byte", [0, 20, 64, -1])
def test_a_damaged_change_is_told_and_the_rest_there(byte):
    definitions = opened()
    history(definitions)
    segment, begin, end = chunks(definitions, {Kind.USER})[4]
    flip(definitions, segment, begin + byte if byte >= 0 else end + byte)
    definitions.stopped({1: 1}, 1)
    commit(definitions)
    again = reopened(definitions)
    assert [name for _, name in again.state.queues] == [f"q{number}" for number in range(12) if number != 4]
    assert [str(damage) for damage in again.log.damages] == [
        f"{segment.path}: bytes {begin} to {end - 1} are damaged and set aside; offsets 8 to 9 are lost"
    ]
    assert again.damaged
    # What was lost may have said that a run began.
    assert again.state.marks is None
    # It is put into a new segment and told no more.
    before = said(again.state)
    commit(again)
    once_more = reopened(again)
    assert said(once_more.state) == before
    assert not once_more.damaged
    once_more.exchange_declared(exchange(), 1)
    commit(once_more)
    assert list(reopened(once_more).state.exchanges) == [("/", "x")]


@pytest.mark.parametrize("byte", [0, 20, 64, -1])
def test_a_damaged_checkpoint_costs_nothing_as_long_as_the_segment_before_it_stands(byte, small):
    definitions = opened()
    states = history(definitions, 40)
    assert len(definitions.log.segments) == 2
    segment, begin, end = chunks(definitions, {Kind.CHECKPOINT})[-1]
    assert segment is definitions.log.active
    flip(definitions, segment, begin + byte if byte >= 0 else end + byte)
    again = reopened(definitions)
    assert said(again.state) == states[-1]
    assert [(damage.path, damage.position) for damage in again.log.damages] == [(segment.path, begin)]
    # Nothing it is made from goes before a good checkpoint is safe.
    pending = again.writer.take_pending()
    pending.write()
    assert said(opened(FaultyFiles.after_kill(again.log.files, Random(0))).state) == states[-1]


def test_a_disk_that_refuses_while_a_damaged_checkpoint_is_replaced(small):
    definitions = opened()
    states = history(definitions, 40)
    segment, begin, _ = chunks(definitions, {Kind.CHECKPOINT})[-1]
    flip(definitions, segment, begin)
    again = reopened(definitions)
    files = again.log.files

    def full(verb, size=0):
        """No room to write; files are still removed."""
        if verb == "write":
            raise OSError(ENOSPC, "full")
        return size

    files.step = full
    for _ in range(3):
        pending = again.writer.take_pending()
        with pytest.raises(OSError):
            pending.perform()
        again.writer.failed(pending)
        assert said(opened(files).state) == states[-1]
    del files.step
    commit(again)
    assert said(reopened(again).state) == states[-1]


def test_a_checkpoint_that_only_reading_through_finds(small):
    """The newest one is damaged, and so is the index of the segment before."""
    definitions = opened()
    states = history(definitions, 40)
    older, newest = definitions.log.segments
    flip(definitions, newest, chunks(definitions, {Kind.CHECKPOINT})[-1][1])
    flip(definitions, older, older.waypoint + 70)
    again = reopened(definitions)
    assert said(again.state) == states[-1]
    assert again.damaged


@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_segment_header(small, number):
    definitions = opened()
    states = history(definitions, 40)
    flip(definitions, definitions.log.segments[number], 9)
    again = reopened(definitions)
    assert said(again.state) == states[-1]
    assert len(again.log.damages) == 1


def test_a_log_that_is_nothing_but_damage():
    definitions = opened()
    history(definitions)
    for segment in definitions.log.segments:
        definitions.log.files.entries[segment.path].now[:64] = bytes(64)
    again = reopened(definitions)
    assert said(again.state) == said(State())
    assert len(again.log.damages) == 1
    again.exchange_declared(exchange(), 1)
    commit(again)
    assert list(reopened(again).state.exchanges) == [("/", "x")]


def test_any_byte_changed(small):
    """Wherever it is: opening goes on, nothing is there that was not, and what comes next is kept."""
    definitions = opened()
    states = history(definitions, 20)
    names = {name for _, name in definitions.state.queues}
    for segment in definitions.log.segments:
        inode = definitions.log.files.entries[segment.path]
        for position in range(0, len(inode.now), 11):
            inode.now[position] ^= 0x10
            files = FaultyFiles(Random(0))
            for path, other in definitions.log.files.entries.items():
                files.open(path, create=True).write(0, bytes(other.now))
            inode.now[position] ^= 0x10
            again = opened(files)
            assert {name for _, name in again.state.queues} <= names
            assert said(again.state) == states[-1] or again.log.damages or again.log.repairs
            again.exchange_declared(exchange("new"), 1)
            before = said(again.state)
            commit(again)
            assert said(reopened(again).state) == before


# Records that are not understood.


def written(*raw):
    """A log with these records."""
    files = FaultyFiles(Random(0))
    writer = LogWriter(Log.open(files, FOLDER, "d"), salt=7)
    writer.append([records.started(1), *raw], 1)
    pending = writer.take_pending()
    pending.perform()
    writer.committed(pending)
    return files


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "has format version None; this leveret reads 1"),
        (b"\1", "is of a kind that this leveret does not know, None"),
        (b"\2\1", "has format version 2; this leveret reads 1"),
        (b"\1\x63xyz", "is of a kind that this leveret does not know, 99"),
        (records.exchange_deleted("/", "x") + b"?", "is not as its kind should be"),
        (records.queue_deleted("/", "x")[:-1], "is not as its kind should be"),
        (records.started(1) + b"?", "is not as its kind should be"),
        (records.stopped({1: 2})[:-1], "is not as its kind should be"),
        (records.exchange_declared(exchange(arguments={"a": 1})) + b"?", "is not as its kind should be"),
        (records.policy_set(policy()) + b"?", "is not as its kind should be"),
        (records.policy_cleared("/", "p", operator=False).replace(b"name", b"nome"), "is not as its kind should be"),
        (records.vhost_set("/", {})[:-2] + b"[]", "is not as its kind should be"),
        (records.vhost_set("/", {})[:-2] + b"\xff", "is not as its kind should be"),
    ],
)
def test_a_record_that_is_not_understood_stops_the_opening(raw, why):
    files = written(raw)
    with pytest.raises(UnreadableRecord) as caught:
        opened(files)
    assert isinstance(caught.value, StoreError)
    assert str(caught.value) == f"{FOLDER}/d.00000000.{0:020d}.segment: the record at offset 1 {why}"
    assert (caught.value.path, caught.value.offset) == (f"{FOLDER}/d.00000000.{0:020d}.segment", 1)


def test_a_record_cut_anywhere_is_not_understood():
    definitions = opened()
    for whole in (
        records.exchange_declared(exchange(arguments=AWKWARD)),
        records.queue_declared(queue(definitions, arguments=AWKWARD)),
        records.bound(binding(key="k", arguments=AWKWARD)),
        records.unbound(binding()),
        records.queue_deleted("/", "q"),
        records.exchange_deleted("/", "q"),
        records.started(5),
        records.policy_set(policy()),
        records.policy_cleared("/", "p", operator=True),
        records.vhost_set("/", {"default_queue_type": "quorum"}),
    ):
        records.replay(whole, State())
        for end in range(len(whole)):
            with pytest.raises(ValueError):
                records.replay(whole[:end], State())


def test_noise_is_not_understood():
    random = Random(1)
    for _ in range(20_000):
        raw = bytes((1, random.randint(1, 9))) + random.randbytes(random.choice((0, 3, 8, 16, 30)))
        try:
            records.replay(raw, State())
        except ValueError:
            pass


# Crashes.


def life(definitions):
    """Changes and commits; yields after each of them whether all before it are confirmed."""
    definitions.started(1)
    yield False
    for number in range(6):
        definitions.exchange_declared(exchange(f"x{number}", arguments={"n": number}), 1)
        yield False
        definitions.queue_declared(queue(definitions, f"q{number}"), 1)
        yield False
        definitions.bound(binding(f"x{number}", f"q{number}", "k" * 50), 1)
        yield False
        commit(definitions)
        yield True
        if number % 2:
            definitions.queue_deleted("/", f"q{number - 1}", 1)
            yield False
            definitions.unbound(binding(f"x{number}", f"q{number}", "k" * 50), 1)
            yield False
        if number == 4:
            definitions.writer.roll()
    definitions.stopped({1: 5}, 1)
    yield False
    commit(definitions)
    yield True


def lived(files):
    """What the log may say after a crash in this life: as of the last confirmed change, or of any later one."""
    allowed = [said(State())]
    try:
        definitions = opened(files)
        for confirmed in life(definitions):
            if confirmed:
                allowed.clear()
            allowed.append(said(definitions.state))
    except PowerCut:
        pass
    return allowed


def goes_on(files, allowed):
    definitions = opened(files)
    assert said(definitions.state) in allowed
    assert not definitions.log.damages
    for number in range(8):
        definitions.exchange_declared(exchange(f"after {number}", arguments=AWKWARD), 1)
        definitions.queue_declared(queue(definitions, "after"), 1)
        commit(definitions)
        before = said(definitions.state)
        definitions = reopened(definitions)
        assert said(definitions.state) == before
        assert not definitions.log.damages


@pytest.mark.parametrize("cut", ["after_power_cut", "after_kill"])
@pytest.mark.parametrize("seed", range(6))
def test_the_power_goes_after_every_step(small, cut, seed):
    steps = 0
    whole = False
    while not whole:
        files = FaultyFiles(Random(seed))
        files.steps_left = steps
        allowed = lived(files)
        whole = files.steps_left >= 0
        goes_on(getattr(files, cut)(Random(seed * 1000 + steps)), allowed)
        steps += 1
    assert steps > 30


class Life:
    """Random changes, commits and refusals of the disk, and what was confirmed."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.files = FaultyFiles(self.random)
        self.crashes = 0
        self.definitions = opened(self.files)
        self.allowed = [said(self.definitions.state)]

    def change(self):
        definitions, random = self.definitions, self.random
        name, other = random.choice("abc"), random.choice("abc")
        link = binding(
            random.choice(("amq.topic", name)), other, random.choice(("", "k")), to_exchange=random.random() < 0.5
        )
        change = random.randrange(8)
        if change < 2:
            definitions.exchange_declared(exchange(name, arguments={"n": random.randrange(100)}), 1)
        elif change < 4:
            definitions.queue_declared(queue(definitions, name, arguments={"a": "x" * random.randrange(60)}), 1)
        elif change == 4:
            definitions.bound(link, 1)
        elif change == 5:
            definitions.unbound(link, 1)
        elif change == 6:
            definitions.queue_deleted("/", name, 1)
        else:
            definitions.exchange_deleted("/", name, 1)
        self.allowed.append(said(definitions.state))

    def commit(self):
        pending = self.definitions.writer.take_pending()
        if pending is None:
            return
        before = len(self.allowed) - 1
        if self.random.random() < 0.3:
            self.change()
        try:
            pending.perform()
        except OSError:
            self.definitions.writer.failed(pending)
        else:
            self.definitions.writer.committed(pending)
            del self.allowed[:before]

    def live(self, count):
        for _ in range(count):
            self.files.fault, self.files.fault_share = (ENOSPC, 0.3) if self.random.random() < 0.1 else (None, 0)
            self.random.choice((self.change, self.change, self.commit))()

    def crash(self):
        self.files.steps_left = self.random.randrange(40)
        try:
            while True:
                self.live(10)
        except PowerCut:
            self.crashes += 1
        self.files = self.files.after_power_cut(self.random)
        self.definitions = opened(self.files)
        found = said(self.definitions.state)
        assert found in self.allowed
        assert not self.definitions.log.damages
        assert len(self.definitions.log.segments) <= 5
        self.allowed = [found]


@pytest.mark.parametrize("first_seed", range(0, 120, 40))
def test_lives_with_crashes(monkeypatch, first_seed):
    for seed in range(first_seed, first_seed + 40):
        monkeypatch.setattr(module, "SEGMENT_BYTES", Random(seed).choice((1, 400, 3000)))
        life = Life(seed)
        for _ in range(5):
            life.live(20)
            life.crash()


# Speed.


def test_thousands_are_read_in_a_fraction_of_a_second(tmp_path):
    files = OsFiles()
    definitions = Definitions.open(files, str(tmp_path), salt=1, durability="os")
    begin = time.process_time()
    for number in range(10_000):
        name = f"tasks.{number}"
        definitions.queue_declared(queue(definitions, name, arguments={"x-message-ttl": 60_000}), 1)
        definitions.bound(binding("amq.topic", name, name, arguments={"fur": "brown"}), 1)
    # 8 µs a change on the machine it was written on.
    assert time.process_time() - begin < 2
    definitions.writer.roll()
    commit(definitions)
    definitions.writer.close()
    begin = time.process_time()
    again = Definitions.open(files, str(tmp_path), salt=1, durability="os")
    # 0.14 s.
    assert time.process_time() - begin < 1
    assert len(again.state.queues) == len(again.state.bindings) == 10_000
    assert said(again.state) == said(definitions.state)
    again.writer.close()
