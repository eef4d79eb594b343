"""The records of the definitions log: drawn here, written here, applied to a State here.

    record = u8 version (1), u8 kind, then by kind:

    1  exchange declared   virtual host, name, type (short strings), u8 flags (1 auto-delete, 2 internal), arguments
    2  exchange deleted    virtual host, name
    3  queue declared      virtual host, name, u64 log id, u8 flags (1 auto-delete), arguments
    4  queue deleted       virtual host, name
    5  bound               virtual host, source, destination, u8 flags (1 to an exchange), routing key, arguments
    6  unbound             as bound
    7  next log id         u64
    8  started             u64 generation
    9  stopped             for each durable queue: u64 log id, u64 offset
    10 policy set          virtual host, u8 flags (1 an operator's), JSON: name, pattern, apply-to, priority, definition
    11 policy cleared      virtual host, u8 flags (1 an operator's), JSON: name
    12 virtual host set    virtual host, JSON: what is set of it, as default_queue_type
    13 exchange declared   one with a log: as 1, with u64 log id behind the type
    14 virtual host gone   virtual host
    15 user set            JSON: name, password_hash, hashing_algorithm, tags, limits
    16 user deleted        JSON: name
    17 permissions set     virtual host, JSON: user, configure, write, read
    18 permissions cleared virtual host, JSON: user
    19 topic permissions   virtual host, JSON: user, exchange, write, read
    20 ... cleared         virtual host, JSON: user, exchange

Integers are little-endian as in ``streams``; a short string is one byte of length and UTF-8, arguments are a field
table as AMQP writes it; JSON is an object in ASCII up to the record's end. A checkpoint consists of the same records:
7, 8, 9 after a clean stop, then each 12, 15, 17, 19, 10, 1 or 13, 3 and 5 that still counts. To delete an exchange or
a queue takes its bindings along; an auto-delete exchange that goes because of that has its own record 2. To delete a
user takes its permissions along, and a virtual host that goes takes all that is in it.
"""

import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from struct import Struct, error
from typing import Any, Final

from broker.store.definition_state import (
    BindingDefinition,
    ExchangeDefinition,
    PolicyDefinition,
    QueueDefinition,
    State,
)
from protocol.amqp.tables import FieldTable, TableError, read_table, write_table

VERSION: Final = 1

_AUTO_DELETE: Final = 1
_INTERNAL: Final = 2
_TO_EXCHANGE: Final = 1
_OPERATOR: Final = 1
_NUMBER: Final = Struct("<Q")
_MARK: Final = Struct("<QQ")
_BODY: Final = 2


class Kind(IntEnum):
    """What a record says."""

    EXCHANGE_DECLARED = 1
    EXCHANGE_DELETED = 2
    QUEUE_DECLARED = 3
    QUEUE_DELETED = 4
    BOUND = 5
    UNBOUND = 6
    NEXT_LOG_ID = 7
    STARTED = 8
    STOPPED = 9
    POLICY_SET = 10
    POLICY_CLEARED = 11
    VHOST_SET = 12
    EXCHANGE_WITH_LOG = 13
    VHOST_DELETED = 14
    USER_SET = 15
    USER_DELETED = 16
    PERMISSIONS_SET = 17
    PERMISSIONS_CLEARED = 18
    TOPIC_PERMISSIONS_SET = 19
    TOPIC_PERMISSIONS_CLEARED = 20


_VERSION: Final = bytes((VERSION,))
_HEADS: Final = {kind: bytes((VERSION, kind)) for kind in Kind}


# --- writing ---


def exchange_declared(exchange: ExchangeDefinition) -> bytes:
    """Made once and kept in the definition, as those of queues, bindings and policies: checkpoints repeat them."""
    if not exchange.record:
        flags = exchange.auto_delete * _AUTO_DELETE + exchange.internal * _INTERNAL
        exchange.record = b"".join(
            (
                _HEADS[Kind.EXCHANGE_WITH_LOG if exchange.log_id else Kind.EXCHANGE_DECLARED],
                _short(exchange.vhost),
                _short(exchange.name),
                _short(exchange.kind),
                _NUMBER.pack(exchange.log_id) if exchange.log_id else b"",
                bytes((flags,)),
                write_table(exchange.arguments),
            )
        )
    return exchange.record


