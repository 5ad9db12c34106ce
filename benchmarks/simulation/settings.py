"""One line of the simulated grid, and what its configurations are in truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.simulation.worlds import World

WORSE = (0.02, 0.05, 0.1)  # how far the also-rans of a search stand below the best, in turn
CHANCE = 0.5  # accuracy of a run that collapsed
SEARCHED = ("equal", "tied", "steady", "restless", "better")


@dataclass(frozen=True)
class Setting:
    """Its sweeps are judged at several numbers of confirm seeds."""

    family: str  # a key of grid.FAMILIES
    world: World
    level: float  # what the metric of the best configuration is: an accuracy, an F1, a word error rate
    landscape: str = "equal"
    difference: float = 0.0  # the best configuration's accuracy less the baseline's; 0 but in `better`
    trials: int = 0  # 0: two finalists without a search
    metric: str = "accuracy"
    collapse: float = 0.0  # probability that a run falls to chance; the accuracy over new seeds stays `level`
    detail: str = ""  # what else a family varies

    @property
    def baseline(self) -> float:
        return self.level + self.difference if self.metric == "wer" else self.level - self.difference

    def spreads(self, arms: int) -> np.ndarray:
        """(A,) of seed effects, the baseline last: steady is one without any, restless the only one with any."""
        spreads = np.full(arms, 0.0 if self.landscape == "restless" else self.world.seed_spread)
        if self.landscape in ("steady", "restless"):
            spreads[-1] = self.world.seed_spread - spreads[-1]
        return spreads

    def collapses(self, arms: int) -> np.ndarray:
        """(A,) the probability that a run of each arm falls to chance."""
        found = np.full(arms, self.collapse)
        if self.landscape == "finalist collapses":
            found[1:] = 0.0
        elif self.landscape == "baseline collapses":
            found[:-1] = 0.0
        return found

    def searched(self) -> np.ndarray:
        """(T,) accuracies: all alike, or in tied and better every fourth trial, at least one, the best."""
        if self.landscape not in ("tied", "better"):
            return np.full(self.trials, self.level)
        rest = [self.level - WORSE[index % len(WORSE)] for index in range(self.trials)]
        return np.array([self.level if index % 4 == 0 else value for index, value in enumerate(rest)])
