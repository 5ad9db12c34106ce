"""A loss of the clips of a batch together: how it is written, and which batches are too small for it; which tasks have
classes that can be balanced."""

from __future__ import annotations

import pytest

from sweeps.config.load import parse_sweep
from trainables.errors import InputError

TEXT = """
name: ratings
backbone: ast
task: {kind: regression, loss: LOSS}
data: {source: voice_ratings}
search: {model_size: base, learning_rate: {log_uniform: [1.0e-5, 1.0e-3]}}
objective: {metric: val/ccc}
trials: 4
baseline: {learning_rate: 1.0e-4}
"""


def problems(loss: str, *overrides: str) -> list[str]:
    try:
        parse_sweep(TEXT.replace("LOSS", loss), overrides)
    except InputError as error:
        return list(error.problems)
    return []


def test_a_weighted_sum_is_a_mapping() -> None:
    assert parse_sweep(TEXT.replace("LOSS", "ccc")).task_options["loss"] == "ccc"
    spec = parse_sweep(TEXT.replace("LOSS", "{ccc: 1, mse: 0.5}"))
    assert spec.task_options["loss"] == {"ccc": 1.0, "mse": 0.5}
    assert parse_sweep(spec.source_text, ["task.loss=pearson"]).task_options["loss"] == "pearson"


@pytest.mark.parametrize(
    ("loss", "problem"),
    [
        ("{ccc: 0}", "task.loss.ccc: expected a number above 0, got 0"),
        ("{cccc: 1}", "nearest: ccc"),
        ("[ccc, mse]", "task.loss: expected one of mse, huber, mae, ccc, pearson, ranking, or a mapping"),
        ("spearman", "nearest: pearson"),
    ],
)
def test_what_is_no_loss_is_named(loss: str, problem: str) -> None:
    (found,) = problems(loss)
    assert problem in found


@pytest.mark.parametrize(
    ("loss", "overrides", "path"),
    [
        ("ccc", ("train={batch_size: 2}",), "train.batch_size"),
        ("{mse: 1, pearson: 1}", ("search.batch_size={choice: [1, 8]}", "baseline.batch_size=8"), "search.batch_size"),
        ("pearson", ("search.batch_size={int: [2, 9]}", "baseline.batch_size=8"), "search.batch_size"),
        ("ranking", ("search.batch_size={choice: [4, 8]}", "baseline.batch_size=1"), "baseline.batch_size"),
    ],
)
def test_a_batch_of_one_or_two_is_refused(loss: str, overrides: tuple[str, ...], path: str) -> None:
    (problem,) = problems(loss, *overrides)
    assert f"{path}: task.loss" in problem
    assert "of the clips of a batch together: expected" in problem
    assert not problems("huber", *overrides)


def test_batches_that_are_large_enough_pass() -> None:
    assert not problems("{ccc: 1, ranking: 1}", "train={batch_size: 3}")
    assert not problems("ranking", "train={batch_size: 2}")
    opened = ("search.batch_size={choice: [4, 8]}", "baseline.batch_size=4")
    assert not problems("ccc", "train={batch_size: 1}", *opened)  # which the axis replaces


def test_only_classes_can_be_balanced() -> None:
    (problem,) = problems("mse", "train={sampling: balanced}")
    assert "train.sampling: balanced hears every class alike, and regression has none: take weighted" in problem
    (problem,) = problems("mse", "search.sampling={choice: [random, balanced]}", "baseline.sampling=random")
    assert "search.sampling: balanced hears every class alike" in problem
    assert not problems("mse", "train={sampling: weighted}")
    tags = ("task={kind: multilabel}", "objective.metric=val/map", "train={sampling: balanced}")
    assert not problems("mse", *tags)
