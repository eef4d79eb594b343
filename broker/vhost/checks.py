"""Refusals of declarations, in RabbitMQ's order and words. ``resource`` is whom they name: "queue 'q' in vhost '/'"."""

import base64
from collections.abc import Callable
from typing import Any, Final

from broker.exchanges.base import Exchange
from broker.profile import Profile
from broker.queues import arguments as rules
from broker.vhost.contracts import Arguments, Queue
from protocol.amqp import erlang
from protocol.amqp.errors import access_refused, internal_error, precondition_failed, resource_locked

_RESERVED: Final = "amq."
_NAME_RANDOM_BYTES: Final = 16
# RabbitMQ 4.3's words, rabbit_deprecated_features:generate_warnings1/3; a reply text holds the first half of them.
_TRANSIENT_DENIED = (
    "Feature `transient_nonexcl_queues` is deprecated.\n"
    "By default, this feature is not permitted anymore.\n"
    "The feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual version "
    "to be determined.\n"
    "To continue using this feature when it is not permitted by default, set the following parameter in your "
    "configuration:\n"
    '    "deprecated_features.permit.transient_nonexcl_queues = true"'
)


def refuse_default_exchange(name: str) -> None:
    """The default exchange cannot be declared, deleted or bound by hand. Raises SoftError 403."""
    if not name:
        raise access_refused("operation not permitted on the default exchange")


def is_reserved(name: str) -> bool:
    """Whether clients may not declare what has this name."""
    return name.startswith(_RESERVED)


def refuse_reserved(kind: str, name: str) -> None:
    """Raises SoftError 403."""
    if is_reserved(name):
        raise access_refused(f"{kind} name '{name}' contains reserved prefix 'amq.*'")


def same_exchange(
    resource: str,
    exchange: Exchange,
    kind: str,
    arguments: Arguments,
    *,
    durable: bool,
    auto_delete: bool,
    internal: bool,
) -> None:
    """Refuse to take a redeclared exchange for the same. Raises SoftError 406."""
    rules.check_property_equivalent(resource, "type", current=erlang.atom(exchange.kind), received=erlang.atom(kind))
    rules.check_property_equivalent(resource, "durable", current=exchange.durable, received=durable)
    rules.check_property_equivalent(resource, "auto_delete", current=exchange.auto_delete, received=auto_delete)
    rules.check_property_equivalent(resource, "internal", current=exchange.internal, received=internal)
    rules.check_argument_equivalent(resource, "alternate-exchange", exchange.arguments, arguments)


def new_queue(
    resource: str,
    arguments: Arguments,
    table: rules.Table,
    profile: Profile,
    *,
    durable: bool,
    exclusive: bool,
    auto_delete: bool,
) -> None:
    """Refuse a queue that cannot be. Raises SoftError 406, HardError 541."""
    rules.check_new_arguments(resource, arguments, table)
    if not (durable or exclusive or profile.transient_queues):
        raise internal_error(_TRANSIENT_DENIED)
    rules.check_new_properties(resource, arguments, durable=durable, exclusive=exclusive, auto_delete=auto_delete)


def same_queue(
    resource: str,
    queue: Queue,
    arguments: Arguments,
    table: rules.Table,
    holder: object | None,
    *,
    durable: bool,
    auto_delete: bool,
) -> None:
    """Refuse to take a redeclared queue for the same. Raises SoftError 405, 406."""
    if queue.exclusive_owner is not holder:
        raise locked(resource)
    rules.check_property_equivalent(resource, "durable", current=queue.durable, received=durable)
    rules.check_property_equivalent(resource, "auto_delete", current=queue.auto_delete, received=auto_delete)
    rules.check_equivalent(resource, queue.arguments, arguments, table)


def locked(resource: str) -> Exception:
    """405: it is another connection's."""
    return resource_locked(
        f"cannot obtain exclusive access to locked {resource}. It could be originally declared on another connection "
        "or the exclusive property value does not match that of the original declaration."
    )


def server_name(arguments: Arguments, random_bytes: Callable[[int], Any]) -> str:
    """A name for a queue that was declared without. Raises SoftError 406 for kinds that must have one."""
    kind = rules.queue_type(arguments)
    if kind != rules.CLASSIC:
        raise precondition_failed(f"Cannot declare a server-named queue for type {rules.type_module(kind)}")
    random = base64.urlsafe_b64encode(random_bytes(_NAME_RANDOM_BYTES))
    return "amq.gen-" + random.rstrip(b"=").decode()
