"""Beside the verdict: how probable it is that an arm is better, or the best, or as good for all that matters.

No claim rests on these: a probability has no error rate over looks and families, as the test has. They answer what a
p-value does not: how likely what one would like to know is, under a flat prior (`stats/posterior.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.stats.posterior import highest_probabilities, region_probabilities
from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Verdict

STREAM = 42  # of the draws: the same verdict, the same probabilities


@dataclass(frozen=True)
class Chances:
    """Of one finalist; probabilities 0 to 1."""

    arm: str
    rival: str  # the baseline; where the finalists are compared with each other, the best of the others
    better: float  # than the rival
    best: float  # of all that were trained
    equal: float | None  # apart from the rival by less than what is worth it; None where nobody said what that is


def chances(verdict: Verdict) -> tuple[Chances, ...]:
    """Of every finalist, in the order of the rows; none where a difference has no estimate of its uncertainty."""
    pairs = [*verdict.against_baseline, *verdict.among_finalists]
    if not pairs or any(pair.estimate is None or pair.estimate.variance <= 0.0 for pair in pairs):
        return ()
    arms = [row.name for row in verdict.rows if row.role != "untuned"]
    best = dict(zip(arms, _best(verdict, arms, pairs), strict=True))
    asked = verdict.among_finalists if verdict.question == "each_other" else verdict.against_baseline
    found = []
    for name in (row.name for row in verdict.rows if row.role == "finalist"):
        own = [pair.seen_from(name) for pair in asked if name in (pair.first, pair.second)]
        sign = 1.0 if verdict.mode == "max" else -1.0
        against = min(own, key=lambda pair: sign * pair.difference)  # whom it is least ahead of
        assert against.estimate is not None
        less, _, more = region_probabilities(against.estimate, 0.0)
        equal = None if verdict.worth is None else region_probabilities(against.estimate, verdict.worth)[1]
        found.append(Chances(name, against.second, more if sign > 0.0 else less, best[name], equal))
    return tuple(found)


def _best(verdict: Verdict, arms: list[str], pairs: list[Comparison]) -> list[float]:
    """(K,), by the estimates of all pairs."""
    place = {name: index for index, name in enumerate(arms)}
    means, variances = np.zeros(len(arms)), np.zeros((len(arms), len(arms)))
    for pair in pairs:
        assert pair.estimate is not None
        first, second = place[pair.first], place[pair.second]
        variances[first, second] = variances[second, first] = pair.estimate.variance
        means[first] += pair.difference / len(arms)  # above the mean of all
        means[second] -= pair.difference / len(arms)
    freedom = min(pair.estimate.degrees_of_freedom for pair in pairs if pair.estimate is not None)
    sign = 1.0 if verdict.mode == "max" else -1.0
    found = highest_probabilities(sign * means, variances, freedom, np.random.default_rng(STREAM))
    return [float(value) for value in found]


def in_words(found: tuple[Chances, ...], worth: float | None) -> str | None:
    """One sentence on the finalist that is most probably the best; None where nothing can be said."""
    if not found:
        return None
    first = max(found, key=lambda each: each.best)
    said = f"{first.arm} is better than {first.rival} with probability {first.better:.2f}"
    if len(found) > 1:
        said += f", the best of all with {first.best:.2f}"
    if first.equal is not None:
        said += f", and apart from it by less than {worth:g} with {first.equal:.2f}"
    return f"Beside the test, under a flat prior: {said}."


def as_plain(found: tuple[Chances, ...]) -> list[Mapping[str, Any]]:
    """For JSON, rounded to what the draws give."""
    return [
        {
            "arm": each.arm,
            "rival": each.rival,
            "better": round(each.better, 4),
            "best": round(each.best, 3),
            "equal": None if each.equal is None else round(each.equal, 4),
        }
        for each in found
    ]
