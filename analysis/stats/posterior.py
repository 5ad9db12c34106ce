"""What the data say of differences without a test: Student's t as the posterior under a flat prior.

Benavoli, Corani, Demsar and Zaffalon 2017 (JMLR 18:77); there with the seeds' correlation instead of groups.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtr

from analysis.stats.estimate import Estimate

DRAWS = 20_000


def region_probabilities(estimate: Estimate, margin: float) -> tuple[float, float, float]:
    """Of the true difference being below -margin, within it, and above it: 0 to 1 each, together 1.

    `margin` 0 or above, in the metric's unit; the estimate has a variance.
    """
    error, df = math.sqrt(estimate.variance), estimate.degrees_of_freedom
    below, above = (float(stdtr(df, (-margin + turned) / error)) for turned in (-estimate.mean, estimate.mean))
    return below, max(1.0 - below - above, 0.0), above


def highest_probabilities(
    means: np.ndarray, variances: np.ndarray, degrees_of_freedom: float, rng: np.random.Generator
) -> np.ndarray:
    """(K,) how probable it is that each of K means is the highest; together 1.

    `means` (K,); `variances` (K, K): of the difference of each two means, from which the covariances follow, 0 on the
    diagonal. Multivariate Student's t, by `DRAWS` draws from `rng`: exact to 0.4 points.
    """
    # about the first mean: Cov(a - o, b - o) = (Var(a - o) + Var(b - o) - Var(a - b)) / 2
    covariances = (variances[:, :1] + variances[:1, :] - variances) / 2.0
    values, vectors = np.linalg.eigh(covariances)  # pairs are estimated one by one, so that some may fall below 0
    normal = rng.standard_normal((DRAWS, len(means))) * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    spread = np.sqrt(degrees_of_freedom / rng.chisquare(degrees_of_freedom, size=(DRAWS, 1)))
    highest = np.argmax(means + normal * spread, axis=1)
    return np.bincount(highest, minlength=len(means)) / DRAWS
