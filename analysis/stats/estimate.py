"""A mean difference with its uncertainty: Student's t; of shares an interval that reaches as far as their logits say.

`Estimates` are many at once, as arrays: every formula stands there. `Estimate` is a single one, as a verdict keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import stdtr  # what scipy.stats.t calls, without its checks of every argument

from analysis.stats.scale import logit_reach, quantiles

Ends = tuple[float, float]
MOST_T, HALVINGS = 1e4, 50
NUMBERS = ("mean", "variance", "degrees_of_freedom", "ms_seed", "ms_group", "ms_residual", "seed_freedom")


def confidence_percent(alpha: float) -> str:
    """Of a two-sided interval at level `alpha`, as in "95 % interval"; never "100", which no interval has."""
    shown = f"{100.0 * (1.0 - alpha):.4g}"
    return f"{100.0 * (1.0 - alpha):.10g}" if shown == "100" else shown


@dataclass(frozen=True)
class Estimates:
    """Arrays of one shape (...). Without variance nothing can be tested: p-values and intervals are NaN there."""

    mean: np.ndarray
    variance: np.ndarray  # of the mean
    degrees_of_freedom: np.ndarray
    ms_seed: np.ndarray
    ms_group: np.ndarray
    ms_residual: np.ndarray
    seed_freedom: np.ndarray  # degrees of freedom of ms_seed
    arms: np.ndarray | None = None  # (4, ...) of a share: mean and variance by seeds, of the first and of the second
    far_freedom: np.ndarray | None = None  # of a share: degrees of freedom of the interval's end away from 0

    def at_most(self, degrees_of_freedom: float) -> Estimates:
        """The same estimates with the degrees of freedom capped."""
        far = None if self.far_freedom is None else np.minimum(self.far_freedom, degrees_of_freedom)
        capped = np.minimum(self.degrees_of_freedom, degrees_of_freedom)
        return replace(self, degrees_of_freedom=capped, far_freedom=far)

    def errors(self) -> np.ndarray:
        """(...) of the means; NaN without variance."""
        return np.sqrt(np.where(self.variance > 0.0, self.variance, np.nan))

    def p_values(self) -> np.ndarray:
        """(...) two-sided, of a difference of 0."""
        t = np.abs(self.mean) / self.errors()
        return np.asarray(np.minimum(1.0, 2.0 * stdtr(self.degrees_of_freedom, -t)))

    def one_sided(self, margin: float) -> tuple[np.ndarray, np.ndarray]:
        """(...) each: p-values against "first less second is -margin or less" and "... is margin or more".

        Of shares, on the side away from 0, the level at which the interval that reaches further just holds the margin:
        near the ceiling Student's t alone takes a lead for smaller than the margin too often.
        """
        error, df = self.errors(), self.degrees_of_freedom
        below = stdtr(df, -(self.mean + margin) / error)
        above = stdtr(df, (self.mean - margin) / error)
        if self.arms is None or self.far_freedom is None:
            return below, above
        far = stdtr(self.far_freedom, -self._quantile_that_reaches(margin - np.abs(self.mean)))
        return (
            np.where(self.mean < 0.0, np.fmax(below, far), below),
            np.where(self.mean > 0.0, np.fmax(above, far), above),
        )

    def intervals(self, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        """(...) lower and upper ends at confidence 1 - alpha; of shares, the end away from 0 by the arms' logits.

        Each arm's part of the variance that its seeds make reaches as far as on the logit, up and down unlike (Zou and
        Donner 2008, Statistics in Medicine 27:1693); the far end is moved out where that is further, never in.
        """
        half_width = quantiles(self.degrees_of_freedom, alpha) * self.errors()
        low, high = self.mean - half_width, self.mean + half_width
        if self.arms is None or self.far_freedom is None:
            return low, high
        reach = self._reach(quantiles(self.far_freedom, alpha))
        low = np.where(self.mean < 0.0, np.fmin(low, self.mean - reach), low)
        return low, np.where(self.mean > 0.0, np.fmax(high, self.mean + reach), high)

    def _reach(self, t: np.ndarray) -> np.ndarray:
        """(...) how far the end away from 0 lies from the mean, by the logits; NaN where they are not known."""
        assert self.arms is not None
        first, first_variance, second, second_variance = self.arms
        rest = t**2 * np.maximum(self.variance - first_variance - second_variance, 0.0)
        down1, up1 = logit_reach(first, first_variance, t)
        down2, up2 = logit_reach(second, second_variance, t)
        return np.asarray(np.sqrt(np.where(self.mean > 0.0, up1**2 + down2**2, down1**2 + up2**2) + rest))

    def _quantile_that_reaches(self, distance: np.ndarray) -> np.ndarray:
        """(...) the quantile of Student's t at which the far end lies at `distance` from the mean; at least 0."""
        least, most = np.zeros_like(self.mean), np.full_like(self.mean, MOST_T)
        for _ in range(HALVINGS):
            t = (least + most) / 2.0
            short = self._reach(t) < distance
            least, most = np.where(short, t, least), np.where(short, most, t)
        return np.where(np.isfinite(self._reach(least)), least, np.nan)

    def single(self, alpha: float) -> Estimate:
        """The only one, of estimates of shape ()."""
        arms = None
        if self.arms is not None and np.isfinite(self.arms).all():
            arms = (float(self.arms[0]), float(self.arms[1]), float(self.arms[2]), float(self.arms[3]))
        mean, variance, df, *squares = (float(getattr(self, name)) for name in NUMBERS)
        ms_seed, ms_group, ms_residual, seed_freedom = squares
        far = None if arms is None or self.far_freedom is None else float(self.far_freedom)
        numbers = (mean, variance, df, ms_seed, ms_group, ms_residual, alpha, seed_freedom)
        return Estimate(*numbers, arms=arms, far_freedom=far).tested()


