"""What a sweep shows at its end: metrics on further tests, and transcripts, the arms' own, clip by clip."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from rich.console import Console

from sweeps.confirm.stage import Confirmed
from sweeps.summary import SAMPLES, counted, evaluations_table, samples_table
from trainables.config import TrialConfig
from trainables.records import Predictions

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


def confirmed(folder: Path, arm: str, seed: int | None, order: list[int]) -> Confirmed:
    """A run that writes its own name behind what was said, its clips in the given order."""
    where = folder / f"{arm}-{seed}"
    Predictions(
        example_ids=[f"clip{row}" for row in order],
        groups=["g"] * len(order),
        folds=["-"] * len(order),
        targets=[WORDS[row] for row in order],
        outputs=[f"{WORDS[row]} {arm} {seed}" for row in order],
    ).write_parquet(where / "predictions" / "test.parquet")
    return Confirmed(arm, arm, TrialConfig("moonshine", "tiny"), seed, {}, "", where, {})


def test_every_arm_answers_the_same_clips(tmp_path: Path) -> None:
    rows = list(range(8))
    runs = [
        confirmed(tmp_path, "finalist 1", 1, rows),
        confirmed(tmp_path, "finalist 2", 1, rows),
        confirmed(tmp_path, "finalist 2", 2, rows),
        confirmed(tmp_path, "baseline", 1, rows[::-1]),
        confirmed(tmp_path, "untuned", None, rows[:7]),
    ]
    console = Console(width=200)
    with console.capture() as capture:
        console.print(samples_table(runs, "finalist 2", {"finalist 2": "rank 8"}))
    lines = capture.get().splitlines()
    assert lines[1].split() == ["said", "rank", "8", "baseline", "untuned"]
    shown = [line for line in lines[2:] if line.strip()]
    assert len(shown) == SAMPLES
    for line in shown:
        said = line.split()[0]
        assert f"{said} finalist 2 1" in line
        assert f"{said} baseline 1" in line
        assert f"{said} untuned None" in line
        assert "finalist 1" not in line
        assert said != "eight"  # the untuned backbone has not answered it


def test_a_sweep_without_a_finished_arm_shows_nothing() -> None:
    assert samples_table([], "finalist 1", {}).row_count == 0


def test_the_table_has_means_over_runs() -> None:
    config = TrialConfig("moonshine", "tiny")
    runs = [
        Confirmed(arm, arm, config, seed, {"test_far/wer": wer}, "", Path(), {})
        for arm, seed, wer in (("finalist 1", 1, 0.2), ("finalist 1", 2, 0.4), ("untuned", None, 1.1))
    ]
    console = Console(width=120)
    with console.capture() as capture:
        console.print(evaluations_table(runs, ["test_far"], ["wer"], {"finalist 1": "moonshine"}))
    lines = [line.split() for line in capture.get().splitlines()[1:] if line.strip()]
    assert lines == [["arm", "test_far/wer"], ["moonshine", "0.300"], ["untuned", "1.100"]]


def test_a_seed_that_the_verdict_left_out_stands_in_no_table() -> None:
    rows = [
        SimpleNamespace(name="finalist 1", role="finalist", values={1: 0.8, 3: 0.9}),
        SimpleNamespace(name="baseline", role="baseline", values={1: 0.7, 2: 0.7, 3: 0.7}),
        SimpleNamespace(name="untuned backbone", role="untuned", values={0: 0.5}),
    ]
    runs = [
        SimpleNamespace(arm=arm, seed=seed)
        for arm, seeds in (("finalist 1", (1, 2, 3)), ("finalist 2", (1,)), ("baseline", (2,)), ("untuned", (None,)))
        for seed in seeds
    ]
    kept = counted(runs, SimpleNamespace(rows=rows))
    assert [(run.arm, run.seed) for run in kept] == [
        ("finalist 1", 1),
        ("finalist 1", 3),
        ("baseline", 2),
        ("untuned", None),
    ]
