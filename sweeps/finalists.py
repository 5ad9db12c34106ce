"""Which explored configurations are confirmed: chosen once, from validation results alone, before stage 2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sweeps.spec import FinalistsSpec
from trainables.config import TrialConfig


@dataclass(frozen=True)
class Explored:
    """One trial of stage 1 as it ended."""

    trial_id: str
    config: TrialConfig
    sample: Mapping[str, Any]  # its active axes
    status: str  # completed | pruned | failed
    epochs: int
    value: float | None  # the objective, mean over seeds; None: failed before its first epoch
    value_se: float | None
    objective: float | None  # with the tie-break


def choose_finalists(
    explored: Iterable[Explored], finalists: FinalistsSpec, *, mode: str, baseline_id: str
) -> list[Explored]:
    """The best completed trials, one per configuration, best first; the baseline's own configuration is passed over.

    With `per: axis`, the best of each of that axis's values.
    """
    completed = [trial for trial in explored if trial.status == "completed" and trial.objective is not None]
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


def _rank(trial: Explored, mode: str) -> tuple[float, str]:
    assert trial.objective is not None
    return (-trial.objective if mode == "max" else trial.objective, trial.trial_id)
