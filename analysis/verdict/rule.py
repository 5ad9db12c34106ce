"""Does the winner really win? The sweep's finalists against its baseline, and against each other.

Two families of comparisons, each with Holm's correction (1979) over its members and simultaneous (Bonferroni)
intervals: every finalist against the baseline, and every pair of finalists. `question` says which one the verdict
answers; the other stands beside it. Only confirm runs' test predictions come in here. From three arms on,
how much seeds matter is pooled over all that were trained.

Every later look at the test data halves the level: alpha / 2^look, look = 0 for the first. Where the confirmation was
looked at while it ran, its looks share that level (`account.py`): a comparison is judged at that of the seeds it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from analysis.predictions.metrics import range_of
from analysis.predictions.pseudovalues import ExampleScores
from analysis.stats.crossed import SeedSpread, crossed, groups_only, pooled_spread
from analysis.stats.multiplicity import holm
from analysis.stats.scale import interval_within
from analysis.verdict.account import Account
from analysis.verdict.arms import Arm, Design, arms_of
from analysis.verdict.comparison import Comparison, contrast
from analysis.verdict.plain_answers import best_constant, least_variety, runaway_note
from analysis.verdict.result import Row, Verdict
from trainables.errors import InputError
from trainables.records import Predictions

QUESTIONS = ("baseline", "each_other")


def verdict(
    finalists: Mapping[str, Mapping[int, Predictions]],
    baseline: Mapping[int, Predictions] | None,
    metric: Callable[[Predictions], float],
    *,
    metric_name: str,
    mode: str = "max",
    untuned: Predictions | None = None,
    question: str = "baseline",
    alpha: float = 0.05,
    look: int = 0,
    interim: Sequence[int] = (),
    example_scores: ExampleScores | None = None,
    baseline_name: str = "baseline",
    untuned_name: str = "untuned backbone",
) -> Verdict:
    """`finalists` is name -> confirm seed -> test predictions; `metric` is finite for any part of the examples.
    `interim`: numbers of seeds at which the confirmation was looked at, the last one all that were planned.

    Raises InputError: no finalist, no baseline where it is the question, a single finalist where the others are,
    different example sets, duplicate ids, values that are not finite, no seed in common.
    """
    if mode not in ("max", "min") or question not in QUESTIONS or not 0.0 < alpha < 1.0 or look < 0:
        raise ValueError(f"mode {mode}, question {question}, alpha {alpha} or look {look} is out of range")
    if len({*finalists, baseline_name, untuned_name}) != len(finalists) + 2:
        raise ValueError("finalists, baseline and untuned backbone need names of their own")
    problems = []
    if not finalists:
        problems.append("There is no finalist to judge: did every confirm run fail?")
    elif question == "each_other" and len(finalists) < 2:
        problems.append("One finalist cannot be compared with the others: there are none.")
    if question == "baseline" and baseline is None:
        problems.append("There is no baseline to compare with: did its confirm runs fail?")
    if problems:
        raise InputError(problems)

    configurations = dict(finalists)
    if baseline is not None:
        configurations[baseline_name] = baseline
    if untuned is not None:
        configurations[untuned_name] = {0: untuned}
    design, arms = arms_of(configurations, metric, metric_name=metric_name, example_scores=example_scores)
    roles = {**dict.fromkeys(finalists, "finalist"), baseline_name: "baseline", untuned_name: "untuned"}
    found = verdict_of(
        design,
        arms,
        {name: roles[name] for name in arms},
        mode=mode,
        question=question,
        alpha=alpha,
        look=look,
        interim=interim,
    )
    return with_plain_answers(found, configurations, metric)


def verdict_of(
    design: Design,
    arms: Mapping[str, Arm],
    roles: Mapping[str, str],
    *,
    mode: str = "max",
    question: str = "baseline",
    alpha: float = 0.05,
    look: int = 0,
    interim: Sequence[int] = (),
) -> Verdict:
    """The verdict over scored arms: at least one finalist, at most one baseline and one untuned backbone.

    Raises InputError where two arms share no seed.
    """
    level = alpha / 2**look
    account = Account(tuple(interim), level) if interim else None
    finalists = [name for name, role in roles.items() if role == "finalist"]
    baseline = next((name for name, role in roles.items() if role == "baseline"), None)
    untuned = next((name for name, role in roles.items() if role == "untuned"), None)
    spread = _spread(arms)
    rows = tuple(_row(design, arm, roles[name], spread, level) for name, arm in arms.items())
    judge = _Families(design, arms, level, account)
    among = judge.family(list(combinations(finalists, 2)))
    against: tuple[Comparison, ...] = ()
    if baseline is not None:
        against = judge.family([(name, baseline) for name in finalists])
    means = {row.name: row.mean * (1.0 if mode == "max" else -1.0) for row in rows if row.role == "finalist"}
    ranking = sorted(means, key=lambda name: -means[name])  # ties keep the order given
    best = ranking[0]
    with_best = [c for c in among if best in (c.first, c.second)]
    told_from_best = {name for c in with_best if c.significant for name in (c.first, c.second)}
    indistinguishable = (best, *(name for name in ranking[1:] if name not in told_from_best))
    if question == "baseline":
        better = {c.first for c in against if c.favours(mode) == c.first}
        winner = next((name for name in ranking if name in better), None)
    else:
        winner = best if all(c.favours(mode) == best for c in with_best) else None
    against_untuned = None
    if untuned is not None:
        against_untuned = judge.alone(best, untuned)
    asked = against if question == "baseline" else among
    return Verdict(
        metric=design.metric_name,
        mode=mode,
        question=question,
        look=look,
        alpha=level,
        rows=rows,
        against_baseline=against,
        among_finalists=among,
        against_untuned=against_untuned,
        best=best,
        winner=winner,
        indistinguishable=indistinguishable,
        warnings=tuple(dict.fromkeys([*(warning for c in asked for warning in c.warnings), *_contradictions(asked)])),
        interim=tuple(interim),
    )


def with_plain_answers(
    found: Verdict, configurations: Mapping[str, Mapping[int, Predictions]], metric: Callable[[Predictions], float]
) -> Verdict:
    """The verdict with what a constant answer scores, how much each arm's answers vary, and answers that run on."""
    variety = {name: varied for name, runs in configurations.items() if (varied := least_variety(runs))}
    trained = [run for name, runs in configurations.items() for run in runs.values()]
    notes = [note for name, runs in configurations.items() if (note := runaway_note(name, runs))]
    return replace(
        found,
        constant=best_constant(trained, metric, found.mode),
        variety=variety,
        warnings=tuple(dict.fromkeys([*found.warnings, *notes])),
    )


