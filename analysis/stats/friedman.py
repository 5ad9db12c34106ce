"""More than two models on the same examples: is there any difference, and between which?

* Cochran's Q (1950, Biometrika 37:256): right and wrong of k models under one seed; for two it is McNemar's without
  continuity correction
* Friedman's test (1937) on ranks within blocks, with Iman and Davenport's F (1980); afterwards Nemenyi's critical
  difference (1963) between average ranks, over all pairs at once (Demsar 2006, JMLR 7:1)

Blocks (test groups) are taken as independent and the models as trained: for configurations, the verdict's pairs with
Holm's correction decide. Ranks ignore by how much one is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import chdtrc, fdtrc

from analysis.stats.ties import pseudovalue_noise, tied
from analysis.stats.ties import ranks as ranks_of


@dataclass(frozen=True)
class Omnibus:
    """Whether any of the models differs. `p_value` is None where nothing varies."""

    statistic: float
    degrees_of_freedom: int
    p_value: float | None


def cochran_q(right: np.ndarray) -> Omnibus:
    """`right` (N, k) of booleans, k at least 2."""
    found = friedman_all(ranks_of(np.asarray(right, dtype=float)))  # of two values, Friedman's statistic is Q
    p_value = None if np.isnan(found.p_value) else float(found.p_value)
    return Omnibus(float(found.statistic), right.shape[1] - 1, p_value)


@dataclass(frozen=True)
class Ranking:
    """Average ranks, 1 for the best, and what can be told from them. In the order of the models given."""

    names: tuple[str, ...]
    blocks: int
    average_ranks: tuple[float, ...]
    friedman: Omnibus
    iman_davenport_f: float | None
    iman_davenport_p: float | None
    alpha: float
    critical_difference: float  # Nemenyi's, between average ranks
    nemenyi_p: dict[tuple[str, str], float]  # for every pair, all pairs considered

    def cliques(self) -> list[tuple[str, ...]]:
        """Largest sets that the critical difference does not divide, best first; single models left out."""
        order = sorted(range(len(self.names)), key=lambda i: self.average_ranks[i])
        found: list[tuple[int, ...]] = []
        for start in range(len(order)):
            within = [
                i
                for i in order[start:]
                if self.average_ranks[i] - self.average_ranks[order[start]] <= self.critical_difference
            ]
            if len(within) > 1 and not (found and set(within) <= set(found[-1])):
                found.append(tuple(within))
        return [tuple(self.names[i] for i in clique) for clique in found]


def ranking(values: np.ndarray, names: Sequence[str], *, mode: str = "max", alpha: float = 0.05) -> Ranking:
    """`values` (blocks, k): one per block and model, k at least 3; values that differ by rounding share a rank."""
    blocks, models = values.shape
    if models < 3 or blocks < 2:
        raise ValueError(f"needs at least 2 blocks and 3 models, got {blocks} and {models}")
    ranks = average_ranks(values, mode)
    average = ranks.mean(axis=0)
    step = math.sqrt(models * (models + 1) / (6.0 * blocks))
    from scipy.stats import studentized_range  # slow to load

    reach = studentized_range(models, math.inf)
    pairs = {
        (names[i], names[j]): float(reach.sf(abs(average[i] - average[j]) / step * math.sqrt(2.0)))
        for i in range(models)
        for j in range(i + 1, models)
    }
    found = friedman_all(ranks)
    p_value, f, f_p = (None if np.isnan(n) else float(n) for n in (found.p_value, found.f, found.f_p_value))
    return Ranking(
        names=tuple(names),
        blocks=blocks,
        average_ranks=tuple(map(float, average)),
        friedman=Omnibus(float(found.statistic), models - 1, p_value),
        iman_davenport_f=f,
        iman_davenport_p=f_p,
        alpha=alpha,
        critical_difference=nemenyi_critical_difference(models, blocks, alpha),
        nemenyi_p=pairs,
    )


def average_ranks(values: np.ndarray, mode: str = "max") -> np.ndarray:
    """(..., blocks, k) each model's rank within each block, 1 for the best; equal but for rounding share one."""
    tables = tied(values, pseudovalue_noise(np.swapaxes(values, -1, -2)))
    return np.asarray(ranks_of(-tables if mode == "max" else tables))


@dataclass(frozen=True)
class Friedman:
    """Arrays (...). `statistic` is 0 and the p-values are NaN where no block ranks the models."""

    statistic: np.ndarray  # chi squared on k - 1 degrees of freedom, corrected for ties
    p_value: np.ndarray
    f: np.ndarray  # Iman and Davenport's; NaN also where every block ranks alike
    f_p_value: np.ndarray


def friedman_all(ranks: np.ndarray) -> Friedman:
    """Of (..., blocks, k) ranks within blocks."""
    blocks, models = ranks.shape[-2:]
    middle = (models + 1) / 2.0
    spread = ((ranks - middle) ** 2).sum(axis=(-2, -1))
    ranked = spread > 0.0
    between = ((ranks.sum(axis=-2) - blocks * middle) ** 2).sum(axis=-1)
    statistic = np.where(ranked, (models - 1) * between / np.where(ranked, spread, 1.0), 0.0)
    rest = blocks * (models - 1) - statistic
    known = ranked & (rest > 1e-9)
    f = np.where(known, (blocks - 1) * statistic / np.where(known, rest, 1.0), np.nan)
    freedom = (models - 1, (models - 1) * (blocks - 1))
    return Friedman(
        statistic, np.where(ranked, chdtrc(models - 1, statistic), np.nan), f, np.asarray(fdtrc(*freedom, f))
    )


@cache
def nemenyi_critical_difference(models: int, blocks: int, alpha: float = 0.05) -> float:
    """Average ranks further apart than this differ, all pairs of models considered."""
    from scipy.stats import studentized_range

    q = float(studentized_range.isf(alpha, models, math.inf)) / math.sqrt(2.0)
    return q * math.sqrt(models * (models + 1) / (6.0 * blocks))
