"""The objective along one axis, averaged over the others: means of choices, a smooth curve for numbers.

Descriptive, not causal: trials at one value may differ in all others. The curve is a kernel regression (Nadaraya 1964,
Watson 1964) with Silverman's bandwidth; bands are the middle 95 % over resampled trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.report.importance import is_choice, on_log

RESAMPLES = 200
CURVE_POINTS = 40
FEW_PLACES = 8  # numbers of so few different values have a mean each, and no curve between them


@dataclass(frozen=True)
class Marginal:
    """`places` are the choices, or points along the range. A choice with one trial has no band (NaN)."""

    axis: str
    choice: bool
    log: bool
    places: tuple[Any, ...]
    mean: np.ndarray  # (P,)
    low: np.ndarray  # (P,)
    high: np.ndarray  # (P,)
    counts: tuple[int, ...]  # trials at each choice; empty for a curve


def marginal(
    axis: str, taken: Sequence[Any], values: Sequence[float], rng: np.random.Generator, scale: str | None = None
) -> Marginal:
    """`taken` (T,) is each trial's value of the axis, `values` (T,) what it reached; trials without it are left out."""
    reached = np.asarray(values, dtype=float)
    draws = rng.integers(0, len(reached), (RESAMPLES, len(reached)))
    weights = np.stack([np.bincount(draw, minlength=len(reached)) for draw in draws])  # (B, T)
    if is_choice(taken, scale) or len(set(taken)) <= FEW_PLACES:
        places = sorted(set(taken), key=lambda value: (isinstance(value, str), value))
        at = np.array([[value == place for value in taken] for place in places], dtype=float)  # (P, T)
        counts = tuple(int(count) for count in at.sum(axis=1))
        low, high = _band(at, weights, reached)
        alone = np.array(counts) < 2
        mean = at @ reached / at.sum(axis=1)
        return Marginal(
            axis, True, False, tuple(places), mean, np.where(alone, np.nan, low), np.where(alone, np.nan, high), counts
        )
    log = on_log(taken, scale)
    x = np.log(np.asarray(taken, dtype=float)) if log else np.asarray(taken, dtype=float)
    quartiles = np.percentile(x, (25, 75))
    spread = min(x.std(ddof=1), (quartiles[1] - quartiles[0]) / 1.34) or x.std(ddof=1)
    bandwidth = 0.9 * spread * len(x) ** -0.2
    grid = np.linspace(x.min(), x.max(), CURVE_POINTS)
    kernel = np.exp(-0.5 * ((grid[:, None] - x[None, :]) / bandwidth) ** 2)  # (P, T)
    low, high = _band(kernel, weights, reached)
    line = tuple(np.exp(grid) if log else grid)
    return Marginal(axis, False, log, line, kernel @ reached / kernel.sum(axis=1), low, high, ())


def _band(kernel: np.ndarray, weights: np.ndarray, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P,) each: weighted means under every resample; resamples without a trial nearby are passed over."""
    total = weights @ kernel.T  # (B, P)
    means = np.divide((weights * reached) @ kernel.T, total, out=np.full(total.shape, np.nan), where=total > 1e-9)
    low, high = np.nanpercentile(np.where(np.isnan(means).all(axis=0), reached.mean(), means), (2.5, 97.5), axis=0)
    return low, high
