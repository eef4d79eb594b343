"""`leveret queue`: the queues there are."""

from broker.commands.options import as_json, in_vhost, noun, targeted
from broker.commands.output import show
from broker.commands.target import Target

command = noun("queue", "Queues.")


@command.command("list")
@targeted
@in_vhost
@as_json
def list_(target: Target, *, vhost: str | None, json_: bool) -> None:
    """List queues, with the messages and consumers of each."""
    columns = ("name", "type", "durable", "auto_delete", "exclusive", "messages_ready", "consumers")
    show(target.ask("list_queues", vhost=vhost), columns, json_=json_)
