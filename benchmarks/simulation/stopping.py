"""Many simulated confirmations at once that stop as soon as they may, by the shipped rule.

The statistics are the shipped ones, which work on arrays; what stands here is their order, as `verdict.interim` and
`verdict.rule` have it. A test holds every number equal to theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.predictions.metrics import range_of
from analysis.stats.crossed import ArmSeeds, SeedSpread, Squares, pooled, seeds_of, two_arms_all
from analysis.stats.estimate import Estimates
from analysis.stats.multiplicity import holm_all
from analysis.stats.sequential import chance_to_show
from analysis.verdict.account import Account
from analysis.verdict.claims import difference
from benchmarks.simulation.answers import Confirmed
from benchmarks.simulation.judging import ALPHA, own_interval


@dataclass(frozen=True)
class Stopped:
    """R sweeps of F finalists; the baseline is the last of A arms."""

    seeds: np.ndarray  # (R, A) that each arm was trained under
    shown: np.ndarray  # (R, F) 1: the finalist is claimed to lie above the baseline, -1: below, 0: neither
    difference: np.ndarray  # (R, F) finalist less baseline
    low: np.ndarray  # (R, F) of the simultaneous interval
    high: np.ndarray
    among: tuple[np.ndarray, np.ndarray, np.ndarray] | None  # (R,) each: claim, low, high of finalist 1 less 2
    own_low: np.ndarray  # (R,) of the first finalist's own interval
    own_high: np.ndarray
    value: np.ndarray  # (R, F) the finalists' means

    @property
    def runs(self) -> np.ndarray:
        return self.seeds.sum(axis=1)


@dataclass(frozen=True)
class _Family:
    """P comparisons at one look, first less second; arrays (R, P)."""

    p_value: np.ndarray  # after Holm
    difference: np.ndarray
    estimates: tuple[Estimates, ...]


def stop_all(sweeps: Confirmed) -> Stopped:
    """Every finalist against the baseline, by the account for all seeds of `sweeps`, at least three."""
    count, arms, planned = sweeps.values.shape
    finalists, last = range(arms - 1), arms - 1
    account, sign = Account.of(planned, ALPHA), 1.0 if sweeps.mode == "max" else -1.0
    seeds = np.zeros((count, arms), dtype=int)
    open_ = np.ones((count, arms - 1), dtype=bool)
    shown, found = np.zeros_like(open_, dtype=float), np.zeros_like(open_, dtype=float)
    low, high = np.full_like(shown, np.nan), np.full_like(shown, np.nan)
    for look in account.looks:
        seeds[:, :last] = np.where(open_, look, seeds[:, :last])
        seeds[open_.any(axis=1), last] = look
        for rows, counts in _alike(seeds, open_.any(axis=1)):
            own = _of(sweeps, rows)
            family = _family(own, counts, [(finalist, last) for finalist in finalists])
            for finalist in finalists:
                here = np.flatnonzero(open_[rows, finalist])
                at = rows[here]
                p = np.nan_to_num(family.p_value[here, finalist], nan=1.0)
                claimed = p <= account.level(look)
                shown[at, finalist] = np.where(claimed, np.sign(family.difference[here, finalist]), 0.0)
                found[at, finalist] = family.difference[here, finalist]
                ends = _ends(own, family.estimates[finalist], account, look, len(finalists), claimed, here)
                low[at, finalist], high[at, finalist] = ends
                if look < planned:
                    chance = _chance(own, family.estimates[finalist], account, look, len(finalists), sign)[here]
                    open_[at, finalist] = ~claimed & (chance >= account.futile_below)
    among = None
    if len(finalists) > 1:
        among = (np.zeros(count), np.full(count, np.nan), np.full(count, np.nan))
    own_low, own_high = np.full(count, np.nan), np.full(count, np.nan)
    values = np.zeros_like(shown)
    for rows, counts in _alike(seeds, np.ones(count, dtype=bool)):
        own = _of(sweeps, rows)
        values[rows] = np.stack([own.values[:, a, : counts[a]].mean(axis=1) for a in finalists], axis=1)
        own_low[rows], own_high[rows] = _own(own, counts)
        if among is not None:
            both = min(counts[0], counts[1])
            pair = _family(own, np.minimum(counts, both), [(0, 1)])
            claimed = np.nan_to_num(pair.p_value[:, 0], nan=1.0) <= account.level(both)
            everyone = np.arange(len(rows))
            among[0][rows] = np.where(claimed, np.sign(pair.difference[:, 0]), 0.0)
            among[1][rows], among[2][rows] = _ends(own, pair.estimates[0], account, both, 1, claimed, everyone)
    return Stopped(seeds, shown, found, low, high, among, own_low, own_high, values)


def _alike(seeds: np.ndarray, these: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of sweeps whose arms have the same numbers of seeds, and these numbers (A,)."""
    for counts in np.unique(seeds[these], axis=0):
        yield np.flatnonzero(these & (seeds == counts).all(axis=1)), counts


