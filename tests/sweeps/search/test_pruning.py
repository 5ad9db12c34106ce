"""ASHA and its rungs, which a journal brings back."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sweeps.search.pruning import asha, replay_rungs
from sweeps.state.progress import StageProgress

EPOCHS = 4


def test_rungs_come_back_whole(tmp_path: Path) -> None:
    """Of trials that were pruned, completed, failed and cut off."""
    progress, live = StageProgress(tmp_path), asha("max", EPOCHS, 1, 2)
    for number in range(8):
        name = f"trial_{number:05d}"
        stub: Any = SimpleNamespace(trial_id=name)
        progress.asked(name, {})
        live.on_trial_add(None, stub)
        for epoch in range(1, EPOCHS + 1):
            result = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": epoch - number % 3 / 10}
            result["done"] = epoch == EPOCHS
            over = result["done"] or live.on_trial_result(None, stub, result) == live.STOP
            progress.result(name, result, last=over)
            if over:
                live.on_trial_complete(None, stub, result)
                break
            if number == 7:  # cut off
                break
    again = asha("max", EPOCHS, 1, 2)
    replay_rungs(again, progress)
    assert {"pruned", "completed", "running"} <= {trial.status for trial in progress.trials.values()}
    assert dict(again._brackets[0]._rungs) == dict(live._brackets[0]._rungs)
