"""The verdict of a sweep, from its record, with a name for every arm that says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeps.config.resolve import unread_by
from sweeps.config.spec import SweepSpec
from sweeps.judge import judge as judge_record
from sweeps.plan.prepare import Prepared
from trainables.config import WHOLE, TrialConfig

if TYPE_CHECKING:
    from analysis.verdict.result import Verdict
    from sweeps.record.tracker import Tracker
    from sweeps.rounds import Outcome


def judge(prepared: Prepared, tracker: Tracker, *, look: int) -> Verdict:
    """The verdict over the test predictions of this look's confirm runs.

    It reads what MLflow has of them, and not the files of the results folder: what a report or a comparison reads
    later is what was judged. `analysis.predictions.pooled` says which seeds count.
    """
    return judge_record(prepared.spec, prepared.task, tracker.uri, tracker.sweep.sweep_id, look=look)


def labelled(found: Verdict, spec: SweepSpec, outcomes: Sequence[Outcome]) -> Verdict:
    """The verdict with a name for every finalist that says what it is."""
    from analysis.verdict.labels import arm_labels

    per = spec.finalists.per
    configurations: dict[str, list[dict[str, Any]]] = {}
    for run in (run for outcome in outcomes for run in outcome.confirmed):
        configurations.setdefault(run.arm, []).append(told_by(run.config))
    axes = ["backbone", *(axis.name for axis in spec.axes if axis.name != "backbone")]
    labels = arm_labels(configurations, axes, per=per)
    return replace(found, labels=labels, each="finalist" if per is None else per.replace("_", " "))


def told_by(config: TrialConfig) -> dict[str, Any]:
    """What tells a configuration from others: its values, alpha also as the ratio that is an axis of its own, without
    what its adapter does not read."""
    values = {**config.as_dict(), "alpha_ratio": config.alpha / config.rank}
    unread = unread_by(config.adapter) | ({"alpha_ratio"} if config.adapter == WHOLE else set())
    return {name: None if name in unread else value for name, value in values.items()}
