"""A look at a confirmation that still runs: which arms are decided, and which need further seeds.

Decided is who was shown to be better or worse, at the level of this look (`account.py`), and who is given up: with all
its seeds it would hardly be shown (`sequential.chance_to_show`), or it cannot be better by as much as matters
(`worth`). Giving up is no claim, so that whoever goes on all the same breaks no level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.stats.sequential import chance_to_show
from analysis.verdict.account import Account
from analysis.verdict.arms import Arm, Design
from analysis.verdict.comparison import Comparison
from analysis.verdict.rule import verdict_of

BETTER, WORSE, FUTILE, NOT_WORTH = "better", "worse", "futile", "not worth it"


@dataclass(frozen=True)
class Decided:
    """One arm that needs no further seeds."""

    arm: str
    how: str  # better | worse | futile | not worth it
    chance: float | None = None  # predictive probability of being shown with all seeds, where it was given up for that


@dataclass(frozen=True)
class Interim:
    """What a look found. `open`: finalists that need further seeds; none: all is decided."""

    seeds: int
    number: int
    decided: tuple[Decided, ...]
    open: tuple[str, ...]


def interim(
    design: Design,
    arms: Mapping[str, Arm],
    roles: Mapping[str, str],
    account: Account,
    *,
    still: tuple[str, ...],
    mode: str = "max",
    question: str = "baseline",
    worth: float | None = None,
) -> Interim:
    """`still`: the finalists that were open before this look, all with the same number of seeds (but for failed runs).

    Raises InputError where two arms share no seed.
    """
    found = verdict_of(design, arms, roles, mode=mode, question=question, alpha=account.alpha, interim=account.looks)
    family = found.against_baseline if question == "baseline" else found.among_finalists
    seeds = max(len(arms[name].values) for name in still)
    judge = _Judge(design, account, mode, worth, len(family))
    if question == "baseline":
        decided = [verdict for c in family if c.first in still and (verdict := judge.against_baseline(c))]
    else:
        means = {row.name: row.mean for row in found.rows}
        leader = (max if mode == "max" else min)(still, key=means.__getitem__)
        decided = judge.among(leader, found.winner, family, still)
    over = {each.arm for each in decided}
    return Interim(seeds, account.number(seeds), tuple(decided), tuple(name for name in still if name not in over))


@dataclass(frozen=True)
class _Judge:
    design: Design
    account: Account
    mode: str
    worth: float | None
    family: int

    def against_baseline(self, comparison: Comparison) -> Decided | None:
        name = comparison.first
        if comparison.significant:
            return Decided(name, BETTER if comparison.favours(self.mode) == name else WORSE)
        if self.too_small(comparison):
            return Decided(name, NOT_WORTH)
        chance = self.chance(comparison)
        return Decided(name, FUTILE, chance) if chance < self.account.futile_below else None

    def among(
        self, leader: str, winner: str | None, family: tuple[Comparison, ...], still: tuple[str, ...]
    ) -> list[Decided]:
        """Who is worse than the leader is out; all are where one is the winner or the leader would hardly become it."""
        ahead = [c.seen_from(leader) for c in family if leader in (c.first, c.second)]
        worse = [Decided(c.second, WORSE) for c in ahead if c.second in still and c.favours(self.mode) == leader]
        if winner is not None:
            return [Decided(winner, BETTER), *worse, *self._rest(still, {winner, *(each.arm for each in worse)})]
        near = [c for c in ahead if not c.significant]
        if any(self.too_small(c) for c in near):
            return self._rest(still, set(), NOT_WORTH)
        chance = min((self.chance(c) for c in near), default=1.0)
        return self._rest(still, set(), FUTILE, chance) if chance < self.account.futile_below else worse

    def _rest(
        self, still: tuple[str, ...], but: set[str], how: str = FUTILE, chance: float | None = None
    ) -> list[Decided]:
        return [Decided(name, how, chance) for name in still if name not in but]

    def too_small(self, comparison: Comparison) -> bool:
        """Whether the interval leaves out that the first is better by `worth`."""
        if self.worth is None or comparison.interval is None:
            return False
        most = comparison.interval[1] if self.mode == "max" else -comparison.interval[0]
        return most < self.worth

    def chance(self, comparison: Comparison) -> float:
        """Of the first's being shown to be better with all seeds; 1 where that cannot be told."""
        estimate, seeds = comparison.estimate, len(comparison.seeds)
        if estimate is None or seeds < 2 or seeds >= self.account.planned:
            return 1.0
        if estimate.variance <= 0.0:
            return 1.0 if estimate.mean else 0.0
        groups, most = float(self.design.groups), self.design.most_freedom
        if comparison.claim != "population":  # seeds are all that varies
            square = estimate.ms_seed if estimate.ms_seed > 0.0 else estimate.ms_residual
            groups, most = square / (estimate.variance * seeds), np.inf
        found = chance_to_show(
            estimate.as_arrays,
            seeds=seeds,
            planned=self.account.planned,
            groups=groups,
            level=self.account.level(self.account.planned) / self.family,
            most_freedom=most,
            sign=1.0 if self.mode == "max" else -1.0,
        )
        return float(found)
