"""What stands beside the verdict for one pair of configurations: every test that fits the data, with what it claims.

None of it decides. McNemar, the paired intervals, the bootstrap over test units, the permutation by whole group and
the tests of correlations and of word errors are about the trained models; tests over seeds are about new seeds on
these examples; only the verdict and the crossed bootstrap speak of both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files

import numpy as np

from analysis.compare.equivalence import equivalence_findings, in_family
from analysis.predictions.align import correct, group_numbers, numbered
from analysis.predictions.ensemble import ensemble
from analysis.predictions.metrics import CLASSIFICATION, REGRESSION, TRANSCRIPTION, Score, SumMetric, columns
from analysis.predictions.pseudovalues import group_sums
from analysis.stats import paired_binary
from analysis.stats.correlation import correlation_difference
from analysis.stats.crossed import FEWEST_GROUPS
from analysis.stats.finding import Finding, Method, out_of_reach
from analysis.stats.mapsswe import speech_findings
from analysis.stats.multiplicity import holm
from analysis.stats.paired_binary import PairedCounts
from analysis.stats.resampling import crossed_bootstrap, paired_bootstrap, permutation
from analysis.stats.signs import MOST_PAIRS, seed_findings
from analysis.verdict.arms import arms_of_answers
from analysis.verdict.comparison import Comparison, contrast
from trainables.records import Predictions

WITHIN_CLASS = "accuracy within the class"


@dataclass(frozen=True)
class Pair:
    """Two configurations' test predictions, aligned, in the order of the comparison's seeds."""

    comparison: Comparison
    first: Sequence[Predictions]
    second: Sequence[Predictions]
    fewest_groups: int  # in the smallest class
    sums: np.ndarray | None = None  # (G, 2, S, F) what each group adds to the metric's sums, where that is known

    @cached_property
    def right(self) -> np.ndarray:
        """(2, S, N) right or wrong."""
        return np.array([[correct(run) for run in side] for side in (self.first, self.second)]) > 0

    @property
    def grouped(self) -> bool:
        return self.comparison.groups < self.comparison.examples

    @property
    def model_claim(self) -> str:
        """What a test that takes the trained models as they are may be said of."""
        return "examples" if self.fewest_groups < FEWEST_GROUPS else "models"


def pair_findings(pair: Pair, metric: Score, *, alpha: float, rng: np.random.Generator) -> list[Finding]:
    """The deciding test first, then the rest. Slow parts: 10,000 resamples and as many exchanges."""
    found = [_deciding(pair.comparison)]
    if metric.kind == CLASSIFICATION:
        found += binary_findings(pair, alpha=alpha)
    elif metric.kind == REGRESSION:
        found += correlation_findings(pair, alpha=alpha)
    elif metric.kind == TRANSCRIPTION:
        found += word_findings(pair)
    found += resampling_findings(pair, metric, alpha=alpha, rng=rng)
    if 2 <= len(pair.first) <= MOST_PAIRS:
        first, second = pair.comparison.first_values, pair.comparison.second_values
        found += seed_findings([first[seed] - second[seed] for seed in first], alpha=alpha)
    if metric.kind == CLASSIFICATION:
        found += class_findings(pair, alpha=alpha)
    return found


def margin_findings(pairs: Sequence[Pair], metric: Score, margin: float, *, alpha: float) -> list[list[Finding]]:
    """Equivalence and "no worse than" of every pair of a family."""
    found = []
    for pair in pairs:
        one_seed = metric.name == "accuracy" and len(pair.first) == 1
        counts = PairedCounts.of(pair.right[0, 0], pair.right[1, 0]) if one_seed else None
        found.append(
            equivalence_findings(pair.comparison, counts, margin, mode=metric.mode, alpha=alpha, pairs=len(pairs))
        )
    return in_family(found)


def _deciding(comparison: Comparison) -> Finding:
    return Finding(
        Method.VERDICT,
        f"verdict: {comparison.method}",
        comparison.claim,
        "",
        comparison.p_value,
        None,
        comparison.difference,
        comparison.interval,
        "" if comparison.p_value is not None else "cannot tell: nothing can be tested",
    )


def binary_findings(pair: Pair, *, alpha: float) -> list[Finding]:
    """McNemar and intervals for the difference in accuracy, seed by seed, and of the seeds' ensembles."""
    found = []
    rate = error_rate("McNemar exact, first seed", len(pair.first))
    for seed, counts in seed_counts(pair).items():
        of_seed = paired_binary.findings(
            counts, alpha=alpha, scope=f"seed {seed}", claim=pair.model_claim, grouped=pair.grouped
        )
        if of_seed[0].p_value is not None:
            of_seed[0] = replace(of_seed[0], note="; ".join(part for part in (of_seed[0].note, rate) if part))
        found += of_seed
    if len(pair.first) > 1 and all(run.scores is not None for run in (*pair.first, *pair.second)):
        counts = PairedCounts.of(*(correct(ensemble(side)) > 0 for side in (pair.first, pair.second)))
        found += paired_binary.findings(
            counts, alpha=alpha, scope="seeds' ensembles", claim=pair.model_claim, grouped=pair.grouped
        )
    return found


