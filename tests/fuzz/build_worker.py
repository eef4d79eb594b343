"""One build, asked what comes of inputs: ``python -m tests.fuzz.build_worker KIND SEED COUNT [NUMBER]``.

Writes the digests of the outcomes of ``COUNT`` inputs, one behind the other; with a number, that input and its outcome
in words instead.
"""

import sys
from itertools import islice

from tests.fuzz import outcomes
from tests.fuzz.inputs import Inputs


def main(arguments: list[str]) -> None:
    kind, seed, count = arguments[0], int(arguments[1]), int(arguments[2])
    inputs = islice(Inputs(kind, seed).endless(), count)
    if len(arguments) > 3:
        data = next(islice(inputs, int(arguments[3]), None))
        print(data.hex())
        print(outcomes.of(kind, data).encode("ascii", "backslashreplace").decode())
        return
    write = sys.stdout.buffer.write
    for data in inputs:
        write(outcomes.digest(outcomes.of(kind, data)))


if __name__ == "__main__":
    main(sys.argv[1:])
