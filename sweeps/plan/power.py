"""What a sweep's verdict will be able to show, said before the spend: for scores that are right or wrong, per clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.stats.crossed import FEWEST_GROUPS
from analysis.stats.power import (
    DISCORDANCES,
    POWER,
    SEED_SPREADS,
    WITHIN_GROUP,
    Detectable,
    collapse_sentence,
    detectable_before,
    mcnemar_clips,
)

ALPHA = 0.05  # the verdict's level, before Holm's correction


@dataclass(frozen=True)
class PowerPlan:
    """The least difference in accuracy to be shown with 80 % power, under assumptions that only a sweep can replace."""

    seeds: int
    test_groups: int
    test_clips: int
    rows: tuple[Detectable, ...]  # empty: nothing can be said, `note` says why
    note: str

    def table(self) -> list[tuple[str, ...]]:
        """A header, then one row per seed spread: the difference at every discordance, in points."""
        shown = {(row.seed_spread, row.discordance): row.difference for row in self.rows}
        header = ("seed spread", *(f"{share:.0%} of clips divided" for share in DISCORDANCES))
        body = [
            (f"{100 * spread:g} points", *(_points(shown[spread, share]) for share in DISCORDANCES))
            for spread in SEED_SPREADS
        ]
        return [header, *body] if self.rows else []


def plan_power(*, seeds: int, groups: int, clips: int, groups_of_class: Mapping[str, int], arms: int = 2) -> PowerPlan:
    """`arms`: configurations trained under every seed, over which the verdict pools what seeds do; at least 2.

    `groups_of_class`: test groups that hold a clip of each class; empty for tasks without classes."""
    fewest = min((count for count in groups_of_class.values() if count), default=0)
    if not groups_of_class:
        note = (
            "Answers here are not simply right or wrong, so that nothing can be said before a first sweep; its report "
            "says what a second one could show."
        )
        return PowerPlan(seeds, groups, clips, (), note)
    if seeds < 2:
        return PowerPlan(seeds, groups, clips, (), _one_seed())
    if fewest < FEWEST_GROUPS:
        note = f"With {fewest} test groups of a class the verdict is limited to these groups; give more of them."
        return PowerPlan(seeds, groups, clips, (), note)
    family = max(arms - 1, 1)  # finalists, each against the baseline
    rows = detectable_before(seeds, groups, clips, fewest_groups=fewest, arms=arms, alpha=ALPHA / family)
    grouped = f", and clips of a group to be correlated by {WITHIN_GROUP:g}" if clips > groups else ""
    note = (
        "Seed spread: a configuration's standard deviation of accuracy over seeds. Divided: clips that exactly one of "
        f"two models gets right, half of it taken to recur under every seed{grouped}. None: more than so few can make. "
        f"At the level of {ALPHA / family:.3g} that Holm's correction asks of the first of {family}. "
        + collapse_sentence(seeds)
    )
    return PowerPlan(seeds, groups, clips, tuple(rows), note)


def _one_seed() -> str:
    clips = mcnemar_clips(0.1, 0.05, power_wanted=POWER)
    return (
        "With one confirm seed only these trained models are compared, by McNemar's test: 5 points take about "
        f"{clips:.0f} independent clips where 10 % of them divide the two."
    )


def _points(difference: float | None) -> str:
    return "none" if difference is None else f"{100 * difference:.1f}"
