"""A sweep as its record tells it: trials with their curves, arms with their test answers, what was fixed and spent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from analysis.predictions.pooled import Part, Pooled, pooled
from analysis.record.reader import SweepRuns, read_predictions, seed_of
from analysis.record.store import connect
from analysis.verdict.result import Verdict
from trainables.errors import InputError
from trainables.records import (
    NO_FOLD,
    TAG_CONTROL,
    TAG_MINIATURE,
    TAG_REASON,
    TAG_STATUS,
    Predictions,
)

COUNTS = ("adapter_params", "head_params", "trainable_params", "total_params")


@dataclass(frozen=True)
class Run:
    """One training, or one look of the untuned backbone."""

    run_id: str
    stage: str  # explore | confirm
    role: str
    config_id: str
    trial_id: str
    seed: str
    fold: str
    status: str  # completed | pruned | failed; running where it was never closed
    reason: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]  # the last of each
    curve: Mapping[int, float]  # epoch -> objective
    seconds: float | None  # of training; None: not recorded
    memory_bytes: float | None

    @property
    def epochs(self) -> int:
        return max(self.curve, default=0)


@dataclass(frozen=True)
class Trial:
    """One configuration of stage 1: its runs (one per seed and inner fold), whose mean is its value."""

    number: int  # by which the live table, MLflow and sweeps.control know it, from 0 on
    runs: tuple[Run, ...]
    axes: Mapping[str, Any]  # active ones

    @property
    def trial_id(self) -> str:
        return self.runs[0].trial_id

    @property
    def status(self) -> str:
        found = {run.status for run in self.runs}
        return next((status for status in ("failed", "running", "stopped", "pruned") if status in found), "completed")

    @cached_property
    def curve(self) -> dict[int, float]:
        """Epoch -> mean objective, over the epochs that every run has."""
        epochs = set.intersection(*(set(run.curve) for run in self.runs)) if self.runs else set()
        return {epoch: sum(run.curve[epoch] for run in self.runs) / len(self.runs) for epoch in sorted(epochs)}

    @property
    def value(self) -> float | None:
        """At the last epoch; None where no epoch was reached."""
        return self.curve[max(self.curve)] if self.curve else None

    @property
    def completed(self) -> bool:
        return self.status == "completed" and self.value is not None

    def cost(self, name: str) -> float | None:
        """The mean over its runs of `trainable_params`, `adapter_bytes`, `memory_bytes` or `seconds`."""
        found = [_cost(run, name) for run in self.runs]
        known = [value for value in found if value is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class Arm:
    """One row of the verdict, with the runs behind it."""

    name: str  # for the eye: its label where the verdict has one
    role: str  # finalist | baseline | untuned
    runs: tuple[Run, ...]
    searched: float | None  # the validation value that stage 1 saw; the mean where outer folds have their own
    explored: tuple[Run, ...]  # a finalist's runs in stage 1
    rank: int | None = None  # of a finalist, 1 the best of the search

    @property
    def axes(self) -> Mapping[str, Any]:
        return next((run.params for run in (*self.runs, *self.explored)), {})

    @property
    def configurations(self) -> int:
        return len({run.config_id for run in (*self.runs, *self.explored)})


@dataclass(frozen=True)
class Recorded:
    """One sweep."""

    source: SweepRuns
    objective: str  # such as val/accuracy
    mode: str  # max | min
    trials: tuple[Trial, ...]
    arms: tuple[Arm, ...]
    confirm_runs: tuple[Run, ...]
    verdict: Verdict | None  # None: none was reached
    sentence: str  # the verdict in the words in which it was told
    earlier: tuple[str, ...]  # those of earlier looks at the test data
    provenance: Mapping[str, Any]
    yaml_text: str
    splits: Any | None  # pandas: example_id, group, split (and fold)
    axes: tuple[str, ...]  # open in the search, with more than one value among the trials
    scales: Mapping[str, str] = field(default_factory=dict)  # axis -> choice | linear | log, where the file says it
    left_out: tuple[tuple[str, int], ...] = ()  # of the data: (reason, clips), the commonest first
    _cache: dict[str, Predictions] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.source.sweep_id

    @property
    def tags(self) -> Mapping[str, str]:
        return dict(self.source.parent.data.tags)

    @property
    def params(self) -> Mapping[str, str]:
        return dict(self.source.parent.data.params)

    @cached_property
    def steered(self) -> tuple[str, ...]:
        """What a person asked of the running sweep, and what was done about it: `clone: a clone of trial_00001 ...`."""
        try:
            found = json.loads(self.tags.get(TAG_CONTROL, "[]"))
            return tuple(f"{each['command']}: {each['said']}" for each in found if each.get("done", True))
        except (ValueError, KeyError, TypeError, AttributeError):
            return ()

    @property
    def clones(self) -> int:
        """Trials that a person made, of earlier ones whose results were known."""
        return sum(said.startswith("clone: a clone of") for said in self.steered)

    @property
    def miniature(self) -> bool:
        return self.tags.get(TAG_MINIATURE) == "true"

    @property
    def status(self) -> str:
        return self.tags.get(TAG_STATUS, "running")

    @property
    def state(self) -> str:
        """The status as the end of a sentence on the sweep."""
        return {"failed": "failed", "running": "is not finished"}.get(self.status, f"is {self.status}")

    @property
    def reason(self) -> str:
        return self.tags.get(TAG_REASON, "")

    @property
    def metric(self) -> str:
        return self.objective.rpartition("/")[2]

    @cached_property
    def first_rung(self) -> int | None:
        """The last epoch that every trial reached which reached any; None without trials."""
        reached = [max(trial.curve) for trial in self.trials if trial.curve]
        return min(reached) if reached else None

    @cached_property
    def _client(self) -> Any:
        return connect(self.source.tracking_uri)

    def predictions(self, run: Run, split: str) -> Predictions | None:
        """None where the run left none."""
        key = f"{run.run_id}/{split}"
        if key not in self._cache:
            try:
                self._cache[key] = read_predictions(self._client, run.run_id, split)
            except InputError:
                return None
        return self._cache[key]

    def pooled(self, arm: Arm, split: str = "test") -> Pooled:
        """An arm's answers by the rule of `analysis.predictions.pooled`."""
        parts = [
            Part(seed_of(run.seed), run.fold, self.predictions(run, split) if run.status == "completed" else None)
            for run in arm.runs
        ]
        return pooled(parts, {run.fold for run in self.confirm_runs})

    def by_seed(self, arm: Arm, split: str = "test") -> Mapping[int, Predictions]:
        return self.pooled(arm, split).by_seed

    def counted(self, arm: Arm) -> tuple[Run, ...]:
        """The arm's runs that its test result rests on."""
        left_out = self.pooled(arm).left_out
        return tuple(run for run in arm.runs if run.status == "completed" and seed_of(run.seed) not in left_out)

    @property
    def notes(self) -> list[str]:
        """What was left out of the arms, in sentences."""
        return [note for arm in self.arms if (note := self.pooled(arm).note(arm.name))]


def _cost(run: Run, name: str) -> float | None:
    if name == "adapter_bytes":  # as PEFT saves it, in float32
        found = run.params.get("adapter_params")
        return None if found is None else 4.0 * float(found)
    if name in COUNTS:
        found = run.params.get(name)
        return None if found is None else float(found)
    return {"seconds": run.seconds, "memory_bytes": run.memory_bytes}[name]


def folds_of(recorded: Recorded) -> list[str]:
    """Outer folds, sorted; empty without."""
    return sorted({run.fold for run in recorded.confirm_runs} - {NO_FOLD})
