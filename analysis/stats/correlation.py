"""Two models' correlations with the same targets: are they different? For regression.

The two correlations share the target and the examples, so they depend on each other through the correlation between
the models' outputs. One-sample tests would ignore that.

* Williams' t (1959, JRSS B 21:396), recommended by Steiger (1980, Psychological Bulletin 87:245, equation 7)
* Steiger's Z on Fisher's scale with the pooled correlation (ibid., equation 14)
* interval: Zou 2007 (Psychological Methods 12:399), from Fisher's intervals of both, which take the values for normal;
  and the same from the jackknife's spread of Fisher's z and its correlation between the two, which does not. The hull
  of both holds where Zou's alone is too short: at heavy tails, where a few far targets decide on both correlations

Limits: examples independent; at least 4 of them; the models as trained; the two tests take the values for roughly
normal. Examples that come in groups need the bootstrap over groups instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

FEWEST = 5  # examples


@dataclass(frozen=True)
class CorrelationDifference:
    """`first` and `second` are the models' correlations with the target, `between` that of their outputs."""

    first: float
    second: float
    between: float
    examples: int
    williams_t: float
    williams_p: float  # two-sided, examples - 3 degrees of freedom
    steiger_z: float
    steiger_p: float  # two-sided
    interval: tuple[float, float]
    normal_interval: tuple[float, float] | None = None  # Zou's alone, where `interval` is the hull

    @property
    def difference(self) -> float:
        return self.first - self.second


def correlation_difference(
    target: np.ndarray, first: np.ndarray, second: np.ndarray, *, alpha: float = 0.05
) -> CorrelationDifference | None:
    """From (N,) targets and outputs. None where it cannot be told: fewer than 5 examples, values that do not vary,
    outputs that are the same up to scale, or that give the target between them.
    """
    table = np.stack([target, first, second]).astype(float)
    exponents = np.frexp(np.abs(table).max(axis=1, initial=0.0))[1]
    table = np.ldexp(table, -exponents[:, None])  # of no matter to correlations, and squares stay within numbers
    if table.shape[1] < FEWEST or np.any(np.ptp(table, axis=1) == 0.0):
        return None
    r = np.corrcoef(table)
    found = from_correlations(float(r[0, 1]), float(r[0, 2]), float(r[1, 2]), table.shape[1], alpha=alpha)
    if found is None:
        return None
    by_jackknife = jackknife_interval(table[0], table[1], table[2], alpha)
    if by_jackknife is None:
        return found
    ends = min(found.interval[0], by_jackknife[0]), max(found.interval[1], by_jackknife[1])
    return replace(found, interval=ends, normal_interval=found.interval)


def from_correlations(
    first: float, second: float, between: float, examples: int, *, alpha: float = 0.05
) -> CorrelationDifference | None:
    """The same from the three correlations; None as above."""
    determinant = _determinant(first, second, between)
    if examples < FEWEST or max(abs(first), abs(second), abs(between)) > 1.0 - 1e-12 or determinant < 1e-12:
        return None
    t = williams_t(first, second, between, examples)
    z = steiger_z(first, second, between, examples)
    return CorrelationDifference(
        first=first,
        second=second,
        between=between,
        examples=examples,
        williams_t=t,
        williams_p=2.0 * float(stdtr(examples - 3, -abs(t))),
        steiger_z=z,
        steiger_p=2.0 * float(ndtr(-abs(z))),
        interval=zou_interval(first, second, between, examples, alpha),
    )


def williams_t(first: float, second: float, between: float, examples: int) -> float:
    """Student's t with examples - 3 degrees of freedom where both correlations are equal in truth."""
    n = examples
    mean = (first + second) / 2.0
    spread = 2.0 * (n - 1) / (n - 3) * _determinant(first, second, between) + mean**2 * (1.0 - between) ** 3
    return (first - second) * math.sqrt((n - 1) * (1.0 + between) / spread)


def steiger_z(first: float, second: float, between: float, examples: int) -> float:
    """Standard normal where both correlations are equal in truth."""
    mean = (first + second) / 2.0
    covariance = _covariance(mean, mean, between) / (1.0 - mean**2) ** 2
    return (math.atanh(first) - math.atanh(second)) * math.sqrt((examples - 3) / (2.0 - 2.0 * covariance))


def zou_interval(first: float, second: float, between: float, examples: int, alpha: float) -> tuple[float, float]:
    """Interval of first - second at confidence 1 - alpha."""
    half = -float(ndtri(alpha / 2.0)) / math.sqrt(examples - 3)
    (low1, high1), (low2, high2) = (
        (math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)) for r in (first, second)
    )
    c = _covariance(first, second, between) / ((1.0 - first**2) * (1.0 - second**2))
    return _joined(first, second, (low1, high1), (low2, high2), c)


def jackknife_interval(
    target: np.ndarray, first: np.ndarray, second: np.ndarray, alpha: float
) -> tuple[float, float] | None:
    """As `zou_interval`, with each z's error and their correlation from leaving out one example; Student's t.

    None where a correlation is 1 without an example, or does not change.
    """
    n = len(target)
    without = np.stack([_correlations_without(target, output) for output in (first, second)])
    if not (np.abs(without) < 1.0 - 1e-12).all():
        return None
    shifts = np.arctanh(without)
    shifts -= shifts.mean(axis=1, keepdims=True)
    squares = (shifts**2).sum(axis=1)
    if not (squares > 0.0).all():
        return None
    half = -float(stdtrit(n - 1, alpha / 2.0)) * np.sqrt((n - 1) / n * squares)
    whole = [float(np.corrcoef(target, output)[0, 1]) for output in (first, second)]
    ends = [(math.tanh(math.atanh(r) - h), math.tanh(math.atanh(r) + h)) for r, h in zip(whole, half, strict=True)]
    together = float((shifts[0] * shifts[1]).sum() / math.sqrt(squares[0] * squares[1]))
    return _joined(whole[0], whole[1], ends[0], ends[1], together)


def _correlations_without(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N,) Pearson's correlation with each example left out."""
    x, y, rest = x - x.mean(), y - y.mean(), len(x) - 1
    squares_x, squares_y, products = (
        (a * b).sum() - a * b - a * b / rest for a, b in ((x, x), (y, y), (x, y))
    )  # the rest's mean is -a / rest
    return np.asarray(products / np.sqrt(squares_x * squares_y))


def _joined(
    first: float, second: float, one: tuple[float, float], other: tuple[float, float], c: float
) -> tuple[float, float]:
    """Of first - second, from the intervals of both and the correlation of their estimates."""
    (low1, high1), (low2, high2) = one, other
    below = (first - low1) ** 2 + (high2 - second) ** 2 - 2.0 * c * (first - low1) * (high2 - second)
    above = (high1 - first) ** 2 + (second - low2) ** 2 - 2.0 * c * (high1 - first) * (second - low2)
    return (first - second - math.sqrt(max(below, 0.0)), first - second + math.sqrt(max(above, 0.0)))


def _determinant(first: float, second: float, between: float) -> float:
    """Of the three's correlation matrix; 0 where one follows from the other two."""
    return 1.0 - first**2 - second**2 - between**2 + 2.0 * first * second * between


def _covariance(first: float, second: float, between: float) -> float:
    """Of two correlations that share a variable, times the number of examples (Pearson and Filon 1898)."""
    squares = first**2 + second**2 + between**2
    return between * (1.0 - first**2 - second**2) - first * second * (1.0 - squares) / 2.0
