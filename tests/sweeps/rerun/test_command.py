"""A recorded run is restored exactly, and a second training is told apart from the first by its smallest difference."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.config.load import load_sweep
from sweeps.config.resolve import active_axes, baseline_config, resolve
from sweeps.record.recorder import Recorder
from sweeps.record.store import default_uri
from sweeps.record.tracker import Tracker
from sweeps.rerun.command import DEFAULT_TOLERANCE, changes_of, main, parse, sentence
from sweeps.rerun.comparison import DIFFERENT, IDENTICAL, WITHIN, compare
from sweeps.rerun.recorded import RecordedRun, assignment_of, facts_of, read_run
from sweeps.state.manifest import Manifest, sweep_journal
from sweeps.state.progress import TrialProgress
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace
from trainables.errors import InputError
from trainables.records import PARAM_PRECISION, Predictions

SPEC = load_sweep("qwen_lora")
CURVES = {("val/loss", 1): 0.5, ("val/loss", 2): 0.25, ("val/accuracy", 2): 0.75}


def answers(outputs: list[str], scores: Any = None) -> Predictions:
    ids = [f"clip-{row}" for row in range(len(outputs))]
    array = None if scores is None else np.asarray(scores)
    return Predictions(ids, ids, ["-"] * len(ids), ["A"] * len(ids), list(outputs), array, ("A", "B") if scores else ())


def compared(curves: Any = CURVES, test: Predictions | None = None, facts: Any = None, tolerance: float = 0.01) -> Any:
    before = {"test": answers(["A", "B", "A", "A"])}
    after = before if test is None else {"test": test}
    return compare(CURVES, curves, before, after, {"adapter_params": "12"}, facts or {}, tolerance=tolerance)


def test_the_same_is_identical() -> None:
    found = compared(facts={"adapter_params": "12"})
    assert (found.outcome, found.compared, found.deviations) == (IDENTICAL, 7, ())
    nan = {("loss", 1): math.nan}
    assert compare(nan, dict(nan), {}, {}, {}, {}, tolerance=0).outcome == IDENTICAL


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(CURVES)), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_one_changed_value_is_found_and_measured(key: tuple[str, int], value: float, tolerance: float) -> None:
    found = compared({**CURVES, key: value}, tolerance=tolerance)
    distance = abs(value - CURVES[key]) / max(1, abs(CURVES[key]))
    assert found.distance == distance
    assert found.outcome == (IDENTICAL if value == CURVES[key] else WITHIN if distance <= tolerance else DIFFERENT)


def test_the_last_bit_is_not_overlooked() -> None:
    found = compared({**CURVES, ("val/loss", 2): math.nextafter(0.25, 1)})
    assert found.outcome == WITHIN
    assert 0 < found.distance < 1e-15


@pytest.mark.parametrize(
    ("curves", "test", "facts"),
    [
        ({key: CURVES[key] for key in list(CURVES)[:2]}, None, None),  # a metric is lacking
        ({**CURVES, ("val/loss", 3): 0.1}, None, None),  # an epoch too many
        ({**CURVES, ("val/loss", 2): math.nan}, None, None),
        (CURVES, answers(["A", "B", "A"]), None),  # a clip is lacking
        (CURVES, None, {"adapter_params": "13"}),
    ],
)
def test_what_has_no_distance_is_different_at_any_tolerance(curves: Any, test: Any, facts: Any) -> None:
    found = compared(curves, test, facts, tolerance=1e9)
    assert (found.outcome, found.distance) == (DIFFERENT, math.inf)
    assert "different" in sentence(found)


def test_answers_are_matched_by_clip_and_the_share_that_differs_counts() -> None:
    shuffled = answers(["A", "B", "A", "A"])
    shuffled.example_ids[:], shuffled.outputs[:] = shuffled.example_ids[::-1], shuffled.outputs[::-1]
    assert compared(test=shuffled).outcome == IDENTICAL
    one = compared(test=answers(["A", "B", "B", "A"]))
    assert (one.outcome, one.distance) == (DIFFERENT, 0.25)
    assert compared(test=answers(["A", "B", "B", "A"]), tolerance=0.25).outcome == WITHIN


def test_scores_and_numbers_are_measured() -> None:
    before = {"test": answers(["A", "A"], [[-1.0, 0.0], [0.0, -math.inf]])}
    after = {"test": answers(["A", "A"], [[-1.5, 0.0], [0.0, -math.inf]])}
    assert compare({}, {}, before, after, {}, {}, tolerance=0.1).distance == 0.5
    numbers = [replace(answers(["", ""]), outputs=[np.array([1.0, 2.0]), np.array([3.0, y])]) for y in (4.0, 4.4)]
    found = compare({}, {}, {"test": numbers[0]}, {"test": numbers[1]}, {}, {}, tolerance=0.1)
    assert found.distance == pytest.approx(0.1)
    assert compare({}, {}, {"test": numbers[0]}, {"test": numbers[0]}, {}, {}, tolerance=0).outcome == IDENTICAL


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
    answers(["A", "B"]).write_parquet(tmp_path / "left" / "predictions" / "test.parquet")
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one RUN_ID"),
        (["a", "b"], "one RUN_ID"),
        (["a", "--tolerance"], "a value is missing"),
        (["a", "--tolerance", "nan"], "at least 0"),
        (["a", "--tolerance=-1"], "at least 0"),
        (["a", "--fast"], "--fast is not an option"),
    ],
)
def test_a_wrong_command_line_is_said_in_a_sentence(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said


def test_a_right_one_is_understood() -> None:
    assert parse(["a" * 32]).tolerance == DEFAULT_TOLERANCE
    command = parse(["--tolerance=0", "a" * 32, "--json", "--results", "there"])
    assert (command.run_id, command.tolerance, command.json, command.results) == ("a" * 32, 0.0, True, "there")


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(["a" * 32, "--tolerance", "--tolerance=0.1", "--tolerance=inf", "--results", "--json", ""])
        | st.text(max_size=12),
        max_size=5,
    )
)
def test_any_command_line_is_understood_or_refused(arguments: list[str]) -> None:
    with contextlib.suppress(InputError):
        command = parse(arguments)
        assert 0 <= command.tolerance < math.inf
        assert command.run_id in arguments


def test_the_precision_is_that_of_the_record_whatever_this_machine_would_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sweeps.rerun.retrain import restore

    monkeypatch.setenv("AUDIO_SWEEPS_MINIATURE", "test")
    for precision in ("bf16", "fp32"):
        run = recorded({}, "c1", sweep_params={PARAM_PRECISION: precision})
        assert restore(run, SPEC.source_text, ".", "cpu").profile.precision == precision
