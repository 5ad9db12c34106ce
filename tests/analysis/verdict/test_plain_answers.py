"""A winner that a constant answer equals is told so first."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.predictions.metrics import METRICS
from analysis.verdict.plain_answers import best_constant, least_variety, runaway_note
from analysis.verdict.result import Verdict
from analysis.verdict.rule import verdict
from analysis.verdict.wording import as_record, constant_sentence, sentence
from trainables.records import Predictions

CLASSES = ("background", "chainsaw")


def labelled(targets: list[str], outputs: list[str]) -> Predictions:
    names = [f"clip {number}" for number in range(len(targets))]
    scores = np.array([[2.0 if output == name else 0.0 for name in CLASSES] for output in outputs])
    return Predictions(names, names, names, targets, outputs, scores=scores, classes=CLASSES)


def said(targets: list[str], outputs: list[str]) -> Predictions:
    names = [f"clip {number}" for number in range(len(targets))]
    return Predictions(names, names, names, targets, outputs)


RARE = ["background"] * 114 + ["chainsaw"] * 6


def judged(metric: str, finalist: list[str], baseline: list[str], **options: str) -> Verdict:
    score = METRICS[metric]
    return verdict(
        {"finalist 1": {seed: labelled(RARE, finalist) for seed in (1, 2, 3)}},
        {seed: labelled(RARE, baseline) for seed in (1, 2, 3)},
        score,
        metric_name=f"test {metric}",
        **options,
    )


def test_two_arms_that_only_know_the_majority() -> None:
    found = judged("accuracy", ["background"] * 120, ["background"] * 120)
    words = sentence(found)
    assert words.startswith(
        'finalist 1 is no better than a constant answer: always saying "background" has test accuracy 0.950, '
        "finalist 1 0.950."
    )
    assert constant_sentence(found) == (
        'Always answering "background" has test accuracy 0.950; every arm has to beat that.'
    )
    assert found.variety["finalist 1"].different == 1
    assert Verdict.from_dict(json.loads(json.dumps(as_record(found)))) == found


@pytest.mark.parametrize(
    ("metric", "floor"),
    [
        ("accuracy", 0.95),
        ("balanced_accuracy", 0.5),
        ("macro_f1", 2 * 0.95 / 1.95 / 2),
        ("loss", -(0.95 * np.log(0.95) + 0.05 * np.log(0.05))),  # the entropy of the classes
    ],
)
def test_the_floor_of_each_metric_in_closed_form(metric: str, floor: float) -> None:
    run = labelled(RARE, RARE)
    found = best_constant([run], METRICS[metric], "min" if metric == "loss" else "max")
    assert found is not None
    assert found.value == pytest.approx(floor, abs=1e-9)


def test_an_arm_that_tells_them_apart_has_nothing_to_be_told() -> None:
    good = [*RARE[:-1], "background"]
    found = judged("accuracy", good, ["background"] * 120)
    assert "constant" not in sentence(found)
    assert found.constant is not None
    assert found.constant.value == pytest.approx(0.95)


def test_one_sentence_for_nearly_every_clip() -> None:
    digits = ["one", "two", "six", "nine"]
    targets = [f"{digits[n % 4]} {digits[n // 4 % 4]}" for n in range(100)]
    stuck = said(targets, ["two six"] * 93 + targets[93:])
    found = verdict(
        {"finalist 1": {1: stuck, 2: said(targets, targets)}},
        {seed: said(targets, [""] * 100) for seed in (1, 2)},
        METRICS["wer"],
        metric_name="test wer",
        mode="min",
    )
    words = sentence(found)
    assert 'finalist 1 says "two six" to 93 of 100 test clips under seed 1; it is the right answer to 6.' in words
    variety = found.variety["baseline"]
    assert (variety.different, variety.answer, variety.times) == (1, "", 100)
    # of 16 sentences of two words each, the best one has half of its words right where it is not the whole
    assert found.constant is not None
    assert 0.7 < found.constant.value < 1.0


def test_answers_that_run_on_and_their_share_of_all_errors() -> None:
    targets = ["go on"] * 50
    loops = said(targets, ["go " * 40, *["go on"] * 48, "go in"])
    assert runaway_note("finalist 1", {1: loops}) == (
        "finalist 1: 1 of 50 answers run on (more than 2 times as long as what was said, by more than 10 words) and "
        "make 98 % of its word errors.".replace("98 %", "98%")
    )
    assert runaway_note("finalist 1", {1: said(targets, targets)}) is None
    assert runaway_note("finalist 1", {1: labelled(RARE, RARE)}) is None


def test_one_class_alone_has_no_floor() -> None:
    assert best_constant([labelled(["background"] * 5, ["background"] * 5)], METRICS["accuracy"]) is None
    numbers = Predictions(["a", "b"], ["a", "b"], ["", ""], np.zeros((2, 1)), np.ones((2, 1)))  # type: ignore[arg-type]
    assert best_constant([numbers], METRICS["mae"], "min") is None
    assert least_variety({1: numbers}) is None


def test_a_majority_that_is_one_is_no_fault_of_the_arm() -> None:
    variety = least_variety({1: labelled(RARE, RARE)})
    assert variety is not None
    assert variety.times == 114
    assert not variety.hardly_any
