"""Configurations ready to be compared: one test set, one score per seed, one per seed and test group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.predictions.align import (
    aligned,
    correct,
    effective_groups,
    effective_number,
    group_numbers,
    groups_per_class,
)
from analysis.predictions.metrics import SumMetric
from analysis.predictions.pseudovalues import (
    ExampleScores,
    Metric,
    group_sums,
    mean_pseudovalues,
    pseudovalues,
    pseudovalues_of_sums,
)
from analysis.stats.crossed import FEWEST_GROUPS
from trainables.errors import InputError
from trainables.records import Predictions

EXAMPLE_SCORES: Mapping[str, ExampleScores] = {"accuracy": correct}  # metrics that are a mean over examples


@dataclass(frozen=True)
class Design:
    """What all arms share: one test set and one metric."""

    metric_name: str
    examples: int
    groups: int
    fewest_groups: int  # in the smallest class that has any
    warnings: tuple[str, ...]
    effective_groups: float | None = None  # equal groups that they weigh like, in that class; None: all are equal

    @property
    def alike(self) -> float:
        """Equal groups that all of them weigh like, taking every class for as unequal as the smallest."""
        share = 1.0 if self.effective_groups is None else self.effective_groups / self.fewest_groups
        return self.groups * min(share, 1.0)

    @property
    def most_freedom(self) -> float:
        """Degrees of freedom at most: what is known of the groups' variance, by as many groups as they weigh like."""
        alike = self.fewest_groups if self.effective_groups is None else self.effective_groups
        return max(min(alike, self.fewest_groups) - 1.0, 1.0)


@dataclass(frozen=True)
class Arm:
    """One configuration's test results, rows in the order of `values`."""

    name: str
    values: Mapping[int, float]  # seed -> metric
    by_group: np.ndarray | None  # (S, G) pseudo-values; None where a class has fewer than FEWEST_GROUPS groups
    by_example: np.ndarray | None  # (S, N) scores, where the metric is their mean
    right: np.ndarray | None  # (S, N) booleans, for tasks with classes
    within: np.ndarray | None = None  # (S, G) the metric on each group's own examples, NaN where it is not defined
    sums: np.ndarray | None = None  # (S, G, F) what each group adds, of a metric of sums

    def of(self, seeds: Sequence[int]) -> Arm:
        """The same arm with these seeds only, in this order."""
        rows = [list(self.values).index(seed) for seed in seeds]
        tables = (self.by_group, self.by_example, self.right, self.within, self.sums)
        return Arm(
            self.name,
            {seed: self.values[seed] for seed in seeds},
            *(None if table is None else table[rows] for table in tables),
        )

    def under(self, seeds: Sequence[int]) -> Arm:
        """A single run that knows no seed (an untuned backbone), as if it stood under each of these."""
        (only,) = self.values
        repeated = self.of([only] * len(seeds))
        return replace(repeated, values=dict.fromkeys(seeds, self.values[only]))


