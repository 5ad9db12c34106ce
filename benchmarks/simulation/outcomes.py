"""What the verdicts of many simulated sweeps found, against the truth: 1.0 or 0.0, NaN where it does not apply."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtr

from analysis.stats.friedman import average_ranks, friedman_all, nemenyi_critical_difference
from analysis.stats.multiplicity import holm_all
from analysis.stats.paired_binary import mcnemar_p_values, newcombe_intervals, tango_intervals
from benchmarks.simulation.answers import Confirmed
from benchmarks.simulation.judging import ALPHA, Judged, Pairs, judge_all
from benchmarks.simulation.search import Validation
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.stopping import stop_all

Outcomes = dict[str, np.ndarray]  # name -> (R,)


def outcomes_of(setting: Setting, sweeps: Confirmed) -> tuple[Outcomes, Judged]:
    """Of the verdicts over all seeds of `sweeps`. With one seed the claims are about the trained models."""
    judged = judge_all(sweeps)
    one = sweeps.values.shape[2] == 1
    truths = sweeps.truths
    if one and sweeps.model_truths is not None:
        truths = sweeps.model_truths[:, :, 0]
    elif one and not _models_are_alike(setting):
        return {}, judged  # what these models are worth is not known
    sign = 1.0 if sweeps.mode == "max" else -1.0
    gaps = _gaps(judged.family, truths)
    found: Outcomes = {
        "false_claim": _false(judged.family, gaps).any(axis=1),
        "false_winner": _false_winner(judged, sign * gaps),
        "better_present": (sign * gaps > 0.0).any(axis=1),
        "found": _right(judged.family, gaps, sign).any(axis=1),
        "covers": _covers(judged.family, gaps).all(axis=1),
        "width": (judged.family.high - judged.family.low).mean(axis=1),
    }
    if judged.among is not None:
        between = _gaps(judged.among, truths)
        found["false_among"] = _false(judged.among, between).any(axis=1)
        found["among_covers"] = _covers(judged.among, between).all(axis=1)
        found["among_width"] = (judged.among.high - judged.among.low).mean(axis=1)
    alone = judged.alone
    found["alone_false"] = _false(alone, gaps[:, :1])[:, 0]
    found["alone_found"] = _right(alone, gaps[:, :1], sign)[:, 0]
    found["alone_covers"] = _covers(alone, gaps[:, :1])[:, 0]
    found["alone_width"] = (alone.high - alone.low)[:, 0]
    found |= _equivalence(alone, gaps[:, 0])
    if judged.paired is not None:
        found["paired_false"] = _false(judged.paired, gaps).any(axis=1)
        found["paired_found"] = _right(judged.paired, gaps, sign).any(axis=1)
    low, high, own = judged.own_low[:, 0], judged.own_high[:, 0], truths[:, 0]
    found["own_covers"] = ~((low > own) | (high < own))
    found["own_above"], found["own_below"] = low > own, high < own
    found["own_width"] = high - low
    return {name: values.astype(float) for name, values in found.items()}, judged


def stopped_outcomes(sweeps: Confirmed) -> Outcomes:
    """Of confirmations that stop as soon as they may, over all seeds of `sweeps`, at least three."""
    found, sign = stop_all(sweeps), 1.0 if sweeps.mode == "max" else -1.0
    gaps = sweeps.truths[:, :-1] - sweeps.truths[:, -1:]
    better = sign * gaps > 0.0
    claimed = sign * found.shown > 0.0
    chosen = np.where(claimed, sign * found.value, -np.inf).argmax(axis=1)[:, None]
    chosen_is_better = np.take_along_axis(better, chosen, axis=1)[:, 0]
    outcomes: Outcomes = {
        "stop_false": ((found.shown != 0.0) & (found.shown * gaps <= 0.0)).any(axis=1),
        "stop_winner_false": claimed.any(axis=1) & ~chosen_is_better,
        "stop_found": (claimed & better).any(axis=1),
        "stop_covers": (~((found.low > gaps) | (found.high < gaps))).all(axis=1),
        "stop_width": (found.high - found.low).mean(axis=1),
        "stop_bias": (sign * (found.difference - gaps)).mean(axis=1),
        "stop_runs": found.runs / sweeps.values[0, :, :].size,
        "stop_seeds": found.seeds[:, -1],
    }
    if found.among is not None:
        claim, low, high = found.among
        between = sweeps.truths[:, 0] - sweeps.truths[:, 1]
        outcomes["stop_among_false"] = (claim != 0.0) & (claim * between <= 0.0)
        outcomes["stop_among_covers"] = ~((low > between) | (high < between))
    outcomes["stop_own_covers"] = ~((found.own_low > sweeps.truths[:, 0]) | (found.own_high < sweeps.truths[:, 0]))
    return {name: values.astype(float) for name, values in outcomes.items()}


def _models_are_alike(setting: Setting) -> bool:
    return setting.world.seed_spread == 0.0 and setting.collapse == 0.0


def rank_outcomes(sweeps: Confirmed) -> Outcomes:
    """Friedman, Iman-Davenport and Nemenyi over test groups: whether they find a difference between alike models."""
    ranks = average_ranks(sweeps.within.mean(axis=2).swapaxes(1, 2), sweeps.mode)
    found = friedman_all(ranks)
    reach = nemenyi_critical_difference(ranks.shape[-1], ranks.shape[-2], ALPHA)
    average = ranks.mean(axis=-2)
    return {
        "friedman_false": (np.nan_to_num(found.p_value, nan=1.0) <= ALPHA).astype(float),
        "iman_davenport_false": (np.nan_to_num(found.f_p_value, nan=1.0) <= ALPHA).astype(float),
        "nemenyi_false": (np.ptp(average, axis=-1) > reach).astype(float),
    }


def one_seed_outcomes(sweeps: Confirmed) -> Outcomes:
    """McNemar's test of the first finalist against the baseline under one seed, and the intervals of these models."""
    assert sweeps.right is not None
    assert sweeps.model_truths is not None
    first, second = sweeps.right[:, 0, 0], sweeps.right[:, -1, 0]
    gap = sweeps.truths[:, 0] - sweeps.truths[:, -1]
    models = sweeps.model_truths[:, 0, 0] - sweeps.model_truths[:, -1, 0]
    found = mcnemar_outcomes(first, second, gap, "mcnemar")
    if sweeps.counted:
        b, c, both, neither = _table(first, second)
        for name, (low, high) in {
            "newcombe": newcombe_intervals(b, c, both, neither, alpha=ALPHA),
            "tango": tango_intervals(b, c, first.shape[-1], ALPHA),
        }.items():
            found[f"{name}_covers"] = ((low <= models) & (models <= high)).astype(float)
            found[f"{name}_width"] = high - low
    return found


