"""The shipped verdict's rule over many simulated sweeps at once.

The statistics are the shipped ones, which work on arrays; what stands here is their order, as `verdict.rule.verdict_of`
and `verdict.claims` have it. A test holds every number equal to theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.predictions.metrics import range_of
from analysis.stats.crossed import (
    ArmSeeds,
    SeedSpread,
    Squares,
    crossed_all,
    groups_only_all,
    pooled,
    seeds_of,
    two_arms_all,
)
from analysis.stats.estimate import Estimates
from analysis.stats.multiplicity import holm_all
from analysis.stats.paired_binary import mcnemar_intervals, mcnemar_p_values
from analysis.stats.scale import intervals_within
from analysis.verdict.claims import difference
from benchmarks.simulation.answers import Confirmed

ALPHA = 0.05


@dataclass(frozen=True)
class Pairs:
    """P comparisons, first less second: arrays (R, P). NaN where nothing can be tested."""

    firsts: tuple[int, ...]  # arms
    seconds: tuple[int, ...]
    difference: np.ndarray
    p_value: np.ndarray  # adjusted, where it is one of a family
    low: np.ndarray  # simultaneous, where it is one of a family
    high: np.ndarray
    estimates: tuple[Estimates, ...] = ()

    @property
    def significant(self) -> np.ndarray:
        return np.nan_to_num(self.p_value, nan=1.0) <= ALPHA


@dataclass(frozen=True)
class Judged:
    """What the verdict says of R sweeps."""

    family: Pairs  # every finalist against the baseline
    among: Pairs | None  # finalists; None with one
    alone: Pairs  # the first finalist against the baseline, as two arms by `analysis.compare`
    paired: Pairs | None  # every finalist against the baseline by `crossed.crossed`, which pairs seeds
    winner: np.ndarray  # (R,) a finalist's index, -1: none
    own_low: np.ndarray  # (R, A) each arm's own interval
    own_high: np.ndarray


def judge_all(sweeps: Confirmed) -> Judged:
    """All seeds of `sweeps`; the last arm is the baseline."""
    arms = sweeps.by_group.shape[1]
    seeds = sweeps.by_group.shape[2]
    finalists, last = range(arms - 1), arms - 1
    spread, of_seeds = None, []
    if seeds > 1:
        of_seeds = [seeds_of(sweeps.by_group[:, arm]) for arm in range(arms)]
        spread = pooled(of_seeds)
    squares = {
        pair: _squares(sweeps, *pair)
        for pair in [*((a, last) for a in finalists), *([(0, 1)] if len(finalists) > 1 else [])]
    }
    against = [(a, last) for a in finalists]
    family = _pairs(sweeps, against, squares, of_seeds, spread)
    among = _pairs(sweeps, [(0, 1)], squares, of_seeds, spread) if len(finalists) > 1 else None
    paired = None
    if seeds > 1:
        estimates = tuple(crossed_all(squares[pair]) for pair in against)
        p_values = holm_all(np.stack([each.p_values() for each in estimates], axis=1))
        nothing = np.full_like(p_values, np.nan)
        paired = Pairs(family.firsts, family.seconds, family.difference, p_values, nothing, nothing)
    own = [own_interval(sweeps, arm, of_seeds, spread) for arm in range(arms)]
    return Judged(
        family,
        among,
        _pairs(sweeps, against[:1], squares, of_seeds, None),
        paired,
        _winner(sweeps, family),
        np.stack([low for low, _ in own], axis=1),
        np.stack([high for _, high in own], axis=1),
    )


def _squares(sweeps: Confirmed, first: int, second: int) -> Squares:
    a, b = sweeps.by_group[:, first], sweeps.by_group[:, second]
    exact = sweeps.counted  # 0 and 1: nothing to free of rounding
    return Squares.of(a - b if exact else difference(a, b))


def _pairs(
    sweeps: Confirmed,
    pairs: list[tuple[int, int]],
    squares: dict[tuple[int, int], Squares],
    of_seeds: list[ArmSeeds],
    spread: SeedSpread | None,
) -> Pairs:
    """A family of comparisons: Holm's correction, simultaneous intervals."""
    firsts, seconds = zip(*pairs, strict=True)
    level = ALPHA / len(pairs)
    means = sweeps.values.mean(axis=2)
    differences = np.stack([means[:, a] - means[:, b] for a, b in pairs], axis=1)
    if not of_seeds and sweeps.counted:
        assert sweeps.right is not None
        right = sweeps.right[:, :, 0]
        only = [((right[:, a] & ~right[:, b]).sum(-1), (~right[:, a] & right[:, b]).sum(-1)) for a, b in pairs]
        p_values = [mcnemar_p_values(b, c) for b, c in only]
        ends = [mcnemar_intervals(b, c, sweeps.design.examples, level) for b, c in only]
        estimates: tuple[Estimates, ...] = ()
    else:
        estimates = tuple(
            _estimates(sweeps, squares[a, b], (of_seeds[a], of_seeds[b]) if of_seeds else None, spread)
            for a, b in pairs
        )
        p_values = [each.p_values() for each in estimates]
        least, most = range_of(sweeps.design.metric_name)
        ends = []
        for each in estimates:
            low, high = each.intervals(level)
            ends.append((np.maximum(low, least - most), np.minimum(high, most - least)))
    low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))
    return Pairs(firsts, seconds, differences, holm_all(np.stack(p_values, axis=1)), low, high, estimates)


def _estimates(
    sweeps: Confirmed, squares: Squares, arms: tuple[ArmSeeds, ArmSeeds] | None, spread: SeedSpread | None
) -> Estimates:
    if arms is None:
        return groups_only_all(squares).at_most(sweeps.design.most_freedom)
    share = range_of(sweeps.design.metric_name) == (0.0, 1.0)
    return two_arms_all(*arms, squares, spread=spread, share=share).at_most(sweeps.design.most_freedom)


def _winner(sweeps: Confirmed, family: Pairs) -> np.ndarray:
    sign = 1.0 if sweeps.mode == "max" else -1.0
    better = family.significant & (sign * family.difference > 0.0)
    means = np.where(better, sign * sweeps.values.mean(axis=2)[:, : better.shape[1]], -np.inf)
    return np.where(better.any(axis=1), means.argmax(axis=1), -1)


def own_interval(
    sweeps: Confirmed, arm: int, of_seeds: list[ArmSeeds], spread: SeedSpread | None
) -> tuple[np.ndarray, np.ndarray]:
    squares = Squares.of(sweeps.by_group[:, arm])
    found = crossed_all(squares, spread=spread, known=of_seeds[arm].known) if of_seeds else groups_only_all(squares)
    least, most = range_of(sweeps.design.metric_name)
    capped = found.at_most(sweeps.design.most_freedom)
    return intervals_within(
        found.mean,
        found.variance,
        capped.degrees_of_freedom,
        alpha=ALPHA,
        least=least,
        most=most,
        groups=sweeps.design.alike,
    )
