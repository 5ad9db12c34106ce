"""The benchmark's sweeps are sweeps, and its comparison notices an arm that trained something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import sweep
from benchmarks.arms.workloads import WORKLOADS, random_checkpoint
from sweeps.config.load import load_sweep
from sweeps.machine.weights import is_cached
from trainables import registry
from trainables.contract import Size
from trainables.tasks.classification import Classification


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_is_a_sweep_and_smaller_when_quick(name: str, tmp_path: Path) -> None:
    workload = WORKLOADS[name]
    file = workload.file(tmp_path)
    assert load_sweep(str(file), [*workload.quick]).trials < load_sweep(str(file), []).trials


def test_random_weights_pass_for_the_published_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    module: Any = registry.backbone("ast")
    small = Size("acme/small", None, "none", module.MINIATURE_SIZES["mini-450k"].total_params)
    monkeypatch.setattr(module, "SIZES", {**module.SIZES, "mini-450k": small})
    assert not is_cached("acme/small", None)
    random_checkpoint("ast", "mini-450k", Classification(labels=("a", "b")), tmp_path)
    assert is_cached("acme/small", None)


def arm(losses: list[float], epochs: int = 6, seconds: float = 10.0) -> dict[str, Any]:
    figures = dict.fromkeys(sweep.MEDIANS, 1.0)
    return {
        **figures,
        "epochs": epochs,
        "seconds": seconds,
        "epochs_per_second": epochs / seconds,
        "before_first_step_seconds": None,
        "final_losses": losses,
    }


def test_arms_agree_or_do_not() -> None:
    same = sweep.agreement({"a": arm([0.5, 0.25]), "b": arm([0.5, 0.25])})
    assert same == {"largest_loss_difference": 0.0, "losses_agree": True}
    other = sweep.agreement({"a": arm([0.5, 0.25]), "b": arm([0.5, 0.30])})
    assert other["largest_loss_difference"] == pytest.approx(0.2)
    assert not other["losses_agree"]
    assert sweep.agreement({"a": arm([0.0005]), "b": arm([0.000501])})["losses_agree"]
    assert not sweep.agreement({"a": arm([0.0005]), "b": arm([0.0006])})["losses_agree"]
    assert not sweep.agreement({"a": arm([0.5]), "b": arm([0.5], epochs=5)})["losses_agree"]
    assert not sweep.agreement({"a": arm([0.5, 0.5]), "b": arm([0.5, float("nan")])})["losses_agree"]


def test_rounds_give_their_median_and_are_all_shown() -> None:
    rounds = [arm([0.5], seconds=seconds) for seconds in (30.0, 10.0, 20.0)]
    found = sweep.median(rounds)
    assert (found["seconds"], found["seconds_of_rounds"]) == (20.0, [30.0, 10.0, 20.0])
    assert found["epochs_per_second"] == pytest.approx(0.3)


def test_longer_trials_leave_what_training_itself_gains() -> None:
    arms = {
        "slow": {"overhead_seconds_per_trial": 60.0, "computed_seconds_per_epoch": 2.0},
        "fast": {"overhead_seconds_per_trial": 0.0, "computed_seconds_per_epoch": 1.0},
    }
    found = sweep.longer(arms)
    assert found["slow"] == {"1 min": 1.0, "10 min": 1.0, "100 min": 1.0}
    assert found["fast"] == pytest.approx({"1 min": 120 / 30, "10 min": 660 / 300, "100 min": 6060 / 3000})
