"""All that a benchmark found, and the same as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interop.bench.result import Figures


@dataclass
class Results:
    """``about``: broker -> "version" and "promise"; the others as in report.py. What was not measured is empty."""

    about: dict[str, dict[str, str]] = field(default_factory=dict)
    standing: dict[str, Figures] = field(default_factory=dict)
    rounds: dict[str, dict[str, list[Figures]]] = field(default_factory=dict)
    growth: dict[str, dict[str, dict[int, list[Figures]]]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """No run failed."""
        runs = [runs for brokers in self.rounds.values() for runs in brokers.values()]
        for brokers in self.growth.values():
            runs += [at for points in brokers.values() for at in points.values()]
        return all(all(each) for each in runs)

    def write(self, file: Path) -> None:
        """To JSON."""
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> "Results":
        """From what ``write`` wrote. Raises OSError and ValueError."""
        found = cls(**json.loads(file.read_text(encoding="utf-8")))
        for brokers in found.growth.values():
            for broker, points in brokers.items():
                brokers[broker] = {int(point): runs for point, runs in points.items()}
        return found
