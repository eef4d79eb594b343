"""`leveret policy`: policies, users' and operators'."""

import click

from broker.commands.options import as_json, in_vhost, json_object, noun, targeted
from broker.commands.output import show
from broker.commands.target import Target

_operators = click.option("--operator", is_flag=True, help="An operator's policy, a limit on top of the others.")


command = noun("policy", "Policies; what they change they change at once.")


@command.command("set")
@targeted
@in_vhost
@_operators
@click.argument("name")
@click.argument("pattern")
@click.argument("definition")
@click.option("--apply-to", default="all", help="queues, exchanges, classic_queues, quorum_queues, streams or all.")
@click.option("--priority", type=int, default=0, help="Of several that fit, the highest counts.")
def set_(
    target: Target,
    *,
    vhost: str | None,
    operator: bool,
    name: str,
    pattern: str,
    definition: str,
    apply_to: str,
    priority: int,
) -> None:
    """Set a policy: DEFINITION is JSON, as '{"max-length": 1000}'."""
    target.ask(
        "set_operator_policy" if operator else "set_policy",
        name=name,
        pattern=pattern,
        definition=json_object(definition),
        apply_to=apply_to,
        priority=priority,
        vhost=vhost,
    )


@command.command()
@targeted
@in_vhost
@_operators
@click.argument("name")
def clear(target: Target, *, vhost: str | None, operator: bool, name: str) -> None:
    """Clear a policy."""
    target.ask("clear_operator_policy" if operator else "clear_policy", name=name, vhost=vhost)


@command.command("list")
@targeted
@in_vhost
@_operators
@as_json
def list_(target: Target, *, vhost: str | None, operator: bool, json_: bool) -> None:
    """List the policies of a virtual host."""
    rows = target.ask("list_operator_policies" if operator else "list_policies", vhost=vhost)
    show(rows, ("name", "pattern", "apply-to", "definition", "priority"), json_=json_)