def seed_counts(pair: Pair) -> dict[int, PairedCounts]:
    """seed -> right and wrong of the two."""
    both = zip(pair.comparison.seeds, *pair.right, strict=True)
    return {seed: PairedCounts.of(first, second) for seed, first, second in both}


def class_findings(pair: Pair, *, alpha: float) -> list[Finding]:
    """The difference in accuracy within each class, by the verdict's own rule on that class's examples."""
    found = []
    numbers, _ = group_numbers(pair.first[0])
    place, _ = numbered(pair.first[0].targets)
    number_of = {name: number for number, name in enumerate(dict.fromkeys(pair.first[0].targets))}
    names = pair.comparison.first, pair.comparison.second
    for name in pair.first[0].classes:
        rows = np.flatnonzero(place == number_of.get(name, -1))
        scope = f"class {name}"
        if not len(rows):
            found.append(
                Finding(
                    Method.CLASS_ACCURACY, WITHIN_CLASS, "models", scope, note="cannot tell: no test example is of it"
                )
            )
            continue
        right = pair.right[:, :, rows]
        by_seed = [dict(zip(pair.comparison.seeds, side, strict=True)) for side in right]
        design, arms = arms_of_answers(dict(zip(names, by_seed, strict=True)), numbers[rows])
        part = contrast(design, arms[names[0]], arms[names[1]], alpha=alpha)
        interval = part.interval
        if part.estimate is None and len(pair.first) == 1:
            interval = paired_binary.newcombe(PairedCounts.of(right[0, 0], right[1, 0]), alpha)
        note = f"{len(rows)} examples, {part.groups} groups; {part.method}"
        if part.p_value is None:
            note = f"cannot tell: nothing differs or varies; {note}"
        told = part.p_value, None, part.difference, interval
        found.append(Finding(Method.CLASS_ACCURACY, WITHIN_CLASS, part.claim, scope, *told, note))
    return found


def correlation_findings(pair: Pair, *, alpha: float) -> list[Finding]:
    """Williams and Steiger on the correlations with the target, outputs averaged over seeds; one pair per column."""
    target = columns(pair.first[0].targets)
    first, second = (np.mean([columns(run.outputs) for run in side], axis=0) for side in (pair.first, pair.second))
    several = target.shape[1] > 1
    results = [
        correlation_difference(target[:, d], first[:, d], second[:, d], alpha=alpha) for d in range(target.shape[1])
    ]
    found = []
    for method, name in ((Method.WILLIAMS, "Williams' t"), (Method.STEIGER, "Steiger's Z")):
        williams = method is Method.WILLIAMS
        raw = [None if r is None else (r.williams_p if williams else r.steiger_p) for r in results]
        for column, (r, p, adjusted) in enumerate(zip(results, raw, holm(raw), strict=True)):
            scope = f"column {column}" if several else ""
            label = f"difference in correlation, {name}"
            if r is None or pair.grouped:
                why = "examples share groups" if pair.grouped else "too few examples, or no variation"
                found.append(Finding(method, label, pair.model_claim, scope, note=f"cannot tell: {why}"))
                continue
            note = "outputs averaged over seeds" if len(pair.first) > 1 else ""
            if several:
                note = f"{note}{'; ' if note else ''}Holm over columns: p = {adjusted:.3g}"
            statistic = r.williams_t if williams else r.steiger_z
            found.append(Finding(method, label, pair.model_claim, scope, p, statistic, r.difference, r.interval, note))
    return found


