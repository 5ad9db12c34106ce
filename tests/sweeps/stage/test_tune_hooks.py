"""What Tune's callbacks do, without Ray."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.stage.failures import MOST_RETRIES
from sweeps.stage.holds import Reins
from sweeps.stage.tune_hooks import START_SECONDS, StageKeeper, StageSearcher
from sweeps.state.assignment import confirming
from sweeps.state.progress import StageProgress
from trainables.config import TrialConfig
from trainables.errors import SweepFailed

CONFIG = TrialConfig(backbone="none", model_size="none")


def test_workers_that_never_start_end_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = StageProgress(tmp_path)
    keeper = StageKeeper(progress, [], Reins())
    begun = time.monotonic()

    def step(seconds: float, *states: str) -> None:
        monkeypatch.setattr(time, "monotonic", lambda: begun + seconds)
        trials = [SimpleNamespace(status=state) for state in states]
        keeper.on_step_begin(0, trials)
        keeper.on_step_end(0, trials)

    step(0, "TERMINATED")
    step(START_SECONDS * 3, "RUNNING", "PENDING")  # one waits for the other
    step(START_SECONDS * 4 - 1, "TERMINATED", "PENDING")
    with pytest.raises(SweepFailed, match="no worker has started for 30 minutes"):
        step(START_SECONDS * 4 + 1, "TERMINATED", "PENDING")
    progress.close()


class Waiting:
    """One proposal; notes what it is told."""

    ready = True

    def __init__(self) -> None:
        self.left, self.told = ["t0"], []

    @property
    def exhausted(self) -> bool:
        return not self.left

    def next(self) -> tuple[str, dict[str, Any]] | None:
        return (self.left.pop(), confirming("t0", "finalist", CONFIG, 1).given) if self.left else None

    def tell(self, name: str, result: Any) -> None:
        self.told.append(name)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[StageSearcher, StageKeeper, Waiting]]:
    progress, proposals, reins = StageProgress(tmp_path, load_sweep("qwen_lora")), Waiting(), Reins()
    yield StageSearcher(progress, proposals, reins, parallel_trials=1), StageKeeper(progress, [], reins), proposals
    progress.close()


def died_twice(searcher: StageSearcher, keeper: StageKeeper, tune_id: str) -> None:
    """What Tune says in one turn of its loop of a worker that dies while it changes trials."""
    suggested = searcher.suggest(tune_id)
    assert isinstance(suggested, dict)
    trial = SimpleNamespace(config=suggested, error_file="", get_error=lambda: "The actor died", status="PENDING")
    keeper.on_step_begin(0, [trial])
    keeper.on_trial_recover(0, [trial], trial)
    searcher.on_trial_complete(tune_id, error=True)
    keeper.on_trial_error(0, [trial], trial)
    keeper.on_step_end(0, [trial])


def test_one_death_that_tune_tells_of_twice_is_one(stage: tuple[StageSearcher, StageKeeper, Waiting]) -> None:
    searcher, keeper, proposals = stage
    died_twice(searcher, keeper, "a")
    (trial,) = keeper.progress.trials.values()
    assert (trial.status, trial.retries, proposals.told) == ("running", 1, [])
    again = searcher.suggest("b")
    assert isinstance(again, dict)
    assert again["name"] == trial.name


def test_a_trial_that_kills_every_worker_fails_in_the_end(stage: tuple[StageSearcher, StageKeeper, Waiting]) -> None:
    searcher, keeper, proposals = stage
    for turn in range(MOST_RETRIES + 1):
        died_twice(searcher, keeper, str(turn))
    (trial,) = keeper.progress.trials.values()
    assert (trial.status, trial.retries, proposals.told) == ("failed", MOST_RETRIES + 1, [trial.name])


def test_a_failure_in_a_later_turn_is_one_of_its_own(stage: tuple[StageSearcher, StageKeeper, Waiting]) -> None:
    searcher, keeper, _ = stage
    suggested: Any = searcher.suggest("a")
    trial = SimpleNamespace(config=suggested, error_file="", get_error=lambda: "The actor died", status="PENDING")
    keeper.on_trial_recover(0, [trial], trial)
    keeper.on_step_begin(1, [trial])
    searcher.on_trial_complete("a", error=True)
    keeper.on_trial_error(1, [trial], trial)
    assert [own.status for own in keeper.progress.trials.values()] == ["failed"]


def test_an_epoch_that_was_withheld_is_told_again_by_the_next_worker(
    stage: tuple[StageSearcher, StageKeeper, Waiting],
) -> None:
    """A stage that is paused while a trial waits for its turn: nothing of the epoch is decided or noted."""
    searcher, keeper, proposals = stage
    suggested: Any = searcher.suggest("a")
    trial = SimpleNamespace(config=suggested)
    events = len(keeper.progress.events)
    keeper.on_trial_result(0, [trial], trial, {"done": True, "withheld": True})
    searcher.on_trial_complete("a", {"done": True})
    keeper.on_trial_complete(0, [trial], trial)
    assert (len(keeper.progress.events), proposals.told) == (events, [])
    again: Any = searcher.suggest("b")
    assert (again["name"], again["known_results"]) == (suggested["name"], 0)


def test_no_trial_is_asked_for_before_all_is_known_that_it_rests_on(
    stage: tuple[StageSearcher, StageKeeper, Waiting],
) -> None:
    searcher, _, proposals = stage
    proposals.ready = False
    assert searcher.suggest("a") is None
    proposals.ready = True
    assert isinstance(searcher.suggest("a"), dict)
