"""Coverage-guided fuzzing of what strangers may send: ``python -m tests.fuzz [TARGET …] --executions N --seed S``.

Each target runs in a process of its own. What breaks one is made as small as it gets and written to
``tests/fuzz/findings``, where the test run finds it ever after; the exit status is then 1.
"""

import argparse
import importlib.util
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from protocol import native
from tests.fuzz import distilling, minimising, stored, targets
from tests.fuzz.running import Run

_TELL_EACH_S = 10.0


def main(arguments: list[str] | None = None) -> int:
    options = _parse(arguments)
    if importlib.util.find_spec("atheris") is None:
        print("fuzzing is skipped: atheris is not installed (it is for CPython 3.11 to 3.13 on Linux)")
        return 0 if options.or_skip else 2
    with tempfile.TemporaryDirectory(prefix="leveret-fuzz-") as place:
        runs = _all_runs(options, Path(place))
        _run_all(runs, options.jobs)
        broken = sum(_keep(run) for run in runs)
        if options.grow:
            for run in runs:
                _grow(run)
    print(_summary(runs))
    return 1 if broken else 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(targets.SHARES)}; else all")
    parser.add_argument("--executions", type=int, default=100_000, help="in all, spread over the targets")
    parser.add_argument("--minutes", type=float, default=0.0, help="no longer than this, spread likewise; 0 for any")
    parser.add_argument("--jobs", type=int, default=2, help="targets that run at the same time")
    parser.add_argument("--seed", type=int, default=1, help="of the mutations; 0 for another each time")
    parser.add_argument("--grow", action="store_true", help="add what reached more to tests/fuzz/corpus")
    parser.add_argument("--or-skip", action="store_true", help="without atheris, say so and be content")
    options = parser.parse_args(arguments)
    for name in options.targets:
        if name not in targets.SHARES:
            parser.error(f"no target {name}: there are {', '.join(targets.SHARES)}")
    if options.grow and native.COMPILED:
        parser.error(f"--grow traces lines, which compiled modules have not: run it with {native.VARIABLE}=0")
    return options


def _all_runs(options: argparse.Namespace, place: Path) -> list[Run]:
    names = options.targets or list(targets.SHARES)
    whole = sum(targets.SHARES[name] for name in names)
    seconds = options.minutes * 60 * min(options.jobs, len(names)) / len(names)
    return [
        Run(name, place / name, max(1, options.executions * targets.SHARES[name] // whole), seconds, options.seed)
        for name in names
    ]


def _run_all(runs: list[Run], jobs: int) -> None:
    done = threading.Event()

    def tell() -> None:
        while not done.wait(_TELL_EACH_S):
            for run in runs:
                if run.running:
                    print(run.progress(), flush=True)

    teller = threading.Thread(target=tell)
    teller.start()
    try:
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(Run.to_its_end, runs))
    except BaseException:
        for run in runs:
            run.kill()
        raise
    finally:
        done.set()
        teller.join()


def _keep(run: Run) -> int:
    """Write what broke a target into the tree; how much that was."""
    for data in run.breaking():
        finding = minimising.look_into(run.name, data)
        path = stored.FINDINGS / run.name / f"{finding.name}.txt"
        stored.write(path, [finding.data], finding.words)
        print(f"{run.name}: {finding.words}\n{run.name}: {len(finding.data)} bytes break it: {path}", flush=True)
    if run.failed and not run.breaking():
        print(f"{run.name} ended with {run.status}:\n{run.last_words()}", flush=True)
    return run.failed


def _grow(run: Run) -> None:
    before, kept = len(stored.evolved(run.name)), distilling.distil(run.name, run.corpus())
    stored.write(stored.CORPUS / f"{run.name}.txt", kept, "Inputs that reach what the seeds do not; see __main__.py.")
    print(f"{run.name}: {len(kept)} inputs are kept, which were {before}", flush=True)


def _summary(runs: list[Run]) -> str:
    lines = [f"{'target':12}{'executions':>12}{'a second':>10}{'coverage':>10}{'features':>10}{'MiB':>6}  findings"]
    lines += [run.summary() for run in runs]
    executions, seconds = sum(run.executions for run in runs), sum(run.seconds for run in runs)
    findings = sum(run.failed for run in runs)
    each = executions / max(seconds, 1e-9)
    lines.append(f"{'all':12}{executions:>12,}{each:>10,.0f}{'':26}  {findings}")
    return "\n".join(lines)


if __name__ == "__main__":
    begin = time.monotonic()
    result = main()
    print(f"{time.monotonic() - begin:.1f} s", file=sys.stderr)
    sys.exit(result)
