"""Pooling one difference per seed (or per study) where only counts or standard errors were published.

* fixed effect: inverse-variance mean; about the studies at hand
* random effects: between-study variance by DerSimonian and Laird 1986 (Controlled Clinical Trials 7:177), with their
  normal interval, and with the t-interval of Hartung and Knapp 2001 (Statistics in Medicine 20:3875; Sidik and
  Jonkman 2002), which holds its level with few studies where DerSimonian and Laird's does not

Limits: with two or three seeds the between-seed variance is hardly known. Seeds tested on the *same* examples are not
independent studies: the pooled interval is then about these examples only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats

from analysis.stats.finding import Finding
from analysis.stats.paired_binary import PairedCounts


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


def pool(differences: Sequence[float], variances: Sequence[float], *, alpha: float = 0.05) -> MetaAnalysis | None:
    """None with fewer than two studies, or where a variance is not above 0. Raises ValueError for unequal lengths."""
    effects, spreads = np.asarray(differences, dtype=float), np.asarray(variances, dtype=float)
    if effects.shape != spreads.shape or effects.ndim != 1:
        raise ValueError(f"needs as many variances as differences, got {spreads.shape} and {effects.shape}")
    if len(effects) < 2 or not (spreads > 0.0).all():
        return None
    from statsmodels.stats.meta_analysis import combine_effects

    with np.errstate(divide="ignore", invalid="ignore"):  # its own weights with a negative tau2, not used here
        found = combine_effects(effects, spreads, method_re="dl", alpha=alpha)
    tau2 = max(float(found.tau2), 0.0)
    weights = 1.0 / (spreads + tau2)
    mean = float(weights @ effects / weights.sum())
    hk = math.sqrt(float(weights @ (effects - mean) ** 2 / weights.sum()) / (len(effects) - 1))
    q = float(found.q)
    freedom = len(effects) - 1
    return MetaAnalysis(
        studies=len(effects),
        fixed=_pooled("fixed effect", float(found.mean_effect_fe), float(found.sd_eff_w_fe), None, alpha),
        random=_pooled("DerSimonian-Laird", mean, float(1.0 / math.sqrt(weights.sum())), None, alpha),
        hartung_knapp=_pooled("Hartung-Knapp", mean, hk, freedom, alpha),
        q=q,
        q_p_value=float(scipy.stats.chi2.sf(q, freedom)),
        tau2=tau2,
        i2=max(0.0, (q - freedom) / q) if q > 0.0 else 0.0,
    )


def difference_variance(counts: PairedCounts) -> float:
    """Of a paired difference in accuracy; half an example is added to each kind, so that it is never 0."""
    b, c, n = counts.only_first + 0.5, counts.only_second + 0.5, counts.examples + 2.0
    return (b + c - (b - c) ** 2 / n) / n**2


def meta_findings(found: MetaAnalysis | None, *, claim: str, what: str = "seeds") -> list[Finding]:
    """One finding per way to pool."""
    if found is None:
        return [Finding("meta-analysis", claim, note=f"cannot tell: it needs at least two {what}")]
    note = f"the {what} were tested on the same examples; I2 = {100.0 * found.i2:.0f} %, tau2 = {found.tau2:.3g}"
    return [
        Finding(
            f"meta-analysis over {what}, {each.method}", claim, "", each.p_value, None, each.mean, each.interval, note
        )
        for each in (found.fixed, found.random, found.hartung_knapp)
    ]


def _pooled(method: str, mean: float, standard_error: float, freedom: int | None, alpha: float) -> Pooled:
    if standard_error <= 0.0:
        return Pooled(method, mean, 0.0, None, None)
    distribution = scipy.stats.norm if freedom is None else scipy.stats.t(freedom)
    half = float(distribution.isf(alpha / 2.0)) * standard_error
    p_value = 2.0 * float(distribution.sf(abs(mean) / standard_error))
    return Pooled(method, mean, standard_error, (mean - half, mean + half), p_value)
