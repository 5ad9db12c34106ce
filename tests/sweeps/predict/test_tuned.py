"""Which model a command line means, and what is said where there is none. The whole way stands in test_main_job.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sweeps.config.load import load_sweep
from sweeps.config.resolve import baseline_config
from sweeps.predict.tuned import find_tuned
from sweeps.state.assignment import confirming
from sweeps.state.manifest import Manifest
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import CONFIRM, Workspace
from trainables.errors import InputError
from trainables.records import Predictions

RESULT = {"epoch": 1, "planned_epochs": 1, "value": 0.5, "objective": 0.5}


@pytest.fixture
def sweep(tmp_path: Path) -> Workspace:
    """A sweep whose stage 2 is over: two seeds of a finalist, one of the baseline."""
    spec = load_sweep("efficientat_lora")
    workspace = Workspace(tmp_path, "birds-1")
    workspace.folder.mkdir()
    Manifest("birds", spec.source_text, spec.base_folder, "0" * 64, True, "cpu", "fp32", {}).write(workspace)
    (workspace.folder / "verdict.json").write_text(json.dumps({"best": "finalist 1"}))
    progress = StageProgress(workspace.stage(CONFIRM), spec)
    config = baseline_config(spec)
    for arm, seed in (("finalist 1", 11), ("finalist 1", 12), ("baseline", 11)):
        run = confirming(arm, arm.split()[0], config, seed)
        trial = progress.asked(run.name, run.given)
        progress.result(run.name, RESULT, last=True)
        folder = trial.folder / "final" / f"seed-{seed}" / "predictions"
        folder.mkdir(parents=True)
        scores, classes = np.array([[1.0, 0.0]]), ("owl", "wren")
        answers = Predictions(["c"], ["c"], ["-"], ["owl"], ["owl"], scores=scores, classes=classes)
        answers.write_parquet(folder / "test.parquet")
    progress.close()
    return workspace


def test_without_a_word_it_is_the_verdicts_best_under_its_first_seed(sweep: Workspace) -> None:
    found = find_tuned("birds", str(sweep.results))
    assert found.arm == "finalist 1"
    assert list(found.adapters) == [11]
    assert found.adapters[11] == sweep.stage(CONFIRM) / "finalist-1-seed-11" / "final" / "seed-11" / "adapter"
    assert found.labels == ("owl", "wren")
    assert found.in_words == "finalist 1 of birds-1, seed 11"


def test_arms_seeds_and_all_seeds_together(sweep: Workspace) -> None:
    results = str(sweep.results)
    assert find_tuned("birds", results, arm="baseline").arm == "baseline"
    assert list(find_tuned("birds", results, arm="Finalist-1", seed=12).adapters) == [12]
    assert list(find_tuned("birds", results, ensemble=True).adapters) == [11, 12]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arm": "finalist-2"}, r"has no 'finalist-2'; its arms are finalist-1, baseline\."),
        ({"seed": 99}, r"has no seed 99; its seeds are 11, 12\."),
        ({"seed": 11, "ensemble": True}, "one of the two"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(sweep: Workspace, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_tuned("birds", str(sweep.results), **options)


def test_a_sweep_that_is_not_finished(sweep: Workspace) -> None:
    (sweep.folder / "verdict.json").unlink()
    with pytest.raises(InputError, match="name the arm with --arm"):
        find_tuned("birds", str(sweep.results))
    assert find_tuned("birds", str(sweep.results), arm="baseline").arm == "baseline"


def test_answers_become_as_long_as_the_sweep_let_them(sweep: Workspace) -> None:
    assert "answer_length" not in find_tuned("birds", str(sweep.results)).task_options
    (sweep.folder / "task.json").write_text(json.dumps({"labels": ["x"], "answer_length": 1.5}))
    found = find_tuned("birds", str(sweep.results))
    assert found.task_options == {"labels": ("owl", "wren"), "answer_length": 1.5}  # those that it answered in


def test_a_sweep_before_stage_2(sweep: Workspace) -> None:
    sweep.stage(CONFIRM).rename(sweep.folder / "elsewhere")
    with pytest.raises(InputError, match="no confirmed model yet"):
        find_tuned("birds", str(sweep.results))


def test_outer_folds_have_no_single_model(sweep: Workspace) -> None:
    (sweep.folder / "fold-1").mkdir()
    sweep.stage(CONFIRM).rename(sweep.folder / "fold-1" / "confirm")
    with pytest.raises(InputError, match="every fold chose and trained its own"):
        find_tuned("birds", str(sweep.results))
