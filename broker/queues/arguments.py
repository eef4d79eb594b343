"""Arguments of queue.declare and basic.consume: what each must be, which queue types know it, the words of refusal.

The table serves the validation of a new queue and the equivalence of a redeclared one. It holds arguments whose
behaviour stands elsewhere or comes later, because clients meet the refusals first. Rows stand in RabbitMQ's order, so
that of several wrong arguments the same one is reported. Source: RabbitMQ, rabbit_amqqueue:declare_args/0 and the
queue types' capabilities, as RabbitMQ 4.0 was seen to apply them. Policies never come here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from broker.field_values import as_term, as_text, comparable
from broker.profile import Profile
from broker.queues import offset_argument
from protocol.amqp.errors import SoftError, precondition_failed
from protocol.amqp.tables import Timestamp, wire_type

Arguments = Mapping[str, Any]
# Gives the Erlang term that RabbitMQ prints as the reason, or None where the value is good.
Check = Callable[[Any, Arguments], str | None]

EXPIRY_MAX_MS = 315_360_000_000  # ten years
PRIORITY_MAX = 255
SEGMENT_BYTES_MAX = 3_000_000_000
FILTER_BYTES_MIN = 16
FILTER_BYTES_MAX = 255

CLASSIC = "classic"
QUORUM = "quorum"
STREAM = "stream"
# Queue types a client may ask for.
SUPPORTED_TYPES = (CLASSIC, QUORUM, STREAM)
DEFAULT_TYPE = CLASSIC
_DEFAULTED = (None, "", "undefined")


class Argument:
    """One row: the name, the check of its value, and the queue types that know it."""

    __slots__ = ("check", "name", "types")

    def __init__(self, name: str, check: Check, *types: str) -> None:
        self.name = name
        self.check = check
        self.types = types


Table = tuple[Argument, ...]


def queue_type(arguments: Arguments) -> str:
    """The type these arguments ask for; the default where they ask for none."""
    asked = arguments.get("x-queue-type")
    return DEFAULT_TYPE if asked in _DEFAULTED else as_text(asked)


def type_module(name: str) -> str:
    """RabbitMQ's own name of a queue type, as its error texts print it."""
    return f"rabbit_{name}_queue"


