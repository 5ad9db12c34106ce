"""A search that is cut off after any event goes on exactly as the one that was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.spec import AS_THEY_COME, SweepSpec
from sweeps.search.pruning import asha, replay_rungs
from sweeps.search.sampler import OptunaProposals
from sweeps.state.decisions import Decisions
from sweeps.state.progress import StageProgress

TRIALS, EPOCHS, PARALLEL = 18, 4, 3  # more trials than TPE proposes at random


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def spec() -> SweepSpec:
    loaded = load_sweep("qwen_lora", [f"trials={TRIALS}", f"train.epochs={EPOCHS}", "asha.reduction_factor=2"])
    return replace(loaded, warm_start=({"rank": 8, "alpha_ratio": 2},))


def scheduler(spec: SweepSpec) -> Any:
    return asha(spec.mode, spec.train.epochs, spec.grace_epochs, spec.reduction_factor)


def score(given: dict[str, Any], epoch: int) -> float:
    return epoch * (1 - abs(given["learning_rate"] - 2e-4) * 1e3) + given["rank"] / 640


def search(spec: SweepSpec, folder: Path, *, after_event: Callable[[int], None] = lambda count: None) -> StageProgress:
    """What Tune does, without workers: up to PARALLEL trials take turns, an epoch each."""
    progress = StageProgress(folder)
    progress.space([asdict(axis) for axis in spec.axes])
    proposals, pruner = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, PARALLEL)), scheduler(spec)
    proposals.replay(progress)
    replay_rungs(pruner, progress)
    live = progress.unfinished
    # the one whose turn comes next is the one that has waited longest
    turns = [event.get("trial") for event in progress.events]
    live.sort(key=lambda trial: len(turns) - turns[::-1].index(trial.name))
    while True:
        while len(live) < PARALLEL and (proposed := proposals.next()) is not None:
            live.append(progress.asked(*proposed))
            pruner.on_trial_add(None, SimpleNamespace(trial_id=live[-1].name))
            after_event(len(progress.events))
        if not live:
            return progress
        trial = live.pop(0)
        epoch = len(trial.results) + 1
        result = {"epoch": epoch, "planned_epochs": EPOCHS, "objective": score(trial.given, epoch)}
        result["done"] = epoch == EPOCHS
        stub: Any = SimpleNamespace(trial_id=trial.name)
        stopped = not result["done"] and pruner.on_trial_result(None, stub, result) == pruner.STOP
        progress.result(trial.name, result, last=stopped or result["done"])
        after_event(len(progress.events))
        if trial.over:
            pruner.on_trial_complete(None, stub, result)
            proposals.tell(trial.name, trial.last)
        else:
            live.append(trial)


def test_cut_after_any_event_it_proposes_prunes_and_ends_alike(spec: SweepSpec, tmp_path: Path) -> None:
    whole = search(spec, tmp_path / "whole").events
    statuses = [trial.status for trial in StageProgress(tmp_path / "whole").trials.values()]
    assert statuses.count("pruned") >= 4
    assert statuses.count("completed") >= 2

    for at in range(2, len(whole), 7):

        def kill(count: int, at: int = at) -> None:
            if count == at:
                raise Killed

        folder = tmp_path / f"cut-{at}"
        with pytest.raises(Killed):
            search(spec, folder, after_event=kill)
        assert search(spec, folder).events == whole


UNCONDITIONAL = ["search.lora_dropout=0.05", "baseline.lora_dropout=null"]


@pytest.mark.parametrize("sampler", ["gp", "cmaes", "qmc", "random", "grid"])
def test_every_sampler_goes_on_alike_after_any_event(sampler: str, tmp_path: Path) -> None:
    grid = ["search.learning_rate={choice: [1.0e-5, 1.0e-4, 1.0e-3]}", "baseline.learning_rate=1.0e-4"]
    given = [f"trials={TRIALS}", f"train.epochs={EPOCHS}", "asha.reduction_factor=2", f"sampler={sampler}"]
    spec = load_sweep("qwen_lora", [*given, *UNCONDITIONAL, *(grid if sampler == "grid" else [])])
    whole = search(spec, tmp_path / "whole").events
    asked = [event["given"] for event in whole if event["event"] == "asked"]
    assert len({repr(given) for given in asked}) == len(asked) == TRIALS
    other = search(replace(spec, explore_seeds=(7,)), tmp_path / "other").events
    assert [event["given"] for event in other if event["event"] == "asked"] != asked
    for at in range(5, len(whole), 23):

        def kill(count: int, at: int = at) -> None:
            if count == at:
                raise Killed

        folder = tmp_path / f"cut-{at}"
        with pytest.raises(Killed):
            search(spec, folder, after_event=kill)
        assert search(spec, folder).events == whole


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_what_learns_comes_nearer_than_chance(sampler: str, tmp_path: Path) -> None:
    """The score falls with the distance from a learning rate of 2e-4."""
    more = ["trials=60", "train.epochs=1", "asha.grace_epochs=1", *UNCONDITIONAL]
    found = {}
    for name in (sampler, "random"):
        spec = load_sweep("qwen_lora", [*more, f"sampler={name}"])
        trials = list(search(spec, tmp_path / name).trials.values())[-15:]
        found[name] = sum(abs(trial.given["learning_rate"] - 2e-4) for trial in trials) / len(trials)
    assert found[sampler] < 0.5 * found["random"]


def test_a_grid_tries_every_configuration_once(tmp_path: Path) -> None:
    spec = load_sweep(
        "qwen_lora",
        [
            "sampler=grid", "trials=18", "train.epochs=1", "search.alpha_ratio={choice: [1, 2]}",
            "search.rank={choice: [4, 16]}", "search.learning_rate={choice: [1.0e-4]}", "baseline.learning_rate=1.0e-4",
            "search.lora_dropout={choice: [0.0, 0.1], when: {rank: [16]}}", "baseline.rank=4",
            "baseline.lora_dropout=null", "search.quantization=none", "search.model_size=7b",
            "baseline.model_size=null", "baseline.quantization=none",
        ],
    )  # fmt: skip
    given = [repr(sorted(trial.given.items())) for trial in search(spec, tmp_path).trials.values()]
    assert len(given) == len(set(given)) == 18


def with_values(spec: SweepSpec, **values: tuple[Any, ...]) -> SweepSpec:
    axes = tuple(replace(axis, values=values.get(axis.name, axis.values)) for axis in spec.axes)
    return replace(spec, axes=axes)


def test_extended_it_is_the_search_that_had_so_many_trials_from_the_start(spec: SweepSpec, tmp_path: Path) -> None:
    longer = replace(spec, trials=TRIALS + 8)
    search(spec, tmp_path / "extended")
    extended = search(longer, tmp_path / "extended")
    from_the_start = search(longer, tmp_path / "whole")
    # those that ended last in the shorter search were fewer at once: up to there both are the same
    same = TRIALS - PARALLEL
    assert len(extended.trials) == TRIALS + 8
    for one, other in list(zip(extended.trials.values(), from_the_start.trials.values(), strict=True))[:same]:
        assert (one.given, one.results, one.status) == (other.given, other.results, other.status)


def test_one_at_a_time_an_extension_changes_nothing_but_the_end(spec: SweepSpec, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(f"{__name__}.PARALLEL", 1)
    longer = replace(spec, trials=TRIALS + 8)
    search(spec, tmp_path / "extended")
    assert search(longer, tmp_path / "extended").events == search(longer, tmp_path / "whole").events


def test_in_a_narrowed_space_it_knows_what_lies_inside(spec: SweepSpec, tmp_path: Path) -> None:
    before = list(search(spec, tmp_path).trials.values())
    narrowed = with_values(replace(spec, trials=TRIALS + 8), rank=(8, 16), learning_rate=(1e-4, 5e-4))
    inside = [t for t in before if t.given["rank"] in (8, 16) and 1e-4 <= t.given["learning_rate"] <= 5e-4]
    assert 0 < len(inside) < len(before)

    extended = search(narrowed, tmp_path)
    new = list(extended.trials.values())[TRIALS:]
    assert [trial.name for trial in new] == [f"trial_{TRIALS + index:05d}" for index in range(8)]
    assert all(t.given["rank"] in (8, 16) and 1e-4 <= t.given["learning_rate"] <= 5e-4 for t in new)
    assert len({t.given["learning_rate"] for t in extended.trials.values()}) == TRIALS + 8  # no draw comes twice

    proposals = OptunaProposals(narrowed, decisions=Decisions(AS_THEY_COME, PARALLEL))
    proposals.replay(extended)
    assert (proposals.earlier, proposals.left_out) == (TRIALS, TRIALS - len(inside))
    known = proposals.study.trials[: len(inside)]
    assert [trial.params for trial in known] == [dict(trial.given) for trial in inside]
    assert [trial.state.name for trial in known] == [
        "COMPLETE" if trial.status == "completed" else "PRUNED" for trial in inside
    ]
    for trial, told in zip(inside, known, strict=True):
        assert told.intermediate_values == {result["epoch"]: result["objective"] for result in trial.results}

    wider = with_values(replace(spec, trials=TRIALS + 9), rank=(4, 8, 16, 32, 64, 128))
    progress = search(wider, tmp_path)
    again = OptunaProposals(wider, decisions=Decisions(AS_THEY_COME, PARALLEL))
    again.replay(progress)
    assert (again.earlier, again.left_out) == (TRIALS + 8, 0)


def test_an_extension_that_is_cut_off_goes_on_alike(spec: SweepSpec, tmp_path: Path) -> None:
    narrowed = with_values(replace(spec, trials=TRIALS + 6), rank=(8, 16))
    search(spec, tmp_path / "whole")
    before = len(StageProgress(tmp_path / "whole").events)
    whole = search(narrowed, tmp_path / "whole").events
    for at in range(before + 2, len(whole), 4):

        def kill(count: int, at: int = at) -> None:
            if count == at:
                raise Killed

        folder = tmp_path / f"cut-{at}"
        search(spec, folder)
        with pytest.raises(Killed):
            search(narrowed, folder, after_event=kill)
        assert search(narrowed, folder).events == whole


def test_a_warm_start_comes_first_and_is_completed(spec: SweepSpec, tmp_path: Path) -> None:
    first = next(iter(search(spec, tmp_path).trials.values()))
    assert (first.given["rank"], first.given["alpha_ratio"]) == (8, 2)
    assert set(first.given) >= {"learning_rate", "target_modules"}


def test_it_proposes_what_tunes_own_optuna_search_does(spec: SweepSpec) -> None:
    """As long as nothing has ended both are at their seeds' random draws."""
    import optuna
    from ray.tune.search.optuna import OptunaSearch

    from sweeps.search.space import propose

    ours = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, PARALLEL))
    theirs = OptunaSearch(
        space=propose(spec),
        metric="objective",
        mode="max",
        sampler=optuna.samplers.TPESampler(
            seed=spec.explore_seeds[0], n_startup_trials=10, multivariate=True, group=True, constant_liar=True
        ),
        points_to_evaluate=[dict(point) for point in spec.warm_start],
    )
    for _ in range(5):
        proposed = ours.next()
        assert proposed is not None
        assert proposed[1] == theirs.suggest(proposed[0])


