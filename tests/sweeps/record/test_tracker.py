"""The record: what is written can be read back, nothing is written twice, and nothing private is written."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.record.reader import read_sweep
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from tests.sweeps.record.records import EPOCH, open_trial, started
from trainables.errors import InputError, SweepFailed
from trainables.records import (
    TAG_LOOKS,
    TAG_PARENT,
    TAG_SESSIONS,
    TAG_STATUS,
)

FILES = ("verdict.json", "finalists.json", "look-2/verdict.json", "look-2/finalists.json")


def test_a_sweep_is_read_back_as_it_was_written(results: Path, tmp_path: Path) -> None:
    tracker = started(results, "speech-1")
    runs = []
    for number in range(3):
        run = open_trial(tracker, number, config_id=f"c{number}")
        for epoch in (1, 2):
            tracker.runs.log_epoch(run, epoch, {**EPOCH, "train/loss": number + 1 / epoch})
        tracker.runs.close(run, ("completed", "pruned", "failed")[number], "out of memory" if number == 2 else None)
        runs.append(tracker.runs.id_of(run))
    tracker.log_finalists([{"config_id": "c0", "value": 0.8}])
    tracker.note_interim((2, 3, 5), [{"event": "look", "seeds": 2, "open": [], "decided": [], "reason": ""}])
    tracker.finish_sweep(verdict={"sentence": "c0 is better."}, metrics={"sweep/seconds": 12.5})

    sweep = read_sweep(default_uri(results), "speech-1")
    assert sweep.interim == (2, 3, 5)
    assert sweep.sweep_id == "speech-1"
    assert sweep.parent.info.status == "FINISHED"
    assert sweep.parent.data.metrics["sweep/seconds"] == 12.5
    assert sweep.parent.data.metrics["tracking/seconds"] > 0
    assert sweep.parent.data.params == {"trials": "16"}
    assert sweep.parent.data.tags["provenance.git.commit"] == "abc"
    assert sweep.parent.data.tags["mlflow.note.content"] == "**c0 is better.**"
    assert sweep.parent.inputs.dataset_inputs[0].dataset.name == "speech"
    table = sweep.runs.set_index("run_id").loc[runs]
    assert list(table["status"]) == ["FINISHED", "FINISHED", "FAILED"]
    assert list(table["tags.sweep.status"]) == ["completed", "pruned", "failed"]
    assert list(table["tags.sweep.config_id"]) == ["c0", "c1", "c2"]
    assert set(table[f"tags.{TAG_PARENT}"]) == {sweep.parent.info.run_id}
    assert set(table["tags.sweep.miniature"]) == {"true"}
    assert table["tags.sweep.reason"].iloc[2] == "out of memory"
    assert list(table["params.rank"]) == ["16"] * 3
    assert table["run_name"].iloc[1] == "trial 1 · seed 42"
    assert list(table["metrics.train/loss"]) == [0.5, 1.5, 2.5]
    curves = sweep.curves(["train/loss"])
    assert list(curves.columns) == ["run_id", "metric", "epoch", "value"]
    assert list(curves[curves["run_id"] == runs[1]]["value"]) == [2.0, 1.5]
    assert len(sweep.curves()) == 3 * 2 * 3


def test_a_later_look_stands_beside_the_first(results: Path) -> None:
    """The first look's finalists, verdict and runs stay as they were; a reader gets those of the last verdict."""
    uri = default_uri(results)
    runs = []
    for look, seeds, finalist in ((1, [1, 2], "x"), (2, [3, 4], "y")):
        tracker = Tracker(uri, results, "speech", miniature=True)
        tracker.start_sweep("speech-looks", f"trials: {look}\n", {}, {}, look=look)
        tracker.log_finalists([{"config_id": finalist}])
        tracker.log_looks([[1, 2], [3, 4]][:look])
        untuned = [open_trial(tracker, 9, config_id="untuned", stage="confirm", role="untuned", seed="-")]
        runs.append(untuned + [open_trial(tracker, stage="confirm", role="baseline", seed=seed) for seed in seeds])
        tracker.flush()
        # no second verdict yet
        assert set(read_sweep(uri, "speech-looks").runs["run_id"]) == {run.made_id for run in runs[0]}
        for run in runs[-1]:
            tracker.runs.close(run, "completed")
        tracker.finish_sweep(verdict={"sentence": f"look {look}"}, metrics={"sweep/trials": 10.0 * look})
    found = read_sweep(uri, "speech-looks")
    assert (found.look, set(found.runs["run_id"])) == (2, {run.made_id for run in runs[1]})
    assert json.loads(found.parent.data.tags[TAG_LOOKS]) == [[1, 2], [3, 4]]
    assert found.parent.data.metrics["sweep/trials"] == 20.0
    texts = {name: tracker._client.download_artifacts(found.parent.info.run_id, name) for name in FILES}
    assert '"look 1"' in Path(texts["verdict.json"]).read_text()
    assert '"x"' in Path(texts["finalists.json"]).read_text()
    assert '"look 2"' in Path(texts["look-2/verdict.json"]).read_text()
    assert '"y"' in Path(texts["look-2/finalists.json"]).read_text()


