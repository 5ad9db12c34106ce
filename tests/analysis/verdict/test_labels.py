"""Arms under the names of what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.predictions.align import correct
from analysis.verdict.labels import arm_labels, in_words, renamed
from analysis.verdict.rule import verdict
from analysis.verdict.wording import sentence
from trainables.records import Predictions


def accuracy(predictions: Predictions) -> float:
    return float(correct(predictions).mean())


AXES = ["backbone", "rank", "target_modules", "learning_rate"]


def config(
    backbone: str = "ast", rank: int = 8, target_modules: str = "attention", learning_rate: float = 1e-4
) -> dict:
    return {
        "backbone": backbone, "rank": rank, "target_modules": target_modules, "learning_rate": learning_rate
    }  # fmt: skip


def test_the_question_which_backbone_is_answered_with_its_name() -> None:
    arms = {
        "finalist 1": [config("efficientat", 16)],
        "finalist 2": [config("wav2vec2", 4)],
        "baseline": [config("ast")],
    }
    assert arm_labels(arms, AXES, per="backbone") == {"finalist 1": "efficientat", "finalist 2": "wav2vec2"}


def test_kinds_of_adapters_are_named_by_themselves() -> None:
    arms = {
        "finalist 1": [{"adapter": "dora", "rank": 16}],
        "finalist 2": [{"adapter": "none", "rank": None}],
        "baseline": [{"adapter": "lora", "rank": 8}],
    }
    axes = ["adapter", "rank"]
    assert arm_labels(arms, axes, per="adapter") == {"finalist 1": "dora", "finalist 2": "whole model"}
    assert arm_labels({**arms, "finalist 2": [{"adapter": "dora", "rank": 4}]}, axes)["finalist 1"] == (
        "finalist 1 (rank 16)"
    )
    assert arm_labels(arms, axes)["finalist 2"] == "finalist 2 (whole model)"


def test_otherwise_what_tells_them_apart_and_no_more() -> None:
    arms = {
        "finalist 1": [config(rank=16, target_modules="attention+mlp", learning_rate=3e-4)],
        "finalist 2": [config(rank=16, target_modules="attention", learning_rate=2e-4)],
        "baseline": [config()],
    }
    assert arm_labels(arms, AXES) == {
        "finalist 1": "finalist 1 (attention+mlp)",
        "finalist 2": "finalist 2 (attention)",
    }


def test_one_finalist_is_told_from_the_baseline() -> None:
    arms = {"finalist 1": [config(rank=16, learning_rate=3e-4)], "baseline": [config()]}
    assert arm_labels(arms, AXES) == {"finalist 1": "finalist 1 (rank 16)"}


def test_folds_that_found_different_configurations_share_what_they_share() -> None:
    arms = {
        "finalist 1": [config("ast", 16), config("ast", 8)],
        "finalist 2": [config("beats", 4), config("beats", 32)],
        "baseline": [config(), config()],
    }
    assert arm_labels(arms, AXES, per="backbone") == {"finalist 1": "ast", "finalist 2": "beats"}
    assert arm_labels(arms, AXES) == {"finalist 1": "finalist 1 (ast)", "finalist 2": "finalist 2 (beats)"}


def test_what_nothing_tells_apart_keeps_its_name() -> None:
    assert arm_labels({"finalist 1": [config()], "baseline": [config()]}, AXES) == {}
    assert arm_labels({"finalist 1": [config()]}, AXES) == {}


def test_names_in_a_sentence_are_whole_words() -> None:
    labels = {"finalist 1": "A", "finalist 10": "B"}
    assert in_words("finalist 1 against finalist 10, finalist 11", labels) == "A against B, finalist 11"


@pytest.mark.parametrize("question", ["baseline", "each_other"])
def test_a_verdict_speaks_of_what_was_asked(make, question: str) -> None:
    right = [[clip % 10 < level for clip in range(100)] for level in (9, 8, 5)]
    arms = [{seed: make([bool(r) for r in row]) for seed in (1, 2, 3)} for row in right]
    found = verdict(
        {"finalist 1": arms[0], "finalist 2": arms[1]},
        arms[2],
        accuracy,
        metric_name="test accuracy",
        question=question,
    )
    labelled = replace(found, labels={"finalist 1": "efficientat", "finalist 2": "wav2vec2"}, each="backbone")
    words = sentence(labelled)
    assert "efficientat" in words
    assert "finalist" not in words
    shown = renamed(labelled)
    assert [row.name for row in shown.rows] == ["efficientat", "wav2vec2", "baseline"]
    assert shown.best == "efficientat"
    assert {name for c in shown.among_finalists for name in (c.first, c.second)} == {"efficientat", "wav2vec2"}
