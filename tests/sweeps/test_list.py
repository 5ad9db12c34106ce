"""Every sweep of a results folder in a line, whatever state it is in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.list import main
from sweeps.state.manifest import Manifest, note
from sweeps.state.workspace import Workspace


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three sweeps: one with a verdict, one interrupted, one damaged."""
    spec = load_sweep("efficientat_lora")
    for name in ("birds-1", "birds-2"):
        workspace = Workspace(tmp_path, name)
        workspace.folder.mkdir()
        Manifest("birds", spec.source_text, spec.base_folder, "0" * 64, True, "cpu", "fp32", {}).write(workspace)
        note(workspace, event="session", pid=1, time=1_700_000_000.0, versions={})
    verdict = {
        "best": "finalist 2",
        "winner": "finalist 2",
        "metric": "test accuracy",
        "sentence": "finalist 2 is better.",
        "rows": [{"name": "finalist 2", "mean": 0.75}],
    }
    (tmp_path / "birds-1" / "verdict.json").write_text(json.dumps(verdict))
    note(Workspace(tmp_path, "birds-1"), event="finished")
    (tmp_path / "broken-1").mkdir()
    (tmp_path / "broken-1" / "sweep.json").write_text("{")
    return tmp_path


def test_each_with_what_was_found(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(results), "--json"]) == 0
    found = {row["sweep_id"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name: row["state"] for name, row in found.items()} == {
        "birds-1": "finished",
        "birds-2": "interrupted",
        "broken-1": "damaged",
    }
    first = found["birds-1"]
    assert (first["best"], first["value"], first["winner"]) == ("finalist 2", 0.75, "finalist 2")
    assert first["data"] == "speech_detection"
    assert first["begun"] == "2023-11-14T22:13:20+00:00"
    assert first["disk_bytes"] == sum(path.stat().st_size for path in (results / "birds-1").iterdir())


def test_the_table_names_all_of_them(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(results)]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("birds-1", "birds-2", "broken-1", "finalist 2: test accuracy 0.750"))
    assert "3 sweeps" in said


@pytest.mark.parametrize("columns", [60, 80, 120, 150, 200])
def test_an_id_is_never_broken(
    results: Path, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    long_id = "audio_backbones_of_my_own_clips-20261201-123456-ab12"
    (results / "birds-1").rename(results / long_id)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal, which has a width
    assert main([str(results)]) == 0
    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert long_id in said
    assert f"{columns < 120}" == f"{'─' not in said}"


def test_arms_have_their_names_and_a_constant_answer_is_said(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results / "birds-1" / "verdict.json"
    verdict = json.loads(path.read_text())
    verdict |= {"mode": "max", "labels": {"finalist 2": "wav2vec2"}}
    path.write_text(json.dumps(verdict))
    assert main([str(results)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "wav2vec2: test accuracy 0.750" in said
    assert "wav2vec2 is better" in said
    for constant, beaten in ((0.7, True), (0.75, False)):
        path.write_text(json.dumps(verdict | {"constant": {"answer": "rain", "value": constant}}))
        assert main([str(results)]) == 0
        assert ("no better than a constant answer" not in " ".join(capsys.readouterr().out.split())) is beaten


def test_a_folder_without_any_and_one_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert "Start one" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere")]) == 2