def exchange_deleted(vhost: str, name: str) -> bytes:
    return b"".join((_HEADS[Kind.EXCHANGE_DELETED], _short(vhost), _short(name)))


def queue_declared(queue: QueueDefinition) -> bytes:
    if not queue.record:
        queue.record = b"".join(
            (
                _HEADS[Kind.QUEUE_DECLARED],
                _short(queue.vhost),
                _short(queue.name),
                _NUMBER.pack(queue.log_id),
                bytes((queue.auto_delete * _AUTO_DELETE,)),
                write_table(queue.arguments),
            )
        )
    return queue.record


def queue_deleted(vhost: str, name: str) -> bytes:
    return b"".join((_HEADS[Kind.QUEUE_DELETED], _short(vhost), _short(name)))


def bound(binding: BindingDefinition) -> bytes:
    if not binding.record:
        binding.record = _HEADS[Kind.BOUND] + _binding(binding)
    return binding.record


def unbound(binding: BindingDefinition) -> bytes:
    return _HEADS[Kind.UNBOUND] + _binding(binding)


def policy_set(policy: PolicyDefinition) -> bytes:
    if not policy.record:
        said = {
            "name": policy.name,
            "pattern": policy.pattern,
            "apply-to": policy.apply_to,
            "priority": policy.priority,
            "definition": policy.definition,
        }
        policy.record = _HEADS[Kind.POLICY_SET] + _policy(policy.vhost, policy.operator, said)
    return policy.record


def policy_cleared(vhost: str, name: str, *, operator: bool) -> bytes:
    return _HEADS[Kind.POLICY_CLEARED] + _policy(vhost, operator, {"name": name})


def vhost_set(name: str, metadata: Mapping[str, Any]) -> bytes:
    return _of_vhost(Kind.VHOST_SET, name, metadata)


def vhost_deleted(name: str) -> bytes:
    return _HEADS[Kind.VHOST_DELETED] + _short(name)


def user_set(user: Mapping[str, Any]) -> bytes:
    return _HEADS[Kind.USER_SET] + _json(user)


def user_deleted(name: str) -> bytes:
    return _HEADS[Kind.USER_DELETED] + _json({"name": name})


def permissions_set(user: str, vhost: str, patterns: Mapping[str, str]) -> bytes:
    return _of_vhost(Kind.PERMISSIONS_SET, vhost, {"user": user, **patterns})


def permissions_cleared(user: str, vhost: str) -> bytes:
    return _of_vhost(Kind.PERMISSIONS_CLEARED, vhost, {"user": user})


def topic_permissions_set(user: str, vhost: str, exchange: str, patterns: Mapping[str, str]) -> bytes:
    return _of_vhost(Kind.TOPIC_PERMISSIONS_SET, vhost, {"user": user, "exchange": exchange, **patterns})


def topic_permissions_cleared(user: str, vhost: str, exchange: str) -> bytes:
    return _of_vhost(Kind.TOPIC_PERMISSIONS_CLEARED, vhost, {"user": user, "exchange": exchange})


def started(generation: int) -> bytes:
    return _HEADS[Kind.STARTED] + _NUMBER.pack(generation)


def stopped(marks: Mapping[int, int]) -> bytes:
    return b"".join((_HEADS[Kind.STOPPED], *(_MARK.pack(log_id, offset) for log_id, offset in marks.items())))


def checkpoint(state: State) -> list[bytes]:
    """The records that make this state from an empty one. 10,000 queues with as many bindings: 1 ms."""
    records = [_HEADS[Kind.NEXT_LOG_ID] + _NUMBER.pack(state.next_log_id), started(state.generation)]
    if state.marks is not None:
        records.append(stopped(state.marks))
    records += [vhost_set(name, metadata) for name, metadata in state.vhosts.items()]
    records += map(user_set, state.users.values())
    records += [permissions_set(*at, patterns) for at, patterns in state.permissions.items()]
    records += [topic_permissions_set(*at, patterns) for at, patterns in state.topic_permissions.items()]
    records += map(policy_set, state.policies.values())
    records += map(exchange_declared, state.exchanges.values())
    records += map(queue_declared, state.queues.values())
    records += map(bound, state.bindings.values())
    return records


