"""Between a stage and MLflow: every lane of every trial is one MLflow run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.config.resolve import active_axes
from sweeps.config.spec import SweepSpec
from sweeps.record.background import Run
from sweeps.record.child_runs import ChildRuns
from sweeps.state.progress import COMPLETED, StageProgress, TrialProgress
from sweeps.state.workspace import CONFIRM, lane_folder
from trainables.config import WHOLE
from trainables.records import (
    COST_MEMORY,
    COST_SECONDS,
    NO_FOLD,
    NO_SEED,
    TAG_KEPT,
    TAG_MENDED,
    TAG_MICRO_BATCH,
    TAG_PACK,
)
from trainables.training.resume_points import FINAL
from trainables.training.schedule import part_size


class Recorder:
    """Hands each result to the record as it arrives, and the files of a run when the run is over."""

    def __init__(self, spec: SweepSpec, stage: str, child_runs: ChildRuns, *, outer_fold: str = NO_FOLD) -> None:
        self.spec = spec
        self.stage = stage
        self.outer_fold = outer_fold
        self.child_runs = child_runs
        self.runs: dict[tuple[str, str, str], Run] = {}  # by trial, seed and fold

    def started(self, trial: TrialProgress) -> None:
        """Nothing yet: a run begins with its first result."""

    def reported(self, trial: TrialProgress) -> None:
        self._log(trial, trial.last)

    def retried(self, trial: TrialProgress) -> None:
        """Nothing yet: `ended` records what was mended."""

    def ended(self, trial: TrialProgress) -> None:
        for lane in self._lanes(trial):
            run = self.run(trial, lane)
            if trial.mended:
                self.child_runs.tag(run, TAG_MENDED, "; ".join(trial.mended))
            if trial.batch_parts > 1:
                micro_batch = part_size(trial.assignment.config.batch_size, trial.batch_parts)
                self.child_runs.tag(run, TAG_MICRO_BATCH, str(micro_batch))
            if cut := trial.last.get("kept_below"):
                self.child_runs.tag(run, TAG_KEPT, cut)
            pack = max((result.get("pack_lanes", 1) for result in trial.results), default=1)
            if pack > 1:
                self.child_runs.tag(run, TAG_PACK, str(pack))
            if trial.status == COMPLETED:
                folder = trial.folder / FINAL / lane_folder(lane["seed"], lane["fold"])
                # an explored adapter is a means to a ranking; the confirmed ones are the sweep's product
                parts = ("predictions", "adapter") if self.stage == CONFIRM else ("predictions",)
                self.child_runs.log_artifacts(run, folder, *parts)
            self.child_runs.close(run, trial.status, reason=trial.reason or None)

    def catch_up(self, progress: StageProgress) -> None:
        """Writes what the journal has and MLflow lacks: a driver that is killed loses what it had not written yet."""
        for trial in progress.trials.values():
            if trial.over and all(self._closed_run(trial, lane) for lane in self._lanes(trial)):
                continue
            for result in trial.results:
                self._log(trial, result)
            if trial.over:
                self.ended(trial)

    def run_id(self, trial: TrialProgress, lane: Mapping[str, Any]) -> str:
        """MLflow's id of a trial's lane."""
        return self.child_runs.id_of(self.run(trial, lane))

    def run(self, trial: TrialProgress, lane: Mapping[str, Any]) -> Run:
        """The run of a trial's lane, begun where there is none."""
        key = (trial.name, str(lane["seed"]), lane["fold"])
        if key not in self.runs:
            closed = self._closed_run(trial, lane) if trial.over else None
            self.runs[key] = closed or self.child_runs.begin(
                stage=self.stage,
                role=trial.assignment.role,
                config_id=trial.assignment.config_id,
                trial_id=trial.name,
                seed=str(lane["seed"]),
                fold=lane["fold"],
                params=self._params(trial, lane),
            )
        return self.runs[key]

    def _closed_run(self, trial: TrialProgress, lane: Mapping[str, Any]) -> Run | None:
        return self.child_runs.closed(
            self.stage, trial.assignment.config_id, trial.name, str(lane["seed"]), lane["fold"], trial.status
        )

    def _log(self, trial: TrialProgress, result: Mapping[str, Any]) -> None:
        sharing = max(len(result["lanes"]), result.get("pack_lanes", 1))  # lanes that share the epoch
        costs = {
            COST_SECONDS: result["step_seconds"] / sharing,
            COST_MEMORY: result["peak_memory_bytes"],
        }
        for lane in result["lanes"]:
            self.child_runs.log_epoch(self.run(trial, lane), result["epoch"], {**lane["metrics"], **costs})

    def _lanes(self, trial: TrialProgress) -> list[dict[str, Any]]:
        if trial.results:
            return list(trial.last["lanes"])
        # failed before its first result
        return [{"seed": seed, "fold": self.outer_fold} for seed in trial.assignment.seeds or (NO_SEED,)]

    def _params(self, trial: TrialProgress, lane: Mapping[str, Any]) -> dict[str, Any]:
        assignment, config = trial.assignment, trial.assignment.config
        counts = {"checkpoint": trial.last.get("checkpoint_name", ""), **trial.last.get("counts", {})}
        if revision := trial.last.get("checkpoint_revision"):
            counts["checkpoint_revision"] = revision
        if not assignment.seeds:
            opened = {} if self.spec.backbone else {"backbone": config.backbone}
            return {**opened, "model_size": config.model_size, "quantization": config.quantization, **counts}
        active = active_axes(self.spec, assignment.values)
        axes = {name: getattr(config, name) for name in active if hasattr(config, name)}
        if "alpha_ratio" in active:
            axes["alpha_ratio"] = config.alpha / config.rank
        if config.adapter != WHOLE:
            axes["alpha"] = config.alpha
        return {**axes, "seed": lane["seed"], **counts}
