"""A search in order: the same trials and prunings whoever is fast and after any cut, and ASHA one after another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.decisions import simulated_search
from sweeps.config.load import load_sweep
from sweeps.config.spec import AS_THEY_COME, IN_ORDER, SweepSpec
from sweeps.search.pruning import asha
from sweeps.search.rungs import RungsInOrder, make_pruner
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress

TRIALS, EPOCHS = 24, 9


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def spec() -> SweepSpec:
    return load_sweep("qwen_lora", [f"trials={TRIALS}", f"train.epochs={EPOCHS}", "asha.reduction_factor=3"])


def score(given: dict[str, Any], epoch: int) -> float:
    return epoch * (1 - abs(given["learning_rate"] - 2e-4) * 1e3) + given["rank"] / 640


def search(
    spec: SweepSpec, folder: Path, places: int, *, clock: int, order: str = IN_ORDER, **more: Any
) -> StageProgress:
    """On a simulated clock, whose epochs take random times drawn by `clock`."""
    seconds = np.random.default_rng(clock)
    return simulated_search(
        spec,
        folder,
        Decisions(order, places),
        epoch_seconds=lambda trial: float(seconds.lognormal(0, 1)),
        score=lambda trial, epoch: score(dict(trial.given), epoch),
        **more,
    ).progress


def outcome(progress: StageProgress) -> list[tuple[Any, ...]]:
    return [(trial.name, dict(trial.given), trial.status, trial.results) for trial in progress.trials.values()]


@pytest.mark.parametrize("places", [1, 2, 3, 8])
def test_the_same_whoever_is_fast(spec: SweepSpec, tmp_path: Path, places: int) -> None:
    runs = [outcome(search(spec, tmp_path / str(clock), places, clock=clock)) for clock in range(4)]
    assert all(run == runs[0] for run in runs)
    statuses = [status for _, _, status, _ in runs[0]]
    assert statuses.count("pruned") >= 8
    assert statuses.count("completed") >= 2


def test_as_they_come_it_depends_on_who_is_fast(spec: SweepSpec, tmp_path: Path) -> None:
    runs = [outcome(search(spec, tmp_path / str(clock), 3, clock=clock, order=AS_THEY_COME)) for clock in range(4)]
    assert any(run != runs[0] for run in runs)


def test_cut_after_any_event_it_takes_the_decisions_of_the_one_that_was_not(spec: SweepSpec, tmp_path: Path) -> None:
    whole = outcome(search(spec, tmp_path / "whole", 3, clock=0))
    events = len(StageProgress(tmp_path / "whole").events)
    for at in range(3, events, 9):

        def kill(count: int, at: int = at) -> None:
            if count == at:
                raise Killed

        folder = tmp_path / f"cut-{at}"
        with pytest.raises(Killed):
            search(spec, folder, 3, clock=at, after_event=kill)
        assert outcome(search(spec, folder, 3, clock=at + 1)) == whole


def test_values_of_an_axis_are_held_against_their_own_kind(spec: SweepSpec, tmp_path: Path) -> None:
    per = replace(spec, finalists=replace(spec.finalists, per="target_modules"))
    runs = [outcome(search(per, tmp_path / str(clock), 4, clock=clock)) for clock in range(3)]
    assert all(run == runs[0] for run in runs)
    progress = StageProgress(tmp_path / "0", per)
    pruner = RungsInOrder(per, progress, Decisions(IN_ORDER, 4))
    for trial in progress.trials.values():
        assert {other.given["target_modules"] for other in pruner.against(trial.name)} <= {
            trial.given["target_modules"]
        }


@pytest.mark.parametrize("mode", ["max", "min"])
def test_one_after_another_it_decides_as_tunes_asha(spec: SweepSpec, tmp_path: Path, mode: str) -> None:
    """The reference library, on random values with ties."""
    spec = replace(spec, mode=mode)
    progress = StageProgress(tmp_path, spec)
    ours: Any = make_pruner(spec, progress, progress.decide(Decisions(IN_ORDER, 1)))
    theirs: Any = asha(mode, EPOCHS, spec.grace_epochs, spec.reduction_factor)
    values = np.random.default_rng(5)
    pruned = 0
    for number in range(200):
        name = f"trial_{number:05d}"
        stub: Any = SimpleNamespace(trial_id=name)
        progress.asked(name, {})
        theirs.on_trial_add(None, stub)
        for epoch in range(1, EPOCHS + 1):
            result = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": float(values.integers(0, 12)) / 4}
            stop = theirs.on_trial_result(None, stub, result) == theirs.STOP
            assert (ours.on_trial_result(None, stub, result) == "STOP") == stop
            progress.result(name, result, last=stop)
            if stop:
                pruned += epoch < EPOCHS
                break
    assert pruned > 50


def test_whom_no_worker_takes_is_not_waited_for(spec: SweepSpec, tmp_path: Path) -> None:
    progress = StageProgress(tmp_path, spec)
    pruner: Any = make_pruner(spec, progress, progress.decide(Decisions(IN_ORDER, 2)))
    first, second = (progress.asked(f"trial_{number:05d}", {}) for number in range(2))
    assert (pruner.may_report(first), pruner.may_report(second)) == (EPOCHS, 0)
    progress.pass_over(first.name)
    assert pruner.may_report(second) == EPOCHS
    again: Any = make_pruner(spec, StageProgress(tmp_path, spec), Decisions(IN_ORDER, 2))
    assert again.may_report(again.progress.trials[second.name]) == EPOCHS


def test_extended_it_is_the_search_that_had_so_many_trials_from_the_start(spec: SweepSpec, tmp_path: Path) -> None:
    search(spec, tmp_path / "extended", 3, clock=0)
    longer = replace(spec, trials=TRIALS + 8)
    extended = search(longer, tmp_path / "extended", 3, clock=1)
    assert outcome(extended) == outcome(search(longer, tmp_path / "whole", 3, clock=2))


def test_on_a_machine_with_other_places_it_goes_on_from_what_was_decided(spec: SweepSpec, tmp_path: Path) -> None:
    def kill(count: int) -> None:
        if count == 40:
            raise Killed

    with pytest.raises(Killed):
        search(spec, tmp_path, 8, clock=0, after_event=kill)
    before = outcome(StageProgress(tmp_path))
    after = search(spec, tmp_path, 2, clock=1)
    assert [given for _, given, _, _ in outcome(after)][: len(before)] == [given for _, given, _, _ in before]
    assert len(after.trials) == TRIALS
    assert after.decisions == Decisions(IN_ORDER, 2)


def test_a_search_that_began_without_an_order_goes_on_without_one(spec: SweepSpec, tmp_path: Path) -> None:
    progress = StageProgress(tmp_path)
    progress.asked("trial_00000", {})
    assert progress.decide(Decisions(IN_ORDER, 2)) == Decisions(AS_THEY_COME, 2)
    assert progress.decisions is None


@pytest.mark.parametrize("places", [1, 2, 3])
def test_so_many_trials_are_drawn_at_random_and_then_results_count(
    spec: SweepSpec, tmp_path: Path, places: int
) -> None:
    """What a trial scores changes no proposal before that, and the next one or one soon after it."""
    decisions = Decisions(IN_ORDER, places)

    def proposed(worst: bool) -> list[Any]:
        made = simulated_search(
            spec,
            tmp_path / str(worst),
            decisions,
            epoch_seconds=lambda trial: 1.0,
            score=lambda trial, epoch: score(dict(trial.given), epoch) * (-1 if worst else 1),
        )
        return [dict(trial.given) for trial in made.progress.trials.values()]

    one, other = proposed(worst=False), proposed(worst=True)
    first = decisions.random_trials
    assert one[:first] == other[:first]
    assert one[first] != other[first]