def _binding(binding: BindingDefinition) -> bytes:
    return b"".join(
        (
            _short(binding.vhost),
            _short(binding.source),
            _short(binding.destination),
            bytes((binding.to_exchange * _TO_EXCHANGE,)),
            _short(binding.routing_key),
            write_table(binding.arguments),
        )
    )


def _policy(vhost: str, operator: bool, said: Mapping[str, Any]) -> bytes:
    return b"".join((_short(vhost), bytes((operator * _OPERATOR,)), _json(said)))


def _of_vhost(kind: Kind, vhost: str, said: Mapping[str, Any]) -> bytes:
    return b"".join((_HEADS[kind], _short(vhost), _json(said)))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _short(text: str) -> bytes:
    raw = text.encode(errors="surrogateescape")
    return bytes((len(raw),)) + raw


# --- reading ---


def replay(record: bytes, state: State) -> None:
    """Apply a record to a state. Raises ValueError, which says why, where this leveret does not understand it."""
    if not record.startswith(_VERSION):
        raise ValueError(f"has format version {record[0] if record else None}; this leveret reads {VERSION}")
    kind = record[1] if len(record) > 1 else None
    reader = _READERS.get(kind)
    if reader is None:
        raise ValueError(f"is of a kind that this leveret does not know, {kind}")
    try:
        reader(record, state)
    except (IndexError, KeyError, TypeError, error, TableError, json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("is not as its kind should be") from None


def _read_exchange(record: bytes, state: State) -> None:
    vhost, pos = _text(record, _BODY)
    name, pos = _text(record, pos)
    kind, pos = _text(record, pos)
    log_id = 0
    if record[1] == Kind.EXCHANGE_WITH_LOG:
        (log_id,) = _NUMBER.unpack_from(record, pos)
        pos += _NUMBER.size
    exchange = ExchangeDefinition(
        vhost,
        name,
        kind,
        auto_delete=bool(record[pos] & _AUTO_DELETE),
        internal=bool(record[pos] & _INTERNAL),
        arguments=_arguments(record, pos + 1),
        log_id=log_id,
    )
    exchange.record = record
    state.declare_exchange(exchange)


def _read_exchange_deleted(record: bytes, state: State) -> None:
    state.delete_exchange(*_vhost_and_name(record))


def _read_queue(record: bytes, state: State) -> None:
    vhost, pos = _text(record, _BODY)
    name, pos = _text(record, pos)
    (log_id,) = _NUMBER.unpack_from(record, pos)
    pos += _NUMBER.size
    auto_delete = bool(record[pos] & _AUTO_DELETE)
    queue = QueueDefinition(vhost, name, log_id, auto_delete=auto_delete, arguments=_arguments(record, pos + 1))
    queue.record = record
    state.declare_queue(queue)


def _read_queue_deleted(record: bytes, state: State) -> None:
    state.delete_queue(*_vhost_and_name(record))


def _read_bound(record: bytes, state: State) -> None:
    binding = _read_binding(record)
    binding.record = record
    state.bind(binding)


def _read_unbound(record: bytes, state: State) -> None:
    state.unbind(_read_binding(record))


def _read_binding(record: bytes) -> BindingDefinition:
    vhost, pos = _text(record, _BODY)
    source, pos = _text(record, pos)
    destination, pos = _text(record, pos)
    to_exchange = bool(record[pos] & _TO_EXCHANGE)
    routing_key, pos = _text(record, pos + 1)
    return BindingDefinition(
        vhost,
        source,
        destination,
        to_exchange=to_exchange,
        routing_key=routing_key,
        arguments=_arguments(record, pos),
    )


def _read_policy(record: bytes, state: State) -> None:
    vhost, operator, said = _policy_fields(record)
    policy = PolicyDefinition(
        vhost,
        said["name"],
        operator=operator,
        pattern=said["pattern"],
        apply_to=said["apply-to"],
        priority=said["priority"],
        definition=said["definition"],
    )
    policy.record = record
    state.set_policy(policy)


def _read_policy_cleared(record: bytes, state: State) -> None:
    vhost, operator, said = _policy_fields(record)
    state.clear_policy(vhost, said["name"], operator=operator)


def _policy_fields(record: bytes) -> tuple[str, bool, dict[str, Any]]:
    vhost, pos = _text(record, _BODY)
    return vhost, bool(record[pos] & _OPERATOR), _object(record, pos + 1)


def _read_vhost(record: bytes, state: State) -> None:
    state.set_vhost(*_said_of_vhost(record))


def _read_vhost_deleted(record: bytes, state: State) -> None:
    name, pos = _text(record, _BODY)
    _check_end(record, pos)
    state.delete_vhost(name)


def _read_user(record: bytes, state: State) -> None:
    state.set_user(_object(record, _BODY))


def _read_user_deleted(record: bytes, state: State) -> None:
    state.delete_user(_object(record, _BODY)["name"])


def _read_permissions(record: bytes, state: State) -> None:
    vhost, said = _said_of_vhost(record)
    state.permissions[said.pop("user"), vhost] = said


def _read_permissions_cleared(record: bytes, state: State) -> None:
    vhost, said = _said_of_vhost(record)
    state.permissions.pop((said["user"], vhost), None)


def _read_topic_permissions(record: bytes, state: State) -> None:
    vhost, said = _said_of_vhost(record)
    state.topic_permissions[said.pop("user"), vhost, said.pop("exchange")] = said


def _read_topic_permissions_cleared(record: bytes, state: State) -> None:
    vhost, said = _said_of_vhost(record)
    state.topic_permissions.pop((said["user"], vhost, said["exchange"]), None)


def _said_of_vhost(record: bytes) -> tuple[str, dict[str, Any]]:
    vhost, pos = _text(record, _BODY)
    return vhost, _object(record, pos)


def _read_next_log_id(record: bytes, state: State) -> None:
    state.next_log_id = max(state.next_log_id, _number(record))


def _read_started(record: bytes, state: State) -> None:
    state.started(_number(record))


def _read_stopped(record: bytes, state: State) -> None:
    state.marks = dict(_MARK.iter_unpack(record[_BODY:]))


_READERS: dict[int | None, Callable[[bytes, State], None]] = {
    Kind.EXCHANGE_DECLARED: _read_exchange,
    Kind.EXCHANGE_WITH_LOG: _read_exchange,
    Kind.EXCHANGE_DELETED: _read_exchange_deleted,
    Kind.QUEUE_DECLARED: _read_queue,
    Kind.QUEUE_DELETED: _read_queue_deleted,
    Kind.BOUND: _read_bound,
    Kind.UNBOUND: _read_unbound,
    Kind.NEXT_LOG_ID: _read_next_log_id,
    Kind.STARTED: _read_started,
    Kind.STOPPED: _read_stopped,
    Kind.POLICY_SET: _read_policy,
    Kind.POLICY_CLEARED: _read_policy_cleared,
    Kind.VHOST_SET: _read_vhost,
    Kind.VHOST_DELETED: _read_vhost_deleted,
    Kind.USER_SET: _read_user,
    Kind.USER_DELETED: _read_user_deleted,
    Kind.PERMISSIONS_SET: _read_permissions,
    Kind.PERMISSIONS_CLEARED: _read_permissions_cleared,
    Kind.TOPIC_PERMISSIONS_SET: _read_topic_permissions,
    Kind.TOPIC_PERMISSIONS_CLEARED: _read_topic_permissions_cleared,
}


def _number(record: bytes) -> int:
    _check_end(record, _BODY + _NUMBER.size)
    number: int = _NUMBER.unpack_from(record, _BODY)[0]
    return number


def _vhost_and_name(record: bytes) -> tuple[str, str]:
    vhost, pos = _text(record, _BODY)
    name, pos = _text(record, pos)
    _check_end(record, pos)
    return vhost, name


def _text(record: bytes, pos: int) -> tuple[str, int]:
    """A short string and where it ends; one that is cut short ends behind the record, which ``_check_end`` finds."""
    end = pos + 1 + record[pos]
    return record[pos + 1 : end].decode(errors="surrogateescape"), end


def _object(record: bytes, pos: int) -> dict[str, Any]:
    """The JSON object that ends the record."""
    found = json.loads(record[pos:])
    if not isinstance(found, dict):
        raise TypeError
    return found


def _arguments(record: bytes, pos: int) -> FieldTable:
    """The table that ends the record."""
    table, pos = read_table(record, pos)
    _check_end(record, pos)
    return table


def _check_end(record: bytes, pos: int) -> None:
    if pos != len(record):
        raise IndexError