def _spread(arms: Mapping[str, Arm]) -> SeedSpread | None:
    return pooled_spread([arm.by_group for arm in arms.values() if arm.by_group is not None])


@dataclass(frozen=True)
class _Families:
    """Comparisons with Holm's correction, simultaneous intervals, and the level of each one's look."""

    design: Design
    arms: Mapping[str, Arm]
    alpha: float
    account: Account | None  # None: one look, at the end

    def family(self, pairs: Sequence[tuple[str, str]]) -> tuple[Comparison, ...]:
        """A pair that was decided at an earlier look is judged as everything stood then: on the seeds that both have,
        with what the other arms had of these."""
        if self.account is None:
            return self._of(pairs, self.arms)
        whole: dict[frozenset[int], tuple[Comparison, ...]] = {}
        found: list[Comparison] = []
        for first, second in pairs:
            seeds = frozenset(self.arms[first].values) & frozenset(self.arms[second].values)
            if seeds not in whole:
                whole[seeds] = self._of(pairs, self._at(seeds)) if seeds else ()
            own = [c for c in whole[seeds] if (c.first, c.second) == (first, second)]
            found += own or self._of([(first, second)], self.arms)  # which says that they share no seed
        return tuple(found)

    def alone(self, first: str, untuned: str) -> Comparison:
        """A test of its own, in no family."""
        seeds = list(self.arms[first].values)
        there = self.arms if self.account is None else self._at(frozenset(seeds))
        found = contrast(
            self.design, self.arms[first], self.arms[untuned].under(seeds), spread=_spread(there), alpha=self.alpha
        )
        return self._judged([found])[0]

    def _at(self, seeds: frozenset[int]) -> dict[str, Arm]:
        cut = {name: [seed for seed in arm.values if seed in seeds] for name, arm in self.arms.items()}
        return {name: self.arms[name].of(kept) for name, kept in cut.items() if kept}

    def _of(self, pairs: Sequence[tuple[str, str]], arms: Mapping[str, Arm]) -> tuple[Comparison, ...]:
        spread = _spread(arms)
        there = [(a, b) for a, b in pairs if a in arms and b in arms]
        return self._judged(
            [contrast(self.design, arms[a], arms[b], spread=spread, alpha=self.alpha) for a, b in there]
        )

    def _judged(self, comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
        adjusted = holm([comparison.p_value for comparison in comparisons])
        found = []
        for comparison, p in zip(comparisons, adjusted, strict=True):
            seeds, alpha = len(comparison.seeds), self.alpha
            judged = replace(comparison, adjusted_p_value=p, level=self.account.level(seeds) if self.account else None)
            if self.account:
                alpha = self.account.interval_level(seeds, shown=judged.significant)
            found.append(replace(judged, interval=judged.interval_at(alpha / len(comparisons))))
        return tuple(found)


def _contradictions(comparisons: Sequence[Comparison]) -> list[str]:
    """Where Holm's test rejects and the simultaneous interval beside it holds 0."""
    return [
        f"{c.first} against {c.second}: significant after Holm's correction (p = {c.adjusted_p_value:.3f}), and the "
        "simultaneous interval holds 0. Both are right: Holm tests step by step, which rejects more than intervals "
        "that all hold at once can show. The test decides."
        for c in comparisons
        if c.significant and c.interval is not None and c.interval[0] <= 0.0 <= c.interval[1]
    ]


def _row(design: Design, arm: Arm, role: str, spread: SeedSpread | None, alpha: float) -> Row:
    values = np.array(list(arm.values.values()))
    standard_error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    interval = None
    if arm.by_group is not None:  # else too few groups to speak of others
        several = len(values) > 1
        found = crossed(arm.by_group, spread=spread, alpha=alpha) if several else groups_only(arm.by_group, alpha=alpha)
        least, most = range_of(design.metric_name)
        interval = interval_within(
            found.mean,
            found.variance,
            min(found.degrees_of_freedom, design.most_freedom),
            alpha=alpha,
            least=least,
            most=most,
            groups=design.alike,
        )
    return Row(arm.name, role, arm.values, float(values.mean()), standard_error, interval)
