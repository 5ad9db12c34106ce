"""What is asked of a running sweep is checked, answered, kept across a kill, and leaves the search as it would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.config.load import load_sweep
from sweeps.config.spec import AS_THEY_COME, SweepSpec
from sweeps.control import requests
from sweeps.control.requests import ask
from sweeps.control.status import read_status
from sweeps.control.steering import SearchSteering, StageSteering, Steering, changed_sample
from sweeps.search.pruning import asha_for, replay_rungs
from sweeps.search.sampler import OptunaProposals
from sweeps.stage.holds import Hold, Reins
from sweeps.stage.tune_hooks import StageKeeper, StageScheduler, StageSearcher
from sweeps.state.decisions import Decisions
from sweeps.state.progress import PRUNED, STOPPED, StageProgress
from sweeps.state.workspace import CONFIRM, EXPLORE, Workspace
from trainables.errors import InputError

SPEC = load_sweep("qwen_lora", ["trials=3", "train.epochs=3"])
SAMPLE = {
    "model_size": "3b", "quantization": "none", "rank": 8, "alpha_ratio": 2, "target_modules": "attention",
    "learning_rate": 1e-4,
}  # fmt: skip


class NotedTracker:
    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []

    def note_control(self, command: str, said: str, asked_seconds: float) -> None:
        self.noted.append((command, said))


class Heard:
    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []

    def started(self, trial: Any) -> None: ...

    def reported(self, trial: Any) -> None: ...

    def ended(self, trial: Any) -> None:
        self.ends.append((trial.name, trial.status))


class TuneTrial:
    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config


class Session:
    """One session of stage 1, Ray's part played by hand."""

    def __init__(self, workspace: Workspace, stage: str = EXPLORE, spec: SweepSpec = SPEC) -> None:
        self.tracker, self.heard = NotedTracker(), Heard()
        tracker: Any = self.tracker
        self.steering = Steering(workspace, tracker, Console(quiet=True))
        self.progress = StageProgress(workspace.stage(stage), spec)
        self.proposals = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, 1))
        self.proposals.replay(self.progress)
        pruner: Any = asha_for(spec, lambda name: self.progress.trials[name].given)
        replay_rungs(pruner, self.progress)
        overseer = (
            SearchSteering(self.steering, spec, self.progress, self.proposals)
            if stage == EXPLORE
            else StageSteering(self.steering)
        )
        self.reins = Reins([overseer])
        self.searcher = StageSearcher(self.progress, self.proposals, self.reins, parallel_trials=1)
        self.scheduler = StageScheduler(self.progress, pruner, self.reins)
        self.keeper = StageKeeper(self.progress, [self.heard], self.reins)
        self.turns = 0

    def look(self) -> None:
        """A turn of Tune's loop, a second after the last."""
        self.reins._asked = float("-inf")
        self.keeper.on_step_begin(self.turns, [])

    def begin(self) -> TuneTrial | str | None:
        self.turns += 1
        suggested = self.searcher.suggest(f"t{self.turns}")
        if not isinstance(suggested, dict):
            return suggested
        trial = TuneTrial({**suggested, "tune": f"t{self.turns}"})
        self.scheduler.on_trial_add(None, trial)
        self.keeper.on_trial_start(0, [], trial)
        return trial

    def epoch(self, trial: TuneTrial, epoch: int, value: float = 0.5) -> bool:
        """One result; whether the trial is taken from its worker."""
        report = {
            "epoch": epoch, "planned_epochs": 3, "done": epoch == 3, "objective": value, "value": value, "lanes": [],
        }  # fmt: skip
        result: dict[str, Any] = {"report": report, "epoch": epoch, "objective": value, "done": epoch == 3}
        if not result["done"] and self.scheduler.on_trial_result(None, trial, result) == "STOP":
            result["done"] = True
        if result["done"]:
            self.scheduler.on_trial_complete(None, trial, result)
        self.keeper.on_trial_result(0, [], trial, result)
        if result["done"]:
            self.searcher.on_trial_complete(trial.config["tune"], result)
            self.keeper.on_trial_complete(0, [], trial)
        return bool(result["done"])

    def whole(self, trial: TuneTrial, value: float = 0.5) -> None:
        for epoch in (1, 2, 3):
            if self.epoch(trial, epoch, value):
                return


def answered(workspace: Workspace, request: requests.Request) -> requests.Answer:
    return requests.answers(workspace)[request.id]


def begun(session: Session) -> TuneTrial:
    trial = session.begin()
    assert isinstance(trial, TuneTrial)
    return trial


def test_a_stopped_trial_ends_with_its_epoch_and_is_not_pruned(workspace: Workspace) -> None:
    session = Session(workspace)
    trial = begun(session)
    assert not session.epoch(trial, 1)
    request = ask(workspace, "stop", "0")
    session.look()
    assert answered(workspace, request).done
    assert not session.progress.trials["trial_00000"].over
    assert session.epoch(trial, 2)
    stopped = session.progress.trials["trial_00000"]
    assert (stopped.status, stopped.last["epoch"], session.heard.ends) == (STOPPED, 2, [("trial_00000", STOPPED)])
    assert session.proposals.study.trials[0].state.name == "FAIL"  # the sampler does not learn from it
    assert session.tracker.noted[0][0] == "stop"
    again = ask(workspace, "stop", "trial_00000")
    session.look()
    assert not answered(workspace, again).done
    assert "over already (stopped)" in answered(workspace, again).said


