"""What a recorded run was trained from comes back, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.config.load import load_sweep
from sweeps.config.resolve import active_axes, baseline_config, resolve
from sweeps.record.recorder import Recorder
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from sweeps.rerun.command import changes_of
from sweeps.rerun.recorded import RecordedRun, assignment_of, facts_of, read_run
from sweeps.state.manifest import Manifest, sweep_journal
from sweeps.state.progress import TrialProgress
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace
from trainables.errors import InputError
from trainables.records import Predictions

SPEC = load_sweep("qwen_lora")


def recorded(params: dict[str, Any], config_id: str, **more: Any) -> RecordedRun:
    values: dict[str, Any] = {
        "run_id": "0" * 32, "name": "trial 0", "sweep_id": "s-1", "stage": EXPLORE, "role": "trial", "fold": "-",
        "status": "completed", "reason": "", "config_id": config_id, "trial_id": "trial_00000", "seed": 42,
        "params": {name: str(value) for name, value in params.items()}, "started_seconds": 10.0, "curves": {},
        "answers": {}, "source_texts": (SPEC.source_text,), "provenance": {}, "sweep_params": {}, "miniature": True,
    }  # fmt: skip
    return RecordedRun(**(values | more))


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Any]:
    values = {
        axis.name: draw(st.sampled_from(axis.values) if axis.kind == "choice" else st.floats(*axis.values))
        for axis in SPEC.axes
    }
    return {name: values[name] for name in active_axes(SPEC, values)}


class Params(Recorder):
    def of(self, sample: dict[str, Any]) -> dict[str, Any]:
        return self._params(TrialProgress("trial_00000", sample, Path(), spec=SPEC), {"seed": 42})


@settings(max_examples=150, deadline=None)
@given(samples())
def test_every_configuration_of_the_space_comes_back_from_the_texts_that_mlflow_keeps(sample: dict[str, Any]) -> None:
    config = resolve(SPEC, sample)
    params = Params(SPEC, EXPLORE, child_runs=None).of(sample)  # type: ignore[arg-type]
    assert assignment_of(recorded(params, config.config_id), SPEC).sample == sample
    finalist = assignment_of(recorded(params, config.config_id, stage=CONFIRM, role="finalist"), SPEC)
    assert finalist.config == config


def test_the_baseline_and_the_untuned_backbone_come_back() -> None:
    baseline = baseline_config(SPEC)
    run = recorded({}, baseline.config_id, stage=CONFIRM, role="baseline")
    assert assignment_of(run, SPEC).config == baseline
    untuned = recorded({"model_size": "3b", "quantization": "nf4"}, "untuned", stage=CONFIRM, role="untuned", seed=None)
    found = assignment_of(untuned, SPEC)
    assert found.seeds == ()
    assert (found.config.model_size, found.config.quantization) == ("3b", "nf4")


def test_a_record_that_was_changed_is_refused() -> None:
    sample: dict[str, Any] = {
        "model_size": "7b", "quantization": "none", "rank": 8, "alpha_ratio": 2, "target_modules": "attention",
        "learning_rate": 1e-4,
    }  # fmt: skip
    config = resolve(SPEC, sample)
    with pytest.raises(InputError, match=f"now gives {config.config_id}"):
        assignment_of(recorded(sample, "deadbeef"), SPEC)
    with pytest.raises(InputError, match="rank = '7'"):
        assignment_of(recorded({**sample, "rank": 7}, config.config_id), SPEC)


def test_a_resumed_sweeps_run_belongs_to_the_session_that_trained_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "s-1")
    workspace.folder.mkdir()
    Manifest("s", "", ".", "f", True, "cpu", "fp32", {}).write(workspace)
    journal = sweep_journal(workspace)
    for time, version in ((5.0, "1"), (20.0, "2")):
        journal.write(event="session", pid=1, time=time, versions={"version.torch": version})
    run = recorded({}, "c", provenance={"version.torch": "2", "time.started": "then", "memory_bytes": 1})
    before = facts_of(run, workspace)
    assert before["version.torch"] == "1"
    now = {**before, "version.torch": "3", "time.started": "now", "memory_bytes": 2, "device": "cuda"}
    assert changes_of(before, now) == ["device: cpu -> cuda", "version.torch: 1 -> 3"]


def test_a_run_is_read_as_it_was_written_and_what_is_none_is_refused(tmp_path: Path) -> None:
    tracker = Tracker(default_uri(tmp_path), tmp_path, "speech", miniature=True)
    parent = tracker.start_sweep("speech-1", "name: speech\n", {"python": "3.11"}, {"device": "cpu"})

    begun = tracker.runs.begin("confirm", "finalist", "c1", "a", 7, "-", {"rank": 16, "seed": 7})
    run_id = tracker.runs.id_of(begun)
    for epoch in (1, 2):
        tracker.runs.log_epoch(begun, epoch, {"val/loss": 1 / 3 / epoch, "cost/epoch_seconds": 2.0})
    Predictions(["a", "b"], ["a", "b"], ["-", "-"], ["A", "A"], ["A", "B"]).write_parquet(
        tmp_path / "left" / "predictions" / "test.parquet"
    )
    tracker.runs.log_artifacts(begun, tmp_path / "left")
    tracker.flush()
    uri = tracker.uri
    with pytest.raises(InputError, match="is not over"):
        read_run(uri, run_id)
    tracker.runs.close(begun, "completed")
    tracker.flush()
    run = read_run(uri, run_id)
    assert run.curves == {("val/loss", 1): 1 / 3, ("val/loss", 2): 1 / 6}
    assert run.answers["test"].outputs == ["A", "B"]
    assert (run.epochs, run.seed, run.source_texts, run.provenance) == (2, 7, ("name: speech\n",), {"python": "3.11"})
    assert (run.params["rank"], run.sweep_params["device"], run.sweep_id) == ("16", "cpu", "speech-1")
    for wrong, message in ((parent, "whole sweep"), ("f" * 32, "no run"), ("x; rm -rf", "32 hexadecimal")):
        with pytest.raises(InputError, match=message):
            read_run(uri, wrong)