def anything(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001 - one signature for all checks
    return None


def is_integer(value: Any) -> bool:
    """An integer of any width; to Python a bool and a timestamp are integers too."""
    return isinstance(value, int) and not isinstance(value, (bool, Timestamp))


def integer(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001
    return None if is_integer(value) else f'"expected integer, got {wire_type(value)}"'


def boolean(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001
    return None if isinstance(value, bool) else _unacceptable(value)


def not_negative(value: Any, arguments: Arguments) -> str | None:
    return integer(value, arguments) or (f"{{value_negative,{value}}}" if value < 0 else None)


def positive(value: Any, arguments: Arguments) -> str | None:
    return not_negative(value, arguments) or ("{value_zero,0}" if value == 0 else None)


def duration_ms(value: Any, arguments: Arguments) -> str | None:
    too_large = is_integer(value) and value > EXPIRY_MAX_MS
    return not_negative(value, arguments) or (f"{{value_too_large,{value}}}" if too_large else None)


def expiry_ms(value: Any, arguments: Arguments) -> str | None:
    return "{value_zero,0}" if is_integer(value) and value == 0 else duration_ms(value, arguments)


def priority(value: Any, arguments: Arguments) -> str | None:
    refusal = not_negative(value, arguments)
    return refusal or (f"{{max_value_exceeded,{value}}}" if value > PRIORITY_MAX else None)


def text(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001
    return None if isinstance(value, (str, bytes)) else _unacceptable(value)


def dead_letter_key(value: Any, arguments: Arguments) -> str | None:
    if "x-dead-letter-exchange" not in arguments and isinstance(value, (str, bytes)):
        return "routing_key_but_no_dlx_defined"
    return text(value, arguments)


def one_of(refusal: str, *choices: str) -> Check:
    def check(value: Any, arguments: Arguments) -> str | None:
        return text(value, arguments) or (None if value in choices else refusal)

    return check


def queue_mode(value: Any, arguments: Arguments) -> str | None:
    known = value in {"default", "lazy"}
    return text(value, arguments) or (None if known else f"\"unsupported queue mode '{as_text(value)}'\"")


def queue_version(*versions: int) -> Check:
    def check(value: Any, arguments: Arguments) -> str | None:
        refusal = not_negative(value, arguments)
        return refusal or (None if value in versions else f"\"unsupported queue version '{value}'\"")

    return check


def supported_type(value: Any, arguments: Arguments) -> str | None:
    known = value in SUPPORTED_TYPES or value == "undefined"
    return text(value, arguments) or (None if known else f"\"unsupported queue type '{as_text(value)}'\"")


def age(value: Any, arguments: Arguments) -> str | None:
    """``7D``, ``12h``: a positive number and one unit of years, months, days, hours, minutes or seconds."""
    return text(value, arguments) or (None if offset_argument.span_ms(value) else "invalid_max_age")


def stream_offset(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001
    return offset_argument.refusal(value)


def stream_filter(value: Any, arguments: Arguments) -> str | None:  # noqa: ARG001
    """RabbitMQ takes values that are no texts for none, and crashes on an array where no value is left."""
    empty = isinstance(value, list) and not any(isinstance(inner, (str, bytes)) for inner in value)
    return f"{{invalid_stream_filter_arg,{{array,{as_term(value)}}}}}" if empty else None


def filled_text(value: Any, arguments: Arguments) -> str | None:
    return text(value, arguments) or (None if value else "invalid_member_placement_tag_arg")


def _unacceptable(value: Any) -> str:
    return f"{{unacceptable_type,{wire_type(value)}}}"


_overflow = one_of("invalid_overflow", "drop-head", "reject-publish", "reject-publish-dlx")
_strategy = one_of("invalid_dlx_strategy", "at-most-once", "at-least-once")
_locator = one_of("invalid_queue_locator_arg", "client-local", "balanced", "random", "least-leaders", "min-masters")

# The rows of RabbitMQ 3.13 and 4.2; ``queue_table`` gives those of other versions, too.
TABLE = (
    Argument("x-expires", expiry_ms, CLASSIC, QUORUM),
    Argument("x-message-ttl", duration_ms, CLASSIC, QUORUM),
    Argument("x-dead-letter-exchange", text, CLASSIC, QUORUM),
    Argument("x-dead-letter-routing-key", dead_letter_key, CLASSIC, QUORUM),
    Argument("x-dead-letter-strategy", _strategy, QUORUM),
    Argument("x-max-length", not_negative, CLASSIC, QUORUM),
    Argument("x-max-length-bytes", not_negative, CLASSIC, QUORUM, STREAM),
    Argument("x-max-in-memory-length", not_negative, QUORUM),
    Argument("x-max-in-memory-bytes", not_negative, QUORUM),
    Argument("x-max-priority", priority, CLASSIC),
    Argument("x-overflow", _overflow, CLASSIC, QUORUM),
    Argument("x-queue-mode", queue_mode, CLASSIC),
    Argument("x-queue-version", queue_version(1, 2), CLASSIC),
    Argument("x-single-active-consumer", boolean, CLASSIC, QUORUM),
    Argument("x-queue-type", supported_type, CLASSIC, QUORUM, STREAM),
    Argument("x-quorum-initial-group-size", positive, QUORUM),
    Argument("x-delivery-limit", anything, QUORUM),
    Argument("x-max-age", age, STREAM),
    Argument("x-stream-max-segment-size-bytes", not_negative, STREAM),
    Argument("x-initial-cluster-size", positive, STREAM),
    Argument("x-queue-master-locator", anything, CLASSIC),
    Argument("x-queue-leader-locator", _locator, CLASSIC, QUORUM, STREAM),
    Argument("x-member-placement-tag", filled_text, QUORUM),
)
# Of basic.consume.
CONSUMER_TABLE = (
    Argument("x-priority", integer, CLASSIC, QUORUM),
    Argument("x-stream-offset", stream_offset, STREAM),
    Argument("x-stream-filter", stream_filter, STREAM),
    Argument("x-stream-match-unfiltered", anything, STREAM),
)
_QUORUM_ORDER = {
    "x-dead-letter-exchange": 0,
    "x-dead-letter-routing-key": 0,
    "x-dead-letter-strategy": 0,
    "x-message-ttl": 2,
    "x-queue-leader-locator": 2,
}
_QUEUE_TYPE = next(argument for argument in TABLE if argument.name == "x-queue-type")
# Where older versions do not look at it, though they heed it (rabbit_queue_type_util:args_policy_lookup/3).
CONSUMER_TIMEOUT = "x-consumer-timeout"
_TIMEOUTS = (
    Argument(CONSUMER_TIMEOUT, not_negative, QUORUM),
    Argument("x-consumer-disconnected-timeout", not_negative, QUORUM),
)
# They came with the former, in 4.3; to older versions they are arguments that nobody knows.
_DELAYED_RETRY = tuple(Argument(f"x-delayed-retry-{word}", anything, QUORUM) for word in ("type", "min", "max"))


def queue_table(profile: Profile) -> Table:
    """The arguments of queue.declare, as a version of RabbitMQ checks them."""
    changed = {"x-queue-version": queue_version(*profile.queue_versions)}
    if not profile.queue_modes:
        changed["x-queue-mode"] = anything
    rows = tuple(Argument(row.name, changed.get(row.name, row.check), *row.types) for row in TABLE)
    return rows + ((*_TIMEOUTS, *_DELAYED_RETRY) if profile.consumer_timeout_arguments else ())


def consumer_table(profile: Profile) -> Table:
    """Those of basic.consume."""
    return CONSUMER_TABLE + (_TIMEOUTS[:1] if profile.consumer_timeout_arguments else ())


def check_new_arguments(resource: str, arguments: Arguments, table: Table = TABLE) -> None:
    """Refuse a new queue whose arguments its type cannot have.

    ``resource`` is the queue as texts name it: ``queue 'q' in vhost '/'``. Arguments that no type knows are let
    through. Raises SoftError 406.
    """
    _check_exchange_name(resource, arguments)
    _check_argument(resource, _QUEUE_TYPE, arguments)
    # Where RabbitMQ puts in the default type it sorts them all (rabbit_misc:set_table_value/4).
    as_seen = arguments if "x-queue-type" in arguments else dict(sorted(arguments.items()))
    _check_arguments(resource, table, queue_type(arguments), as_seen)


def check_new_properties(
    resource: str, arguments: Arguments, *, durable: bool, exclusive: bool, auto_delete: bool
) -> None:
    """Refuse one with properties, or sizes, that its type cannot have. Raises SoftError 406."""
    kind = queue_type(arguments)
    if kind != CLASSIC:
        _check_properties(resource, durable=durable, exclusive=exclusive, auto_delete=auto_delete)
    if kind == STREAM:
        _check_stream_sizes(arguments)


def check_consumer(
    resource: str, queue_arguments: Arguments, arguments: Arguments, table: Table = CONSUMER_TABLE
) -> None:
    """Refuse consumer arguments that a queue declared with ``queue_arguments`` cannot take. Raises SoftError 406."""
    _check_arguments(resource, table, queue_type(queue_arguments), arguments)


def check_exchange_argument(resource: str, name: str, arguments: Arguments) -> None:
    """Refuse an argument that should name an exchange and is no text. Raises SoftError 406."""
    if name in arguments and text(arguments[name], arguments):
        kind = wire_type(arguments[name])
        raise precondition_failed(f"invalid type '{kind}' for arg '{name}' in {resource}")


def check_equivalent(resource: str, current: Arguments, received: Arguments, table: Table = TABLE) -> None:
    """Refuse to take a redeclared queue for the same: its arguments must be, as far as its type knows them.

    Raises SoftError 406.
    """
    now = _with_type(current)
    then = _with_type(received)
    for argument in _compared(table, queue_type(current)):
        check_argument_equivalent(resource, argument.name, now, then)


def check_argument_equivalent(resource: str, name: str, current: Arguments, received: Arguments) -> None:
    """Refuse where one argument differs, is new or is missing. Raises SoftError 406."""
    if name in current and name in received:
        if comparable(current[name]) != comparable(received[name]):
            raise _inequivalent(resource, name, f"'{as_text(received[name])}'", f"'{as_text(current[name])}'")
    elif name in current or name in received:
        raise _inequivalent(resource, name, _value_and_type(received, name), _value_and_type(current, name))


def check_property_equivalent(resource: str, name: str, *, current: Any, received: Any) -> None:
    """Refuse where a property (``durable``, ``type``) differs. Raises SoftError 406."""
    if current != received:
        raise _inequivalent(resource, name, f"'{as_text(received)}'", f"'{as_text(current)}'")


def _check_exchange_name(resource: str, arguments: Arguments) -> None:
    check_exchange_argument(resource, "x-dead-letter-exchange", arguments)


def _check_arguments(resource: str, table: Table, kind: str, arguments: Arguments) -> None:
    for argument in table:
        if kind in argument.types:
            _check_argument(resource, argument, arguments)
    elsewhere = {argument.name for argument in table if kind not in argument.types}
    for name in arguments:
        if name in elsewhere:
            raise precondition_failed(f"invalid arg '{name}' for {resource} of queue type {type_module(kind)}")


def _compared(table: Table, kind: str) -> list[Argument]:
    """The rows that a type knows, in its own order: of several that differ RabbitMQ names the first
    (``rabbit_quorum_queue:capabilities/0``).
    """
    rows = [argument for argument in table if kind in argument.types]
    if kind == QUORUM:
        rows.sort(key=lambda row: _QUORUM_ORDER.get(row.name, 1))
    return rows


def _check_argument(resource: str, argument: Argument, arguments: Arguments) -> None:
    if argument.name in arguments:
        refusal = argument.check(arguments[argument.name], arguments)
        if refusal:
            raise precondition_failed(f"invalid arg '{argument.name}' for {resource}: {refusal}")


def _check_properties(resource: str, *, durable: bool, exclusive: bool, auto_delete: bool) -> None:
    """Replicated queues outlive connections: these have to be durable, shared, and stay."""
    if auto_delete:
        raise precondition_failed(f"invalid property 'auto-delete' for {resource}")
    if exclusive:
        raise precondition_failed(f"invalid property 'exclusive-owner' for {resource}")
    if not durable:
        raise precondition_failed(f"invalid property 'non-durable' for {resource}")


def _check_stream_sizes(arguments: Arguments) -> None:
    """What RabbitMQ checks last, in words that name no queue. It has no row for the filter's size: no other queue type
    refuses that one, a redeclaration may differ in it, and a float will do.
    """
    segment = arguments.get("x-stream-max-segment-size-bytes", 0)
    if segment > SEGMENT_BYTES_MAX:
        raise precondition_failed("Exceeded max value for x-stream-max-segment-size-bytes")
    size = arguments.get("x-stream-filter-size-bytes", FILTER_BYTES_MIN)
    number = isinstance(size, (int, float)) and not isinstance(size, bool)
    if not (number and FILTER_BYTES_MIN <= size <= FILTER_BYTES_MAX):
        raise precondition_failed("Invalid value for  x-stream-filter-size-bytes")


def _with_type(arguments: Arguments) -> dict[str, Any]:
    return {**arguments, "x-queue-type": queue_type(arguments)}


def _value_and_type(arguments: Arguments, name: str) -> str:
    if name not in arguments:
        return "none"
    return f"the value '{as_text(arguments[name])}' of type '{wire_type(arguments[name])}'"


def _inequivalent(resource: str, name: str, received: str, current: str) -> SoftError:
    return precondition_failed(
        f"inequivalent arg '{name}' for {resource}: received {received} but current is {current}"
    )
