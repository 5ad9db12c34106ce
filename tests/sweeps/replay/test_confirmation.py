"""A recorded stage 2 through the looks of a sequential one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sweeps.config.load import load_sweep
from sweeps.replay.confirmation import decided_after
from trainables import registry
from trainables.records import NO_FOLD, Predictions

SEEDS = (9, 5, 7, 6, 8)  # in the order of training, which is not that of their numbers
SPEC = load_sweep("qwen_lora")
TASK = registry.task(SPEC.task_kind, dict(SPEC.task_options))


def answers(accuracy: float, stream: int, clips: int = 120) -> Predictions:
    rng = np.random.default_rng(stream)
    targets = [TASK.labels[index % 2] for index in range(clips)]
    right = rng.random(clips) < accuracy
    said = [t if ok else TASK.labels[1 - TASK.labels.index(t)] for t, ok in zip(targets, right, strict=True)]
    ids = [f"clip {index}" for index in range(clips)]
    scores = np.array([[float(label == answer) for label in TASK.labels] for answer in said])
    return Predictions(ids, ids, [NO_FOLD] * clips, targets, said, scores=scores, classes=TASK.labels)


def record(accuracies: dict[str, float], *, seeds: Any = SEEDS, interim: tuple[int, ...] = ()) -> Any:
    arms = {arm: [SimpleNamespace(arm=arm, role="baseline" if arm == "baseline" else "finalist")] for arm in accuracies}

    def pooled(runs: Any) -> Any:
        place = list(accuracies).index(runs[0].arm)
        return SimpleNamespace(by_seed={s: answers(accuracies[runs[0].arm], 100 * place + s) for s in sorted(seeds)})

    return SimpleNamespace(interim=interim, look=1, arms=lambda: arms, pooled=pooled)


def test_what_is_plain_is_decided_early_and_said_so() -> None:
    found = decided_after(record({"finalist 1": 0.6, "finalist 2": 0.62, "baseline": 0.9}), SPEC, TASK, SEEDS)
    assert found is not None
    assert (found.runs, found.needed, found.seeds, found.planned) == (15, 6, 2, 5)
    assert {how for _, how in found.decided} <= {"worse", "futile"}
    assert "decided after 6 of 15 runs (2 of 5 seeds; finalist 1 " in found.sentence


def test_who_is_given_up_is_trained_no_further_and_the_other_goes_on() -> None:
    found = decided_after(record({"finalist 1": 0.86, "finalist 2": 0.6, "baseline": 0.75}), SPEC, TASK, SEEDS)
    assert found is not None
    assert 6 < found.needed < 15
    assert found.needed == 2 + 2 * found.seeds
    assert found.decided[0][0] == "finalist 2"


@pytest.mark.parametrize(
    "other", [{"seeds": SEEDS[:4]}, {"interim": (2, 3, 5)}], ids=["a run is missing", "looked at already"]
)
def test_where_nothing_can_be_saved_nothing_is_said(other: dict[str, Any]) -> None:
    assert decided_after(record({"finalist 1": 0.8, "baseline": 0.8}, **other), SPEC, TASK, SEEDS) is None
