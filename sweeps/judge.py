"""The verdict of a sweep, from the record of its confirm runs alone: whoever has the record can repeat it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeps.config.spec import SweepSpec

if TYPE_CHECKING:
    from analysis.record.reader import SweepRuns
    from analysis.verdict.interim import Interim
    from analysis.verdict.result import Verdict
    from trainables.contract import Task
    from trainables.records import Predictions

ALPHA = 0.05


def judge(spec: SweepSpec, task: Task, uri: str, sweep_id: str, *, look: int) -> Verdict:
    """The verdict over the test predictions of this look's confirm runs.

    It reads what MLflow has of them, and not the files of the results folder: what a report or a comparison reads
    later is what was judged. `analysis.predictions.pooled` says which seeds count.
    """
    from analysis.record.reader import UNTUNED, read_sweep
    from analysis.verdict.rule import verdict

    record = read_sweep(uri, sweep_id, look=look)
    pools = {arm: record.pooled(runs) for arm, runs in record.arms().items()}
    answers = {arm: pool.by_seed for arm, pool in pools.items() if pool.by_seed}
    baseline, untuned = answers.pop("baseline", None), answers.pop(UNTUNED, None)
    found = verdict(
        answers,
        baseline,
        _score(spec, task),
        untuned=next(iter(untuned.values())) if untuned else None,
        alpha=ALPHA,
        look=look - 1,
        interim=record.interim,
        untuned_name=UNTUNED,
        **_asked(spec),
    )
    notes = [note for arm, pool in pools.items() if (note := pool.note(arm))]
    return replace(found, warnings=(*notes, *found.warnings), worth=spec.confirm.worth)


def recorded_task(spec: SweepSpec, record: SweepRuns) -> Task:
    """The task of a recorded sweep, without its data: labels that its file does not name are those of its answers."""
    from trainables import registry

    options = {
        name: value for name, value in spec.task_options.items() if name not in ("class_weights", "replacements")
    }
    if registry.task_class(spec.task_kind).column == "label" and not options.get("labels"):
        done = next(run for run in record.confirm_runs if run.status == "completed")
        options["labels"] = record.predictions(done.run_id).classes
    return registry.task(spec.task_kind, options)


def interim_look(
    spec: SweepSpec,
    task: Task,
    answers: Mapping[str, Mapping[int, Predictions]],
    *,
    looks: Sequence[int],
    still: tuple[str, ...],
    look: int,
) -> Interim:
    """What a look at a running stage 2 decides, by the rule of its verdict: `answers` of finalists and baseline under
    the seeds so far, `looks` at numbers of seeds, `still` the finalists that are open, `look` earlier confirmations.

    Raises InputError where the verdict would.
    """
    from analysis.verdict.account import Account
    from analysis.verdict.arms import arms_of
    from analysis.verdict.interim import interim

    asked = _asked(spec)
    name, scores = asked["metric_name"], asked["example_scores"]
    design, arms = arms_of(answers, _score(spec, task), metric_name=name, example_scores=scores)
    return interim(
        design,
        arms,
        {arm: "baseline" if arm == "baseline" else "finalist" for arm in arms},
        Account(tuple(looks), ALPHA / 2**look),
        still=still,
        mode=spec.mode,
        question=asked["question"],
        worth=spec.confirm.worth,
    )


def _score(spec: SweepSpec, task: Task) -> Callable[[Predictions], float]:
    """Called for every test group that is left out: of labels the one metric, and not all that a task scores."""
    from trainables.tasks.labels import METRICS, label_metric

    name = spec.metric.partition("/")[2]
    if task.column == "label" and name in METRICS:
        return lambda predictions: label_metric(predictions, name)
    return lambda predictions: task.score(predictions).get(name, math.nan)


def _asked(spec: SweepSpec) -> dict[str, Any]:
    """What the verdict is about."""
    from analysis.predictions.align import correct

    name = spec.metric.partition("/")[2]
    return {
        "metric_name": f"test {name}",
        "mode": spec.mode,
        "question": "each_other" if spec.finalists.per else "baseline",
        "example_scores": correct if name == "accuracy" else None,
    }
