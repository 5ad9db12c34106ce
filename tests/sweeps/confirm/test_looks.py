"""Runs of stage 2 come look by look; who is decided gets no more; a session that goes on takes the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.confirm.looks import Looked, RunsByLook
from sweeps.state.assignment import Assignment, confirming
from sweeps.state.progress import StageProgress
from trainables.config import TrialConfig

CONFIG = TrialConfig(backbone="none", model_size="none")
SEEDS, LOOKS = (11, 12, 13, 14, 15), (2, 3, 5)
ARMS = {"finalist 1": "finalist", "finalist 2": "finalist", "baseline": "baseline"}


def all_runs() -> list[Assignment]:
    runs = [confirming(arm, role, CONFIG, seed) for arm, role in ARMS.items() for seed in SEEDS]
    return [*runs, confirming("untuned", "untuned", CONFIG, None)]


class Decides:
    """Gives up the arms that it is told to, look by look."""

    def __init__(self, *given_up: tuple[str, ...]) -> None:
        self.given_up, self.asked = list(given_up), []

    def __call__(self, still: tuple[str, ...], seeds: tuple[int, ...]) -> Looked:
        self.asked.append((still, seeds))
        over = self.given_up.pop(0)
        return Looked(len(seeds), tuple(arm for arm in still if arm not in over), tuple({"arm": arm} for arm in over))


def train(proposals: RunsByLook, progress: StageProgress, *, most: int = 100, fails: str = "") -> list[str]:
    """Trains up to `most` of what is handed out, in turn, and returns the names."""
    trained = []
    while len(trained) < most and (proposed := proposals.next()) is not None:
        name, given = proposed
        progress.asked(name, given)
        if name == fails:
            progress.failed(name, "burnt", "raised")
        else:
            progress.result(name, {"epoch": 1, "planned_epochs": 1}, last=True)
        trained.append(name)
        proposals.tell(name, None)
    return trained


@pytest.fixture
def progress(tmp_path: Path) -> Any:
    found = StageProgress(tmp_path, load_sweep("qwen_lora"))
    yield found
    found.close()


def arms_by_seed(names: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        arm, _, seed = name.partition("-seed-")
        found.setdefault(seed, set()).add(arm)
    return found


def test_who_is_decided_gets_no_further_seed_and_the_baseline_goes_on_with_the_rest(progress: StageProgress) -> None:
    judge = Decides(("finalist 2",), ())
    told: list[tuple[int, int]] = []
    proposals = RunsByLook(all_runs(), SEEDS, LOOKS, progress, judge, lambda looked, n: told.append((looked.seeds, n)))
    by_seed = arms_by_seed(train(proposals, progress))
    everyone, rest = {"finalist-1", "finalist-2", "baseline"}, {"finalist-1", "baseline"}
    assert by_seed == {"": {"untuned"}, "11": everyone, "12": everyone, "13": rest, "14": rest, "15": rest}
    assert judge.asked == [(("finalist 1", "finalist 2"), (11, 12)), (("finalist 1",), (11, 12, 13))]
    assert told == [(2, 1), (3, 2)]
    assert proposals.exhausted


def test_when_all_is_decided_nothing_more_is_trained(progress: StageProgress) -> None:
    proposals = RunsByLook(all_runs(), SEEDS, LOOKS, progress, Decides(("finalist 1", "finalist 2")))
    assert len(train(proposals, progress)) == 2 * 3 + 1
    assert proposals.exhausted


def test_a_look_waits_for_every_run_before_it(progress: StageProgress) -> None:
    judge = Decides((), ())
    proposals = RunsByLook(all_runs(), SEEDS, LOOKS, progress, judge)
    names = []
    while (proposed := proposals.next()) is not None:
        progress.asked(*proposed)
        names.append(proposed[0])
    assert len(names) == 7
    assert not proposals.ready
    assert not proposals.exhausted
    for name in reversed(names):
        assert judge.asked == []
        progress.result(name, {"epoch": 1, "planned_epochs": 1}, last=True)
        proposals.tell(name, None)
    assert proposals.ready


@pytest.mark.parametrize("cut", range(17))
def test_cut_off_anywhere_it_goes_on_alike(tmp_path: Path, cut: int) -> None:
    def whole(folder: Path, first: int) -> tuple[list[str], list[Any]]:
        trained, spec = [], load_sweep("qwen_lora")
        for most in (first, 100):
            progress = StageProgress(folder, spec)
            judge = Decides(*[("finalist 2",), ()][len(progress.looked) :])
            trained += train(RunsByLook(all_runs(), SEEDS, LOOKS, progress, judge), progress, most=most)
            looked = progress.looked
            progress.close()
        return trained, looked

    assert whole(tmp_path / "cut", cut) == whole(tmp_path / "whole", 100)


def test_a_failed_run_leaves_its_look_without_a_decision(progress: StageProgress) -> None:
    judge = Decides(())
    proposals = RunsByLook(all_runs(), SEEDS, LOOKS, progress, judge)
    assert len(train(proposals, progress, fails="finalist-2-seed-12")) == 16
    assert judge.asked == [(("finalist 1", "finalist 2"), (11, 12, 13))]
    assert "finalist 2, seed 12" in progress.looked[0]["reason"]
    progress.again("finalist-2-seed-12")  # another try of it changes no look
    progress.result("finalist-2-seed-12", {"epoch": 1, "planned_epochs": 1}, last=True)
    proposals.tell("finalist-2-seed-12", None)
    assert len(progress.looked) == 2


def test_one_look_at_the_end_asks_nobody(progress: StageProgress) -> None:
    proposals = RunsByLook(all_runs(), SEEDS, (5,), progress, Decides())
    assert len(train(proposals, progress)) == 16
    assert progress.looked == []


def test_a_stage_that_was_begun_before_is_looked_at_when_it_is_over(progress: StageProgress) -> None:
    progress.asked("baseline-seed-11", confirming("baseline", "baseline", CONFIG, 11).given)
    assert progress.plan_looks(LOOKS) == (5,)


def test_the_looks_of_a_stage_stay_whatever_is_wanted_later(tmp_path: Path) -> None:
    spec = load_sweep("qwen_lora")
    first = StageProgress(tmp_path, spec)
    assert first.plan_looks(LOOKS) == LOOKS
    first.close()
    again = StageProgress(tmp_path, spec)
    assert again.plan_looks((3, 5)) == LOOKS
    again.close()
