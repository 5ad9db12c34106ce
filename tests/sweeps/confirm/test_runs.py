from __future__ import annotations

from dataclasses import replace

from sweeps.confirm.runs import confirm_runs
from sweeps.search.finalists import Explored
from trainables.config import TrialConfig

BASE = TrialConfig(backbone="qwen2_audio", model_size="7b", quantization="nf4")
FINALISTS = [
    Explored("t1", replace(BASE, model_size="3b", quantization="none"), {}, "completed", 3, 0.9, 0.9),
    Explored("t2", replace(BASE, rank=4), {}, "completed", 3, 0.8, 0.8),
]


def test_every_arm_runs_under_every_seed_and_the_untuned_backbone_once() -> None:
    runs = confirm_runs(FINALISTS, BASE, [1, 2, 3], untuned=True)
    pairs = [(run.arm, run.seed) for run in runs]
    expected = {(arm, seed) for arm in ("finalist 1", "finalist 2", "baseline") for seed in (1, 2, 3)}
    assert len(pairs) == len(set(pairs)) == 10
    assert set(pairs) == expected | {("untuned", None)}
    (untuned,) = (run for run in runs if run.role == "untuned")
    assert (untuned.config.model_size, untuned.config.quantization) == ("3b", "none")


def test_runs_on_one_backbone_stand_together() -> None:
    runs = confirm_runs(FINALISTS, BASE, [1, 2], untuned=True)
    keys = [(run.config.model_size, run.config.quantization) for run in runs]
    assert keys == sorted(keys)


def test_no_untuned_run_for_a_task_that_needs_a_trained_head() -> None:
    assert all(run.role != "untuned" for run in confirm_runs(FINALISTS, BASE, [1], untuned=False))
