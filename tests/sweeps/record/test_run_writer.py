"""What is written to a run comes back from the record, and nobody waits for it."""

from pathlib import Path
from threading import Event

import pytest

from analysis.record.reader import read_sweep
from sweeps.record.store import default_uri
from tests.sweeps.record.records import EPOCH, open_trial, started
from trainables.errors import InputError
from trainables.records import (
    TAG_CONFIG_ID,
)


def test_predictions_come_back_from_the_record(results: Path, tmp_path: Path) -> None:
    from trainables.records import Predictions

    said = Predictions(["a", "b"], ["g", "h"], ["-", "-"], ["yes", "no"], ["yes", "yes"], None, ("no", "yes"))
    turned = Predictions(["b", "a"], ["h", "g"], ["-", "-"], ["no", "yes"], ["no", "yes"], None, ("no", "yes"))
    tracker = started(results, "speech-predictions")
    ids = []
    for seed, predictions in ((1, said), (2, turned)):
        folder = tmp_path / str(seed)
        predictions.write_parquet(folder / "predictions" / "test.parquet")
        (folder / "adapter").mkdir()
        (folder / "adapter" / "adapter_config.json").write_text("{}")
        (folder / "optimizer").mkdir()
        (folder / "optimizer" / "state.bin").write_text("large")
        run = open_trial(tracker, seed, stage="confirm", role="finalist", seed=seed)
        tracker.runs.log_artifacts(run, folder)
        tracker.runs.close(run, "completed")
        ids.append(tracker.runs.id_of(run))
    tracker.flush()
    sweep = read_sweep(default_uri(results), "speech-predictions")
    assert sweep.predictions(ids[0]).outputs == ["yes", "yes"]
    assert sweep.predictions(ids[1]).example_ids == ["b", "a"]
    with pytest.raises(InputError, match=r"no readable predictions/validation\.parquet"):
        sweep.predictions(ids[0], "validation")
    kept = {path.parent.name for path in (results / "mlartifacts").rglob("*") if path.is_file()}
    assert {"adapter", "predictions"} <= kept
    assert "optimizer" not in kept


def test_names_that_mlflow_refuses_are_bent_to_fit(results: Path) -> None:
    tracker = started(results, "speech-names")
    run = open_trial(tracker, params={"rank": 4, "odd:name*": "x" * 7000})
    tracker.runs.log_epoch(run, 1, {"val/recall:Ä*": 0.5})
    tracker.flush()
    runs = read_sweep(default_uri(results), "speech-names").runs
    assert runs["metrics.val/recall_Ä_"].iloc[0] == 0.5
    assert len(runs["params.odd_name_"].iloc[0]) == 6000


def test_tracking_does_not_keep_a_sweep_waiting(results: Path) -> None:
    tracker = started(results, "speech-speed")
    before = tracker.seconds
    runs = [open_trial(tracker, number, config_id=f"c{number}") for number in range(5)]
    tracker.flush()
    assert tracker.seconds > before
    store_answers = Event()
    tracker.writer.background.write(store_answers.wait)
    for run in runs:
        for epoch in range(1, 11):
            tracker.runs.log_epoch(run, epoch, EPOCH)
        tracker.runs.close(run, "completed")
    assert len(read_sweep(default_uri(results), "speech-speed").curves(["val/loss"])) == 0  # all is handed over
    store_answers.set()
    tracker.flush()
    curves = read_sweep(default_uri(results), "speech-speed").curves(["val/loss"])
    assert len(curves) == 50
    assert read_sweep(default_uri(results), "speech-speed").runs[f"tags.{TAG_CONFIG_ID}"].nunique() == 5
