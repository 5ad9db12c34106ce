"""The Tune Trainable: a thin hand between Ray Tune and an engine. Imported only where Ray is in use."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ray import tune

from sweeps.config.resolve import resolve
from sweeps.machine.memory import clip_bytes
from sweeps.machine.weights import checkpoint_name, checkpoint_revision, checkpoint_to_load
from sweeps.state.workspace import CONFIRM, lane_folder
from sweeps.worker.job import Job, tie_broken
from trainables import registry
from trainables.config import TrialConfig
from trainables.contract import Size
from trainables.data.folds import fold_clips
from trainables.data.store import Hearing, SplitStore, open_store
from trainables.packing.packer import Outcome, Packer
from trainables.process import metering
from trainables.process.warm_engines import WarmEngines
from trainables.process.watchdog import HANG_FILE, Watchdog
from trainables.records import NO_SEED, Predictions, further_name
from trainables.registry import size_of
from trainables.training import faults
from trainables.training.engine import DTYPES, Engine, EngineKey, EngineSettings
from trainables.training.lane import Lane, LaneKey
from trainables.training.lane_state import is_resume_point
from trainables.training.resume_points import FINAL, newest_point, point_name, save_point

# They live as long as the worker process; trials come and go
WARM = WarmEngines()
WATCHDOG = Watchdog()
TURNAROUND = metering.Turnaround()
HISTORY = "history.json"


class SweepTrial(tune.Trainable):  # type: ignore[misc]
    """Stage 1: one configuration, its lanes (one per seed and inner fold) an epoch at a time, one result an epoch.
    Stage 2: one run; after its last epoch it answers the test clips, once."""

    def setup(self, config: dict[str, Any], job: Job) -> None:
        self.job = job
        self.task = registry.task(job.spec.task_kind, dict(job.spec.task_options))
        self.opened: dict[Hearing, dict[str, SplitStore]] = {}
        # Stage 2 trains every run alone. One half of a worker's room is for warm backbones, the other for clips.
        packing = "off" if job.stage == CONFIRM else job.spec.packing
        self.packer = Packer(packing, clip_room_bytes=job.engine_budget_bytes)
        self.begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """A reused worker takes the next trial: the lanes go, the backbone stays."""
        self.close_lanes()
        self.begin(new_config)
        return True

    def begin(self, config: dict[str, Any]) -> None:
        given = config["given"]
        confirming = self.job.stage == CONFIRM
        self.trial_config = TrialConfig.from_dict(given["config"]) if confirming else resolve(self.job.spec, given)
        self.stores = self.stores_of(self.trial_config.backbone)
        self.clips = fold_clips(self.stores, self.job.folds, self.job.outer_fold)
        self.untuned = confirming and given["seed"] is None
        seeds = [] if self.untuned else [given["seed"]] if confirming else list(self.job.spec.explore_seeds)
        self.keys = [LaneKey(seed, fold) for seed in seeds for fold in self.clips]
        self.folder = Path(config["folder"])
        self.said = int(config["known_results"])  # results that the driver has
        self.about = {"config_id": self.config_id, "lanes": [lane_folder(key.seed, key.fold) for key in self.keys]}
        self.batch_parts = int(config["batch_parts"])
        self.packed_with = 1  # lanes in the largest pack of the epoch
        self.lanes: list[Lane] = []  # opened when there is something to train
        TURNAROUND.trial_begins()
        self.take_up()

    def stores_of(self, backbone: str) -> dict[str, SplitStore]:
        """The clips as this backbone hears them, opened once."""
        hearing = Hearing.of(registry.backbone(backbone), miniature=self.job.miniature_recipe is not None)
        if hearing not in self.opened:
            folders = {split: Path(folder) for split, folder in self.job.stores.items()}
            self.opened[hearing] = {split: open_store(folder, hearing) for split, folder in folders.items()}
        return self.opened[hearing]

    def take_up(self) -> None:
        """Stands where the trial's folder says that it is; a new one has an empty folder."""
        self.answers: dict[str, Predictions] = {}  # to validation clips without training, and to test clips
        self.point = newest_point(self.folder, self.about)
        self.history: list[dict[str, Any]] = []
        if self.point is not None:
            self.history = json.loads((self.point / HISTORY).read_text())
            self.batch_parts = max(self.batch_parts, self.history[-1]["batch_parts"])

    @property
    def finished(self) -> bool:
        return bool(self.history) and bool(self.history[-1]["done"])

    def open_lanes(self) -> None:
        """The backbone, and on it every lane at the end of its last saved epoch."""
        self.settled: dict[LaneKey, Path] = {}
        metering.start_counting(self.job.engine_settings["device"])
        self.engine = self.warm_engine()
        objective = (self.job.spec.metric, self.job.spec.mode)
        for key in self.keys:
            train, validation = self.clips[key.fold]
            lane = Lane(
                self.engine,
                self.trial_config,
                key,
                train,
                validation,
                objective=objective,
                batch_parts=self.batch_parts,
            )
            self.lanes.append(lane)
            if self.point is not None:
                saved = self.point / lane_folder(key.seed, key.fold)
                if is_resume_point(saved):
                    lane.load(saved)
                else:  # done before the other lanes were: a fold with fewer clips may have fewer epochs
                    lane.epoch = lane.planned_epochs
                    self.settled[key] = saved
        last = self.history[-1]["lanes"] if self.history else []
        self.reports = {LaneKey(report["seed"], report["fold"]): report for report in last}

    def warm_engine(self) -> Engine:
        config, job = self.trial_config, self.job
        key = EngineKey.of(config, job.precision)

        def load() -> Engine:
            checkpoint = checkpoint_to_load(config, job.revisions, job.miniature_recipe)
            return Engine(key, checkpoint, self.task, EngineSettings(**job.engine_settings))

        bytes_per_parameter = 0.7 if config.quantization == "nf4" else DTYPES[job.precision].itemsize
        size_bytes = int(self.size.total_params * bytes_per_parameter)
        engine = WARM.get(key, size_bytes, job.engine_budget_bytes, load)
        engine.beat = WATCHDOG.beat
        return engine

    def step(self) -> dict[str, Any]:
        """The next result that the driver lacks: an epoch that was saved and not heard of is said again, not trained
        again, and one that was heard of and not saved is trained again without a word.

        What another try cannot mend is said as `failure`; any other exception is raised, and Tune tries again.
        """
        WATCHDOG.start(self.folder / HANG_FILE)
        try:
            while len(self.history) <= self.said:
                self.train_epoch_in_memory()
        except Exception as error:
            kind = faults.kind_of(error)
            if kind is None:
                raise
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return {"done": True, "failure": {"kind": kind, "reason": reason, "traceback": traceback.format_exc()}}
        finally:
            WATCHDOG.stop()
        report = self.history[self.said]
        self.said += 1
        TURNAROUND.result_given()
        return {"epoch": report["epoch"], "objective": report["objective"], "done": report["done"], "report": report}

    def train_epoch_in_memory(self) -> None:
        """One epoch; where memory does not hold it, again from the last resume point with batches cut in half, and
        without the other backbones that are kept warm."""
        most_parts = max(self.trial_config.batch_size, EngineSettings(**self.job.engine_settings).evaluation_batch_size)
        loaded_alone = False
        while True:
            try:
                return self.train_epoch()
            except Exception as error:
                smaller = hasattr(self, "engine")  # else the backbone itself did not fit
                hopeless = self.batch_parts >= most_parts if smaller else loaded_alone
                if faults.kind_of(error) != faults.OUT_OF_MEMORY or hopeless:
                    raise
            # not within `except`: the exception holds the frames, and they hold what has to go
            self.close_lanes()
            self.make_room()
            loaded_alone = True
            self.batch_parts *= 2 if smaller else 1
            self.take_up()

    def train_epoch(self) -> None:
        """One epoch of every lane; its result and the resume point are on the disk when this returns."""
        started = time.perf_counter()
        self.packed_with = self.trials_met = 1
        if not hasattr(self, "engine"):
            self.open_lanes()
        TURNAROUND.computing_starts()
        if self.untuned:
            reports = [self.untuned_report()]
        else:
            lanes = [lane for lane in self.lanes if not lane.finished]
            for lane, (outcome, together) in zip(lanes, self.train_lanes(lanes), strict=True):
                if isinstance(outcome, Exception):
                    raise outcome
                self.reports[lane.key] = self.report_of(lane, outcome)
                self.packed_with = max(self.packed_with, together)
            reports = list(self.reports.values())
        TURNAROUND.computing_ends(self.trials_met)
        self.history.append(self.result_of(reports, time.perf_counter() - started))
        name = FINAL if self.finished else point_name(len(self.history))
        with save_point(self.folder, name, self.about) as folder:
            self.save_state(folder)
        self.settled = {key: self.folder / name / lane_folder(key.seed, key.fold) for key in self.settled}

    def result_of(self, reports: Sequence[Mapping[str, Any]], step_seconds: float) -> dict[str, Any]:
        spec = self.job.spec
        values = [report["metrics"][spec.metric] for report in reports]
        loss = statistics.fmean(report["metrics"]["val/loss"] for report in reports)
        value = statistics.fmean(values)
        return {
            "epoch": max((lane.epoch for lane in self.lanes), default=0),
            "planned_epochs": max((lane.planned_epochs for lane in self.lanes), default=0),
            "value": value,
            "value_se": statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None,
            "objective": tie_broken(value, loss, spec.mode),
            "config_id": self.config_id,
            "lanes": list(reports),
            "counts": {} if self.untuned else self.engine.parameter_counts(self.lanes[0].name),
            "checkpoint_name": checkpoint_name(self.trial_config),
            "checkpoint_revision": checkpoint_revision(self.trial_config, self.job.revisions),
            "backbones_loaded": WARM.loads,
            "worker_pid": os.getpid(),
            "step_seconds": step_seconds,
            "computed_seconds": TURNAROUND.computed_seconds,
            "computed_cpu_seconds": TURNAROUND.computed_cpu_seconds,
            "process_cpu_seconds": time.process_time(),
            "turnaround_seconds": TURNAROUND.seconds,
            "kept_below": self.engine.kept_below(self.lanes[0].name) if self.lanes else "",
            "batch_parts": self.batch_parts,
            "pack_lanes": self.packed_with,
            "peak_memory_bytes": metering.peak_bytes(self.job.engine_settings["device"]),
            "done": self.untuned or all(lane.finished for lane in self.lanes),
        }

    @property
    def config_id(self) -> str:
        return "untuned" if self.untuned else self.trial_config.config_id

    def train_lanes(self, lanes: Sequence[Lane]) -> list[tuple[Outcome, int]]:
        """An epoch of every lane: its outcome, and how many lanes were in its pack."""
        return self.packer.train(lanes, self.clip_bytes)

    @property
    def clip_bytes(self) -> int:
        """Memory that a clip of a batch takes."""
        return clip_bytes(self.size.total_params, self.job.precision)

    @property
    def size(self) -> Size:
        return size_of(registry.backbone(self.trial_config.backbone), self.trial_config.model_size)

    def make_room(self) -> None:
        """Gives back the memory of backbones that nobody trains on."""
        WARM.clear()

    def report_of(self, lane: Lane, metrics: dict[str, float]) -> dict[str, Any]:
        if lane.finished:
            metrics |= lane.settle()
            for split in self.job.tests:
                self.answers[split] = lane.predict(self.stores[split])
                metrics |= self.engine.scores(self.answers[split], split)
        return {"seed": lane.key.seed, "fold": lane.key.fold, "metrics": metrics}

    def untuned_report(self) -> dict[str, Any]:
        how: dict[str, Any] = {"fold": self.job.outer_fold, "batch_parts": self.batch_parts}
        metrics: dict[str, float] = {}
        for split in ("validation", *self.job.tests):
            self.answers[split] = self.engine.predict_untuned(self.stores[split], **how)
            metrics |= self.engine.scores(self.answers[split], "val" if split == "validation" else split)
        return {"seed": NO_SEED, "fold": self.job.outer_fold, "metrics": metrics}

    def save_state(self, folder: Path) -> None:
        """A resume point, or what a finished trial leaves: adapters and predictions."""
        for lane in self.lanes:
            target = folder / lane_folder(lane.key.seed, lane.key.fold)
            if lane.key in self.settled:
                shutil.copytree(self.settled[lane.key], target)
            else:
                lane.save(target)
        predictions = folder / lane_folder(self.keys[0].seed if self.keys else NO_SEED, self.job.outer_fold)
        for split, answers in self.answers.items():
            answers.write_parquet(predictions / "predictions" / f"{further_name(split)}.parquet")
        (folder / HISTORY).write_text(json.dumps(self.history))

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing for Tune: the trial's own resume points are what it is taken up from."""

    def load_checkpoint(self, checkpoint: str) -> None:
        """Nothing: see save_checkpoint."""

    def close_lanes(self) -> None:
        for lane in self.lanes:
            lane.close()
        self.lanes = []
        if hasattr(self, "engine"):
            del self.engine  # a backbone that has to make room must not be held by the trial that is over

    def cleanup(self) -> None:
        self.close_lanes()
