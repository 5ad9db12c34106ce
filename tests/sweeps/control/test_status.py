"""How a sweep stands, read from its journals."""

from __future__ import annotations

import json

import pytest

from sweeps.control.command import main
from sweeps.control.status import read_status
from sweeps.state.assignment import confirming
from sweeps.state.manifest import held
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace
from trainables.config import TrialConfig

SAMPLE = {
    "model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 2, "target_modules": "attention",
    "learning_rate": 1e-4,
}  # fmt: skip


def test_status_only_looks(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    progress = StageProgress(workspace.stage(EXPLORE))
    progress.asked("trial_00000", SAMPLE)
    progress.result("trial_00000", {"epoch": 1, "planned_epochs": 3, "value": 0.5}, last=False)
    before = {path: path.read_bytes() for path in workspace.folder.rglob("*.jsonl")}
    assert main([str(workspace.folder), "status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["state"], status["stages"][0]["counts"]) == ("interrupted", {"interrupted": 1})
    (trial,) = status["stages"][0]["trials"]
    assert (trial["epoch"], trial["given"]) == (1, SAMPLE)
    with held(workspace):
        assert main([str(workspace.folder), "status"]) == 0
    assert "trial_00000" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in workspace.folder.rglob("*.jsonl")}


def test_of_a_run_of_stage_2_its_configuration_is_shown(workspace: Workspace) -> None:
    run = confirming("finalist 1", "finalist", TrialConfig("ast", "base", rank=4), 7)
    progress = StageProgress(workspace.stage(CONFIRM))
    progress.asked(run.name, run.given)
    progress.stop(run.name)
    (trial,) = read_status(workspace)["stages"][0]["trials"]
    assert (trial["trial"], trial["status"], trial["given"]["rank"]) == ("finalist-1-seed-7", "interrupted", 4)


def test_an_untuned_backbone_has_neither_epochs_nor_an_adapter(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = confirming("untuned", "untuned", TrialConfig("ast", "base", rank=4), None)
    progress = StageProgress(workspace.stage(CONFIRM))
    progress.asked(run.name, run.given)
    progress.result(run.name, {"epoch": 0, "planned_epochs": 0, "value": 0.5}, last=True)
    (trial,) = read_status(workspace)["stages"][0]["trials"]
    assert set(trial["given"]) == {"backbone", "model_size", "quantization"}
    assert main([str(workspace.folder), "status"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[:4] == ["untuned", "completed", "-", "0.5"]
