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
from collections.abc import Callable

from scipy.special import expit, stdtrit

Scale = Callable[[float], float]
EDGE = 1e-12
FURTHEST = 2.0


def quantile(degrees_of_freedom: float, alpha: float) -> float:
    """The upper alpha / 2 quantile of Student's t."""
    return -float(stdtrit(degrees_of_freedom, alpha / 2.0))


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
    """Two-sided at confidence 1 - alpha, within least to most. `variance` is the mean's; `groups`: equal ones.

    None where there is no variance, but for a share of exactly 0 or 1 with known `groups`.
    """
    t = quantile(degrees_of_freedom, alpha)
    if (least, most) == (0.0, 1.0):
        return _share(mean, variance, t, groups)
    if variance <= 0.0:
        return None
    half = t * math.sqrt(variance)
    if (least, most) == (-1.0, 1.0) and abs(mean) < 1.0 - EDGE:
        return _on(math.atanh, math.tanh, mean, half / (1.0 - mean**2))
    if (least, most) == (0.0, math.inf) and mean > 0.0:
        return _on(math.log, math.exp, mean, half / mean)
    if most == 1.0 and mean < 1.0 - EDGE:
        low, high = _on(math.log, math.exp, 1.0 - mean, half / (1.0 - mean))
        return (1.0 - high, 1.0 - low)
    return (max(mean - half, least), min(mean + half, most))


def _share(mean: float, variance: float, t: float, groups: float | None) -> tuple[float, float] | None:
    inner, down, up = mean * (1.0 - mean), 0.0, 0.0
    if variance > 0.0 and inner > EDGE:
        answers = inner / variance
        down, up = logit_reach(mean, variance, t)
    elif groups is not None and inner <= EDGE:
        answers = groups
    else:
        return None
    weight = t**2 / answers
    centre = (mean + weight / 2.0) / (1.0 + weight)
    half = math.sqrt(max(inner, 0.0) * weight + weight**2 / 4.0) / (1.0 + weight)
    return (max(min(centre - half, mean - down), 0.0), min(max(centre + half, mean + up), 1.0))


def logit_reach(mean: float, variance: float, t: float) -> tuple[float, float]:
    """How far a share's interval by the logit reaches below and above its mean, within FURTHEST times the plain one."""
    inner = mean * (1.0 - mean)
    half = t * math.sqrt(max(variance, 0.0))
    if half == 0.0 or inner <= EDGE:
        return (half, half)
    at, step, most = math.log(mean / (1.0 - mean)), half / inner, FURTHEST * half
    return (min(mean - float(expit(at - step)), most), min(float(expit(at + step)) - mean, most))


def _on(there: Scale, back: Scale, mean: float, half: float) -> tuple[float, float]:
    at = there(mean)
    return (_safe(back, at - half), _safe(back, at + half))


def _safe(back: Scale, value: float) -> float:
    return float(back(max(min(value, 700.0), -700.0)))
