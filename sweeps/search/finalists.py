"""Which explored configurations are confirmed: chosen once, from validation results alone, before stage 2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.config.spec import FinalistsSpec
from sweeps.state.progress import TrialProgress
from trainables.config import TrialConfig
from trainables.errors import SweepFailed


@dataclass(frozen=True)
class Explored:
    """One trial of stage 1 as it ended."""

    trial_id: str
    config: TrialConfig
    sample: Mapping[str, Any]  # its active axes
    status: str  # completed | pruned | failed | stopped
    epochs: int
    value: float | None  # the objective, mean over seeds; None: failed before its first epoch
    objective: float | None  # with the tie-break


def explored(trial: TrialProgress) -> Explored:
    last = trial.last
    return Explored(
        trial_id=trial.name,
        config=trial.assignment.config,
        sample=trial.assignment.sample,
        status=trial.status,
        epochs=last.get("epoch", 0),
        value=last.get("value"),
        objective=last.get("objective"),
    )


def choose_finalists(
    trials: Iterable[Explored], finalists: FinalistsSpec, *, mode: str, baseline_id: str
) -> list[Explored]:
    """The best completed trials, one per configuration, best first; the baseline's own configuration is passed over.

    With `per: axis`, the best of each of that axis's values.
    """
    completed = [trial for trial in trials if trial.status == "completed" and trial.objective is not None]
    completed.sort(key=lambda trial: _rank(trial, mode))
    chosen: list[Explored] = []
    taken_ids, taken_values = {baseline_id}, set()
    for trial in completed:
        value = trial.sample.get(finalists.per) if finalists.per else None
        if trial.config.config_id in taken_ids or (finalists.per and value in taken_values):
            continue
        chosen.append(trial)
        taken_ids.add(trial.config.config_id)
        taken_values.add(value)
    return chosen if finalists.per else chosen[: finalists.count]


def same_in_every_fold(finalists: Iterable[Explored], per: str, values: Iterable[Any]) -> list[Explored]:
    """The best of each value in the order of `values`, not of merit: what a place stands for is then the same in every
    outer fold, and the pooled answers of `finalist 2` are those of one backbone.

    Raises SweepFailed where a value has no finalist: it would have no answers to this fold's clips.
    """
    best = {trial.sample.get(per): trial for trial in finalists}
    if missing := [value for value in values if value not in best]:
        raise SweepFailed(
            f"no trial with {per}={missing[0]} was completed in this outer fold, so that it cannot be compared over "
            "all of them; raise `trials`, or leave the value out"
        )
    return [best[value] for value in values]


def _rank(trial: Explored, mode: str) -> tuple[float, str]:
    assert trial.objective is not None
    return (-trial.objective if mode == "max" else trial.objective, trial.trial_id)
