"""What every pruner has to fulfil: the same search whoever is fast and after any cut, nobody stopped before the grace
epochs or by another kind, and what is better than all others never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.decisions import simulated_search
from sweeps.config.load import load_sweep
from sweeps.config.pruner_rules import NONE, PRUNERS
from sweeps.config.spec import AS_THEY_COME, IN_ORDER, SweepSpec
from sweeps.search.rungs import make_pruner
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress, TrialProgress

TRIALS, EPOCHS, FOLDS = 24, 9, 5
ORDERS = (IN_ORDER, AS_THEY_COME)
every_pruner = pytest.mark.parametrize("pruner", PRUNERS)


class Killed(Exception):
    pass


def spec_of(pruner: str, *more: str) -> SweepSpec:
    given = [f"trials={TRIALS}", f"train.epochs={EPOCHS}", "asha.grace_epochs=2", "asha.reduction_factor=2"]
    return load_sweep("qwen_lora", [*given, f"data.folds={{inner: {FOLDS}}}", f"pruner={pruner}", *more])


def folds(trial: TrialProgress, epoch: int, sign: float = 1.0) -> list[float]:
    """A trial's score on each fold: its own level, which grows with the epochs, and noise of trial, fold and epoch."""
    random = np.random.default_rng([int(trial.name[-5:]), epoch])
    level = 0.1 * epoch - abs(np.log10(trial.given.get("learning_rate", 2e-4) / 2e-4)) * 0.3
    return [sign * float(value) for value in level + 0.05 * np.arange(FOLDS) + 0.03 * random.normal(size=FOLDS)]


def lanes(values: list[float]) -> dict[str, Any]:
    found = [{"seed": 42, "fold": str(fold), "metrics": {"val/accuracy": v}} for fold, v in enumerate(values)]
    return {"lanes": found}


def search(
    spec: SweepSpec, folder: Path, places: int = 3, *, clock: int = 0, order: str = IN_ORDER, **more: Any
) -> StageProgress:
    """On a simulated clock, whose epochs take random times drawn by `clock`."""
    seconds = np.random.default_rng(clock)
    sign = 1.0 if spec.mode == "max" else -1.0
    return simulated_search(
        spec,
        folder,
        Decisions(order, places),
        epoch_seconds=lambda trial: float(seconds.lognormal(0, 1)),
        score=lambda trial, epoch: float(np.mean(folds(trial, epoch, sign))),
        more=lambda trial, epoch: lanes(folds(trial, epoch, sign)),
        **more,
    ).progress


def outcome(progress: StageProgress) -> list[tuple[Any, ...]]:
    return [(trial.name, dict(trial.given), trial.status, trial.results) for trial in progress.trials.values()]


def ends(progress: StageProgress) -> list[tuple[str, int]]:
    return [(trial.status, trial.last["epoch"]) for trial in progress.trials.values()]


@every_pruner
def test_in_order_it_is_the_same_whoever_is_fast_and_something_is_stopped(pruner: str, tmp_path: Path) -> None:
    spec = spec_of(pruner)
    runs = [search(spec, tmp_path / str(clock), clock=clock) for clock in range(3)]
    assert all(outcome(run) == outcome(runs[0]) for run in runs)
    statuses = [status for status, _ in ends(runs[0])]
    assert statuses.count("completed") >= 1
    assert (statuses.count("pruned") == 0) if pruner == NONE else (statuses.count("pruned") >= 4)
    assert min(epoch for _, epoch in ends(runs[0])) >= spec.grace_epochs


@every_pruner
def test_cut_after_any_event_it_takes_the_decisions_of_the_one_that_was_not(pruner: str, tmp_path: Path) -> None:
    spec = spec_of(pruner)
    whole = search(spec, tmp_path / "whole")
    for at in range(3, len(whole.events), 23):

        def kill(count: int, at: int = at) -> None:
            if count == at:
                raise Killed

        folder = tmp_path / f"cut-{at}"
        with pytest.raises(Killed):
            search(spec, folder, clock=at, after_event=kill)
        assert outcome(search(spec, folder, clock=at + 1)) == outcome(whole)