def naive_outcomes(seen: Validation, accuracies: np.ndarray, baseline: float) -> Outcomes:
    """The trial with the best validation score against the baseline, tested on the clips that chose it."""
    gap = np.take_along_axis(accuracies, seen.best[:, None], axis=1)[:, 0] - baseline
    return mcnemar_outcomes(seen.best_right, seen.baseline_right, gap, "naive")


def mcnemar_outcomes(first: np.ndarray, second: np.ndarray, gap: np.ndarray, name: str) -> Outcomes:
    """`first` and `second` (R, N) booleans, `gap` (R,) in truth."""
    b, c, _, _ = _table(first, second)
    significant = np.nan_to_num(mcnemar_p_values(b, c), nan=1.0) <= ALPHA
    return {
        f"{name}_false": (significant & ((b - c) * gap <= 0.0)).astype(float),
        f"{name}_found": (significant & (b > c) & (gap > 0.0)).astype(float),
    }


def oracle_found(differences: np.ndarray, deviations: np.ndarray, gaps: np.ndarray, sign: float) -> np.ndarray:
    """(R,) whether a z-test that knows the deviations finds a better one: Holm over the finalists; (R, F) each."""
    p_values = holm_all(2.0 * ndtr(-np.abs(differences) / deviations))
    return ((p_values <= ALPHA) & (sign * differences > 0.0) & (sign * gaps > 0.0)).any(axis=1).astype(float)


def _equivalence(alone: Pairs, gaps: np.ndarray) -> Outcomes:
    """Two one-sided tests whose margin is the true difference: a claim of equivalence is wrong by a hair."""
    if not alone.estimates:
        return {}
    (estimate,) = alone.estimates
    low, high = estimate.intervals(2.0 * ALPHA)
    found = {"equivalence_covers": ~((low > gaps) | (high < gaps))}
    margin = float(np.abs(gaps).max())
    if margin > 0.0 and np.allclose(np.abs(gaps), margin):
        found["equivalence_false"] = np.maximum(*estimate.one_sided(margin)) <= ALPHA
    return found


def _gaps(pairs: Pairs, truths: np.ndarray) -> np.ndarray:
    return truths[:, list(pairs.firsts)] - truths[:, list(pairs.seconds)]


def _false(pairs: Pairs, gaps: np.ndarray) -> np.ndarray:
    """A claimed direction that is not the true one; between equals any direction is wrong."""
    return pairs.significant & (pairs.difference * gaps <= 0.0)


def _right(pairs: Pairs, gaps: np.ndarray, sign: float) -> np.ndarray:
    return pairs.significant & (sign * pairs.difference > 0.0) & (sign * gaps > 0.0)


def _covers(pairs: Pairs, gaps: np.ndarray) -> np.ndarray:
    """An interval that cannot be given claims nothing, and so misses nothing."""
    return ~((pairs.low > gaps) | (pairs.high < gaps))


def _false_winner(judged: Judged, better_by: np.ndarray) -> np.ndarray:
    chosen = np.maximum(judged.winner, 0)[:, None]
    return (judged.winner >= 0) & (np.take_along_axis(better_by, chosen, axis=1)[:, 0] <= 0.0)


def _table(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, ...]:
    """(R,) each, as numbers: only the first right, only the second, both, neither."""
    cells = (first & ~second, ~first & second, first & second, ~first & ~second)
    return tuple(cell.sum(axis=-1).astype(float) for cell in cells)


def merged(parts: list[Mapping[str, np.ndarray]], sizes: list[int]) -> Outcomes:
    """Of several batches, NaN where one of them lacks a name."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    return {
        name: np.concatenate([part.get(name, np.full(size, np.nan)) for part, size in zip(parts, sizes, strict=True)])
        for name in names
    }
