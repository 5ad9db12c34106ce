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
