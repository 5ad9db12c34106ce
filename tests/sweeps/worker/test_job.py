"""What a worker is told, as plain values, and the objective that ASHA sees."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.state.assignment import Assignment
from sweeps.worker.job import Job, Start, tie_broken
from trainables.config import TrialConfig


def job(stage: str) -> Job:
    spec: Any = type("Spec", (), {"packing": "auto"})()
    stores = dict.fromkeys(("train", "validation", "test", "test_street"), "folder")
    return Job(spec, stage, stores, "fp32", {}, 0, trials_per_worker=4)


def test_the_search_knows_packs_and_the_confirmation_trains_alone() -> None:
    assert (job("explore").trials_together, job("explore").packing) == (4, "auto")
    assert (job("confirm").trials_together, job("confirm").packing) == (1, "off")


def test_the_splits_that_are_answered_once() -> None:
    assert job("confirm").tests == ["test", "test_street"]
    search = replace(job("explore"), stores={"train": "", "validation": ""})
    assert search.tests == []


def test_a_start_travels_as_plain_values() -> None:
    start = Start(Path("trial_00003"), Assignment(TrialConfig("ast", "base"), (1, 2)), known_results=2, batch_parts=4)
    assert Start.from_dict(json.loads(json.dumps(start.as_dict()))) == start


@pytest.mark.parametrize("mode", ["max", "min"])
def test_equal_scores_are_told_apart_by_loss_and_different_ones_never_turned(mode: str) -> None:
    better, worse = (1.0, 0.0) if mode == "max" else (0.0, 1.0)

    def beats(first: float, second: float) -> bool:
        return first > second if mode == "max" else first < second

    assert beats(tie_broken(0.5, 0.1, mode), tie_broken(0.5, 0.2, mode))
    # 1 clip of 100,000 decides before any loss does
    assert beats(tie_broken(0.5 + 1e-5 * (better - worse), 1e9, mode), tie_broken(0.5, 0.0, mode))
    assert tie_broken(0.5, float("nan"), mode) == 0.5
