"""A trial that trains nothing: as many epochs as the sweep plans, each after a set time, with made-up scores.

For `benchmarks.growth`, which measures the driver. Everything else of the sweep is the real one.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from ray import tune

from sweeps.state.workspace import lane_folder
from sweeps.worker.job import Job, Start, tie_broken
from trainables.records import NO_FOLD, Predictions
from trainables.training.resume_points import FINAL

CLIPS = 32


class PacedTrial(tune.Trainable):  # type: ignore[misc]
    """Better with a learning rate near 2e-3 and with every epoch."""

    def setup(self, config: dict[str, Any], job: Job) -> None:
        self.job = job
        self.reset_config(config)

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.folder, self.epoch = Path(config["folder"]), 0
        self.config_ = Start.from_dict(config).assignment.config
        self.noise = np.random.default_rng(int(self.folder.name.rpartition("_")[2]))
        return True

    def step(self) -> dict[str, Any]:
        time.sleep(float(os.environ.get("PACED_EPOCH_SECONDS", "0")))
        self.epoch += 1
        spec = self.job.spec
        miss = abs(math.log10(self.config_.learning_rate / 2e-3))
        value = 0.9 - 0.2 * miss - 0.2 / self.epoch + 0.02 * float(self.noise.standard_normal())
        metrics = {"val/accuracy": value, "val/loss": 1.0 - value, "train/loss": 1.0 - value}
        done = self.epoch == spec.train.epochs
        lanes = [{"seed": seed, "fold": NO_FOLD, "metrics": metrics} for seed in spec.explore_seeds]
        if done:
            self.leave(lanes)
        report = {
            "epoch": self.epoch,
            "planned_epochs": spec.train.epochs,
            "value": value,
            "value_se": None,
            "objective": tie_broken(value, 1.0 - value, spec.mode),
            "config_id": self.config_.config_id,
            "lanes": lanes,
            "step_seconds": 0.0,
            "peak_memory_bytes": 0,
            "batch_parts": 1,
            "worker_pid": os.getpid(),
            "process_cpu_seconds": time.process_time(),
            "turnaround_seconds": None,
            "done": done,
        }
        return {"epoch": self.epoch, "objective": report["objective"], "done": done, "report": report}

    def leave(self, lanes: list[dict[str, Any]]) -> None:
        """What a finished trial leaves on the disk."""
        ids = [str(index) for index in range(CLIPS)]
        answers = Predictions(ids, ids, [NO_FOLD] * CLIPS, ["HUM"] * CLIPS, ["HISS"] * CLIPS)
        for lane in lanes:
            folder = self.folder / FINAL / lane_folder(lane["seed"], lane["fold"]) / "predictions"
            folder.mkdir(parents=True)
            answers.write_parquet(folder / "validation.parquet")

    def save_checkpoint(self, checkpoint_dir: str) -> None: ...
