"""`leveret trace`: the firehose."""

from broker.commands.options import in_vhost, noun, targeted
from broker.commands.target import Target

command = noun("trace", "Copies of all messages of a virtual host to its exchange amq.rabbitmq.trace, until a restart.")


@command.command()
@targeted
@in_vhost
def on(target: Target, *, vhost: str | None) -> None:
    """Begin."""
    target.ask("trace_on", vhost=vhost)


@command.command()
@targeted
@in_vhost
def off(target: Target, *, vhost: str | None) -> None:
    """End."""
    target.ask("trace_off", vhost=vhost)
