"""The Tune Trainable: a thin hand between Ray Tune and an engine. Imported only where Ray is in use."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray import tune

from sweeps.job import CONFIRM, Job, tie_broken
from sweeps.space import resolve
from trainables import memory, registry
from trainables.config import TrialConfig
from trainables.data.clips import Clips, Selection
from trainables.data.store import SplitStore
from trainables.engine import DTYPES, Engine, EngineKey, EngineSettings
from trainables.loop import Lane, LaneKey
from trainables.records import NO_FOLD, NO_SEED, Predictions
from trainables.warm import WarmEngines

WARM = WarmEngines()  # lives as long as the worker process; trials come and go
RESULT = "result.json"


def lane_folder(seed: int | str, fold: str) -> str:
    return f"seed-{seed}" + ("" if fold == NO_FOLD else f"-fold-{fold}")


def fold_clips(
    stores: Mapping[str, SplitStore], folds: Mapping[str, str], outer_fold: str = NO_FOLD
) -> dict[str, tuple[Clips, Clips]]:
    """What each inner fold trains on and what validates it; without them the two splits, under the outer fold."""
    if not folds:
        return {outer_fold: (stores["train"], stores["validation"])}
    both = [stores["train"], stores["validation"]]
    held_out = {
        name: {example for example, fold in folds.items() if fold == name} for name in sorted(set(folds.values()))
    }
    prefix = "" if outer_fold == NO_FOLD else f"{outer_fold}."
    return {
        prefix + name: (Selection(both, folds.keys() - ids), Selection(both, ids)) for name, ids in held_out.items()
    }


class SweepTrial(tune.Trainable):  # type: ignore[misc]
    """Stage 1: one configuration, its lanes (one per seed and inner fold) an epoch at a time, one result an epoch.
    Stage 2: one run; after its last epoch it answers the test clips, once."""

    def setup(self, config: dict[str, Any], job: Job) -> None:
        self.job = job
        self.task = registry.task(job.spec.task_kind, dict(job.spec.task_options))
        self.stores = {split: SplitStore(Path(folder)) for split, folder in job.stores.items()}
        self.clips = fold_clips(self.stores, job.folds, job.outer_fold)
        self.begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """A reused worker takes the next trial: the lanes go, the backbone stays."""
        self.close_lanes()
        del self.engine  # a backbone that has to make room must not be held by the trial that is over
        self.begin(new_config)
        return True

    def begin(self, config: dict[str, Any]) -> None:
        self.finished_result: dict[str, Any] | None = None
        self.finished_files: Path | None = None  # of a trial that was restored after its last epoch
        self.test_predictions: Predictions | None = None
        memory.start_counting(self.job.engine_settings["device"])
        run = config.get("run")
        self.trial_config = TrialConfig.from_dict(run["config"]) if run else resolve(self.job.spec, config)
        self.engine = self.warm_engine()
        self.untuned = run is not None and run["seed"] is None
        seeds = [] if self.untuned else [run["seed"]] if run else list(self.job.spec.explore_seeds)
        objective = (self.job.spec.metric, self.job.spec.mode)
        self.lanes: list[Lane] = [
            self.engine.open_lane(self.trial_config, LaneKey(seed, fold), train, validation, objective=objective)
            for seed in seeds
            for fold, (train, validation) in self.clips.items()
        ]
        self.reports: dict[LaneKey, dict[str, Any]] = {}

    def warm_engine(self) -> Engine:
        config, job = self.trial_config, self.job
        key = EngineKey.of(config, job.precision)
        backbone = registry.backbone(config.backbone)

        def load() -> Engine:
            if job.miniature_recipe is None:
                checkpoint = backbone.SIZES[config.model_size].checkpoint
            else:
                from trainables import miniature

                checkpoint = str(
                    miniature.path(config.backbone, config.model_size, job.miniature_recipe, progress=False)
                )
            return Engine(key, checkpoint, self.task, EngineSettings(**job.engine_settings))

        sizes = backbone.SIZES if job.miniature_recipe is None else backbone.MINIATURE_SIZES
        bytes_per_parameter = 0.7 if config.quantization == "nf4" else DTYPES[job.precision].itemsize
        size_bytes = int(sizes[config.model_size].total_params * bytes_per_parameter)
        return WARM.get(key, size_bytes, job.engine_budget_bytes, load)

    def step(self) -> dict[str, Any]:
        if self.finished_result is not None:  # restored after its last epoch: say it again, compute nothing
            return self.finished_result
        started = time.perf_counter()
        if self.untuned:
            reports = [self.untuned_report()]
        else:
            for lane in (lane for lane in self.lanes if not lane.finished):
                self.reports[lane.key] = self.advance(lane)
            reports = list(self.reports.values())
        finished = self.untuned or all(lane.finished for lane in self.lanes)
        spec = self.job.spec
        values = [report["metrics"][spec.metric] for report in reports]
        loss = statistics.fmean(report["metrics"]["val/loss"] for report in reports)
        value = statistics.fmean(values)
        result: dict[str, Any] = {
            "epoch": max((lane.epoch for lane in self.lanes), default=0),
            "planned_epochs": max((lane.planned_epochs for lane in self.lanes), default=0),
            "value": value,
            "value_se": statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None,
            "objective": tie_broken(value, loss, spec.mode),
            "config_id": self.config_id,
            "lanes": reports,
            "counts": {} if self.untuned else self.engine.parameter_counts(self.lanes[0]),
            "checkpoint_name": self.checkpoint_name(),
            "backbones_loaded": WARM.loads,
            "worker_pid": os.getpid(),
            "step_seconds": time.perf_counter() - started,
            "peak_memory_bytes": memory.peak_bytes(self.job.engine_settings["device"]),
            "done": finished,
        }
        if finished:
            self.finished_result = result
        return result

    @property
    def config_id(self) -> str:
        return "untuned" if self.untuned else self.trial_config.config_id

    def checkpoint_name(self) -> str:
        config = self.trial_config
        sizes = registry.backbone(config.backbone).SIZES
        return sizes[config.model_size].checkpoint if config.model_size in sizes else f"miniature {config.model_size}"

    def advance(self, lane: Lane) -> dict[str, Any]:
        metrics = lane.train_epoch()
        if lane.finished:
            metrics |= lane.settle()
            if self.job.stage == CONFIRM:
                self.test_predictions = lane.predict(self.stores["test"])
                metrics |= self.engine.scores(self.test_predictions, "test")
        return {"seed": lane.key.seed, "fold": lane.key.fold, "metrics": metrics}

    def untuned_report(self) -> dict[str, Any]:
        self.validation_predictions = self.engine.predict_untuned(self.stores["validation"], fold=self.job.outer_fold)
        self.test_predictions = self.engine.predict_untuned(self.stores["test"], fold=self.job.outer_fold)
        metrics = self.engine.scores(self.validation_predictions, "val")
        metrics |= self.engine.scores(self.test_predictions, "test")
        return {"seed": NO_SEED, "fold": self.job.outer_fold, "metrics": metrics}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        folder = Path(checkpoint_dir)
        if self.finished_files is not None:
            shutil.copytree(self.finished_files, folder, dirs_exist_ok=True)
            return
        for lane in self.lanes:
            lane.save(folder / lane_folder(lane.key.seed, lane.key.fold))
        if self.untuned and self.finished_result is not None:
            self.validation_predictions.write_parquet(
                folder / lane_folder(NO_SEED, self.job.outer_fold) / "predictions" / "validation.parquet"
            )
        if self.test_predictions is not None:
            seed = self.lanes[0].key.seed if self.lanes else NO_SEED
            self.test_predictions.write_parquet(
                folder / lane_folder(seed, self.job.outer_fold) / "predictions" / "test.parquet"
            )
        (folder / RESULT).write_text(json.dumps(self.finished_result))

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        folder = Path(checkpoint_dir)
        self.finished_result = json.loads((folder / RESULT).read_text())
        if self.finished_result is not None:
            self.finished_files = Path(tempfile.mkdtemp()) / "finished"
            shutil.copytree(folder, self.finished_files)
        else:
            for lane in self.lanes:
                lane.load(folder / lane_folder(lane.key.seed, lane.key.fold))

    def close_lanes(self) -> None:
        for lane in self.lanes:
            lane.close()
        self.lanes = []

    def cleanup(self) -> None:
        self.close_lanes()
