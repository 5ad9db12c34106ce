"""A sweep explained from its folder: where its trials came from, why they ended, and which became finalists.

search.py and verdict.py are read from what the command prints."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.explain.command import main, parse, parts
from sweeps.explain.search import TPE, came_about
from sweeps.state.manifest import Manifest, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import Workspace
from trainables.errors import InputError

SAMPLE = {"model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 1, "target_modules": "attention",
          "learning_rate": 2e-4}  # fmt: skip


def result(epoch: int, value: float, planned: int = 3) -> dict[str, object]:
    return {
        "epoch": epoch, "planned_epochs": planned, "value": value, "value_se": None, "objective": value - 1e-7,
        "done": epoch == planned,
    }  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Three trials of qwen_lora, the second pruned, the third a clone that somebody made of the first."""
    spec = load_sweep("qwen_lora", ["finalists=1"])
    made = Workspace(tmp_path, "qwen_lora-1")
    made.folder.mkdir()
    Manifest("qwen_lora", spec.source_text, ".", "f00d", False, "cpu", "fp32", {}).write(made)
    note(made, event="session", pid=1, time=0.0, versions={})
    progress = StageProgress(made.stage("explore"), spec)
    progress.space([asdict(axis) for axis in spec.axes])
    progress.asked("trial_00000", SAMPLE)
    for epoch, value in ((1, 0.7), (2, 0.75), (3, 0.8)):
        progress.result("trial_00000", result(epoch, value), last=epoch == 3)
    progress.asked("trial_00001", {**SAMPLE, "rank": 4})
    progress.result("trial_00001", result(1, 0.6), last=True)
    progress.clone("trial_00000", {**SAMPLE, "rank": 64, "lora_dropout": 0.0})
    progress.asked("trial_00002", {**SAMPLE, "rank": 64, "lora_dropout": 0.0})
    for epoch, value in ((1, 0.9), (2, 0.9), (3, 0.79)):
        progress.result("trial_00002", result(epoch, value), last=epoch == 3)
    progress.asked("trial_00003", {**SAMPLE, "rank": 32, "lora_dropout": 0.0})
    progress.close()
    return made


def test_what_was_done_is_said_in_plain_words(workspace: Workspace) -> None:
    found = dict(parts(workspace, None))
    assert found["Where the trials came from"] == [
        "trials 0 to 1: drawn at random",
        "trial 2: a clone that a person made of trial 0",
        "trial 3: drawn at random",
    ]
    ended = found["Why each trial ended"]
    assert ended[0] == "trial 0: trained to the end, val/accuracy 0.8000. Run not recorded."
    assert ended[1] == (
        "trial 1: pruned after epoch 1: val/accuracy 0.6000, and the one trial before it had 0.7000. Run not recorded."
    )
    assert ended[3].startswith("trial 3: not over: epoch 0")
    chosen = found["How the finalists are chosen"]
    assert "largest val/accuracy on validation clips (one seed" in chosen[0]
    assert chosen[1:] == [
        "Stage 2 has not begun. As it stands:",
        "finalist 1: trial 0, val/accuracy 0.8000",
        "passed over: trial 2, val/accuracy 0.7900: was behind these",
    ]
    assert found["The verdict"] == ["There is none yet: the sweep is not finished."]
    assert "Note" in found


def test_what_came_before_an_extension_is_history(workspace: Workspace) -> None:
    spec = load_sweep("qwen_lora")
    progress = StageProgress(workspace.stage("explore"), spec, watching=True)
    space = [event for event in progress.events if event["event"] == "space"]
    asked = [{"event": "asked", "trial": f"trial_{n:05d}", "given": {**SAMPLE, "learning_rate": n}} for n in range(14)]
    progress.events = [*space, *asked[:12], *space, *asked[12:]]
    assert came_about(progress, spec) == ["trials 0 to 9: drawn at random", f"trials 10 to 13: {TPE}"]


def test_the_command_prints_it_and_changes_nothing(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")}
    assert main([str(workspace.folder)]) == 0
    shown = capsys.readouterr().out
    assert "Why each trial ended\n  trial 0:" in shown
    assert shown.rstrip().endswith(f"python -m analysis.report {workspace.folder}")
    assert main([str(workspace.folder), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["parts"][1]["heading"] == "Where the trials came from"
    assert printed.err == ""
    assert {path: path.stat().st_mtime_ns for path in workspace.folder.rglob("*")} == before


def test_a_command_line_that_cannot_be_understood() -> None:
    for words in ([], ["a", "b"]):
        with pytest.raises(InputError, match="One sweep at a time"):
            parse(words)


def test_neither_ray_nor_torch_is_loaded(workspace: Workspace) -> None:
    code = (
        "import sys; from sweeps.explain.command import parts; from sweeps.state.workspace import Workspace; "
        f"from pathlib import Path; parts(Workspace(Path({str(workspace.results)!r}), 'qwen_lora-1'), None); "
        "print([m for m in ('ray', 'torch', 'mlflow', 'optuna') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