def test_a_stop_is_kept_when_the_sweep_is_killed_before_the_epoch_ends(workspace: Workspace) -> None:
    session = Session(workspace)
    session.epoch(begun(session), 1)
    ask(workspace, "stop", "0")
    session.look()
    session.progress.close()

    later = Session(workspace)
    later.look()
    assert later.progress.trials["trial_00000"].status == STOPPED
    assert later.heard.ends == [("trial_00000", STOPPED)]
    assert begun(later).config["name"] == "trial_00001"


def test_a_clone_comes_next_and_is_one_more(workspace: Workspace) -> None:
    session = Session(workspace)
    first = begun(session)
    request = ask(workspace, "clone", "trial 0", {"learning_rate": 3e-4})
    session.look()
    assert answered(workspace, request).done, answered(workspace, request).said
    session.whole(first)
    clone = begun(session)
    config = {**first.config["assignment"]["config"], "learning_rate": 3e-4}
    assert clone.config["assignment"] == {**first.config["assignment"], "config": config}
    session.whole(clone)
    for _ in range(2):
        session.whole(begun(session))
    assert session.begin() == "FINISHED"
    assert len(session.progress.trials) == SPEC.trials + 1


def test_after_a_kill_the_search_goes_on_as_it_would_have(workspace: Workspace, tmp_path: Path) -> None:
    """With a clone, a stop and all: proposals to the last bit, the same rungs."""

    def steps(session: Session) -> list[Callable[[], Any]]:
        def clone() -> None:
            ask(session.steering.workspace, "clone", "0", {"learning_rate": 3e-4})
            session.look()

        def stop() -> None:
            trial = begun(session)
            ask(session.steering.workspace, "stop", trial.config["name"])
            session.look()
            session.epoch(trial, 1, 0.7)

        return [
            lambda: session.whole(begun(session), 0.4), clone, lambda: session.whole(begun(session), 0.6), stop,
            lambda: session.whole(begun(session), 0.3),
        ]  # fmt: skip

    whole = Session(workspace)
    for step in steps(whole):
        step()
    for cut in range(1, 5):
        other = Workspace(tmp_path, f"cut-{cut}")
        other.folder.mkdir()
        session = Session(other)
        for number in range(5):
            if number == cut:
                session.progress.close()
                session = Session(other)
            steps(session)[number]()
        expected = [(trial.given, trial.status) for trial in whole.progress.trials.values()]
        assert [(trial.given, trial.status) for trial in session.progress.trials.values()] == expected
    assert PRUNED in [status for _, status in expected]


def test_a_pause_lasts_until_resume_also_across_sessions(workspace: Workspace) -> None:
    session = Session(workspace)
    trial = begun(session)
    ask(workspace, "pause")
    session.look()
    assert session.epoch(trial, 1)  # the running epoch ends
    assert session.begin() is None
    assert not session.progress.trials["trial_00000"].over
    session.progress.close()

    later = Session(workspace)
    assert later.steering.paused
    assert later.begin() is None
    ask(workspace, "resume")
    later.look()
    assert begun(later).config["name"] == "trial_00000"


def test_finish_lets_running_trials_end_and_begins_none_also_across_sessions(workspace: Workspace) -> None:
    session = Session(workspace)
    early = ask(workspace, "finish")
    session.look()
    assert not answered(workspace, early).done
    trial = begun(session)
    request = ask(workspace, "finish")
    session.look()
    assert answered(workspace, request).done
    session.progress.close()

    later = Session(workspace)
    assert later.reins.order().hold == Hold.FINISH
    trial = begun(later)
    refused = ask(workspace, "clone", "0", {"learning_rate": 3e-4})
    later.look()
    assert "takes no new trials" in answered(workspace, refused).said
    later.whole(trial)
    assert later.begin() == "FINISHED"
    assert list(later.progress.trials) == ["trial_00000"]
    later.progress.close()
    extended = Session(workspace, spec=replace(SPEC, trials=5))
    assert extended.reins.order().hold == Hold.NONE  # more trials are another matter
    assert isinstance(extended.begin(), TuneTrial)
    extended.progress.stopped("trial_00001")
    extended.progress.close()
    assert read_status(workspace)["stages"][0]["counts"] == {"completed": 1, "stopped": 1}


@pytest.mark.parametrize("command", ["stop", "clone", "finish"])
def test_stage_two_is_left_alone(workspace: Workspace, command: str) -> None:
    session = Session(workspace, CONFIRM)
    request = ask(workspace, command, "0", {"rank": 8} if command == "clone" else {})
    session.look()
    answer = answered(workspace, request)
    assert (answer.done, session.tracker.noted) == (False, [])
    assert "stage 2" in answer.said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "without a change"),
        ({"rank": 7}, "rank: 7 is outside of choice"),
        ({"rank": "8; rm"}, "outside of choice"),
        ({"learning_rate": "fast"}, "outside of log_uniform"),
        ({"learning_rate": True}, "outside of log_uniform"),
        ({"learning_rate": float("nan")}, "outside of log_uniform"),
        ({"epochs": 9}, "no open axis"),
        ({"train.epochs": 9}, "no open axis"),
        ({"lora_dropout": 0.05}, "its `when:` does not hold"),
        ({"rank": 16}, "lora_dropout: the change opens it"),
        ({"rank": [8]}, "outside of choice"),
    ],
)
def test_a_clone_is_held_to_the_space(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        changed_sample(SPEC, SAMPLE, changes)


def test_a_change_switches_conditional_axes() -> None:
    wide = changed_sample(SPEC, SAMPLE, {"rank": 16, "lora_dropout": 0.05})
    assert (wide["rank"], wide["lora_dropout"]) == (16, 0.05)
    assert changed_sample(SPEC, wide, {"rank": 8}) == {**SAMPLE, "rank": 8}
    assert isinstance(changed_sample(SPEC, SAMPLE, {"rank": 4.0})["rank"], int)
