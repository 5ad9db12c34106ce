"""Which sweep is extended, by what, and with which seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.config.load import load_sweep
from sweeps.config.spec import SweepSpec
from sweeps.state.extend import Extension, check_meaning, fresh_seeds, to_extend
from sweeps.state.manifest import Manifest, note, note_look, state_of
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE, Workspace, new_workspace
from trainables.errors import InputError

COMMAND = "python -m sweeps.run qwen_lora"
SEEDS = (123, 456, 789, 2024, 31337)


def spec(*overrides: str) -> SweepSpec:
    """The shipped sweep: 16 trials, ranks 4 to 64, these confirm seeds."""
    return load_sweep("qwen_lora", overrides)


@pytest.fixture
def begun(tmp_path: Path) -> Workspace:
    workspace = new_workspace(tmp_path, "qwen_lora")
    Manifest("qwen_lora", spec().source_text, ".", "f", True, "cpu", "fp32", {}).write(workspace)
    return workspace


@pytest.fixture
def finished(begun: Workspace) -> Workspace:
    note_look(begun, SEEDS)
    note(begun, event="finished")
    return begun


def extended(workspace: Workspace, *overrides: str) -> Extension:
    """What to_extend finds, noted as `run_sweep` does."""
    now = spec(*overrides)
    found, extension = to_extend(workspace.results, now, COMMAND)
    assert found == workspace
    assert extension is not None
    extension.note(workspace, now)
    return extension


def test_every_look_has_seeds_of_its_own(finished: Workspace) -> None:
    second = extended(finished, "trials=20")
    state = state_of(finished)
    assert (state.look, state.finished, state.look_begun) == (2, False, False)
    assert state.confirm_seeds == second.confirm_seeds
    assert note_look(finished, second.confirm_seeds) == note_look(finished, second.confirm_seeds)  # noted once
    note(finished, event="finished")

    third = extended(finished, "trials=24", "seeds.confirm=[1, 2, 3]")
    assert (second.look, third.look, third.confirm_seeds) == (2, 3, (1, 2, 3))
    assert len(set(second.confirm_seeds)) == 5
    assert not {*SEEDS, 42} & set(second.confirm_seeds)
    assert state_of(finished).looks == (SEEDS, second.confirm_seeds)


def test_a_seed_of_an_earlier_look_is_refused(finished: Workspace) -> None:
    with pytest.raises(InputError, match=r"seeds\.confirm: 456 confirmed in an earlier look"):
        to_extend(finished.results, spec("trials=20", "seeds.confirm=[456, 1]"), COMMAND)


def test_seeds_are_drawn_alike_twice_and_never_used_ones() -> None:
    assert fresh_seeds({1, 2}, 5) == fresh_seeds({2, 1}, 5)
    first = fresh_seeds({1}, 50)
    assert not set(first) & set(fresh_seeds({1, *first}, 50))


def test_an_interrupted_extension_goes_on_with_the_same_command(finished: Workspace) -> None:
    extended(finished, "trials=20")
    assert to_extend(finished.results, spec("trials=20"), COMMAND) == (finished, None)
    note_look(finished, state_of(finished).confirm_seeds or ())
    assert to_extend(finished.results, spec("trials=20"), COMMAND) == (finished, None)
    with pytest.raises(InputError, match=r"finish it first with .* --resume"):
        to_extend(finished.results, spec("trials=24"), COMMAND)


def test_before_the_finalists_are_fixed_more_trials_cost_no_look(begun: Workspace) -> None:
    with pytest.raises(InputError, match="was interrupted before its verdict"):
        to_extend(begun.results, spec("trials=20", "search.rank={choice: [8]}"), COMMAND)
    extension = extended(begun, "trials=20")
    assert (extension.look, extension.confirm_seeds) == (1, SEEDS)
    note_look(begun, SEEDS)
    with pytest.raises(InputError, match="finish it first"):
        to_extend(begun.results, spec("trials=24"), COMMAND)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["trials=16"], r"has 16 and --extend adds to them, got 16: .* trials=24"),
        (["trials=8"], "got 8"),
        (["trials=20", "train.epochs=9"], r"differs in more than trials, .*: train\.epochs: 3 -> 9"),
        (["trials=20", "seeds.explore=[7]"], r"seeds\.explore"),
    ],
)
def test_what_cannot_extend_says_why(finished: Workspace, overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        to_extend(finished.results, spec(*overrides), COMMAND)


def test_there_must_be_a_sweep(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no sweep 'qwen_lora' to extend"):
        to_extend(tmp_path, spec("trials=20"), COMMAND)


def test_values_may_change_and_what_a_trial_means_may_not(finished: Workspace) -> None:
    progress = StageProgress(finished.stage(EXPLORE))
    given = {"model_size": "7b", "quantization": "none", "rank": 32, "alpha_ratio": 1, "target_modules": "attention"}
    progress.asked("trial_00000", given | {"learning_rate": 1e-4, "lora_dropout": 0.1})
    progress.close()
    check_meaning(finished, spec(), spec("search.rank={choice: [8, 16]}"))
    with pytest.raises(InputError, match="trial_00000 would be another configuration"):
        check_meaning(finished, spec(), spec("search.rank=8"))
    with pytest.raises(InputError, match="trial_00000 would be another configuration"):
        check_meaning(finished, spec(), spec("search.weight_decay={uniform: [0, 0.1]}", "baseline.weight_decay=0"))
