"""All that a benchmark found, and the same as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interop.bench.brokers import OWN
from interop.bench.result import Figures


class Unlike(ValueError):
    """Results that do not belong together; the text says why."""


@dataclass
class Results:
    """``about``: broker -> "version" and "promise"; ``standing`` to ``growth`` as in report.py; empty what was not
    measured. ``machine``: see machine.py. ``commands``: those that measured. ``failures``: what did not start.
    """

    about: dict[str, dict[str, str]] = field(default_factory=dict)
    standing: dict[str, Figures] = field(default_factory=dict)
    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    growth: dict[str, dict[str, dict[int, list[Figures]]]] = field(default_factory=dict)
    machine: str = ""
    commands: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """No broker and no run failed."""
        return not self.failures and all(map(all, self._runs()))

    def _runs(self) -> Iterator[list[Figures]]:
        for brokers in self.rounds.values():
            yield from brokers.values()
        for grown in self.growth.values():
            for points in grown.values():
                yield from points.values()

    def write(self, file: Path) -> None:
        """To JSON, a broker's runs of a scenario a line; figures, which are exact to two digits, with five.

        Raises OSError.
        """
        for figures in [*self.standing.values(), *(each for runs in self._runs() for each in runs)]:
            figures.update({name: float(f"{value:.5g}") for name, value in figures.items()})
        file.write_text(_json(asdict(self)) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Results":
        """From what ``write`` wrote. Raises OSError and ValueError."""
        try:
            found = cls(**json.loads(file.read_text(encoding="utf-8")))
        except TypeError as error:
            raise ValueError(f"{file} holds no results: {error}") from error
        for brokers in found.growth.values():
            for broker, points in brokers.items():
                brokers[broker] = {int(point): runs for point, runs in points.items()}
        return found

    @classmethod
    def joined(cls, parts: Sequence["Results"]) -> "Results":
        """Several as one; of what two of them measured the later one's counts. Raises Unlike."""
        whole = cls()
        for part in parts:
            if whole.machine and part.machine != whole.machine:
                raise Unlike(f"measured on two machines: {whole.machine}; {part.machine}")
            for name, said in part.about.items():
                if whole.about.setdefault(name, said) != said:
                    raise Unlike(f"two brokers are called {name}: {whole.about[name]['version']}; {said['version']}")
            whole.machine = part.machine
            whole.standing |= part.standing
            whole.rounds |= part.rounds
            whole.growth |= part.growth
            whole.commands += [each for each in part.commands if each not in whole.commands]
            whole.failures += part.failures
        ordered = [name for name in OWN if name in whole.about]
        whole.about = {name: whole.about[name] for name in dict.fromkeys([*ordered, *whole.about])}
        return whole


def _json(found: object, depth: int = 0) -> str:
    """Four levels are laid out, what lies deeper fills a line."""
    if not isinstance(found, dict) or not found or depth == 3:
        return json.dumps(found)
    inner = ",\n".join(
        f"{' ' * (depth + 1)}{json.dumps(str(key))}: {_json(value, depth + 1)}" for key, value in found.items()
    )
    return f"{{\n{inner}\n{' ' * depth}}}"
