"""A trial in its worker: lanes on an engine, an epoch at a time, each with a resume point. Knows no Ray."""

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

from sweeps.machine.memory import clip_bytes
from sweeps.machine.weights import checkpoint_name, checkpoint_revision, checkpoint_to_load
from sweeps.state.workspace import lane_folder
from sweeps.worker.job import Job, Start, tie_broken
from trainables import registry
from trainables.contract import Size
from trainables.data.folds import fold_clips
from trainables.data.sound.store import Hearing, SplitStore, open_store
from trainables.packing.packer import Outcome, Packer
from trainables.process import metering
from trainables.process.warm_engines import WarmEngines
from trainables.process.watchdog import HANG_FILE, Watchdog
from trainables.records import NO_SEED, Predictions, further_name
from trainables.sizes import hearing_of, size_of
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


class Workplace:
    """What the trials of one process share: the job, the decoded clips, and how lanes are trained."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.task = registry.task(job.spec.task_kind, dict(job.spec.task_options))
        # one half of a worker's room is for warm backbones, the other for clips
        self.packer = Packer(job.packing, clip_room_bytes=job.engine_budget_bytes)
        self.trials_met = 1  # in the last epoch
        self._stores: dict[Hearing, dict[str, SplitStore]] = {}

    def stores_of(self, backbone: str) -> dict[str, SplitStore]:
        """The clips as this backbone hears them, opened once."""
        sizes, miniature = self.job.spec.sizes_of(backbone), self.job.miniature_recipe is not None
        hearing = hearing_of(registry.backbone(backbone), sizes, miniature=miniature)
        if hearing not in self._stores:
            folders = {split: Path(folder) for split, folder in self.job.stores.items()}
            self._stores[hearing] = {split: open_store(folder, hearing) for split, folder in folders.items()}
        return self._stores[hearing]

    def train(self, lanes: Sequence[Lane], clip_bytes: int, hang_file: Path) -> list[tuple[Outcome, int]]:
        """An epoch of every lane: its outcome, and how many lanes were in its pack. `clip_bytes` is the memory that a
        clip of a batch takes; `hang_file` says where the process stood if the watchdog ends it."""
        return self.packer.train(lanes, clip_bytes)

    def make_room(self) -> None:
        """Gives back the memory of backbones that nobody trains on."""
        WARM.clear()


class Trial:
    """Stage 1: one configuration, its lanes (one per seed and inner fold) an epoch at a time, one result an epoch.
    Stage 2: one run; after its last epoch it answers the test clips, once.

    Knows no Ray: `step` until the result says `done`, then `close`.
    """

    def __init__(self, place: Workplace, start: Start) -> None:
        self.place, self.job = place, place.job
        self.config, self.config_id = start.assignment.config, start.assignment.config_id
        self.untuned = not start.assignment.seeds
        self.stores = place.stores_of(self.config.backbone)
        self.clips = fold_clips(self.stores, self.job.folds, self.job.outer_fold)
        self.keys = [LaneKey(seed, fold) for seed in start.assignment.seeds for fold in self.clips]
        self.folder, self.batch_parts = start.folder, start.batch_parts
        self.told = start.known_results  # results that the driver has
        self.about = {"config_id": self.config_id, "lanes": [lane_folder(key.seed, key.fold) for key in self.keys]}
        self.packed_with = 1  # lanes in the largest pack of the epoch
        self.clips_heard = 0  # in the epoch, once for every lane that trained on them
        self.history: list[dict[str, Any]] = []  # one result an epoch
        self.answers: dict[str, Predictions] = {}  # to validation clips without training, and to test clips
        self.point: Path | None = None  # the newest resume point
        # Opened when there is something to train
        self.engine: Engine | None = None
        self.lanes: list[Lane] = []
        self.reports: dict[LaneKey, dict[str, Any]] = {}  # the latest of each lane
        self.settled: dict[LaneKey, Path] = {}  # lanes that were done before the others, where they are saved
        TURNAROUND.trial_begins()
        self.restore()

    def restore(self) -> None:
        """Stands where the trial's folder says that it is; a new one has an empty folder."""
        self.answers, self.history = {}, []
        self.point = newest_point(self.folder, self.about)
        if self.point is not None:
            self.history = json.loads((self.point / HISTORY).read_text())
            self.batch_parts = max(self.batch_parts, self.history[-1]["batch_parts"])

    @property
    def finished(self) -> bool:
        return bool(self.history) and bool(self.history[-1]["done"])

    def open(self) -> Engine:
        """The backbone, and on it every lane at the end of its last saved epoch."""
        if self.engine is not None:
            return self.engine
        self.settled = {}
        metering.start_counting(self.job.engine_settings["device"])
        self.engine = engine = self.warm_engine()
        objective = (self.job.spec.metric, self.job.spec.mode)
        for key in self.keys:
            train, validation = self.clips[key.fold]
            lane = Lane(engine, self.config, key, train, validation, objective=objective, batch_parts=self.batch_parts)
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
        return engine

    def warm_engine(self) -> Engine:
        config, job = self.config, self.job
        key = EngineKey.of(config, job.precision)

        def load() -> Engine:
            checkpoint = checkpoint_to_load(config, job.revisions, job.miniature_recipe)
            return Engine(key, checkpoint, self.place.task, EngineSettings(**job.engine_settings))

        bytes_per_parameter = 0.7 if config.quantization == "nf4" else DTYPES[job.precision].itemsize
        size_bytes = int(self.size.total_params * bytes_per_parameter)
        engine = WARM.get(key, size_bytes, job.engine_budget_bytes, load)
        engine.beat = WATCHDOG.beat
        return engine

    def step(self) -> dict[str, Any]:
        """The next result that the driver lacks. An epoch that was saved and never reported is reported, not trained
        again; one that was reported and not saved is trained again, and not reported again.

        What another try cannot mend is reported as `failure`; any other exception is raised, and Tune tries again.
        """
        WATCHDOG.start(self.folder / HANG_FILE)
        try:
            while len(self.history) <= self.told:
                self.train_epoch_in_memory()
        except Exception as error:
            kind = faults.kind_of(error)
            if kind is None:
                raise
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return {"done": True, "failure": {"kind": kind, "reason": reason, "traceback": traceback.format_exc()}}
        finally:
            WATCHDOG.stop()
        report = self.history[self.told]
        self.told += 1
        TURNAROUND.result_given()
        return {"epoch": report["epoch"], "objective": report["objective"], "done": report["done"], "report": report}

    def train_epoch_in_memory(self) -> None:
        """One epoch; where memory does not hold it, again from the last resume point with batches cut in half, and
        without the other backbones that are kept warm."""
        most_parts = max(self.config.batch_size, EngineSettings(**self.job.engine_settings).evaluation_batch_size)
        loaded_alone = False
        while True:
            try:
                return self.train_epoch()
            except Exception as error:
                smaller = self.engine is not None  # else the backbone itself did not fit
                hopeless = self.batch_parts >= most_parts if smaller else loaded_alone
                if faults.kind_of(error) != faults.OUT_OF_MEMORY or hopeless:
                    raise
            # not within `except`: the exception holds the frames, and they hold what has to go
            self.close()
            self.place.make_room()
            loaded_alone = True
            self.batch_parts *= 2 if smaller else 1
            self.restore()

    def train_epoch(self) -> None:
        """One epoch of every lane; its result and the resume point are on the disk when this returns."""
        started = time.perf_counter()
        self.packed_with = self.place.trials_met = 1
        self.clips_heard = 0
        engine = self.open()
        TURNAROUND.computing_starts()
        reports = [self.untuned_report(engine)] if self.untuned else self.lane_reports(engine)
        TURNAROUND.computing_ends(self.place.trials_met)
        self.history.append(self.result_of(engine, reports, time.perf_counter() - started))
        name = FINAL if self.finished else point_name(len(self.history))
        with save_point(self.folder, name, self.about) as folder:
            self.save_state(folder)
        self.settled = {key: self.folder / name / lane_folder(key.seed, key.fold) for key in self.settled}

    def lane_reports(self, engine: Engine) -> list[dict[str, Any]]:
        """The latest report of every lane, after an epoch of those that have one left."""
        lanes = [lane for lane in self.lanes if not lane.finished]
        self.clips_heard = sum(len(self.clips[lane.key.fold][0]) for lane in lanes)
        clip = clip_bytes(self.size.total_params, self.job.precision)
        found = self.place.train(lanes, clip, self.folder / HANG_FILE)
        for lane, (outcome, together) in zip(lanes, found, strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            self.reports[lane.key] = self.report_of(engine, lane, outcome)
            self.packed_with = max(self.packed_with, together)
        return list(self.reports.values())

    def result_of(self, engine: Engine, reports: Sequence[Mapping[str, Any]], step_seconds: float) -> dict[str, Any]:
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
            "counts": {} if self.untuned else engine.parameter_counts(self.lanes[0].name),
            "checkpoint_name": checkpoint_name(self.config),
            "checkpoint_revision": checkpoint_revision(self.config, self.job.revisions),
            "backbones_loaded": WARM.loads,
            "worker_pid": os.getpid(),
            "step_seconds": step_seconds,
            "computed_seconds": TURNAROUND.computed_seconds,
            "computed_cpu_seconds": TURNAROUND.computed_cpu_seconds,
            "process_cpu_seconds": time.process_time(),
            "turnaround_seconds": TURNAROUND.seconds,
            "kept_below": engine.kept_below(self.lanes[0].name) if self.lanes else "",
            "batch_parts": self.batch_parts,
            "pack_lanes": self.packed_with,
            "train_clips": self.clips_heard,
            "peak_memory_bytes": metering.peak_bytes(self.job.engine_settings["device"]),
            "done": self.untuned or all(lane.finished for lane in self.lanes),
        }

    @property
    def size(self) -> Size:
        return size_of(registry.backbone(self.config.backbone), self.config.model_size)

    def report_of(self, engine: Engine, lane: Lane, metrics: dict[str, float]) -> dict[str, Any]:
        if lane.finished:
            metrics |= lane.settle()
            for split in self.job.tests:
                self.answers[split] = lane.predict(self.stores[split])
                metrics |= engine.scores(self.answers[split], split)
        return {"seed": lane.key.seed, "fold": lane.key.fold, "metrics": metrics}

    def untuned_report(self, engine: Engine) -> dict[str, Any]:
        how: dict[str, Any] = {"fold": self.job.outer_fold, "batch_parts": self.batch_parts}
        metrics: dict[str, float] = {}
        for split in ("validation", *self.job.tests):
            self.answers[split] = engine.predict_untuned(self.stores[split], **how)
            metrics |= engine.scores(self.answers[split], "val" if split == "validation" else split)
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

    def close(self) -> None:
        """The lanes go, the backbone stays warm; the trial does not hold it, for it may have to make room."""
        for lane in self.lanes:
            lane.close()
        self.lanes, self.engine = [], None
