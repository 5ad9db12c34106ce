"""One run a training: begun once, found again after a kill, taken up by whoever trains it again."""

from pathlib import Path

from analysis.record.reader import read_sweep
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from tests.sweeps.record.records import EPOCH, open_trial, started
from trainables.records import (
    NO_FOLD,
    TAG_STATUS,
    TAG_TRIAL_ID,
)


def test_the_same_training_is_never_two_runs(results: Path) -> None:
    first = started(results, "speech-resumed")
    run = open_trial(first)
    assert open_trial(first) is run
    first.runs.log_epoch(run, 1, EPOCH)
    first.flush()

    second = started(results, "speech-resumed")  # the driver was killed and starts again
    assert second.parent_id == first.parent_id
    again = open_trial(second)
    assert again.made_id == run.made_id
    second.runs.log_epoch(again, 1, {"train/loss": 99.0, "val/new": 1.0})
    second.runs.log_epoch(again, 2, EPOCH)
    second.runs.close(again, "completed")
    second.flush()
    sweep = read_sweep(default_uri(results), "speech-resumed")
    assert len(sweep.runs) == 1
    curves = sweep.curves(["train/loss", "val/new"])
    assert [tuple(row) for row in curves[["metric", "epoch", "value"]].itertuples(index=False)] == [
        ("train/loss", 1, 0.5),
        ("train/loss", 2, 0.5),
        ("val/new", 1, 1.0),
    ]


def test_a_cut_off_run_is_taken_up_by_the_trial_that_trains_it_again(results: Path) -> None:
    first = started(results, "speech-adopted")
    cut_off, finished = open_trial(first, 1), open_trial(first, 2, config_id="c2")
    first.runs.close(finished, "pruned")
    first.flush()

    second = started(results, "speech-adopted")
    adopted, other, third = open_trial(second, 11), open_trial(second, 12, config_id="c2"), open_trial(second, 13)
    second.flush()
    assert adopted.made_id == cut_off.made_id
    assert other.made_id != finished.made_id  # that one is another trial's, and over
    assert third is not adopted  # taken
    table = read_sweep(default_uri(results), "speech-adopted").runs.set_index("run_id")
    assert table.loc[cut_off.made_id, f"tags.{TAG_TRIAL_ID}"] == "a1b2c_00011"
    assert len(table) == 4


def test_a_failed_run_that_is_trained_again_is_running(results: Path) -> None:
    tracker = started(results, "speech-again")
    run = open_trial(tracker)
    tracker.runs.close(run, "failed", "worker died")
    assert open_trial(tracker) is run
    tracker.flush()
    row = read_sweep(default_uri(results), "speech-again").runs.iloc[0]
    assert row["status"] == "RUNNING"
    assert f"tags.{TAG_STATUS}" not in row
    tracker.runs.close(run, "completed")
    tracker.flush()
    assert read_sweep(default_uri(results), "speech-again").runs.iloc[0]["status"] == "FINISHED"


def test_a_confirm_run_is_found_whatever_its_trial_is_called(results: Path) -> None:
    first = started(results, "speech-confirm")
    run = open_trial(first, 1, stage="confirm", role="finalist", seed=123)
    first.runs.close(run, "completed")
    first.flush()
    second = started(results, "speech-confirm")
    found = open_trial(second, 9, stage="confirm", role="finalist", seed=123)
    assert found.made_id == run.made_id
    assert open_trial(second, 9, stage="confirm", role="finalist", seed=456) is not found
    assert open_trial(second, 9, stage="confirm", role="finalist", seed=123, fold="2") is not found


def test_a_run_that_no_journal_knows_goes_and_all_others_stay(results: Path) -> None:
    first = started(results, "speech-left-over")
    kept, over, left_over = (open_trial(first, n, config_id=f"c{n}") for n in range(3))
    confirmed = open_trial(first, 3, stage="confirm", role="baseline")
    for run in (over, left_over, confirmed):
        first.runs.close(run, "completed")
    first.flush()

    second = Tracker(default_uri(results), results, "speech", miniature=True)
    second.start_sweep("speech-left-over", "", {}, {}, look=2)
    assert open_trial(second, 0, config_id="c0").made_id == kept.made_id
    found = second.runs.closed("explore", "c1", "a1b2c_00001", 42, NO_FOLD, "completed")
    assert found is not None
    assert found.made_id == over.made_id
    assert second.runs.drop_unclaimed() == 1
    assert set(read_sweep(default_uri(results), "speech-left-over").runs["run_id"]) == {
        run.made_id for run in (kept, over, confirmed)
    }
