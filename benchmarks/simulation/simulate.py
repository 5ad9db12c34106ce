"""All sweeps of one setting, in batches that fit a processor's cache, through search, confirm runs and verdict."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from analysis.stats.looks import FEWEST_SEEDS
from benchmarks.simulation import beside
from benchmarks.simulation.answers import Confirmed, confirmed
from benchmarks.simulation.outcomes import (
    Outcomes,
    merged,
    naive_outcomes,
    one_seed_outcomes,
    oracle_found,
    outcomes_of,
    rank_outcomes,
    stopped_outcomes,
)
from benchmarks.simulation.search import finalists, validation
from benchmarks.simulation.settings import Setting
from benchmarks.simulation.worlds import true_components

STREAM = 20_221
BATCH_NUMBERS = 2_000_000  # answers in a batch
MOST_SWEEPS = 500  # in a batch
BESIDE = {"counts": beside.counts, "resampling": beside.resampling, "correlation": beside.correlation}
TERMS = ("_difference", "_gap")  # of what the oracle needs, by finalist


def simulate(setting: Setting, sweeps: int, seed_counts: Sequence[int]) -> dict[int, Outcomes]:
    """seeds -> name of an outcome -> (sweeps,). The stream of a setting is its own, whatever else is simulated."""
    rng = np.random.Generator(np.random.SFC64([STREAM, zlib.crc32(repr(setting).encode())]))
    size = batch_size(setting, max(seed_counts))
    sizes = [min(size, sweeps - start) for start in range(0, sweeps, size)]
    one_batch = _searched if setting.trials else _beside_or_judged
    parts = [one_batch(setting, count, seed_counts, rng) for count in sizes]
    found = {seeds: merged([part[seeds] for part in parts], sizes) for seeds in seed_counts}
    return {seeds: _with_oracle(setting, outcomes, seeds) for seeds, outcomes in found.items()}


def batch_size(setting: Setting, seeds: int) -> int:
    """Sweeps whose answers and validation stay within BATCH_NUMBERS."""
    features = {"wer": 2, "macro_f1": 18}.get(setting.metric, 1)
    numbers = setting.world.clips * max(3 * seeds * features, setting.trials // 2)
    return int(np.clip(BATCH_NUMBERS // numbers, 4, MOST_SWEEPS))


def _beside_or_judged(
    setting: Setting, sweeps: int, seed_counts: Sequence[int], rng: np.random.Generator
) -> dict[int, Outcomes]:
    arms = 2 if setting.family in BESIDE else 3
    truths = np.full((sweeps, arms), setting.level)
    truths[:, -1] = setting.baseline
    if setting.family in BESIDE:
        return BESIDE[setting.family](setting, truths, seed_counts, rng)
    return _judged(setting, confirmed(setting, truths, max(seed_counts), rng), seed_counts)


def _searched(
    setting: Setting, sweeps: int, seed_counts: Sequence[int], rng: np.random.Generator
) -> dict[int, Outcomes]:
    """Through stage 1. Sweeps in which ASHA left one finalist are judged among themselves."""
    world = setting.world
    accuracies = rng.permuted(np.tile(setting.searched(), (sweeps, 1)), axis=1)
    seen = validation(world, accuracies, setting.baseline, rng)
    chosen = finalists(seen.objective)
    naive = naive_outcomes(seen, accuracies, setting.baseline)
    several = chosen[:, 1] >= 0
    parts, rows = [], []
    for here, count in ((several, 2), (~several, 1)):
        if not here.any():
            continue
        own = np.take_along_axis(accuracies[here], chosen[here, :count], axis=1)
        truths = np.concatenate([own, np.full((len(own), 1), setting.baseline)], axis=1)
        parts.append(_judged(setting, confirmed(setting, truths, max(seed_counts), rng), seed_counts))
        rows.append(np.flatnonzero(here))
    order = np.argsort(np.concatenate(rows))
    found = {}
    for seeds in seed_counts:
        together = merged([part[seeds] for part in parts], [len(own) for own in rows])
        found[seeds] = {name: values[order] for name, values in together.items()}
        found[seeds] |= naive if seeds == 1 else {}
    return found


def _judged(setting: Setting, sweeps: Confirmed, seed_counts: Sequence[int]) -> dict[int, Outcomes]:
    found = {}
    one_seed: Outcomes = {}
    if sweeps.right is not None:
        one_seed = one_seed_outcomes(sweeps)
    ranked = (
        not setting.trials
        and sweeps.values.shape[1] > 2
        and setting.landscape == "equal"
        and setting.world.seed_spread == setting.collapse == 0.0
    )
    for seeds in seed_counts:
        part = sweeps.first(seeds)
        outcomes, judged = outcomes_of(setting, part)
        if ranked:
            outcomes |= rank_outcomes(part)
        if seeds >= FEWEST_SEEDS:
            outcomes |= stopped_outcomes(part)
        for finalist, (a, b) in enumerate(zip(judged.family.firsts, judged.family.seconds, strict=True)):
            gap = sweeps.truths[:, a] - sweeps.truths[:, b]
            for term, values in zip(TERMS, (judged.family.difference[:, finalist], gap), strict=True):
                outcomes[f"{term}_{finalist}"] = values
            if setting.trials:
                outcomes[f"_deviation_{finalist}"] = _deviations(setting, sweeps.truths[:, a], seeds)
        found[seeds] = outcomes | (one_seed if seeds == 1 else {})
    return found


def _deviations(setting: Setting, truths: np.ndarray, seeds: int) -> np.ndarray:
    """(R,) what an oracle knows of a searched finalist's difference to the baseline."""
    if setting.landscape != "better":
        return np.full(len(truths), np.nan)
    values, places = np.unique(truths, return_inverse=True)
    groups = setting.world.groups
    found = []
    for value in values:
        of_seeds, of_groups, residual = true_components(setting.world, float(value), setting.baseline)
        found.append(np.sqrt(of_seeds / seeds + of_groups / groups + residual / (seeds * groups)))
    return np.array(found)[places]


def _with_oracle(setting: Setting, outcomes: Outcomes, seeds: int) -> Outcomes:
    """Where a finalist is better: what a z-test finds that knows the variance. After a search it knows the law; else it
    knows the variance of the differences over all the setting's sweeps."""
    shown = {name: values for name, values in outcomes.items() if not name.startswith("_")}
    if setting.landscape != "better" or seeds == 1 or "found" not in shown:
        return shown
    terms = {term: [outcomes[n] for n in outcomes if n.startswith(f"{term}_")] for term in (*TERMS, "_deviation")}
    differences, gaps = (np.stack(terms[term], axis=1) for term in TERMS)
    known = np.stack(terms["_deviation"], axis=1) if setting.trials else differences.std(axis=0, ddof=1)[None]
    sign = -1.0 if setting.metric == "wer" else 1.0
    differences, gaps = np.nan_to_num(differences), np.nan_to_num(gaps)  # of a finalist that is not there
    single = np.isnan(known).any(axis=1) if setting.trials else np.zeros(len(differences), dtype=bool)
    found = np.zeros(len(differences))
    known = np.broadcast_to(known, differences.shape)
    found[~single] = oracle_found(differences[~single], known[~single], gaps[~single], sign)
    if single.any():
        found[single] = oracle_found(differences[single, :1], known[single, :1], gaps[single, :1], sign)
    return {**shown, "oracle_found": found}
