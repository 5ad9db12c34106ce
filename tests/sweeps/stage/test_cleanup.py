"""What Tune's callbacks do, without Ray."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sweeps.stage.holds import Reins
from sweeps.stage.tune_hooks import START_SECONDS, StageKeeper
from sweeps.state.progress import StageProgress
from trainables.errors import SweepFailed


def test_workers_that_never_start_end_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = StageProgress(tmp_path)
    keeper = StageKeeper(progress, [], Reins())
    begun = time.monotonic()

    def step(seconds: float, *states: str) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: begun + seconds)
        trials = [SimpleNamespace(status=state) for state in states]
        keeper.on_step_begin(0, trials)
        keeper.on_step_end(0, trials)

    step(0, "TERMINATED")
    step(START_SECONDS * 3, "RUNNING", "PENDING")  # one waits for the other
    step(START_SECONDS * 4 - 1, "TERMINATED", "PENDING")
    with pytest.raises(SweepFailed, match="no worker has started for 30 minutes"):
        step(START_SECONDS * 4 + 1, "TERMINATED", "PENDING")
    progress.close()
