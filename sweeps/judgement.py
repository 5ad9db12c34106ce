"""The verdict of a sweep, from its record, with a name for every arm that says what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeps.config.resolve import unread_by
from sweeps.config.spec import SweepSpec
from sweeps.judge import judge as judge_record
from sweeps.plan.prepare import Prepared
from sweeps.plan.warnings import FEWEST_TRIALS, shares_heard
from sweeps.plan.workload import count_clips
from trainables.config import WHOLE, TrialConfig

if TYPE_CHECKING:
    from analysis.verdict.result import Verdict
    from sweeps.record.tracker import Tracker
    from sweeps.rounds import Outcome
    from sweeps.search.finalists import Explored

WHOLE_RANGE = (-1.0, 1.0)  # of a difference of shares


def judge(prepared: Prepared, tracker: Tracker, *, look: int) -> Verdict:
    """The verdict over the test predictions of this look's confirm runs.

    It reads what MLflow has of them, and not the files of the results folder: what a report or a comparison reads
    later is what was judged. `analysis.predictions.pooled` says which seeds count.
    """
    return judge_record(prepared.spec, prepared.task, tracker.uri, tracker.sweep.sweep_id, look=look)


def labelled(found: Verdict, prepared: Prepared, outcomes: Sequence[Outcome]) -> Verdict:
    """The verdict with a name for every finalist that says what it is, and what the design makes hard to believe."""
    from analysis.verdict.labels import arm_labels

    spec, per = prepared.spec, prepared.spec.finalists.per
    configurations: dict[str, list[dict[str, Any]]] = {}
    for run in (run for outcome in outcomes for run in outcome.confirmed):
        configurations.setdefault(run.arm, []).append(told_by(run.config))
    axes = ["backbone", *(axis.name for axis in spec.axes if axis.name != "backbone")]
    labels = arm_labels(configurations, axes, per=per)
    each = "finalist" if per is None else per.replace("_", " ")
    trials = [trial for outcome in outcomes for trial in outcome.explored]
    design = (*few_trials(spec, trials), *shares_heard(count_clips(prepared)), *says_nothing(found))
    return replace(found, labels=labels, each=each, design=design)


def few_trials(spec: SweepSpec, trials: Sequence[Explored]) -> list[str]:
    """Values of what is compared that had few trials, such as two of a backbone."""
    compared = spec.finalists.per or "backbone"
    tried = Counter(str(trial.sample[compared]) for trial in trials if compared in trial.sample)
    few = [f"{value} {count}" for value, count in tried.items() if count < FEWEST_TRIALS]
    if len(tried) < 2 or not few:
        return []
    word = compared.replace("_", " ")
    return [
        f"Few trials of a {word}: {', '.join(few)}. The best of so few is mostly luck, and a {word} may look bad for "
        "its one bad learning rate."
    ]


def says_nothing(found: Verdict) -> list[str]:
    """Intervals that leave open every difference that there can be."""
    compared = [*found.against_baseline, *found.among_finalists]
    open_ones = [each for each in compared if each.interval == WHOLE_RANGE]
    if not open_ones:
        return []
    return [
        f"Intervals of -1 to +1, of {len(open_ones)} of {len(compared)} differences, exclude nothing: "
        f"{len(open_ones[0].seeds)} seeds are too few to say more."
    ]


def told_by(config: TrialConfig) -> dict[str, Any]:
    """What tells a configuration from others: its values, alpha also as the ratio that is an axis of its own, without
    what its adapter does not read."""
    values = {**config.as_dict(), "alpha_ratio": config.alpha / config.rank}
    unread = unread_by(config.adapter) | ({"alpha_ratio"} if config.adapter == WHOLE else set())
    return {name: None if name in unread else value for name, value in values.items()}
