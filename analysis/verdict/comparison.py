"""Two configurations on the same test examples: the difference, and how far the sample lets it be claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.predictions.metrics import range_of
from analysis.predictions.pseudovalues import ExampleScores, Metric
from analysis.stats.crossed import SeedSpread
from analysis.stats.estimate import Estimate
from analysis.stats.paired_binary import Discordant, mcnemar_interval
from analysis.verdict.arms import Arm, Design, arms_of
from analysis.verdict.claims import Sides, decide
from trainables.errors import InputError
from trainables.records import Predictions


@dataclass(frozen=True)
class Comparison:
    """One configuration against another. `difference` is first minus second, in the metric's own unit and direction."""

    first: str
    second: str
    metric: str
    first_values: Mapping[int, float]  # seed -> metric
    second_values: Mapping[int, float]
    difference: float  # mean over seeds
    alpha: float
    interval: tuple[float, float] | None  # simultaneous at 1 - alpha where the comparison is one of a family
    p_value: float | None  # two-sided; None: nothing can be tested
    adjusted_p_value: float | None  # after Holm where the comparison is one of a family
    claim: str  # a key of finding.CLAIMS
    method: str
    groups: int
    examples: int
    discordant: tuple[Discordant, ...]  # one per seed; empty for tasks without right and wrong
    estimate: Estimate | None  # None where McNemar decided, or nothing could
    warnings: tuple[str, ...]
    level: float | None = None  # of the test, where it is one of several looks that share alpha; None: alpha

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(self.first_values)

    @property
    def significant(self) -> bool:
        level = self.alpha if self.level is None else self.level
        return self.adjusted_p_value is not None and self.adjusted_p_value <= level

    def favours(self, mode: str) -> str | None:
        """The name of the better one where that can be told, else None. `mode`: max | min."""
        if not self.significant or self.difference == 0.0:
            return None
        return self.first if (self.difference > 0.0) == (mode == "max") else self.second

    def seen_from(self, name: str) -> Comparison:
        """The same comparison with this one of the two as the first."""
        if name == self.first:
            return self
        low_high = self.interval
        return replace(
            self,
            first=self.second,
            second=self.first,
            first_values=self.second_values,
            second_values=self.first_values,
            difference=-self.difference,
            interval=None if low_high is None else (-low_high[1], -low_high[0]),
            discordant=tuple(Discordant(d.seed, d.only_second_right, d.only_first_right) for d in self.discordant),
            estimate=None if self.estimate is None else self.estimate.negated(),
        )

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Comparison:
        """The inverse of `dataclasses.asdict`, after JSON."""
        interval, estimate = plain["interval"], plain["estimate"]
        return cls(
            **{
                **plain,
                "first_values": {int(seed): value for seed, value in plain["first_values"].items()},
                "second_values": {int(seed): value for seed, value in plain["second_values"].items()},
                "interval": None if interval is None else (interval[0], interval[1]),
                "discordant": tuple(Discordant(**each) for each in plain["discordant"]),
                "estimate": None if estimate is None else Estimate.from_dict(estimate),
                "warnings": tuple(plain["warnings"]),
            }
        )

    def interval_at(self, alpha: float) -> tuple[float, float] | None:
        """The two-sided interval at confidence 1 - alpha, within what the metric's range allows."""
        if self.estimate is not None:
            interval = self.estimate.interval_at(alpha)
            least, most = range_of(self.metric)
            return None if interval is None else (max(interval[0], least - most), min(interval[1], most - least))
        return None if self.p_value is None else mcnemar_interval(self.discordant[0].counts(self.examples), alpha)


def compare(
    finalist: Mapping[int, Predictions],
    baseline: Mapping[int, Predictions],
    metric: Metric,
    *,
    metric_name: str = "metric",
    names: tuple[str, str] = ("finalist", "baseline"),
    alpha: float = 0.05,
    example_scores: ExampleScores | None = None,
) -> Comparison:
    """Compares two configurations by their test predictions per seed. Arguments and errors as in `arms.arms_of`."""
    by_name = dict(zip(names, (finalist, baseline), strict=True))
    design, arms = arms_of(by_name, metric, metric_name=metric_name, example_scores=example_scores)
    return contrast(design, arms[names[0]], arms[names[1]], alpha=alpha)


def contrast(
    design: Design, first: Arm, second: Arm, *, spread: SeedSpread | None = None, alpha: float = 0.05
) -> Comparison:
    """Compares two arms on the seeds that both have; seeds of one side only are left out, with a warning.

    `spread`: what seeds do, pooled over these two and other arms.

    Raises InputError where they share none.
    """
    seeds = [seed for seed in first.values if seed in second.values]
    if not seeds:
        raise InputError(f"{first.name} and {second.name} share no seed; they cannot be compared.")
    warnings = list(design.warnings)
    lost = sorted((set(first.values) | set(second.values)) - set(seeds))
    if lost:
        warnings.append(f"Seeds {', '.join(map(str, lost))} are missing on one side and were left out.")
    first, second = first.of(seeds), second.of(seeds)
    sides = Sides(design, first, second, spread, alpha)
    decision = decide(sides)
    comparison = Comparison(
        first=first.name,
        second=second.name,
        metric=design.metric_name,
        first_values=first.values,
        second_values=second.values,
        difference=float(np.mean([first.values[seed] - second.values[seed] for seed in seeds])),
        alpha=alpha,
        interval=None,
        p_value=decision.p_value,
        adjusted_p_value=decision.p_value,
        claim=decision.claim,
        method=decision.method,
        groups=design.groups,
        examples=design.examples,
        discordant=tuple(
            Discordant(seed, table.only_first, table.only_second)
            for seed, table in zip(seeds, sides.tables, strict=False)
        ),
        estimate=decision.estimate,
        warnings=(*warnings, *decision.warnings),
    )
    return replace(comparison, interval=comparison.interval_at(alpha))
