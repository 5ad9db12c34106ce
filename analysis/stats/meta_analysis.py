"""Pooling one difference per seed (or per study) where only counts or standard errors were published.

* fixed effect: inverse-variance mean; about the studies at hand
* random effects: between-study variance by DerSimonian and Laird 1986 (Controlled Clinical Trials 7:177), with their
  normal interval, and with the t-interval of Hartung and Knapp 2001 (Statistics in Medicine 20:3875; Sidik and
  Jonkman 2002), which holds its level with few studies where DerSimonian and Laird's does not

Limits: with two or three seeds the between-seed variance is hardly known. Seeds tested on the *same* examples are no
independent studies: fixed effect and DerSimonian-Laird would take ten answers to one example for ten examples
(`benchmarks/FALSE_WINNERS.md` has what they would cover), so `pooled_seeds` gives their mean alone. Hartung
and Knapp's interval rests on the spread between the seeds, and speaks of new seeds on these examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

from analysis.stats.finding import Finding, Method
from analysis.stats.paired_binary import PairedCounts
from analysis.stats.ties import RELATIVE


@dataclass(frozen=True)
class Pooled:
    """One way to pool."""

    method: str
    mean: float
    standard_error: float
    interval: tuple[float, float] | None  # None: the differences do not vary at all
    p_value: float | None  # two-sided


@dataclass(frozen=True)
class MetaAnalysis:
    """`q` is Cochran's heterogeneity statistic on studies - 1 degrees of freedom, `i2` its share beyond chance."""

    studies: int
    fixed: Pooled
    random: Pooled  # DerSimonian and Laird
    hartung_knapp: Pooled
    q: float
    q_p_value: float
    tau2: float
    i2: float  # 0 to 1


@dataclass(frozen=True)
class Pools:
    """Many meta-analyses at once: arrays (...). An error of 0: the differences do not vary at all."""

    fixed_mean: np.ndarray
    fixed_error: np.ndarray
    random_mean: np.ndarray  # also Hartung and Knapp's
    random_error: np.ndarray
    hartung_knapp_error: np.ndarray
    q: np.ndarray
    tau2: np.ndarray


def pool_all(differences: np.ndarray, variances: np.ndarray) -> Pools:
    """Of (..., studies) differences and their variances, all above 0; at least two studies."""
    freedom = differences.shape[-1] - 1
    weights = 1.0 / variances
    total = weights.sum(axis=-1)
    fixed = (weights * differences).sum(axis=-1) / total
    q = (weights * (differences - fixed[..., None]) ** 2).sum(axis=-1)
    tau2 = np.maximum((q - freedom) / (total - (weights**2).sum(axis=-1) / total), 0.0)
    weights = 1.0 / (variances + tau2[..., None])
    among = weights.sum(axis=-1)
    mean = (weights * differences).sum(axis=-1) / among
    spread = (weights * (differences - mean[..., None]) ** 2).sum(axis=-1) / among / freedom
    varies = np.ptp(differences, axis=-1) > RELATIVE * np.abs(differences).max(axis=-1)  # else what is left is rounding
    return Pools(fixed, total**-0.5, mean, among**-0.5, np.where(varies, np.sqrt(spread), 0.0), q, tau2)


def pool(differences: Sequence[float], variances: Sequence[float], *, alpha: float = 0.05) -> MetaAnalysis | None:
    """None with fewer than two studies, or where a variance is not above 0. Raises ValueError for unequal lengths."""
    effects, spreads = np.asarray(differences, dtype=float), np.asarray(variances, dtype=float)
    if effects.shape != spreads.shape or effects.ndim != 1:
        raise ValueError(f"needs as many variances as differences, got {spreads.shape} and {effects.shape}")
    if len(effects) < 2 or not (spreads > 0.0).all():
        return None
    found = pool_all(effects, spreads)
    q, freedom, mean = float(found.q), len(effects) - 1, float(found.random_mean)
    return MetaAnalysis(
        studies=len(effects),
        fixed=_pooled("fixed effect", float(found.fixed_mean), float(found.fixed_error), None, alpha),
        random=_pooled("DerSimonian-Laird", mean, float(found.random_error), None, alpha),
        hartung_knapp=_pooled("Hartung-Knapp", mean, float(found.hartung_knapp_error), freedom, alpha),
        q=q,
        q_p_value=float(chdtrc(freedom, q)),
        tau2=float(found.tau2),
        i2=max(0.0, (q - freedom) / q) if q > 0.0 else 0.0,
    )


def difference_variance(counts: PairedCounts) -> float:
    """As `difference_variances`, of one table."""
    only = np.asarray(counts.only_first), np.asarray(counts.only_second)
    return float(difference_variances(*only, counts.examples))


def difference_variances(only_first: np.ndarray, only_second: np.ndarray, examples: int) -> np.ndarray:
    """(...) of paired differences in accuracy; half an example is added to each kind, so that none is 0."""
    b, c, n = only_first + 0.5, only_second + 0.5, examples + 2.0
    return np.asarray((b + c - (b - c) ** 2 / n) / n**2)


SAME_EXAMPLES = (
    "cannot tell: it takes the seeds for independent studies, and they answered the same examples; the pooled mean only"
)
NO_SPREAD = "cannot tell: the seeds' differences are all the same, so there is no variance to test with"


def pooled_seeds(found: MetaAnalysis | None) -> list[Finding]:
    """One finding per way to pool seeds that answered the same examples; a p-value only where they may be pooled so."""
    if found is None:
        note = "cannot tell: it needs at least two seeds"
        return [Finding(Method.HARTUNG_KNAPP, "meta-analysis over seeds", "groups", note=note)]
    made = [
        Finding(method, f"meta-analysis over seeds, {each.method}", "groups", estimate=each.mean, note=SAME_EXAMPLES)
        for method, each in ((Method.FIXED_EFFECT, found.fixed), (Method.DERSIMONIAN_LAIRD, found.random))
    ]
    hk = found.hartung_knapp
    note = NO_SPREAD if hk.p_value is None else "each seed weighted by the variance within it"
    name = f"meta-analysis over seeds, {hk.method}"
    return [*made, Finding(Method.HARTUNG_KNAPP, name, "groups", "", hk.p_value, None, hk.mean, hk.interval, note)]


def _pooled(method: str, mean: float, standard_error: float, freedom: int | None, alpha: float) -> Pooled:
    if standard_error <= 0.0:
        return Pooled(method, mean, 0.0, None, None)
    ratio = abs(mean) / standard_error
    half = -float(ndtri(alpha / 2.0) if freedom is None else stdtrit(freedom, alpha / 2.0)) * standard_error
    p_value = 2.0 * float(ndtr(-ratio) if freedom is None else stdtr(freedom, -ratio))
    return Pooled(method, mean, standard_error, (mean - half, mean + half), p_value)
