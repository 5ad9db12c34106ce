"""A second process watches a sweep: in lines, in a terminal, until it ends or the person leaves."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sweeps.control.command import main
from sweeps.control.watching import in_a_line, watch
from sweeps.state.manifest import held, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE, Workspace

ROOT = Path(__file__).parents[3]
SAMPLE = {"model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 2, "target_modules": "attention",
          "learning_rate": 1e-4}  # fmt: skip
COMMAND = [sys.executable, "-m", "sweeps.control"]


def begin(workspace: Workspace) -> StageProgress:
    progress = StageProgress(workspace.stage(EXPLORE))
    progress.asked("trial_00000", SAMPLE)
    progress.result("trial_00000", {"epoch": 1, "planned_epochs": 3, "value": 0.8125}, last=False)
    return progress


def watcher(workspace: Workspace, *more: str) -> subprocess.Popen[str]:
    command = [*COMMAND, str(workspace.folder), "status", "--watch", *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_it_ends_with_the_sweep(workspace: Workspace) -> None:
    begin(workspace)
    with held(workspace):
        process = watcher(workspace)
        assert process.stdout is not None
        first = process.stdout.readline()
        assert ": running; explore: 1 running; newest trial with a result: trial_00000 epoch 1 value 0.8125" in first
        note(workspace, event="finished")
    rest, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert ": finished; " in rest.splitlines()[-1]


def test_a_sweep_that_is_killed_ends_it_with_another_status(workspace: Workspace) -> None:
    begin(workspace)
    process = watcher(workspace, "--json")
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (3, "")
    assert [json.loads(line)["state"] for line in out.splitlines()] == ["interrupted"]


def test_ctrl_c_leaves_and_the_sweep_goes_on(workspace: Workspace) -> None:
    begin(workspace)
    with held(workspace):
        process = watcher(workspace)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_a_terminal_has_one_picture_that_changes(workspace: Workspace) -> None:
    progress = begin(workspace)
    leader, follower = pty.openpty()
    command = [*COMMAND, str(workspace.folder), "status", "--watch"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with held(workspace):
        process = subprocess.Popen(command, cwd=ROOT, stdout=follower, stderr=follower, env=environment)
        os.close(follower)
        seen = read_until(leader, "0.8125")
        progress.result("trial_00000", {"epoch": 2, "planned_epochs": 3, "value": 0.9375}, last=False)
        seen += read_until(leader, "0.9375")
        note(workspace, event="finished")
    read_until(leader, "finished")
    assert process.wait(timeout=60) == 0
    os.close(leader)
    assert "\x1b[1A" in seen  # the cursor goes up: the second picture stands on the first


def read_until(leader: int, text: str, seconds: float = 60.0) -> str:
    seen, until = "", time.monotonic() + seconds
    while text not in seen:
        assert time.monotonic() < until, seen
        if select.select([leader], [], [], 0.5)[0]:
            seen += os.read(leader, 65_536).decode()
    return seen


def test_every_refresh_is_a_line(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    begin(workspace)
    note(workspace, event="finished")
    assert watch(workspace, as_json=False) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert in_a_line({"sweep_id": "t-1", "state": "running", "stages": []}).endswith("t-1: running")


def test_watching_is_of_the_status_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tones-1", "pause", "--watch"]) == 2
    assert "--watch goes with status" in capsys.readouterr().err
