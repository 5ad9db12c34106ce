"""What stands beside the verdict, in simulated comparisons of two arms: counts, resampling, correlations.

Each function is shipped, and is called comparison by comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.compare.published import spread_interval
from analysis.predictions.metrics import METRICS
from analysis.stats.correlation import correlation_difference
from analysis.stats.crossed import Squares, seeds_only_all
from analysis.stats.meta_analysis import difference_variances, pool_all
from analysis.stats.resampling import crossed_bootstrap, paired_bootstrap, permutation
from analysis.stats.scale import quantiles
from benchmarks.simulation.answers import confirmed
from benchmarks.simulation.outcomes import Outcomes, mcnemar_outcomes
from benchmarks.simulation.settings import Setting

ALPHA = 0.05
RESAMPLES = 399


def counts(
    setting: Setting, truths: np.ndarray, seed_counts: Sequence[int], rng: np.random.Generator
) -> dict[int, Outcomes]:
    """From the counts of right answers alone: claims are about new seeds on these examples."""
    sweeps = confirmed(setting, truths, max(seed_counts), rng)
    assert sweeps.right is not None
    assert sweeps.clip_truths is not None
    gap, own = sweeps.clip_truths[:, 0] - sweeps.clip_truths[:, 1], sweeps.clip_truths[:, 0]
    found: dict[int, Outcomes] = {}
    for seeds in seed_counts:
        found[seeds] = {}
        if seeds == 1:
            continue
        first, second = sweeps.right[:, 0, :seeds], sweeps.right[:, 1, :seeds]
        differences = first.mean(axis=-1) - second.mean(axis=-1)  # (R, S)
        b, c = (first & ~second).sum(axis=-1), (~first & second).sum(axis=-1)
        pools = pool_all(differences, difference_variances(b, c, setting.world.clips))
        t, z = quantiles(np.asarray(seeds - 1.0), ALPHA), quantiles(np.asarray(np.inf), ALPHA)
        ends = {
            "fixed_effect": (pools.fixed_mean, z * pools.fixed_error),
            "dersimonian_laird": (pools.random_mean, z * pools.random_error),
            "hartung_knapp": (pools.random_mean, t * _or_none(pools.hartung_knapp_error)),
        }
        for name, (mean, half) in ends.items():
            found[seeds][f"{name}_covers"] = (~(np.abs(mean - gap) > half)).astype(float)
        low, high = seeds_only_all(Squares.of(differences[..., None])).intervals(ALPHA)
        found[seeds]["counts_covers"] = (~((low > gap) | (high < gap))).astype(float)
        spread = [spread_interval(values, ALPHA) for values in first.mean(axis=-1)]
        found[seeds]["spread_covers"] = np.array([_within(i, t) for i, t in zip(spread, own, strict=True)])
    return found


def _or_none(error: np.ndarray) -> np.ndarray:
    """NaN where nothing varies, so that no interval is given."""
    return np.where(error > 0.0, error, np.nan)


def resampling(
    setting: Setting, truths: np.ndarray, seed_counts: Sequence[int], rng: np.random.Generator
) -> dict[int, Outcomes]:
    """Bootstraps and permutation: as the claims that they make, and taken for claims about configurations."""
    sweeps = confirmed(setting, truths, max(seed_counts), rng)
    assert sweeps.right is not None
    assert sweeps.model_truths is not None
    statistic = METRICS["accuracy"].value
    found: dict[int, Outcomes] = {}
    for seeds in seed_counts:
        rows = []
        for right, models, own in zip(sweeps.right[:, :, :seeds], sweeps.model_truths, sweeps.truths, strict=True):
            gap, model_gap = float(own[0] - own[1]), float(np.diff(models[::-1, :seeds].mean(axis=1))[0])
            scores = right.mean(axis=1)  # (2, N): of a mean metric, that of the mean scores is the mean of the seeds'
            sums = _sums(scores[:, None])
            paired = paired_bootstrap(sums, statistic, alpha=ALPHA, rng=rng, resamples=RESAMPLES).interval
            exchanged = permutation(sums, statistic, rng=rng, exchanges=RESAMPLES)
            row = {
                "bca_covers": _within(paired, model_gap),
                "bca_false": float(paired is not None and _excludes(paired, gap)),
                "permutation_false": float(exchanged.p_value is not None and exchanged.p_value <= ALPHA),
            }
            if seeds > 1:
                both = crossed_bootstrap(_sums(right), statistic, alpha=ALPHA, rng=rng, resamples=RESAMPLES).interval
                row["crossed_bootstrap_covers"] = _within(both, gap)
                row["crossed_bootstrap_false"] = float(both is not None and _excludes(both, gap))
            rows.append(row)
        mcnemar = mcnemar_outcomes(sweeps.right[:, 0, 0], sweeps.right[:, 1, 0], truths[:, 0] - truths[:, 1], "mcnemar")
        found[seeds] = _stacked(rows) | {"mcnemar_false": mcnemar["mcnemar_false"]}
    return found


def correlation(
    setting: Setting, truths: np.ndarray, seed_counts: Sequence[int], rng: np.random.Generator
) -> dict[int, Outcomes]:
    """Two models' correlations with a target: normal, outputs that share `within_group` of their errors' variance."""
    examples, shared = setting.world.clips, setting.world.within_group
    rows = []
    for first, second in truths:
        target, common, *own = rng.standard_normal((4, examples))
        if setting.world.tails == "t2":
            target = target / np.sqrt(rng.chisquare(5, examples) / 5) * np.sqrt(3 / 5)  # of variance 1
        outputs = [
            rho * target + np.sqrt(1.0 - rho**2) * (np.sqrt(shared) * common + np.sqrt(1.0 - shared) * error)
            for rho, error in zip((first, second), own, strict=True)
        ]
        found = correlation_difference(target, *outputs, alpha=ALPHA)
        assert found is not None
        wrong = found.difference * (first - second) <= 0.0
        rows.append(
            {
                "zou_covers": _within(found.interval, float(first - second)),
                "williams_false": float(found.williams_p <= ALPHA and wrong),
                "steiger_false": float(found.steiger_p <= ALPHA and wrong),
            }
        )
    outcomes = _stacked(rows)
    return {seeds: outcomes if seeds == 1 else {} for seeds in seed_counts}


def _sums(scores: np.ndarray) -> np.ndarray:
    """(N, 2, S, 2) of (2, S, N): what each clip adds to a mean."""
    return np.stack([scores, np.ones_like(scores)], axis=-1).astype(float).transpose(2, 0, 1, 3)


def _within(interval: tuple[float, float] | None, truth: float) -> float:
    """An interval that cannot be given claims nothing, and so misses nothing."""
    return float(interval is None or interval[0] <= truth <= interval[1])


def _excludes(interval: tuple[float, float], gap: float) -> bool:
    """Whether it excludes 0, and names a direction that is not the true one."""
    return (interval[0] > 0.0 and gap <= 0.0) or (interval[1] < 0.0 and gap >= 0.0)


def _stacked(rows: Sequence[dict[str, float]]) -> Outcomes:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
