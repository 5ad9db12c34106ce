"""A record for the tests of this room: a sweep that began, and a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sweeps.record.background import Run
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from trainables.records import NO_FOLD

EPOCH = {"train/loss": 0.5, "val/accuracy": 0.8, "val/loss": 0.4}


def started(results: Path, sweep_id: str, experiment: str = "speech") -> Tracker:
    tracker = Tracker(default_uri(results), results, experiment, miniature=True)
    tracker.start_sweep(
        sweep_id, "name: speech\n", {"git.commit": "abc", "cores": 2}, {"trials": 16}, dataset=("speech", "f00d")
    )
    return tracker


def open_trial(tracker: Tracker, number: int = 7, *, config_id: str = "c1", stage: str = "explore", **more: Any) -> Run:
    arguments = {"role": "trial", "seed": 42, "fold": NO_FOLD, "params": {"rank": 16, "alpha": 32, "seed": 42}, **more}
    return tracker.runs.begin(stage=stage, config_id=config_id, trial_id=f"a1b2c_{number:05d}", **arguments)
