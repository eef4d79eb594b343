"""Restoring: a virtual host as a journal was told of it, after a restart."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from broker import exchanges
from broker.exchanges.base import Exchange
from broker.exchanges.binding import Binding
from broker.policies import kept
from broker.store.definition_state import BindingDefinition, ExchangeDefinition, QueueDefinition, State
from broker.vhost.contracts import Q
from protocol.amqp.errors import SoftError

if TYPE_CHECKING:
    from broker.vhost.vhost import VirtualHost


def restore(
    vhost: "VirtualHost[Q]", state: State, make_queue: Callable[[QueueDefinition, Mapping[str, Any]], Q]
) -> list[str]:
    """See ``VirtualHost.restore``."""
    name = vhost.name
    vhost._metadata = state.vhosts.get(name, {})
    refusals = kept.restore(vhost.policies, (each for each in state.policies.values() if each.vhost == name))
    restored = (_restored_exchange(vhost, each) for each in state.exchanges.values() if each.vhost == name)
    refusals += [refusal for refusal in restored if refusal]
    for queue in state.queues.values():
        if queue.vhost == name:
            vhost._add_queue(make_queue(queue, vhost._effective(queue.name, queue.arguments)))
    bindings = (_restored_binding(vhost, each) for each in state.bindings.values() if each.vhost == name)
    refusals += [refusal for refusal in bindings if refusal]
    vhost._set_alternates()
    return refusals


def _restored_exchange(vhost: "VirtualHost[Q]", definition: ExchangeDefinition) -> str:
    what = f"{vhost.describe_exchange(definition.name)} was not restored"
    if definition.name in vhost.exchanges:
        return f"{what}: there is one"
    try:
        exchanges.check_kind(definition.kind)
        exchange = vhost._make_exchange(
            definition.name,
            definition.kind,
            True,
            definition.auto_delete,
            definition.internal,
            definition.arguments,
            definition.log_id,
        )
    except SoftError as error:
        return f"{what}: {error.text.partition(' - ')[2]}"
    vhost._add_exchange(exchange)
    return ""


def _restored_binding(vhost: "VirtualHost[Q]", definition: BindingDefinition) -> str:
    source = vhost.exchanges.get(definition.source)
    ends: Mapping[str, Exchange | Q] = vhost.exchanges if definition.to_exchange else vhost.queues
    destination = ends.get(definition.destination)
    refusal = "an end of it is missing"
    if source is not None and destination is not None:
        binding = Binding(definition.source, destination, definition.routing_key, definition.arguments)
        try:
            source.validate(binding)
        except SoftError as error:
            refusal = error.text
        else:
            vhost._add_binding(binding)
            return ""
    describe = vhost.describe_exchange if definition.to_exchange else vhost.describe_queue
    return (
        f"the binding from exchange '{definition.source}' to {describe(definition.destination)} with key "
        f"'{definition.routing_key}' was not restored: {refusal}"
    )