def test_a_trial_that_is_tried_again_keeps_its_name_and_its_configuration(spec: SweepSpec, tmp_path: Path) -> None:
    progress = StageProgress(tmp_path)
    proposals = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, PARALLEL))
    for _ in range(3):
        name, given = proposals.next() or ("", {})
        progress.asked(name, given)
    progress.failed("trial_00001", "the worker process died", "worker died")
    proposals.tell("trial_00001", None)
    progress.again("trial_00001")

    def taken_up() -> tuple[OptunaProposals, StageProgress]:
        again, progress = OptunaProposals(spec, decisions=Decisions(AS_THEY_COME, PARALLEL)), StageProgress(tmp_path)
        again.replay(progress)
        return again, progress

    proposals, progress = taken_up()
    assert [trial.name for trial in progress.unfinished] == ["trial_00000", "trial_00001", "trial_00002"]
    assert spec.warm_start[0].items() <= progress.trials["trial_00000"].given.items()
    name, given = proposals.next() or ("", {})
    assert name == "trial_00003"
    proposals.tell("trial_00001", {"objective": 0.5})
    assert [trial.value for trial in proposals.study.trials if trial.state.name == "COMPLETE"] == [0.5]
    (told,) = [trial for trial in proposals.study.trials if trial.state.name == "COMPLETE"]
    assert told.params.items() <= dict(progress.trials["trial_00001"].given).items()
    assert (taken_up()[0].next() or ("", {}))[1] == given  # whoever takes it up again proposes the same
