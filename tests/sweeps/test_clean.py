"""What sweeps.clean takes from a finished sweep and from one that can go on, and that a dry run takes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.clean import clean, main, superfluous
from sweeps.state.manifest import Manifest, held, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import Workspace, new_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A sweep with one trial of each kind, every file of 1000 bytes."""
    found = new_workspace(tmp_path, "tones")
    Manifest("tones", "name: tones\n", ".", "f", True, "cpu", "fp32", {}).write(found)
    for stage, trials in (("explore", ("done", "pruned", "failed", "running")), ("confirm", ("baseline",))):
        progress = StageProgress(found.stage(stage))
        for name in trials:
            progress.asked(name, {"seed": 1})
            over = name in ("done", "baseline")
            for part in ("final/seed-1/adapter", "final/seed-1/predictions") if over else ("epoch-00001/seed-1",):
                _write(found.stage(stage) / name / part / "file")
        progress.result(trials[0], {"epoch": 3, "planned_epochs": 3}, last=True)
        if stage == "explore":
            progress.result("pruned", {"epoch": 1, "planned_epochs": 3}, last=True)
            progress.failed("failed", "the worker process died", "worker died")
            _write(found.stage(stage) / "running" / ".epoch-00002.a1b2c3" / "file")
        progress.close()
    for path in ("data/train/audio.npy", "report/index.html"):
        _write(found.folder / path)
    return found


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(1000))


def going(workspace: Workspace) -> set[str]:
    return {path.relative_to(workspace.folder).as_posix() for path in superfluous(workspace)}


def test_an_interrupted_sweep_keeps_what_it_goes_on_from(workspace: Workspace) -> None:
    assert going(workspace) == {"explore/pruned/epoch-00001", "explore/running/.epoch-00002.a1b2c3"}


def test_a_finished_sweep_keeps_what_it_found(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    note(workspace, event="finished")
    expected = {f"explore/{name}/epoch-00001" for name in ("pruned", "failed", "running")}
    expected |= {"explore/running/.epoch-00002.a1b2c3", "explore/done/final/seed-1/adapter", "data"}
    assert going(workspace) == expected
    before = sorted(path for path in workspace.folder.rglob("*"))
    assert clean("tones", str(workspace.results), dry_run=True) == 6000
    assert sorted(path for path in workspace.folder.rglob("*") if path.name != "sweep.lock") == before
    assert clean("tones", str(workspace.results), dry_run=False) == 6000
    assert "would be freed" in capsys.readouterr().out
    assert clean("tones", str(workspace.results), dry_run=False) == 0
    kept = {path.relative_to(workspace.folder).as_posix() for path in workspace.folder.rglob("*") if path.is_file()}
    assert {"confirm/baseline/final/seed-1/adapter/file", "explore/done/final/seed-1/predictions/file"} <= kept
    assert {"report/index.html", "sweep.json", "explore/journal.jsonl"} <= kept


def test_a_running_sweep_and_a_wrong_command_are_sentences(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    import os

    with held(workspace):
        child = os.fork()
        if child == 0:
            os._exit(main([workspace.sweep_id, "--results", str(workspace.results)]))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert going(workspace) == {"explore/pruned/epoch-00001", "explore/running/.epoch-00002.a1b2c3"}
    for words in ([], ["a", "b"], ["--dry"], ["x", "--results"], ["nothing", "--results", str(workspace.results)]):
        assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err
