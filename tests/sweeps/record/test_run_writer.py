"""What is written to a run comes back from the record, and nobody waits for it."""

from pathlib import Path

import pytest

from analysis.record.reader import read_sweep
from sweeps.record.background import Run
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from trainables.errors import InputError
from trainables.records import (
    NO_FOLD,
    TAG_CONFIG_ID,
)

EPOCH = {"train/loss": 0.5, "val/accuracy": 0.8, "val/loss": 0.4}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests here: making its tables takes seconds. Its name has what paths may have."""
    folder = tmp_path_factory.mktemp("results") / "été & co"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def started(results: Path, sweep_id: str, experiment: str = "speech") -> Tracker:
    tracker = Tracker(default_uri(results), results, experiment, miniature=True)
    tracker.start_sweep(
        sweep_id, "name: speech\n", {"git.commit": "abc", "cores": 2}, {"trials": 16}, dataset=("speech", "f00d")
    )
    return tracker


def open_trial(tracker: Tracker, number: int = 7, *, config_id: str = "c1", stage: str = "explore", **more) -> Run:
    arguments = {"role": "trial", "seed": 42, "fold": NO_FOLD, "params": {"rank": 16, "alpha": 32, "seed": 42}, **more}
    return tracker.runs.begin(stage=stage, config_id=config_id, trial_id=f"a1b2c_{number:05d}", **arguments)


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
    opened = tracker.seconds
    for run in runs:
        for epoch in range(1, 11):
            tracker.runs.log_epoch(run, epoch, EPOCH)
        tracker.runs.close(run, "completed")
    logged = tracker.seconds
    tracker.flush()
    assert opened > before
    assert logged - opened < 0.5 * tracker.writer.background.seconds  # handing over costs less than writing
    curves = read_sweep(default_uri(results), "speech-speed").curves(["val/loss"])
    assert len(curves) == 50
    assert read_sweep(default_uri(results), "speech-speed").runs[f"tags.{TAG_CONFIG_ID}"].nunique() == 5