@dataclass(frozen=True)
class Estimate:
    """A single estimate. Without variance nothing can be tested, and p-value and interval are None."""

    mean: float
    variance: float  # of the mean
    degrees_of_freedom: float
    ms_seed: float
    ms_group: float
    ms_residual: float
    alpha: float
    seed_freedom: float  # degrees of freedom of ms_seed
    p_value: float | None = None  # two-sided, Student's t
    interval: Ends | None = None  # two-sided, at confidence 1 - alpha
    arms: tuple[float, float, float, float] | None = None  # of a share: mean and variance by seeds, first and second
    far_freedom: float | None = None  # of a share: degrees of freedom of the interval's end away from 0

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Estimate:
        """The inverse of `dataclasses.asdict`, after JSON."""
        pairs = {name: None if (ends := plain.get(name)) is None else tuple(ends) for name in ("interval", "arms")}
        return cls(**{**plain, **pairs})

    @property
    def as_arrays(self) -> Estimates:
        """The same as estimates of shape ()."""
        mean, variance, df, *squares = (np.asarray(float(getattr(self, name))) for name in NUMBERS)
        ms_seed, ms_group, ms_residual, seed_freedom = squares
        arms = None if self.arms is None else np.array(self.arms)
        far = self.degrees_of_freedom if self.far_freedom is None else self.far_freedom
        numbers = (mean, variance, df, ms_seed, ms_group, ms_residual, seed_freedom)
        return Estimates(*numbers, arms, np.asarray(far))

    def interval_at(self, alpha: float) -> Ends | None:
        """The two-sided interval at confidence 1 - alpha, as `Estimates.intervals`; None without variance."""
        if self.variance <= 0.0:
            return None
        low, high = self.as_arrays.intervals(alpha)
        return (float(low), float(high))

    def negated(self) -> Estimate:
        """The estimate of the opposite difference."""
        low_high = self.interval
        return replace(
            self,
            mean=-self.mean,
            interval=None if low_high is None else (-low_high[1], -low_high[0]),
            arms=None if self.arms is None else (*self.arms[2:], *self.arms[:2]),
        )

    def at_most(self, degrees_of_freedom: float) -> Estimate:
        """The same estimate with the degrees of freedom capped."""
        far = None if self.far_freedom is None else min(self.far_freedom, float(degrees_of_freedom))
        if self.degrees_of_freedom <= degrees_of_freedom and far == self.far_freedom:
            return self
        df = min(self.degrees_of_freedom, float(degrees_of_freedom))
        return replace(self, degrees_of_freedom=df, far_freedom=far).tested()

    def tested(self) -> Estimate:
        """With the p-value and the interval that its numbers give."""
        if self.variance <= 0.0:
            return self
        return replace(self, p_value=float(self.as_arrays.p_values()), interval=self.interval_at(self.alpha))
