"""What a trial trains, from both forms in which journals keep it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.resolve import resolve
from sweeps.state.assignment import Assignment, confirming, read_assignment, searching, values_of, values_shown
from sweeps.state.journal import JOURNAL, Journal
from sweeps.state.progress import StageProgress
from trainables.config import TrialConfig

SPEC = load_sweep("qwen_lora", ["seeds.explore=[1, 2]"])
SAMPLE: dict[str, Any] = {
    "model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 2, "target_modules": "attention",
    "learning_rate": 1e-4,
}  # fmt: skip
CONFIG = TrialConfig("qwen2_audio", "7b", rank=4)


def test_a_journal_of_the_search_keeps_the_sample_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / JOURNAL)
    journal.write(event="asked", trial="trial_00000", given=SAMPLE)
    journal.close()
    found = StageProgress(tmp_path, SPEC).trials["trial_00000"].assignment
    assert (found.config, found.seeds, found.role) == (resolve(SPEC, SAMPLE), (1, 2), "trial")
    assert found.given == found.values == found.sample == SAMPLE


def test_a_journal_of_stage_2_keeps_arm_role_configuration_and_seed(tmp_path: Path) -> None:
    given = {"arm": "finalist 1", "role": "finalist", "config": CONFIG.as_dict(), "seed": 123}
    journal = Journal(tmp_path / JOURNAL)
    journal.write(event="asked", trial="finalist-1-seed-123", given=given)
    journal.close()
    found = StageProgress(tmp_path, SPEC).trials["finalist-1-seed-123"].assignment
    assert found == confirming("finalist 1", "finalist", CONFIG, 123)
    assert (found.name, found.label, found.seed) == ("finalist-1-seed-123", "finalist 1, seed 123", 123)
    assert found.given == given
    assert {**found.values, "lora_plus_ratio": 16.0} == CONFIG.as_dict()  # a ratio that LoRA does not read


def test_of_a_model_that_is_trained_whole_it_shows_no_rank() -> None:
    found = confirming("finalist 1", "finalist", replace(CONFIG, adapter="none"), 123).values
    assert "adapter" in found
    assert not {"rank", "alpha", "target_modules", "lora_dropout", "layers"} & found.keys()


def test_the_untuned_backbone_trains_nothing_and_has_an_id_of_its_own() -> None:
    found = read_assignment(confirming("untuned", "untuned", CONFIG, None).given, SPEC)
    assert (found.seeds, found.seed, found.config_id, found.name) == ((), None, "untuned", "untuned")
    assert values_shown(found.given) == {"backbone": "qwen2_audio", "model_size": "7b", "quantization": "none"}
    trained = confirming("baseline", "baseline", CONFIG, 7).given
    assert values_shown(trained) == values_of(trained)


@pytest.mark.parametrize("assignment", [searching(SPEC, SAMPLE), confirming("baseline", "baseline", CONFIG, 7)])
def test_a_worker_gets_all_that_it_trains(assignment: Assignment) -> None:
    there = Assignment.from_dict(assignment.as_dict())
    assert (there.config, there.seeds, there.config_id) == (assignment.config, assignment.seeds, assignment.config_id)


def test_whoever_only_looks_on_needs_no_sweep_file(tmp_path: Path) -> None:
    StageProgress(tmp_path).asked("trial_00000", SAMPLE)
    (trial,) = StageProgress(tmp_path, watching=True).trials.values()
    assert values_of(trial.given) == SAMPLE
    with pytest.raises(ValueError, match="without the sweep's spec"):
        _ = trial.assignment