def test_a_session_adds_its_provenance_to_the_first_ones(results: Path) -> None:
    for cores in (2, 8):
        tracker = Tracker(default_uri(results), results, "speech", miniature=True)
        tracker.start_sweep("speech-sessions", "", {"cores": cores}, {})
    parent = read_sweep(default_uri(results), "speech-sessions").parent
    assert (parent.data.tags["provenance.cores"], parent.data.tags[TAG_SESSIONS]) == ("2", "2")
    files = ("provenance.json", "provenance-2.json")
    kept = [Path(tracker._client.download_artifacts(parent.info.run_id, file)).read_text() for file in files]
    assert [json.loads(text) for text in kept] == [{"cores": 2}, {"cores": 8}]


def test_finalists_once_fixed_stay(results: Path) -> None:
    tracker = started(results, "speech-finalists")
    tracker.log_finalists([{"config_id": "x"}, {"config_id": "y"}])
    tracker.log_finalists([{"config_id": "x"}, {"config_id": "y"}])
    with pytest.raises(SweepFailed, match="had fixed the finalists"):
        tracker.log_finalists([{"config_id": "z"}])


def test_a_failed_sweep_says_so_and_raises_nothing_of_its_own(results: Path) -> None:
    tracker = started(results, "speech-failed")
    tracker.finish_sweep("failed", reason="every trial failed")
    parent = read_sweep(default_uri(results), "speech-failed").parent
    assert parent.info.status == "FAILED"
    assert parent.data.tags[TAG_STATUS] == "failed"
    assert parent.data.tags["sweep.reason"] == "every trial failed"


def test_a_sweep_is_found_by_id_or_the_beginning_of_one(results: Path) -> None:
    for sweep_id in ("found-a1", "found-a2", "found-b1", "found"):
        started(results, sweep_id, experiment="to be found")
    uri = default_uri(results)
    assert read_sweep(uri, "found-a1").sweep_id == "found-a1"
    assert read_sweep(uri, "found-b").sweep_id == "found-b1"
    assert read_sweep(uri, "found").sweep_id == "found"  # an id goes before the beginnings of others
    with pytest.raises(InputError, match=r"beginning of 2 sweeps: found-a1, found-a2\. Write more"):
        read_sweep(uri, "found-a")
    for unknown in ("fuond", ""):
        with pytest.raises(InputError, match=f"No sweep is called '{unknown}'.* the latest: "):
            read_sweep(uri, unknown)


def test_a_name_means_its_latest_sweep(results: Path) -> None:
    for number in (1, 2):
        started(results, f"latest-{number}", experiment="latest")
        time.sleep(0.01)
    assert read_sweep(default_uri(results), "latest").sweep_id == "latest-2"


def test_a_deleted_experiment_is_a_clear_error(results: Path) -> None:
    tracker = started(results, "gone-1", experiment="gone")
    tracker._client.delete_experiment(tracker.experiment_id)
    with pytest.raises(InputError, match="experiment 'gone' was deleted"):
        Tracker(default_uri(results), results, "gone", miniature=False)


def test_a_server_that_does_not_answer_is_said_at_once() -> None:
    begin = time.monotonic()
    with pytest.raises(InputError, match=r"No MLflow server answers at http://127\.0\.0\.1:9") as caught:
        Tracker("http://me:secret@127.0.0.1:9", Path("x"), "speech", miniature=False)
    assert "secret" not in str(caught.value)
    assert time.monotonic() - begin < 5


def test_a_database_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "text.db").write_text("not a database, but long enough to look like one to nobody")
    begin = time.monotonic()
    for path in (tmp_path / "file" / "mlflow.db", tmp_path / "text.db"):
        with pytest.raises(InputError, match="cannot be opened for writing"):
            Tracker(f"sqlite:///{path}", tmp_path, "speech", miniature=False)
    assert time.monotonic() - begin < 5


def test_nothing_private_is_written_and_nothing_is_printed(results: Path) -> None:
    """A process of its own: what the store holds afterwards has no secret of the environment, no user, no host."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom sweeps.machine.provenance import collect\n"
        "from sweeps.record.store import default_uri\n"
        "from sweeps.record.tracker import Tracker\nfolder = Path(sys.argv[1])\n"
        "tracker = Tracker(default_uri(folder), folder, 'quiet', miniature=False)\n"
        "tracker.start_sweep('quiet-1', 'name: quiet', collect(), {})\n"
        "run = tracker.runs.begin('explore', 'trial', 'c', 't_1', 1, '-', {'rank': 4})\n"
        "tracker.runs.log_epoch(run, 1, {'val/loss': 1.0})\ntracker.runs.close(run, 'completed')\n"
        "tracker.finish_sweep()\n"
    )
    environment = {**os.environ, "SOME_TOKEN": "hunter2-hunter2", "USER": "somebody-here", "LOGNAME": "somebody-here"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(results)], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    sweep = read_sweep(default_uri(results), "quiet-1")
    everything = str([sweep.parent.to_dictionary(), sweep.runs.to_dict()])
    host = platform.node()
    for secret in ("hunter2", "somebody-here", *([host] if len(host) > 6 else [])):
        assert secret not in everything
    assert sweep.runs["tags.sweep.status"].iloc[0] == "completed"
