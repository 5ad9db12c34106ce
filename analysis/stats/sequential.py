"""May a comparison stop before all its seeds are there? Group-sequential tests over confirm seeds.

Interim looks are fixed before the first run. At each, what the comparison may claim has a level of its own, such that
all looks together err no more often than one test at alpha:

* alpha is spent as O'Brien and Fleming's bounds do, little at first, by the share of seeds that are there (Lan and
  DeMets 1983, Biometrika 70:659). Looks are over the same test clips and so agree more than these bounds take for
  granted, which makes them err on the safe side;
* the levels come from the recursion of Armitage, McPherson and Rowe (1969, Journal of the Royal Statistical Society A
  132:235) for normal scores. They are compared with p-values of Student's t, so that few seeds are paid for by the
  degrees of freedom; `benchmarks/FALSE_WINNERS.md` has what that comes to;
* a comparison is given up as futile where the predictive probability that all its seeds would show it (Spiegelhalter,
  Freedman and Blackburn 1986, Controlled Clinical Trials 7:8) is small. No claim rests on that: going on anyway keeps
  the level;
* an interval at the level of its look holds at all looks at once (repeated confidence intervals: Jennison and Turnbull
  1989, Journal of the Royal Statistical Society B 51:305).

Formulas take arrays (...); a single comparison is the shape ().
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr

from analysis.stats.estimate import Estimates
from analysis.stats.scale import quantiles

CHANCE_LOST = 0.35  # the predictive probabilities at which a comparison is given up, over all interim looks
MOST_LOST = 0.2  # at one
_POINTS = 2001  # of the grid that the scores' density is kept on
_FURTHEST = 8.5  # standard deviations; a score beyond has a chance of 2e-17


def little_chance(looks: Sequence[int]) -> float:
    """The predictive probability below which going on is futile: the more interim looks, the smaller at each."""
    return min(CHANCE_LOST / max(len(looks) - 1, 1), MOST_LOST)


def spent(fraction: float, alpha: float) -> float:
    """Of a two-sided `alpha`, half on each side, what may be used up when a `fraction` (0 to 1] of seeds is there."""
    return float(4.0 * ndtr(ndtri(alpha / 4.0) / np.sqrt(fraction)))


@lru_cache(maxsize=64)
def levels(looks: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """The two-sided level of each look, for increasing numbers of seeds of which the last is all.

    For five equal steps and alpha 0.05 the bounds are 4.877, 3.357, 2.680, 2.290 and 2.031 standard deviations, as
    published tables have them.
    """
    scores, before, used, found = _Scores(np.zeros(1), np.ones(1)), 0.0, 0.0, []
    for fraction in (look / looks[-1] for look in looks):
        scores = _Scores(scores.grid, scores.mass, step=np.sqrt(fraction - before))
        edge = scores.edge_crossed_by(spent(fraction, alpha) - used, furthest=_FURTHEST * np.sqrt(fraction))
        found.append(float(2.0 * ndtr(-edge / np.sqrt(fraction))))
        scores, before, used = scores.within(edge), fraction, spent(fraction, alpha)
    return tuple(found)


@dataclass(frozen=True)
class _Scores:
    """Sums of normal steps that crossed no bound so far: `mass` (n,) at `grid` (n,); `step` is the next one's size."""

    grid: np.ndarray
    mass: np.ndarray
    step: float = 1.0

    def crossing(self, edge: float) -> float:
        """The chance to lie beyond -edge to edge after the next step."""
        beyond = ndtr((self.grid - edge) / self.step) + ndtr((-self.grid - edge) / self.step)
        return float(self.mass @ beyond)

    def edge_crossed_by(self, chance: float, *, furthest: float) -> float:
        return float(brentq(lambda edge: self.crossing(edge) - chance, 0.0, furthest, xtol=1e-10))

    def within(self, edge: float) -> _Scores:
        """After the next step, those between -edge and edge."""
        grid = np.linspace(-edge, edge, _POINTS)
        weight = np.full(_POINTS, grid[1] - grid[0])
        weight[[0, -1]] /= 2.0
        density = np.exp(-0.5 * ((grid[:, None] - self.grid) / self.step) ** 2) / (self.step * np.sqrt(2.0 * np.pi))
        return _Scores(grid, (density @ self.mass) * weight)


def chance_to_show(
    found: Estimates, *, seeds: int, planned: int, groups: float, level: float, most_freedom: float, sign: float
) -> np.ndarray:
    """(...) the predictive probability that `planned` seeds, of which `seeds` are there, show a difference at `level`.

    `sign` is 1 where first less second is better if positive, -1 where it is better if negative. The test clips stay:
    only what seeds do is still open. The mean over all seeds is the mean so far plus what the others may change, of
    Student's t with the degrees of freedom of the seeds' spread; the error of the whole, and its degrees of freedom,
    are those that more seeds of the same spread give.
    """
    square = np.where(np.nan_to_num(found.ms_seed) > 0.0, found.ms_seed, found.ms_residual)
    one_seed = square / groups
    rest = np.maximum(found.variance - one_seed / seeds, 0.0)  # what the groups make of it, and stays
    whole = rest + one_seed / planned
    freedom = found.seed_freedom * (planned - 1.0) / (seeds - 1.0)
    part = one_seed / planned
    df = np.where(part > 0.0, whole**2 * freedom / np.where(part > 0.0, part, 1.0) ** 2, np.inf)
    wanted = quantiles(np.minimum(df, most_freedom), level) * np.sqrt(whole)
    open_ = np.sqrt(one_seed * (1.0 / seeds - 1.0 / planned))
    ahead = sign * found.mean - wanted
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = np.where(open_ > 0.0, stdtr(found.seed_freedom, ahead / open_), (ahead >= 0.0).astype(float))
    return np.asarray(shown)
