"""A program that has a broker in its own process, and does to it what each line of its input says.

A line is JSON: the name of an administrator's verb, its values, its named values. The answer is a line, too: JSON text,
"" or why it was refused. It ends with its input.
"""

import json
import logging
import sys

import trio

import broker
from broker.administration import Refused


async def main(port: int) -> None:
    async with broker.serve(port=port) as b:
        async for line in trio.wrap_file(sys.stdin):
            verb, values, named = json.loads(line)
            try:
                getattr(b.admin, verb)(*values, **named)
            except Refused as refused:
                print(json.dumps(str(refused)), flush=True)
            else:
                print(json.dumps(""), flush=True)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)-7s %(message)s")
    trio.run(main, int(sys.argv[1]))