def arms_of(
    configurations: Mapping[str, Mapping[int, Predictions]],
    metric: Metric,
    *,
    metric_name: str = "metric",
    example_scores: ExampleScores | None = None,
) -> tuple[Design, dict[str, Arm]]:
    """Aligns and scores name -> seed -> test predictions. `metric` must be finite for any part of the examples.

    `example_scores` gives (N,) where the metric is their mean; for accuracy it is known. It saves time, no more.
    Raises InputError: no predictions, different example sets, duplicate ids, values that are not finite.
    """
    empty = [name for name, runs in configurations.items() if not runs]
    if empty:
        raise InputError([f"{name} has no test predictions: did its confirm runs fail?" for name in empty])
    in_order = aligned({_label(n, seed): run for n, runs in configurations.items() for seed, run in runs.items()})
    reference = next(iter(in_order.values()))
    numbers, groups = group_numbers(reference)
    by_class = groups_per_class(reference)
    absent = [name for name, count in by_class.items() if count == 0]
    fewest_groups = min((count for count in by_class.values() if count), default=0)
    scores_of = example_scores or EXAMPLE_SCORES.get(metric_name.rpartition("/")[2])
    arms = {}
    for name, seeds in configurations.items():
        runs = {seed: in_order[_label(name, seed)] for seed in seeds}
        of_sums = metric if isinstance(metric, SumMetric) else None
        if of_sums is None:
            sums, found = None, [metric(run) for run in runs.values()]
        else:
            sums = np.stack([group_sums(of_sums.rows(run), numbers, groups) for run in runs.values()])  # (S, G, F)
            found = of_sums.value(sums.sum(axis=1)).tolist()
        values = {seed: _finite(value, _label(name, seed), runs[seed]) for seed, value in zip(runs, found, strict=True)}
        by_example = np.stack([scores_of(run) for run in runs.values()]) if scores_of else None
        if by_example is not None and not np.allclose(by_example.mean(axis=1), [*values.values()], rtol=0, atol=1e-9):
            by_example = None  # a metric of that name that is no plain mean: the jackknife is right for any
        if fewest_groups < FEWEST_GROUPS:
            by_group = None
        elif by_example is not None:
            by_group = mean_pseudovalues(by_example, numbers, groups)
        elif of_sums is not None and sums is not None:
            by_group = pseudovalues_of_sums(sums, of_sums, reference)
        else:
            by_group = np.stack([pseudovalues(run, metric) for run in runs.values()])
        right = np.stack([correct(run) for run in runs.values()]) > 0 if reference.classes else None
        within = _within_groups(metric, sums, by_example, numbers, groups)
        arms[name] = Arm(name, values, by_group, by_example, right, within, sums)
    warnings = (f"No test example is of class {', '.join(absent)}: nothing is said about it.",) if absent else ()
    effective = effective_groups(reference)
    return Design(metric_name, len(reference), groups, fewest_groups, warnings, effective), arms


def arms_of_answers(
    right: Mapping[str, Mapping[int, np.ndarray]], numbers: np.ndarray
) -> tuple[Design, dict[str, Arm]]:
    """As `arms_of` with accuracy, from name -> seed -> (N,) right or wrong on examples of one class alone.

    `numbers` (N,) tells the examples' groups apart.
    """
    _, own, sizes = np.unique(numbers, return_inverse=True, return_counts=True)
    arms = {}
    for name, seeds in right.items():
        table = np.stack(list(seeds.values())).astype(bool)
        scores = table.astype(float)
        by_group = mean_pseudovalues(scores, own, len(sizes)) if len(sizes) >= FEWEST_GROUPS else None
        values = dict(zip(seeds, scores.mean(axis=1).tolist(), strict=True))
        arms[name] = Arm(name, values, by_group, scores, table)
    design = Design("accuracy", len(numbers), len(sizes), len(sizes), (), effective_number(sizes))
    return design, arms


def _within_groups(
    metric: Metric, sums: np.ndarray | None, by_example: np.ndarray | None, numbers: np.ndarray, groups: int
) -> np.ndarray | None:
    """(S, G) the metric on each group's own examples; None where it is neither a mean nor a function of sums.

    Ranks within a group are of these. Pseudo-values rank groups that two arms answered alike by the arms' totals.
    """
    if by_example is not None:
        return group_sums(by_example.T, numbers, groups).T / np.bincount(numbers, minlength=groups)
    return metric.value(sums) if sums is not None and isinstance(metric, SumMetric) else None


def _label(name: str, seed: int) -> str:
    return f"{name}, seed {seed}"


def _finite(value: float, label: str, run: Predictions) -> float:
    if not np.isfinite(value):
        raise InputError(
            f"The metric of {label} is {value}; it must be a finite number to be compared.{_why_undefined(run)}"
        )
    return float(value)


def _why_undefined(run: Predictions) -> str:
    """What an error rate (no words) and an area under a curve (one class) cannot be taken of; mostly nothing."""
    wanted = {target for target in run.targets if isinstance(target, str)}
    if wanted == {""}:
        return " Every target is empty, so that there is nothing to count errors in."
    return f" Every target is {next(iter(wanted))!r}, and some metrics need two classes." if len(wanted) == 1 else ""
