"""What is said of more than two configurations together, before any pair is looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.stats.crossed import FEWEST_GROUPS
from analysis.stats.finding import Finding, Method
from analysis.stats.friedman import Ranking, cochran_q, ranking
from analysis.verdict.arms import Arm, Design

FRIEDMAN = "Friedman over test groups"


def overall_findings(
    design: Design, arms: Sequence[Arm], *, mode: str, alpha: float
) -> tuple[tuple[Finding, ...], Ranking | None]:
    """Cochran's Q per shared seed; Friedman and Nemenyi over test groups, seeds averaged."""
    found = _cochran(design, arms)
    tables = [arm.within.mean(axis=0) for arm in arms if arm.within is not None]
    defined = np.isfinite(np.array(tables)).all(axis=0) if len(tables) == len(arms) else np.zeros(0, dtype=bool)
    note = ""
    if any(arm.by_group is None for arm in arms):
        note = f"cannot tell: {design.fewest_groups} test groups in the smallest class, it needs {FEWEST_GROUPS}"
    elif defined.sum() < FEWEST_GROUPS:
        note = (
            f"cannot tell: it ranks the configurations within each test group, and {design.metric_name} is defined "
            f"within {defined.sum()} of {design.groups} groups only"
        )
    if note:
        return (*found, Finding(Method.FRIEDMAN, FRIEDMAN, "models_and_groups", note=note)), None
    values = np.column_stack(tables)[defined]
    ranks = ranking(values, [arm.name for arm in arms], mode=mode, alpha=alpha)
    averages = ", ".join(f"{name} {rank:.2f}" for name, rank in zip(ranks.names, ranks.average_ranks, strict=True))
    note = f"average ranks over {ranks.blocks} groups, 1 is best: {averages}"
    if ranks.friedman.p_value is None:
        note = "cannot tell: no group ranks the configurations"
    omnibus = ranks.friedman
    found.append(Finding(Method.FRIEDMAN, FRIEDMAN, "models", "", omnibus.p_value, omnibus.statistic, note=note))
    if ranks.iman_davenport_p is not None:
        numbers = ranks.iman_davenport_p, ranks.iman_davenport_f
        found.append(Finding(Method.IMAN_DAVENPORT, "Friedman, Iman-Davenport F", "models", "", *numbers))
    if ranks.friedman.p_value is not None:
        order = dict(zip(ranks.names, ranks.average_ranks, strict=True))
        found += [
            Finding(
                Method.NEMENYI,
                "Nemenyi, difference of average ranks",
                "models",
                f"{first} against {second}",
                p_value,
                None,
                order[first] - order[second],
                note=f"critical difference {ranks.critical_difference:.3f}; family: all pairs",
                about=(first, second),
            )
            for (first, second), p_value in ranks.nemenyi_p.items()
        ]
    return tuple(found), ranks


def _cochran(design: Design, arms: Sequence[Arm]) -> list[Finding]:
    right = [arm.right for arm in arms if arm.right is not None]
    if len(right) < len(arms):
        return []
    claim = "examples" if design.fewest_groups < FEWEST_GROUPS else "models"
    found = []
    for seed in (seed for seed in arms[0].values if all(seed in arm.values for arm in arms)):
        rows = [table[list(arm.values).index(seed)] for table, arm in zip(right, arms, strict=True)]
        result = cochran_q(np.column_stack(rows))
        note = f"{result.degrees_of_freedom} degrees of freedom"
        if result.p_value is None:
            note = "cannot tell: no example divides the configurations"
        elif design.groups < design.examples:
            note += "; examples of one group are taken as independent, which understates the uncertainty"
        scope, numbers = f"seed {seed}", (result.p_value, result.statistic)
        found.append(Finding(Method.COCHRAN_Q, "Cochran's Q", claim, scope, *numbers, note=note))
    return found