def word_findings(pair: Pair) -> list[Finding]:
    """The matched-pairs sentence-segment test, seed by seed."""
    return [
        finding
        for seed, first, second in zip(pair.comparison.seeds, pair.first, pair.second, strict=True)
        for finding in speech_findings(
            first.targets, first.outputs, second.outputs, scope=f"seed {seed}", claim=pair.model_claim
        )
    ]


def unit_sums(pair: Pair, metric: SumMetric) -> np.ndarray:
    """(G, 2, S, F): what each test group adds to the metric's sums, per arm and seed."""
    if pair.sums is not None:
        return pair.sums
    numbers, groups = group_numbers(pair.first[0])
    sides = [
        np.stack([group_sums(metric.rows(run), numbers, groups) for run in side], axis=1)
        for side in (pair.first, pair.second)
    ]
    return np.stack(sides, axis=1)


def resampling_findings(pair: Pair, metric: Score, *, alpha: float, rng: np.random.Generator) -> list[Finding]:
    """Crossed bootstrap, BCa over test groups, permutation by whole group; each with its measured error rate."""
    seeds = len(pair.first)
    crossing, pairing, exchanging = (
        (Method.CROSSED_BOOTSTRAP, "crossed bootstrap over seeds and test groups"),
        (Method.PAIRED_BOOTSTRAP, "paired bootstrap over test groups, BCa"),
        (Method.PERMUTATION, "permutation by whole group"),
    )
    if pair.fewest_groups < FEWEST_GROUPS:
        note = f"cannot tell: {pair.fewest_groups} test groups in the smallest class are too few to draw from"
        offered = (crossing, pairing, exchanging)[seeds < 2 :]
        return [Finding(*which, "models_and_groups", note=note) for which in offered]
    if not isinstance(metric, SumMetric):
        note = f"cannot tell: {metric.name} needs the order of all examples, and is not drawn again here"
        return [
            Finding(*which, "models_and_groups", note=note) for which in (crossing, pairing, exchanging)[seeds < 2 :]
        ]
    sums = unit_sums(pair, metric)
    found = []
    if seeds > 1:
        crossed = crossed_bootstrap(sums, metric.value, alpha=alpha, rng=rng)
        note = error_rate("crossed bootstrap", seeds) if crossed.interval else "cannot tell: nothing varies"
        found.append(
            Finding(*crossing, "population", "", crossed.p_value, None, crossed.estimate, crossed.interval, note)
        )
    paired = paired_bootstrap(sums, metric.value, alpha=alpha, rng=rng)
    note = error_rate("paired bootstrap", seeds) if paired.interval else "cannot tell: nothing varies"
    found.append(Finding(*pairing, "models", "", paired.p_value, None, paired.estimate, paired.interval, note))
    exchanged = permutation(sums, metric.value, rng=rng)
    p_value, note = exchanged.p_value, error_rate("permutation by group", seeds)
    if p_value is None:
        note = "cannot tell: no group divides the two"
    elif exchanged.smallest_p > alpha:
        p_value, note = None, out_of_reach(exchanged.smallest_p, alpha)
    found.append(Finding(*exchanging, "models", "", p_value, None, exchanged.estimate, note=note))
    return found


@cache
def _error_rates() -> dict[str, dict[str, dict[str, float]]]:
    path = files("analysis.compare") / "error_rates.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))["false_positives"]) if path.is_file() else {}


def error_rate(test: str, seeds: int) -> str:
    """How often the test found a difference between equal configurations, at so many seeds (or fewer, as measured)."""
    rates = _error_rates().get(test, {})
    measured = max((number for number in map(int, rates) if number <= seeds), default=None)
    if measured is None:
        return ""
    mean, highest = (100.0 * rates[str(measured)][which] for which in ("mean", "highest"))
    return (
        f"as a claim about configurations at 5 % it is wrong in {mean:.0f} % of simulated comparisons of equals at "
        f"{measured} seed{'s' if measured > 1 else ''}, up to {highest:.0f} %"
    )
