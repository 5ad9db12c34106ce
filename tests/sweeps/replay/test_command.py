"""A sweep in MLflow, and what the command says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.record.store import sqlite_path
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from sweeps.replay import command
from trainables.records import NO_FOLD, PARAM_MODE, PARAM_OBJECTIVE

SHIPPED = Path(__file__).parents[3] / "search_spaces" / "qwen_lora.yaml"
CURVES = {"a": [0.5, 0.6, 0.7], "b": [0.4], "c": [0.6, 0.7, 0.8], "d": [0.5, 0.5], "e": []}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    results = tmp_path_factory.mktemp("results")
    tracker = Tracker(default_uri(results), results, "speech", miniature=True)
    tracker.start_sweep(
        "speech-1", SHIPPED.read_text(), {"cores": 2}, {PARAM_OBJECTIVE: "val/accuracy", PARAM_MODE: "max"}
    )
    for name, curve in CURVES.items():
        run = tracker.runs.begin(
            stage="explore",
            role="trial",
            config_id=name,
            trial_id=f"trial_{name}",
            seed="42",
            fold=NO_FOLD,
            params={"rank": 4},
        )
        for epoch, value in enumerate(curve, start=1):
            tracker.runs.log_epoch(run, epoch, {"val/accuracy": value, "val/loss": 1.0 - value})
        tracker.runs.close(run, "completed" if len(curve) == 3 else "pruned" if curve else "failed")
    tracker.flush()
    return tracker.uri


def test_the_record_is_replayed(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["speech", "--tracking-uri", uri, "--orders", "20", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["trials"], found["completed"], found["epochs"], found["recorded_epochs"]) == (4, 2, 3, 9)
    assert (found["winner"], found["objective"], found["mode"]) == ("trial_c", "val/accuracy", "max")
    rules = {row["rule"]: row for row in found["rules"]}
    assert rules["none"]["epochs"] == 12
    assert rules["none"]["carried"] == 2
    assert "asha grace 1, factor 3 (as run)" in rules  # as the sweep's file says
    assert rules["as run, 2 trials"]["winner_lost"] > 0


def test_the_table(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["speech-1", "--tracking-uri", uri, "--orders", "5"]) == 0
    shown = capsys.readouterr().out
    assert "4 trials of 3 epochs by val/accuracy" in shown
    assert "the sweep trained 9 of 12 epochs, 2 trials to their end; trial_c won" in shown
    assert "median grace 1" in shown


def test_a_sweeps_folder_has_its_record_beside_it(
    uri: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every command that takes a SWEEP."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    path = sqlite_path(uri)
    assert path is not None
    folder = path.parent / "speech-1"
    folder.mkdir()
    (folder / "sweep.yaml").write_text(SHIPPED.read_text())
    assert command.main([str(folder), "--orders", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sweep_id"] == "speech-1"


def test_what_cannot_be_replayed_is_said_in_a_sentence(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing", "--tracking-uri", uri]) == 2
    assert "No sweep is called 'nothing'" in capsys.readouterr().err
    assert command.main(["speech", "--orders", "0"]) == 2
    assert "a whole number above 0" in capsys.readouterr().err
