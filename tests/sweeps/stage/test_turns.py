"""The driver's side: who may report, who has to leave, and who is not waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.spec import IN_ORDER
from sweeps.search.rungs import RungsInOrder
from sweeps.stage import turns as turns_module
from sweeps.stage.holds import Hold
from sweeps.stage.turns import Turns
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress
from sweeps.worker.turn import LEAVE

EPOCHS = 4
FIRST, SECOND = "trial_00000", "trial_00001"


@pytest.fixture
def turns(tmp_path: Path) -> Turns:
    """Two trials at work, with a rung after the first epoch."""
    spec = load_sweep("qwen_lora", [f"train.epochs={EPOCHS}", "asha.grace_epochs=1", "asha.reduction_factor=4"])
    progress = StageProgress(tmp_path, spec)
    made = Turns(progress, RungsInOrder(spec, progress, Decisions(IN_ORDER, 2)))
    for name in (FIRST, SECOND):
        made.begin(progress.asked(name, {}))
    return made


def allowed(turns: Turns, name: str) -> int:
    return int((turns.folder / name).read_text())


def report(turns: Turns, name: str, epoch: int, *, last: bool = False) -> None:
    result = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": 0.5}
    turns.progress.result(name, result, last=last)


def test_the_second_waits_for_the_first_at_the_rung(turns: Turns) -> None:
    assert (allowed(turns, FIRST), allowed(turns, SECOND)) == (EPOCHS, 0)
    report(turns, FIRST, 1)
    turns.update(Hold.NONE)
    assert allowed(turns, SECOND) == EPOCHS


@pytest.mark.parametrize("ending", ["failed", "pruned"])
def test_one_that_is_over_is_not_waited_for(turns: Turns, ending: str) -> None:
    if ending == "failed":
        turns.progress.failed(FIRST, "no memory", "out of memory")
    else:
        report(turns, FIRST, 1, last=True)
    turns.update(Hold.NONE)
    assert allowed(turns, SECOND) == EPOCHS


@pytest.mark.parametrize("hold", [Hold.PAUSE, Hold.END])
def test_a_stage_that_is_held_back_sends_them_away_and_calls_them_back(turns: Turns, hold: Hold) -> None:
    turns.update(hold)
    assert allowed(turns, SECOND) == LEAVE
    turns.update(Hold.NONE)
    assert allowed(turns, SECOND) == 0


def test_finishing_early_changes_no_turn(turns: Turns) -> None:
    turns.update(Hold.FINISH)
    assert allowed(turns, SECOND) == 0


def test_a_trial_that_somebody_stops_reports_at_once(turns: Turns) -> None:
    turns.progress.stop(SECOND)
    turns.update(Hold.NONE)
    assert allowed(turns, SECOND) == EPOCHS


def test_one_that_no_worker_takes_is_passed_over_after_a_while(turns: Turns, monkeypatch: Any) -> None:
    clock = [0.0]
    monkeypatch.setattr(turns_module.time, "monotonic", lambda: clock[0])
    for seconds in (0.0, turns_module.PATIENCE_SECONDS):
        clock[0] = seconds
        turns.pass_over_idle({FIRST: "PENDING", SECOND: "RUNNING"})
        assert not turns.progress.trials[FIRST].passed_over
    clock[0] += 1.0
    turns.pass_over_idle({FIRST: "PENDING", SECOND: "RUNNING"})
    turns.update(Hold.NONE)
    assert turns.progress.trials[FIRST].passed_over
    assert allowed(turns, SECOND) == EPOCHS


def test_nobody_is_passed_over_while_no_worker_has_started(turns: Turns, monkeypatch: Any) -> None:
    clock = [0.0]
    monkeypatch.setattr(turns_module.time, "monotonic", lambda: clock[0])
    for seconds in (0.0, 500.0):
        clock[0] = seconds
        turns.pass_over_idle({FIRST: "PENDING", SECOND: "PENDING"})
    assert not turns.progress.trials[FIRST].passed_over


def test_it_leaves_nothing_behind(turns: Turns) -> None:
    turns.close()
    assert not turns.folder.exists()
