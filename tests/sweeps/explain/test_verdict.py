"""What a verdict rests on, where looks ended some arms sooner than others."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.record.reader import ConfirmRun
from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Row, Verdict
from sweeps.explain.verdict import confirm_lines, looks, rests_on
from sweeps.state.progress import StageProgress

LABELS = {"finalist 1": "whole model", "finalist 2": "rslora"}


def comparison(name: str, seeds: tuple[int, ...]) -> Comparison:
    values = dict.fromkeys(seeds, 0.5)
    return Comparison(
        name, "baseline", "test accuracy", values, values, 0.0, 0.05, (-0.1, 0.1), 0.5, 0.5, "population", "a test",
        groups=32, examples=160, discordant=(), estimate=None, warnings=(),
    )  # fmt: skip


def verdict(seeds_of_the_first: tuple[int, ...]) -> Verdict:
    seeds = {"finalist 1": seeds_of_the_first, "finalist 2": (1, 2, 3), "baseline": (1, 2, 3)}
    rows = tuple(
        Row(name, name.partition(" ")[0], dict.fromkeys(of, 0.5), 0.5, 0.01, (0.4, 0.6)) for name, of in seeds.items()
    )
    against = tuple(comparison(name, seeds[name]) for name in LABELS)
    return Verdict(
        "test accuracy", "max", "baseline", 0, 0.05, rows, against, (), None, "finalist 2", None, (), (), labels=LABELS
    )


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        ((1, 2, 3), "under the seeds 1, 2, 3; the search"),
        ((1, 2), "under the seeds 1, 2 (whole model); 1, 2, 3 (rslora, baseline); the search"),
    ],
)
def test_each_arm_has_the_seeds_that_it_was_trained_on(seeds: tuple[int, ...], said: str) -> None:
    assert said in rests_on(verdict(seeds))[0]


def test_looks_call_the_arms_what_the_verdict_calls_them(tmp_path: Path) -> None:
    progress = StageProgress(tmp_path / "confirm")
    progress.plan_looks((2, 3))
    gone = {"arm": "finalist 1", "how": "futile", "chance": 0.05}
    progress.look({"seeds": 2, "open": ["finalist 2"], "decided": [gone], "reason": ""})
    progress.close()
    (said,) = looks(tmp_path / "confirm", LABELS)
    assert "whole model is given up" in said
    assert said.endswith("rslora goes on.")
    assert "finalist 1 is given up" in looks(tmp_path / "confirm", {})[0]


def test_runs_stand_by_arm_and_seed_whatever_order_they_were_trained_in() -> None:
    runs = [
        ConfirmRun(f"{arm}-{seed}", arm, arm.partition(" ")[0], "c", seed, "-", "completed")
        for seed in (3, 1, 2)
        for arm in ("baseline", "finalist 2", "finalist 1")
    ]
    lines = confirm_lines(verdict((1, 2, 3)), runs)
    assert [line.partition(":")[0] for line in lines] == [
        f"{arm}, seed {seed}" for arm in ("whole model", "rslora", "baseline") for seed in (1, 2, 3)
    ]
