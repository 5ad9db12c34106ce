"""The Tune callback between a running stage and MLflow: every lane of every trial is one MLflow run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sweeps.job import CONFIRM, EXPLORE
from sweeps.listener import Listener
from sweeps.space import active_axes, resolve
from sweeps.spec import SweepSpec
from sweeps.tracking import Tracker
from sweeps.trial import lane_folder
from trainables.config import TrialConfig
from trainables.records import COST_MEMORY, COST_SECONDS, NO_FOLD, NO_SEED


class Recorder(Listener):
    """Hands each result to the tracker as it arrives, and the files of a run when the run is over."""

    def __init__(self, spec: SweepSpec, stage: str, tracker: Tracker, *, outer_fold: str = NO_FOLD) -> None:
        super().__init__()
        self.spec = spec
        self.stage = stage
        self.outer_fold = outer_fold
        self.tracker = tracker
        self.run_ids: dict[tuple[str, str, str], str] = {}  # (trial, seed, fold) -> MLflow run

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: dict[str, Any], **info: Any) -> None:
        costs = {
            COST_SECONDS: result["step_seconds"] / len(result["lanes"]),  # lanes share an epoch
            COST_MEMORY: result["peak_memory_bytes"],
        }
        for lane in result["lanes"]:
            run_id = self._run_id(trial, result, lane)
            self.tracker.log_epoch(run_id, result["epoch"], {**lane["metrics"], **costs})

    def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        result = trial.last_result
        completed = result["epoch"] >= result["planned_epochs"]
        for lane in result["lanes"]:
            run_id = self._run_id(trial, result, lane)
            if completed and trial.checkpoint is not None:
                folder = Path(trial.checkpoint.path) / lane_folder(lane["seed"], lane["fold"])
                # an explored adapter is a means to a ranking; the confirmed ones are the sweep's product
                parts = ("predictions", "adapter") if self.stage == CONFIRM else ("predictions",)
                self.tracker.log_artifacts(run_id, folder, parts)
            self.tracker.close_run(run_id, "completed" if completed else "pruned")

    def on_trial_error(self, iteration: int, trials: Any, trial: Any, **info: Any) -> None:
        result = dict(trial.last_result or {})
        if not result:  # failed before its first result
            seeds = [trial.config["run"]["seed"]] if self.stage == CONFIRM else list(self.spec.explore_seeds)
            lanes = [{"seed": NO_SEED if seed is None else seed, "fold": self.outer_fold} for seed in seeds]
            result = {"config_id": self._config(trial).config_id, "counts": {}, "checkpoint_name": "", "lanes": lanes}
        for lane in result["lanes"]:
            self.tracker.close_run(self._run_id(trial, result, lane), "failed", reason=failure_reason(trial))

    def _run_id(self, trial: Any, result: Mapping[str, Any], lane: Mapping[str, Any]) -> str:
        key = (trial.trial_id, str(lane["seed"]), lane["fold"])
        if key not in self.run_ids:
            self.run_ids[key] = self.tracker.open_run(
                stage=self.stage,
                role="trial" if self.stage == EXPLORE else trial.config["run"]["role"],
                config_id=result["config_id"],
                trial_id=trial.trial_id,
                seed=str(lane["seed"]),
                fold=lane["fold"],
                params=self._params(trial, result, lane),
            )
        return self.run_ids[key]

    def _params(self, trial: Any, result: Mapping[str, Any], lane: Mapping[str, Any]) -> dict[str, Any]:
        config = self._config(trial)
        counts = {"checkpoint": result["checkpoint_name"], **result["counts"]}
        if result["config_id"] == "untuned":
            return {"model_size": config.model_size, "quantization": config.quantization, **counts}
        active = active_axes(self.spec, trial.config if self.stage == EXPLORE else config.as_dict())
        axes = {name: getattr(config, name) for name in active if hasattr(config, name)}
        if "alpha_ratio" in active:
            axes["alpha_ratio"] = config.alpha / config.rank
        return {**axes, "alpha": config.alpha, "seed": lane["seed"], **counts}

    def _config(self, trial: Any) -> TrialConfig:
        if self.stage == CONFIRM:
            return TrialConfig.from_dict(trial.config["run"]["config"])
        return resolve(self.spec, trial.config)


def failure_reason(trial: Any) -> str:
    """The last line of a failed trial's traceback: what a person wants to read first."""
    error = trial.get_error()
    lines = [line.strip() for line in str(error or "unknown").splitlines() if line.strip()]
    return lines[-1] if lines else "unknown"
