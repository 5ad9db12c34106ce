"""Pruners by name: Hyperband's brackets against Optuna's, and what the Wilcoxon test has to compare."""

from collections import Counter
from itertools import islice

import optuna
import pytest

from sweeps.config.load import load_sweep
from sweeps.config.pruner_rules import bracket_shares, brackets_in_turn, rungs
from trainables.errors import InputError


@pytest.mark.parametrize(("grace", "factor", "epochs"), [(1, 3, 9), (1, 3, 27), (2, 2, 16), (1, 4, 30), (5, 3, 4)])
def test_brackets_are_shared_out_as_optuna_does(grace: int, factor: int, epochs: int) -> None:
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=grace, max_resource=max(epochs, grace), reduction_factor=factor
    )
    study = optuna.create_study(pruner=pruner)
    study.ask().should_prune()  # the brackets are made when they are first needed
    assert list(bracket_shares(grace, factor, epochs)) == pruner._trial_allocation_budgets


def test_trials_take_brackets_in_turn() -> None:
    shares = bracket_shares(1, 3, 9)
    taken = list(islice(brackets_in_turn(shares), 3 * sum(shares)))
    assert Counter(taken) == {bracket: 3 * share for bracket, share in enumerate(shares)}
    for length in range(1, len(taken)):  # never more than a trial away from its share
        for bracket, share in enumerate(shares):
            assert abs(taken[:length].count(bracket) - length * share / sum(shares)) <= 1.0


def test_rungs_end_before_the_last_epoch() -> None:
    assert rungs(1, 3, 9) == (1, 3)
    assert rungs(1, 3, 10) == (1, 3, 9)
    assert rungs(4, 2, 3) == ()


def test_wilcoxon_needs_trainings_to_compare() -> None:
    with pytest.raises(InputError, match=r"wilcoxon compares two trials training by training.* a trial has 1 "):
        load_sweep("qwen_lora", ["pruner=wilcoxon"])
    with pytest.raises(InputError, match=r"a trial has 3 .*fewer than 4"):
        load_sweep("qwen_lora", ["pruner=wilcoxon", "data.folds={inner: 3}"])
    assert load_sweep("qwen_lora", ["pruner=wilcoxon", "data.folds={inner: 4}"]).pruner == "wilcoxon"


def test_an_unknown_pruner_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"pruner.*hyperband"):
        load_sweep("qwen_lora", ["pruner=hyperbend"])
