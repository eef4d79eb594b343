"""A program that has a broker in its own process, and does to it what each line of its input says.

A line is JSON: the name of an administrator's verb, its values, its named values. The answer is a line, too: JSON text,
"" or why it was refused. close_connection_from names the connection by its client's port. It ends with its input.
"""

import json
import logging
import sys

import trio

import broker
from broker.administration import Administration, Refused


def _close(admin: Administration, port: int, reason: str) -> None:
    """Close the connection that comes from the port, if there still is one."""
    for connection in admin.list_connections():
        if connection["peer"].endswith(f":{port}"):
            admin.close_connection(connection["pid"], reason)


async def main(port: int) -> None:
    async with broker.serve(port=port) as b:
        async for line in trio.wrap_file(sys.stdin):
            verb, values, named = json.loads(line)
            try:
                if verb == "close_connection_from":
                    _close(b.admin, *values)
                else:
                    getattr(b.admin, verb)(*values, **named)
            except Refused as refused:
                print(json.dumps(str(refused)), flush=True)
            else:
                print(json.dumps(""), flush=True)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)-7s %(message)s")
    trio.run(main, int(sys.argv[1]))
