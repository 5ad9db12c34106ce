"""A stage is paused, finished, stopped and ended in good order, and goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sweeps.stage.holds import Hold, Order
from sweeps.state.progress import StageProgress
from trainables.errors import SweepStopped

EPOCHS = 3


class When:
    """Orders `hold` while `condition` holds."""

    def __init__(self, hold: Hold, condition: Any) -> None:
        self.hold, self.condition = hold, condition
        self.asked_while_held = 0

    def order(self) -> Order:
        if not self.condition():
            return Order()
        self.asked_while_held += 1
        return Order(self.hold, "enough for today")


class Stops:
    """Somebody who stops two trials once each has trained an epoch."""

    progress: StageProgress = None  # type: ignore[assignment]  # that of the stage that runs

    def order(self) -> Order:
        for trial in self.progress.unfinished:
            if trial.name in ("t0", "t1") and trial.results and not trial.stopping:
                self.progress.stop(trial.name)
        return Order()


def epochs_trained(folder: Path) -> dict[str, int]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/epoch.json")}


def test_an_ended_stage_lets_running_epochs_end_and_goes_on_from_them(run: Any, tmp_path: Path) -> None:
    trials = {f"t{index}": {"seconds": 0.7} for index in range(4)}
    enough = When(Hold.END, lambda: sum(epochs_trained(tmp_path).values()) >= 2)
    with pytest.raises(SweepStopped, match="enough for today"):
        run(tmp_path, trials, enough)
    cut_off = StageProgress(tmp_path)
    trained = epochs_trained(tmp_path)
    assert {trial.name: trial.last["epoch"] for trial in cut_off.trials.values()} == trained
    assert 2 <= sum(trained.values()) < 4 * EPOCHS
    assert not all(event.get("last") for event in cut_off.events if event["event"] == "result")
    cut_off.close()

    progress, heard = run(tmp_path, trials)
    assert epochs_trained(tmp_path) == dict.fromkeys(trials, EPOCHS)  # none was trained twice
    assert {trial.status for trial in progress.trials.values()} == {"completed"}
    assert len(heard.ends) == len(set(heard.ends)) == sum(trained.get(name, 0) < EPOCHS for name in trials)


def test_a_paused_stage_rests_and_goes_on_by_itself(run: Any, tmp_path: Path) -> None:
    paused_from: list[float] = []

    def resting() -> bool:
        if not paused_from and sum(epochs_trained(tmp_path).values()) >= 2:
            paused_from.append(time.monotonic())
        return bool(paused_from) and time.monotonic() - paused_from[0] < 4.0

    pause = When(Hold.PAUSE, resting)
    progress, heard = run(tmp_path, {f"t{index}": {"seconds": 0.3} for index in range(3)}, pause)
    assert pause.asked_while_held >= 2
    assert epochs_trained(tmp_path) == {f"t{index}": EPOCHS for index in range(3)}
    assert sorted(heard.ends) == [(f"t{index}", "completed") for index in range(3)]
    assert progress.unfinished == []


def test_a_finishing_stage_begins_nothing_and_lets_trials_complete(run: Any, tmp_path: Path) -> None:
    no_more = When(Hold.FINISH, lambda: len(epochs_trained(tmp_path)) >= 2)
    progress, heard = run(tmp_path, {f"t{index}": {"seconds": 0.6} for index in range(6)}, no_more)
    assert 2 <= len(progress.trials) < 6
    assert sorted(heard.ends) == [(name, "completed") for name in sorted(progress.trials)]


def test_a_stopped_trial_ends_after_its_epoch_and_the_others_go_on(run: Any, tmp_path: Path) -> None:
    endless = {"seconds": 0.3, "epochs": 1000}  # whoever stops them cannot come too late
    progress, heard = run(tmp_path, {"t0": endless, "t1": endless, "t2": {}}, Stops())
    statuses = {name: trial.status for name, trial in progress.trials.items()}
    assert statuses == {"t0": "stopped", "t1": "stopped", "t2": "completed"}
    assert all(1 <= len(progress.trials[name].results) < 1000 for name in ("t0", "t1"))
    assert sorted(heard.ends) == sorted(statuses.items())


def test_an_order_that_stands_at_the_start_begins_nothing(run: Any, tmp_path: Path) -> None:
    with pytest.raises(SweepStopped, match="enough"):
        run(tmp_path, {"t0": {}}, When(Hold.END, lambda: True))
    assert not epochs_trained(tmp_path)
