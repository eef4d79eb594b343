"""Many seeds at once, each a run of Hypothesis in a process and a virtual host of its own.

A seed's conversations are the same whenever it is run, and none of them is held twice. The first that differs is shrunk
by Hypothesis and shown, with the conversation to paste; the rest of that seed is not held.
"""

import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import hypothesis
from hypothesis.errors import Flaky

from interop import rabbitmq
from interop.conformance.operators import OperatedLeveret, Operator
from interop.conformance.rabbit_operator import RabbitOperator
from interop.conformance.steps import Conversation
from interop.conformance.wandering.both import Both, Differs, Tally
from interop.conformance.wandering.conversations import conversations
from interop.conformance.wandering.spoken import spoken

PER_SEED = 100
# After so many Hypothesis makes new ones out of parts of old ones, which are about the same again and again.
_PER_PART = 10
_SHRINK_S = 60.0
AT_ONCE = 4


@dataclass
class Outcome:
    seed: int
    tally: Tally
    # The diff and the conversation, where one differs.
    differing: str = ""


def run_seed(seed: int, count: int, rabbitmq_url: str, leveret_url: str) -> Outcome:
    """Holds ``count`` conversations of that seed, or stops at the first that differs, shrunk."""
    both = Both(rabbitmq_url, leveret_url)
    differing, part = "", 0
    while not differing and both.tally.compared < count:
        differing = _run_part(seed, part, count, both)
        part += 1
    return Outcome(seed, both.tally, differing)


def _run_part(seed: int, part: int, count: int, both: Both) -> str:
    """The first that differs, shrunk, and how. Ends where ``count`` were held in all."""
    shrunk: list[tuple[Conversation, Differs]] = []
    shrunk_until = 0.0

    @hypothesis.seed(f"{seed}/{part}")
    @hypothesis.settings(
        max_examples=_PER_PART,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
    )
    @hypothesis.given(conversations(f"wander/{seed}"))
    def agrees(conversation: Conversation) -> None:
        nonlocal shrunk_until
        if shrunk:
            if conversation == shrunk[-1][0]:
                raise shrunk[-1][1]
            if time.monotonic() > shrunk_until:
                return
        elif both.tally.compared >= count:
            return
        try:
            both.compare(conversation)
        except Differs as differs:
            shrunk_until = shrunk_until or time.monotonic() + _SHRINK_S
            shrunk.append((conversation, differs))
            raise

    try:
        agrees()
    except Differs:
        conversation, differs = shrunk[-1]
        return f"{differs}\n{spoken(conversation, f'wander/{seed}')}"
    except Flaky:
        conversation, differs = shrunk[-1]
        both.tally.unsteady.append(
            f"differed once, then not again: {differs}\n{spoken(conversation, f'wander/{seed}')}"
        )
    except Exception:
        return traceback.format_exc()
    return ""


def run(root: str, first: int, count: int, at_once: int = AT_ONCE) -> int:
    """Compares ``count`` conversations in all; gives the exit status."""
    seeds = range(first, first + -(-count // PER_SEED))
    started = time.monotonic()
    outcomes: list[Outcome] = []
    with (
        rabbitmq.running(root) as node,
        OperatedLeveret() as leveret,
        ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn")) as pool,
    ):
        operators: list[Operator] = [RabbitOperator(node), leveret]
        for seed in seeds:
            for operator in operators:
                operator.administer("add_vhost", f"w{seed}")
                operator.administer("set_permissions", "guest", f"w{seed}", ".*", ".*", ".*")
        waiting = [
            pool.submit(run_seed, seed, min(PER_SEED, count), f"{node.url}w{seed}", f"{leveret.url}w{seed}")
            for seed in seeds
        ]
        for done in as_completed(waiting):
            outcome = done.result()
            outcomes.append(outcome)
            if outcome.differing:
                print(f"=== seed {outcome.seed} differs{outcome.differing}\n", flush=True)
            for one in outcome.tally.unsteady:
                print(f"--- seed {outcome.seed}: RabbitMQ is not steady\n{one}\n")
            compared = sum(one.tally.compared for one in outcomes)
            rate = compared / (time.monotonic() - started)
            print(
                f"{len(outcomes)} of {len(seeds)} seeds, {compared} compared, {rate:.1f}/s", file=sys.stderr, flush=True
            )
        version = node.version
        assert "Traceback" not in leveret.log, leveret.log
    return _summary(version, seeds, outcomes)


def _summary(version: str, seeds: range, outcomes: Iterable[Outcome]) -> int:
    differing = sorted(one.seed for one in outcomes if one.differing)
    accepted: Counter[str] = Counter()
    for one in outcomes:
        accepted += one.tally.accepted
    tallies = [one.tally for one in outcomes]
    print(f"RabbitMQ {version}, seeds {seeds[0]} to {seeds[-1]} of {PER_SEED}")
    different = len(set[int]().union(*(tally.held for tally in tallies)))
    print(f"{sum(t.compared for t in tallies)} compared ({different} different ones),", end=" ")
    print(f"{sum(t.agreeing for t in tallies)} agree,", end=" ")
    print(f"{accepted.total()} differ as accepted, {sum(len(t.unsteady) for t in tallies)} where RabbitMQ is unsteady,")
    print(f"{len(differing)} seeds differ: {', '.join(map(str, differing)) or 'none'}")
    for reason, times in accepted.most_common():
        print(f"{times:6} {reason}")
    return 1 if differing else 0
