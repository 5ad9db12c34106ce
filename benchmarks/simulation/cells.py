"""What was found in each cell: one setting at one number of seeds. Kept as lines of JSON, so that a run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import betaincinv

from benchmarks.simulation.outcomes import Outcomes
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.worlds import World

CONFIDENCE = 0.99


@dataclass(frozen=True)
class Cell:
    """Shares of its sweeps, and means."""

    setting: Setting
    seeds: int
    sweeps: int
    means: Mapping[str, float]  # only what was there
    counts: Mapping[str, int]  # sweeps that each mean is of

    def __contains__(self, name: str) -> bool:
        return name in self.means

    def interval(self, name: str) -> tuple[float, float]:
        """The 99 % interval of a share."""
        return share_interval(self.means[name], self.counts[name])

    def row(self) -> dict[str, Any]:
        setting = asdict(self.setting)
        return {**setting.pop("world"), **setting, "seeds": self.seeds, "sweeps": self.sweeps, **self.means}


@dataclass(frozen=True)
class Simulated:
    """A setting's cells, and its false claims over all numbers of seeds: its sweeps are the independent units."""

    cells: tuple[Cell, ...]
    false_variance: float  # of a sweep's false claims averaged over its numbers of seeds, without one seed

    def as_line(self) -> str:
        first = self.cells[0]
        found = {str(c.seeds): {name: [c.means[name], c.counts[name]] for name in c.means} for c in self.cells}
        return json.dumps(
            {
                "setting": asdict(first.setting),
                "sweeps": first.sweeps,
                "false_variance": self.false_variance,
                "found": found,
            }
        )

    @classmethod
    def from_line(cls, line: str) -> Simulated:
        plain = json.loads(line)
        setting = Setting(**{**plain["setting"], "world": World(**plain["setting"]["world"])})
        cells = [
            Cell(
                setting,
                int(seeds),
                plain["sweeps"],
                {name: mean for name, (mean, _) in found.items()},
                {name: count for name, (_, count) in found.items()},
            )
            for seeds, found in plain["found"].items()
        ]
        return cls(tuple(cells), plain["false_variance"])


def cells_of(setting: Setting, found: Mapping[int, Outcomes], sweeps: int) -> Simulated:
    """Seeds of which nothing was found are no cells."""
    cells = []
    for seeds, outcomes in found.items():
        counts = {name: int(np.isfinite(values).sum()) for name, values in outcomes.items()}
        means = {name: round(float(np.nanmean(outcomes[name])), 6) for name, count in counts.items() if count}
        if means:
            cells.append(Cell(setting, seeds, sweeps, means, {name: counts[name] for name in means}))
    false = [outcomes["false_claim"] for seeds, outcomes in found.items() if seeds > 1 and "false_claim" in outcomes]
    variance = float(np.mean(false, axis=0).var(ddof=1)) if false and sweeps > 1 else 0.0
    return Simulated(tuple(cells), variance)


def read(path: Path) -> Iterator[Simulated]:
    """The whole lines of a file that may have been cut off."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").split("\n"):
        try:
            yield Simulated.from_line(line)
        except ValueError:
            continue


def share_interval(share: float, count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper-Pearson interval of a share."""
    hits, tail = round(share * count), (1.0 - confidence) / 2.0
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1.0 - tail)) if hits < count else 1.0
    return low, high


def mean_of(cells: Sequence[Cell], name: str) -> float:
    """The mean over cells; those without a value are passed over. NaN without any."""
    values = [cell.means[name] for cell in cells if name in cell]
    return float(np.mean(values)) if values else float("nan")
