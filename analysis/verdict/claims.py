"""Which test two arms' seeds and groups allow, and what it then claims.

Which factors are random decides the claim:

* new seeds and new groups: crossed random effects (`crossed.two_arms`), with at least 6 test groups in every class; at
  most groups - 1 degrees of freedom, unequal groups counted as the number of equal ones that they weigh like; a warning
  up to 20 of them;
* these groups only, where a class has fewer than 6: seeds are the only random factor;
* these trained models only, where there is one seed: the exact McNemar test (1947) for accuracy, a t-test over groups
  for other metrics and for clips that come in groups; McNemar with fewer than 6 groups speaks of new examples of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.predictions.metrics import range_of
from analysis.stats.crossed import FEW_GROUPS, SeedSpread, groups_only, seeds_only, two_arms
from analysis.stats.estimate import Estimate
from analysis.stats.paired_binary import PairedCounts, mcnemar_exact
from analysis.stats.ties import pseudovalue_noise, without_rounding
from analysis.verdict.arms import Arm, Design
from analysis.verdict.seed_notes import seed_notes

UNEQUAL = 0.8  # of their number: groups that weigh like fewer are said to be unequal


@dataclass(frozen=True)
class Sides:
    """Two arms on the same seeds, as a rule gets them."""

    design: Design
    first: Arm
    second: Arm
    spread: SeedSpread | None
    alpha: float

    @property
    def tables(self) -> tuple[PairedCounts, ...]:
        """Right and wrong, one table per seed; empty for tasks without."""
        if self.first.right is None or self.second.right is None:
            return ()
        return tuple(PairedCounts.of(a, b) for a, b in zip(self.first.right, self.second.right, strict=True))

    @property
    def several_seeds(self) -> bool:
        return len(self.first.values) >= 2

    @property
    def enough_groups(self) -> bool:
        """For a claim about new ones."""
        return self.first.by_group is not None and self.second.by_group is not None

    @property
    def counted(self) -> bool:
        """Whether the metric is a count of right answers, and every clip stands for itself."""
        alone = self.design.groups == self.design.examples or not self.enough_groups
        return alone and _is_accuracy(self.first) and _is_accuracy(self.second)

    def by_group(self) -> np.ndarray:
        """(S, G) differences of pseudo-values; only with enough groups."""
        return difference(_there(self.first.by_group), _there(self.second.by_group))

    def by_seed(self) -> np.ndarray:
        """(S, N) differences in the examples' scores, or (S, 1) of the metric where it is no mean of such."""
        if self.first.by_example is not None and self.second.by_example is not None:
            first, second = self.first.by_example, self.second.by_example
            return without_rounding(first - second, 1e-13 * float(max(np.abs(first).max(), np.abs(second).max())))
        return np.array([[self.first.values[seed] - self.second.values[seed]] for seed in self.first.values])


@dataclass(frozen=True)
class Decision:
    claim: str
    method: str
    estimate: Estimate | None
    p_value: float | None
    warnings: tuple[str, ...] = ()


def _new_seeds_and_groups(sides: Sides) -> Decision:
    tables = _there(sides.first.by_group), _there(sides.second.by_group)
    share = range_of(sides.design.metric_name) == (0.0, 1.0)
    estimate = two_arms(*tables, sides.by_group(), spread=sides.spread, alpha=sides.alpha, share=share)
    decision = _over_groups("population", "crossed random effects over seeds and test groups", estimate, sides.design)
    return replace(decision, warnings=(*decision.warnings, *seed_notes(sides.first, sides.second, share=share)))


def _new_seeds(sides: Sides) -> Decision:
    return _estimated("groups", "t-test over seeds", seeds_only(sides.by_seed(), alpha=sides.alpha))


def _new_groups(sides: Sides) -> Decision:
    estimate = groups_only(sides.by_group(), alpha=sides.alpha)
    return _over_groups("models", "t-test over test groups", estimate, sides.design)


def _new_clips(sides: Sides) -> Decision:
    return _mcnemar("models", sides)


def _these_clips(sides: Sides) -> Decision:
    return _mcnemar("examples", sides)


def _nothing(sides: Sides) -> Decision:
    return Decision("models_and_groups", "none: one seed and too few test groups", None, None)


# (several seeds, enough groups, counted) -> the test that these allow, with what it claims
RULES: Mapping[tuple[bool, bool, bool], Callable[[Sides], Decision]] = {
    (True, True, True): _new_seeds_and_groups,
    (True, True, False): _new_seeds_and_groups,
    (True, False, True): _new_seeds,
    (True, False, False): _new_seeds,
    (False, True, True): _new_clips,
    (False, True, False): _new_groups,
    (False, False, True): _these_clips,
    (False, False, False): _nothing,
}


def decide(sides: Sides) -> Decision:
    decision = RULES[sides.several_seeds, sides.enough_groups, sides.counted](sides)
    warnings = []
    if not sides.enough_groups:
        warnings.append(
            f"{_only(sides.design)}: the claim is limited to these "
            "groups " + ("(seeds are the only random factor)." if sides.several_seeds else "and these trained models.")
        )
    elif not sides.several_seeds:
        warnings.append("One seed only: the claim is about these trained models, not about their configurations.")
    return replace(decision, warnings=(*warnings, *decision.warnings))


def _mcnemar(claim: str, sides: Sides) -> Decision:
    (table,) = sides.tables
    silent = () if table.discordant else ("No example divides the two, so nothing can be tested.",)
    return Decision(claim, "exact McNemar test", None, mcnemar_exact(table), silent)


def _over_groups(claim: str, method: str, estimate: Estimate, design: Design) -> Decision:
    """The groups limit the degrees of freedom, whatever their number; few of them, or unequal ones, are said."""
    warnings = []
    alike = design.most_freedom + 1.0
    if design.fewest_groups <= FEW_GROUPS:
        warnings.append(f"{_only(design)}: read the interval with care.")
    if alike <= FEW_GROUPS and alike < UNEQUAL * design.fewest_groups:
        warnings.append(
            f"The test groups are unequal: the {design.fewest_groups} of the smallest class weigh like {alike:.1f} "
            "equal ones, and as many decide on the interval. A few large groups make most of it."
        )
    return _estimated(claim, method, estimate.at_most(design.most_freedom), *warnings)


def _estimated(claim: str, method: str, estimate: Estimate, *warnings: str) -> Decision:
    silent = () if estimate.p_value is not None else (_why_silent(estimate.mean),)
    return Decision(claim, method, estimate, estimate.p_value, (*warnings, *silent))


def _why_silent(mean: float) -> str:
    if mean == 0.0:
        return "No seed and no example divides the two, so nothing can be tested."
    return (
        f"The difference is {mean:+.4g} under every seed and in every group, so there is no variance to test with; "
        "more test examples may show some."
    )


def _only(design: Design) -> str:
    count = design.fewest_groups
    return f"Only {count} test group{'s' if count != 1 else ''} in the smallest class"


def _is_accuracy(arm: Arm) -> bool:
    return arm.right is not None and arm.by_example is not None and np.array_equal(arm.by_example, arm.right)


def _there(table: np.ndarray | None) -> np.ndarray:
    """`RULES` gives a rule only what has the table that it takes."""
    assert table is not None
    return table


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of two arms' (S, G) pseudo-values, zero where they are equal but for rounding."""
    return without_rounding(first - second, pseudovalue_noise(first, second))