def _of(sweeps: Confirmed, rows: np.ndarray) -> Confirmed:
    cut = {name: getattr(sweeps, name)[rows] for name in ("values", "by_group", "within", "truths")}
    return replace(sweeps, **cut, right=None if sweeps.right is None else sweeps.right[rows], model_truths=None)


def _family(sweeps: Confirmed, counts: np.ndarray, pairs: list[tuple[int, int]]) -> _Family:
    own = [seeds_of(sweeps.by_group[:, arm, :count]) for arm, count in enumerate(counts)]
    spread = pooled(own)
    estimates, differences = [], []
    for first, second in pairs:
        both = min(counts[first], counts[second])
        a, b = (sweeps.by_group[:, arm, :both] for arm in (first, second))
        arms = tuple(own[arm] if counts[arm] == both else seeds_of(table) for arm, table in ((first, a), (second, b)))
        estimates.append(_estimates(sweeps, arms, Squares.of(a - b if sweeps.counted else difference(a, b)), spread))
        means = sweeps.values[:, :, :both].mean(axis=2)
        differences.append(means[:, first] - means[:, second])
    p_values = holm_all(np.stack([each.p_values() for each in estimates], axis=1))
    return _Family(p_values, np.stack(differences, axis=1), tuple(estimates))


def _estimates(sweeps: Confirmed, arms: tuple[ArmSeeds, ...], squares: Squares, spread: SeedSpread | None) -> Estimates:
    share = range_of(sweeps.design.metric_name) == (0.0, 1.0)
    found = two_arms_all(arms[0], arms[1], squares, spread=spread, share=share)
    return found.at_most(sweeps.design.most_freedom)


def _ends(
    sweeps: Confirmed,
    found: Estimates,
    account: Account,
    seeds: int,
    family: int,
    shown: np.ndarray,
    rows: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Of the intervals of these rows."""
    least, most = range_of(sweeps.design.metric_name)
    claimed, given_up = (found.intervals(account.interval_level(seeds, shown=s) / family) for s in (True, False))
    low, high = (np.where(shown, one[rows], other[rows]) for one, other in zip(claimed, given_up, strict=True))
    return np.maximum(low, least - most), np.minimum(high, most - least)


def _chance(sweeps: Confirmed, found: Estimates, account: Account, seeds: int, family: int, sign: float) -> np.ndarray:
    chance = chance_to_show(
        found,
        seeds=seeds,
        planned=account.planned,
        groups=sweeps.design.groups,
        level=account.level(account.planned) / family,
        most_freedom=sweeps.design.most_freedom,
        sign=sign,
    )
    return np.where(found.variance > 0.0, chance, (found.mean != 0.0).astype(float))


def _own(sweeps: Confirmed, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    of_seeds = [seeds_of(sweeps.by_group[:, arm, :count]) for arm, count in enumerate(counts)]
    first = replace(sweeps, by_group=sweeps.by_group[:, :, : counts[0]])
    return own_interval(first, 0, of_seeds, pooled(of_seeds))
