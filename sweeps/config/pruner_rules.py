"""The rules by which the search stops trials early, and what each needs of the rest of a sweep file.

Not there: PASHA (Bohdal et al. 2022, arXiv 2207.06940). It pauses every trial at a resource that grows only while the
ranking still changes; most of its searches end with no trial trained to the end, and finalists are chosen among those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

from sweeps.config.confirm_rules import DEFAULT_SEEDS
from sweeps.config.scalar_types import Problems

Values = Mapping[str, Any]
ASHA, HYPERBAND, MEDIAN, WILCOXON, NONE = "asha", "hyperband", "median", "wilcoxon", "none"
WILCOXON_LEVEL = 0.1  # Optuna's default
FEWEST_LANES = math.floor(math.log2(1 / WILCOXON_LEVEL)) + 1  # with which its one-sided p can be below that: 2^-n


@dataclass(frozen=True)
class Pruner:
    """What a pruner is, for a person; made by `sweeps/search/rungs.py`."""

    stops: str  # which trials, after `pruned after epoch 2: `
    halves: bool = False  # at rungs, to the best 1 / asha.reduction_factor


PRUNERS: Mapping[str, Pruner] = {
    ASHA: Pruner("not among the best of those before it", halves=True),
    HYPERBAND: Pruner("not among the best of those of its bracket before it", halves=True),
    MEDIAN: Pruner("its best value was worse than the median of the running means of those before it"),
    WILCOXON: Pruner(
        f"fold by fold worse than the best trial before it (Wilcoxon's signed-rank test, p < {WILCOXON_LEVEL:g})"
    ),
    NONE: Pruner("by no rule"),
}


def pruner_rule(values: Values, problems: Problems) -> None:
    """Whether the named pruner has something to compare."""
    if values.get("pruner") != WILCOXON or problems.touch("pruner"):
        return
    if problems.touch("data") or problems.touch("seeds", "explore"):
        return
    folds = values.get("data", {}).get("folds", {}).get("inner", 1)
    seeds = len({**DEFAULT_SEEDS, **values.get("seeds", {})}["explore"])
    if folds * seeds < FEWEST_LANES:
        problems.add(
            ("pruner",),
            f"wilcoxon compares two trials training by training, and here a trial has {folds * seeds} "
            f"(data.folds.inner times seeds.explore): with fewer than {FEWEST_LANES} its p cannot be below "
            f"{WILCOXON_LEVEL:g}; take more folds or seeds, or another pruner",
        )


def rungs(grace_epochs: int, reduction_factor: int, epochs: int) -> tuple[int, ...]:
    """Epochs after which successive halving compares and may stop a trial (Li et al. 2020, arXiv 1810.05934); not the
    last one."""

    def powers() -> Iterator[int]:
        rung = grace_epochs
        while True:
            yield rung
            rung *= reduction_factor

    return tuple(takewhile(lambda rung: rung < epochs, powers()))


def bracket_shares(grace_epochs: int, reduction_factor: int, epochs: int) -> tuple[int, ...]:
    """Of Hyperband (Li et al. 2018, JMLR 18:185), in Optuna's proportions: how many trials each bracket gets beside the
    others. The trials of bracket s are compared first at grace_epochs * reduction_factor^s; there are as many brackets
    as have that within `epochs`."""
    brackets = len(rungs(grace_epochs, reduction_factor, epochs + 1)) or 1
    return tuple(math.ceil(brackets * reduction_factor**later / (later + 1)) for later in reversed(range(brackets)))


def brackets_in_turn(shares: Sequence[int]) -> Iterator[int]:
    """The bracket of the first trial, of the second, ...: always the one that is furthest behind its share, so that the
    same trial has the same bracket however long the search is. Endless."""
    given, total = [0] * len(shares), sum(shares)
    for number in count(1):
        behind = [share * number - total * had for share, had in zip(shares, given, strict=True)]
        bracket = behind.index(max(behind))
        given[bracket] += 1
        yield bracket
