"""A program that has a broker in its own process, and does to it what each line of its input says.

A line is JSON: the name of an administrator's verb, its values, its named values. The answer is a line, too: JSON text,
"" or why it was refused. close_connection_from names the connection by its client's port; set_env changes a setting of
the running node, 0 for none. It ends with its input.
"""

import json
import logging
import sys

import trio

import broker
from broker.administration import Administration, Refused
from broker.node import Node


def _close(admin: Administration, port: int, reason: str) -> None:
    """Close the connection that comes from the port, if there still is one."""
    for connection in admin.list_connections():
        if connection["peer"].endswith(f":{port}"):
            admin.close_connection(connection["pid"], reason)


def _set(node: Node, name: str, most: int) -> None:
    """As a node does that was started with that setting."""
    match name:
        case "connection_max":
            node.limits.connection_max = most
        case "channel_max_per_node":
            node.limits.channel_max = most
        case "cluster_queue_limit":
            node.definition_limits.queue_max = most
        case "consumer_max_per_channel":
            node.consumers_max = most
        case "consumer_timeout":
            node.consumer_timeout_ms = most
        case "channel_tick_interval":
            # How often RabbitMQ looks; leveret looks when it is time.
            pass
        case _:
            raise ValueError(f"it cannot set {name}")


async def main(port: int) -> None:
    async with broker.serve(port=port) as b:
        async for line in trio.wrap_file(sys.stdin):
            verb, values, named = json.loads(line)
            try:
                if verb == "close_connection_from":
                    _close(b.admin, *values)
                elif verb == "set_env":
                    _set(b.node, *values)
                else:
                    getattr(b.admin, verb)(*values, **named)
            except Refused as refused:
                print(json.dumps(str(refused)), flush=True)
            else:
                print(json.dumps(""), flush=True)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)-7s %(message)s")
    trio.run(main, int(sys.argv[1]))
