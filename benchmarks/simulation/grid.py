"""The settings that `benchmarks.false_winners` simulates, and the statistics of what it finds in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import betaincinv

from benchmarks.simulation.sweeps import World
from benchmarks.simulation.verdicts import Setting

SEEDS = (2, 3, 5, 10)
CLIPS = (32, 200, 2000)
SEED_SPREADS = (0.0, 0.5, 1.0)
ACCURACIES = (0.6, 0.8, 0.95)
WITHIN_GROUP = (0.0, 0.3)
GROUP_CLIPS = 4  # where clips come in groups
TRIALS = (8, 24, 64)
DIFFERENCES = (0.02, 0.05, 0.1)
NULLS = ("equal", "tied")
UNEVEN = ("steady", "restless")  # baselines whose seed effects are not like the others'


@dataclass(frozen=True)
class Cell:
    """One setting at one number of seeds: shares of its sweeps, and means."""

    setting: Setting
    seeds: int
    sweeps: int
    means: Mapping[str, float]  # names as in verdicts.py; NaN where nothing of the kind was there
    pooled_variance: float  # of a sweep's false claims averaged over its numbers of seeds

    def row(self) -> dict[str, Any]:
        world = self.setting.world
        return {
            "landscape": self.setting.landscape,
            "difference": self.setting.difference,
            "accuracy": self.setting.accuracy,
            "clips": world.clips,
            "clips_per_group": world.clips_per_group,
            "within_group": world.within_group,
            "seed_spread": world.seed_spread,
            "trials": self.setting.trials,
            "seeds": self.seeds,
            "sweeps": self.sweeps,
            **{name: round(float(value), 5) if np.isfinite(value) else None for name, value in self.means.items()},
        }


def grid(*, quick: bool = False) -> Iterator[Setting]:
    """Both nulls at every combination of the factors, and true differences; besides, equal configurations of which
    the baseline alone has no spread over seeds, or alone has one. On the most clips, and where there is a difference,
    clips in groups and clips on their own stand in turn.

    The number of trials is in turn too, balanced against every other factor.
    """
    levels = product(enumerate(CLIPS), enumerate(SEED_SPREADS), enumerate(ACCURACIES), enumerate(WITHIN_GROUP))
    for (i, clips), (j, spread), (k, accuracy), (m, within) in levels:
        if quick and (clips == CLIPS[-1] or k != (i + j) % 3):
            continue
        world = World(clips, GROUP_CLIPS if within else 1, within, spread)
        trials = TRIALS[(i + j + k + m) % len(TRIALS)]
        its_turn = (i + j + k) % 2 == m
        if its_turn or clips < CLIPS[-1]:
            for landscape in NULLS:
                yield Setting(world, accuracy, trials, landscape)
        if spread and not within:
            for landscape in UNEVEN:
                yield Setting(world, accuracy, trials, landscape)
        if its_turn:
            for difference in DIFFERENCES:
                yield Setting(world, accuracy, trials, "better", difference)


def share_interval(share: float, count: int, confidence: float = 0.99) -> tuple[float, float]:
    """Clopper-Pearson interval of a share."""
    hits, tail = round(share * count), (1.0 - confidence) / 2.0
    low = float(betaincinv(hits, count - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, count - hits, 1.0 - tail)) if hits < count else 1.0
    return low, high


def pooled(cells: Sequence[Cell], name: str) -> float:
    """The mean over cells, which all have as many sweeps; cells without a value are passed over."""
    values = [cell.means[name] for cell in cells if np.isfinite(cell.means[name])]
    return float(np.mean(values)) if values else float("nan")


def pooled_false_interval(cells: Sequence[Cell]) -> tuple[float, float, float]:
    """The share of false claims over all cells, with its 99 % interval; sweeps are the independent units."""
    share = pooled(cells, "false_claim")
    per_setting = {id(cell.setting): cell.pooled_variance / cell.sweeps for cell in cells}
    half = 2.5758 * float(np.sqrt(sum(per_setting.values()))) / max(1, len(per_setting))
    return share, share - half, share + half
