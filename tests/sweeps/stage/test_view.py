"""What a stage shows while it runs: lines in a log file, rows in a terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config
from sweeps.stage.view import StageView
from sweeps.state.assignment import confirming
from sweeps.state.progress import StageProgress

SAMPLE = {"model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 1, "target_modules": "attention",
          "learning_rate": 2e-4}  # fmt: skip
RESULT = {"epoch": 1, "planned_epochs": 3, "value": 0.75, "value_se": None, "objective": 0.75}


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("stage", [1, 2])
def test_a_trial_shows_its_name_its_values_and_its_score(stage: int, terminal: bool, tmp_path: Path) -> None:
    spec = load_sweep("qwen_lora")
    run = confirming("baseline", "baseline", baseline_config(spec), 7)
    progress = StageProgress(tmp_path, spec)
    name, given = ("trial_00003", SAMPLE) if stage == 1 else (run.name, run.given)
    trial = progress.asked(name, given)
    progress.result(name, RESULT, last=False)
    written = StringIO()
    console = Console(file=written, width=160, force_terminal=terminal)
    with StageView(console, "Stage", "val/accuracy", "max", 4, ["rank", "learning_rate"]) as view:
        view.reported(trial)
    shown = written.getvalue()
    words = {1: ("trial 3", "8", "2.0e-04"), 2: ("baseline, seed 7", "16", "2.0e-04")}[stage]
    assert all(word in shown for word in (*words, "1/3", "0.750")), shown


def searching(tmp_path: Path, trials: int, **options: object) -> tuple[StageView, StageProgress]:
    spec = load_sweep("qwen_lora")
    progress = StageProgress(tmp_path, spec)
    console = Console(file=StringIO(), width=120)
    view = StageView(console, "Stage", "val/accuracy", "max", trials, ["rank"], **options)  # type: ignore[arg-type]
    view.catch_up(progress)
    return view, progress


def told(view: StageView) -> str:
    written = StringIO()
    Console(file=written, width=160).print(view.render())
    return written.getvalue().splitlines()[-1].strip()


def test_a_clone_counts_among_all(tmp_path: Path) -> None:
    view, progress = searching(tmp_path, 1)
    for name in ("trial_00000", "trial_00001"):
        if name == "trial_00001":
            progress.clone("trial_00000", SAMPLE)
        trial = progress.asked(name, SAMPLE)
        progress.result(name, {**RESULT, "epoch": 3}, last=True)
        view.ended(trial)
    assert told(view).startswith("2 of 2 done")


def test_the_time_left_goes_by_this_sessions_own_pace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("sweeps.stage.view.time.monotonic", lambda: now[0])
    view, progress = searching(tmp_path, 4)
    first = progress.asked("trial_00000", SAMPLE)
    assert "to go" not in told(view)
    for epoch in (1, 2, 3):
        now[0] += 10.0
        progress.result("trial_00000", {**RESULT, "epoch": epoch}, last=epoch == 3)
        view.reported(first)
    assert "about 90 s to go" in told(view)  # three trials of three epochs, ten seconds each
    progress.close()

    again = StageProgress(tmp_path, progress.spec)  # what an earlier session trained is no pace of this one
    resumed = StageView(Console(file=StringIO()), "Stage", "val/accuracy", "max", 4, ["rank"])
    resumed.catch_up(again)
    assert "to go" not in told(resumed)


def test_a_paused_stage_says_so(tmp_path: Path) -> None:
    view, progress = searching(tmp_path, 4, paused=lambda: True)
    view.started(progress.asked("trial_00000", SAMPLE))
    assert told(view).startswith("paused · 0 of 4 done")


def test_nobody_looks_for_the_best_seed(tmp_path: Path) -> None:
    view, progress = searching(tmp_path, 4, ranked=False)
    trial = progress.asked("trial_00000", SAMPLE)
    progress.result("trial_00000", RESULT, last=False)
    view.reported(trial)
    assert "best so far" not in told(view)
