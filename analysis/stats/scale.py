"""Intervals that stay within what a metric can be, by the scale on which it has no ends.

* a share (0 to 1): the hull of two. Wilson's interval (1927) with Student's t, for as many independent answers as the
  variance of the mean is worth, mean (1 - mean) / variance; where nothing varies at an end (all right), as many as
  there are groups. And the logit's, which follows seeds that scatter the more the further they are from the end
* a correlation (-1 to 1): Fisher's z (1921)
* what is at least 0 (errors per word, losses): the logarithm
* what is at most 1 (R squared): the logarithm of the rest
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit, stdtrit

EDGE = 1e-12
FURTHEST = 2.0
MOST_LOG = 700.0  # its exponential is still a number


def quantiles(degrees_of_freedom: np.ndarray, alpha: float) -> np.ndarray:
    """(...) the upper alpha / 2 quantiles of Student's t."""
    return np.asarray(-stdtrit(degrees_of_freedom, alpha / 2.0))


def interval_within(
    mean: float,
    variance: float,
    degrees_of_freedom: float,
    *,
    alpha: float,
    least: float = -math.inf,
    most: float = math.inf,
    groups: float | None = None,
) -> tuple[float, float] | None:
    """As `intervals_within`, of a single mean; None where that is NaN."""
    numbers = [np.asarray(float(number)) for number in (mean, variance, degrees_of_freedom)]
    low, high = intervals_within(*numbers, alpha=alpha, least=least, most=most, groups=groups)
    return None if np.isnan(low) else (float(low), float(high))


def intervals_within(
    mean: np.ndarray,
    variance: np.ndarray,
    degrees_of_freedom: np.ndarray,
    *,
    alpha: float,
    least: float = -math.inf,
    most: float = math.inf,
    groups: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(...) lower and upper ends, two-sided at confidence 1 - alpha, within least to most. `variance` is the means',
    `groups`: equal ones.

    NaN where there is no variance, but for a share of exactly 0 or 1 with known `groups`.
    """
    t = quantiles(degrees_of_freedom, alpha)
    if (least, most) == (0.0, 1.0):
        return _share(mean, variance, t, groups)
    half = t * np.sqrt(np.where(variance > 0.0, variance, np.nan))
    plain = np.maximum(mean - half, least), np.minimum(mean + half, most)
    if (least, most) == (-1.0, 1.0):
        inside = np.abs(mean) < 1.0 - EDGE
        at = np.where(inside, mean, 0.0)
        z, step = np.arctanh(at), half / (1.0 - at**2)
        return _where(inside, (np.tanh(z - step), np.tanh(z + step)), plain)
    if (least, most) == (0.0, math.inf):
        return _where(mean > 0.0, _by_logarithm(mean, half), plain)
    if most == 1.0:
        low, high = _by_logarithm(1.0 - mean, half)
        return _where(mean < 1.0 - EDGE, (1.0 - high, 1.0 - low), plain)
    return plain


def _share(
    mean: np.ndarray, variance: np.ndarray, t: np.ndarray, groups: float | None
) -> tuple[np.ndarray, np.ndarray]:
    inner = mean * (1.0 - mean)
    varies = (variance > 0.0) & (inner > EDGE)
    down, up = (np.where(varies, reach, 0.0) for reach in logit_reach(mean, variance, t))
    at_end = np.nan if groups is None else np.where(inner <= EDGE, groups, np.nan)
    answers = np.where(varies, inner / np.where(varies, variance, 1.0), at_end)
    weight = t**2 / answers
    centre = (mean + weight / 2.0) / (1.0 + weight)
    half = np.sqrt(np.maximum(inner, 0.0) * weight + weight**2 / 4.0) / (1.0 + weight)
    low, high = np.minimum(centre - half, mean - down), np.maximum(centre + half, mean + up)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def logit_reach(mean: np.ndarray, variance: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(...) how far intervals by the logit reach below and above shares, within FURTHEST times the plain ones."""
    inner = mean * (1.0 - mean)
    half = t * np.sqrt(np.maximum(variance, 0.0))
    inside = (half != 0.0) & (inner > EDGE)
    share = np.where(inside, mean, 0.5)
    at, step, most = np.log(share / (1.0 - share)), half / np.where(inside, inner, 1.0), FURTHEST * half
    down, up = np.minimum(share - expit(at - step), most), np.minimum(expit(at + step) - share, most)
    return np.where(inside, down, half), np.where(inside, up, half)


def _by_logarithm(mean: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    above = np.where(mean > 0.0, mean, 1.0)
    at, step = np.log(above), half / above
    low, high = (np.exp(np.clip(end, -MOST_LOG, MOST_LOG)) for end in (at - step, at + step))
    return low, high


def _where(
    inside: np.ndarray, there: tuple[np.ndarray, np.ndarray], plain: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    return np.where(inside, there[0], plain[0]), np.where(inside, there[1], plain[1])