@every_pruner
def test_as_they_come_a_new_session_decides_the_next_result_as_the_old_one(pruner: str, tmp_path: Path) -> None:
    """Every result of a search, held against by one pruner that has seen all and one that was just made."""
    spec, decisions = spec_of(pruner), Decisions(AS_THEY_COME, 3)
    progress = StageProgress(tmp_path, spec)
    live: Any = make_pruner(spec, progress, decisions)
    at_work: list[TrialProgress] = []
    random, stopped = np.random.default_rng(8), 0
    while len(progress.trials) < TRIALS or at_work:
        while len(at_work) < 3 and len(progress.trials) < TRIALS:
            given = {"learning_rate": float(10 ** random.uniform(-5, -3))}
            at_work.append(progress.asked(f"trial_{len(progress.trials):05d}", given))
            live.on_trial_add(None, SimpleNamespace(trial_id=at_work[-1].name))
        trial = at_work[int(random.integers(len(at_work)))]
        epoch = len(trial.results) + 1
        found = folds(trial, epoch)
        result: dict[str, Any] = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": float(np.mean(found))}
        result |= {"done": epoch == EPOCHS, **lanes(found)}
        stub = SimpleNamespace(trial_id=trial.name)
        rebuilt: Any = make_pruner(spec, progress, decisions)
        decided = "STOP" if result["done"] else live.on_trial_result(None, stub, result)
        assert result["done"] or rebuilt.on_trial_result(None, stub, result) == decided
        progress.result(trial.name, result, last=decided == "STOP")
        if decided == "STOP":
            live.on_trial_complete(None, stub, result)
            at_work.remove(trial)
            stopped += not result["done"]
    assert (stopped == 0) if pruner == NONE else (stopped >= 3)


@every_pruner
@pytest.mark.parametrize("order", ORDERS)
def test_of_two_directions_one_is_the_others_mirror(pruner: str, order: str, tmp_path: Path) -> None:
    spec = spec_of(pruner, "sampler=random")
    found = [search(replace(spec, mode=mode), tmp_path / mode, order=order) for mode in ("max", "min")]
    assert ends(found[0]) == ends(found[1])


@every_pruner
@pytest.mark.parametrize("order", ORDERS)
def test_whoever_is_better_than_all_others_is_never_stopped(pruner: str, order: str, tmp_path: Path) -> None:
    spec, decisions = spec_of(pruner), Decisions(order, 1)
    progress = StageProgress(tmp_path, spec)
    live: Any = make_pruner(spec, progress, decisions)
    for number in range(16):
        trial = progress.asked(f"trial_{number:05d}", {"learning_rate": 10 ** (-5 + number / 15)})  # each better
        live.on_trial_add(None, SimpleNamespace(trial_id=trial.name))
        for epoch in range(1, EPOCHS):
            values = [0.01 * number + 0.001 * fold + 0.1 * epoch for fold in range(FOLDS)]
            result = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": float(np.mean(values)), **lanes(values)}
            assert live.on_trial_result(None, SimpleNamespace(trial_id=trial.name), result) == "CONTINUE"
            progress.result(trial.name, {**result, "done": False}, last=False)


@every_pruner
def test_values_of_an_axis_are_held_against_their_own_kind(pruner: str, tmp_path: Path) -> None:
    """What trials of the other kind score changes nothing."""
    spec = spec_of(pruner, "sampler=random", "finalists={per: target_modules}")

    def of_attention(worse: float) -> list[tuple[str, int]]:
        def changed(trial: TrialProgress, epoch: int) -> list[float]:
            own = trial.given["target_modules"] == "attention"
            return [value - (0.0 if own else worse) for value in folds(trial, epoch)]

        made = simulated_search(
            spec,
            tmp_path / str(worse),
            Decisions(IN_ORDER, 3),
            epoch_seconds=lambda trial: 1.0,
            score=lambda trial, epoch: float(np.mean(changed(trial, epoch))),
            more=lambda trial, epoch: lanes(changed(trial, epoch)),
        ).progress
        trials = made.trials.values()
        return [(t.status, t.last["epoch"]) for t in trials if t.given["target_modules"] == "attention"]

    assert of_attention(0.0) == of_attention(5.0) == of_attention(-5.0)


@every_pruner
def test_extended_it_is_the_search_that_had_so_many_trials_from_the_start(pruner: str, tmp_path: Path) -> None:
    spec = spec_of(pruner)
    search(spec, tmp_path / "extended")
    longer = replace(spec, trials=TRIALS + 6)
    extended = search(longer, tmp_path / "extended", clock=1)
    assert outcome(extended) == outcome(search(longer, tmp_path / "whole", clock=2))
