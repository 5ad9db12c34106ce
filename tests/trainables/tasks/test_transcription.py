"""Transcripts are counted as jiwer counts them."""

from __future__ import annotations

import math
import re
from typing import Any

import jiwer
import numpy as np
import pytest

from analysis.predictions.metrics import METRICS
from analysis.predictions.pseudovalues import pseudovalues
from analysis.verdict.rule import verdict
from analysis.verdict.wording import sentence
from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks import metrics
from trainables.tasks.transcription import Transcription

TARGETS = ["Four, Nine!", "it's twenty-one", "seven"]
OUTPUTS = ["four five nine", "Its twenty one.", ""]


def predictions(task: Transcription, outputs: list[str] = OUTPUTS, groups: list[str] | None = None) -> Predictions:
    ids = [str(index) for index in range(len(outputs))]
    return Predictions(ids, groups or ids, ["-"] * len(ids), **vars(task.answers(TARGETS[: len(ids)], outputs)))


def test_rates_are_ratios_of_sums() -> None:
    """One inserted word and one missing word, over two, three and one."""
    task = Transcription()
    found = task.score(predictions(task))
    assert found["wer"] == pytest.approx(2 / 6)
    assert found["loss"] == found["cer"]
    assert {*found, "insertions_per_minute"} == set(task.metrics)


@pytest.mark.parametrize("normalise", ["none", "basic"])
def test_rates_are_jiwers_over_the_whole_set_and_those_of_the_analysis(normalise: str) -> None:
    made = predictions(Transcription(normalise=normalise))
    found = Transcription(normalise=normalise).score(made)
    assert found["wer"] == pytest.approx(jiwer.wer(made.targets, made.outputs))
    assert found["cer"] == pytest.approx(jiwer.cer(made.targets, made.outputs))
    assert found["wer"] == pytest.approx(METRICS["wer"](made))
    assert found["cer"] == pytest.approx(METRICS["cer"](made))


def test_more_errors_than_words_count_above_one() -> None:
    assert metrics.word_error_rate(["one"], ["one two three"]) == 2.0


def silence(task: Transcription, seconds: list[float] | None = None) -> Predictions:
    """Two clips in which nothing is said, and one word."""
    ids = ["a", "b", "c"]
    answers = task.answers(["", "...", "One."], ["thank you", "", "one two"])
    return Predictions(ids, ids, ["-"] * 3, seconds=seconds or [30.0, 60.0, 5.0], **vars(answers))


def test_what_is_written_where_nothing_is_said() -> None:
    """Every word is an insertion, of the words of the whole set, and so many per minute of silence."""
    task = Transcription(empty_texts="keep")
    found = task.score(silence(task))
    assert found["wer"] == 3.0 == METRICS["wer"](silence(task))
    assert found["insertions_per_minute"] == pytest.approx(2 / 1.5)
    assert METRICS["insertions_per_minute"](silence(task)) == pytest.approx(2 / 1.5)
    nothing = silence(task).take(np.array([0, 1]))
    assert task.score(nothing) == {"insertions_per_minute": pytest.approx(2 / 1.5)}
    assert math.isnan(METRICS["wer"](nothing))


def test_clips_that_all_hold_words_have_no_insertions_per_minute() -> None:
    assert set(Transcription().score(predictions(Transcription()))) == {"wer", "cer", "loss"}
    assert math.isnan(METRICS["insertions_per_minute"](predictions(Transcription())))


@pytest.mark.parametrize(
    ("options", "text", "taught", "scored"),
    [
        ({}, " Hello,\tworld!\n", "Hello, world!", "hello world"),
        ({}, "cafe\u0301", "caf\u00e9", "caf\u00e9"),
        ({}, "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e"),  # taught with its joiner
        ({}, "...", "", ""),
        ({"control_tokens": "strip"}, "<|0.00|> hello<|1.00|>", "hello", "hello"),
        ({"control_tokens": "strip"}, "<|nospeech|>", "", ""),
        ({}, "<|0.00|> hello", "<|0.00|> hello", "0 00 hello"),
        ({"normalise": "english"}, "[music]", "[music]", ""),
        ({"normalise": "none"}, " A\u00a0 b ", "A b", "A b"),
    ],
)
def test_what_is_taught_and_what_is_scored(options: dict[str, Any], text: str, taught: str, scored: str) -> None:
    task = Transcription(**options)
    assert task.taught(text) == taught
    assert task.form(task.taught(text)) == scored


def test_a_tokenizers_own_control_tokens_are_stripped() -> None:
    assert Transcription(control_tokens="strip").taught("a <unk> b", ["<unk>"]) == "a b"
    assert Transcription(control_tokens="strip").taught("a <unk> b") == "a <unk> b"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"language": "de-DE"}, "write de"),
        ({"language": "German"}, "write de"),
        ({"language": "eng"}, "write en"),
        ({"language": "qwertyuiop"}, "ISO 639 code such as en, not 'qwertyuiop'."),
        ({"normalise": "english", "language": "de"}, "english is for English texts, and task.language is de"),
        ({"normalise": "numbers", "language": "hi"}, "knows the words of da, de, en"),
        ({"empty_texts": "maybe"}, "refuse, keep"),
        ({"control_tokens": "keep"}, "refuse, strip"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        Transcription(**options)


def test_targets_without_a_word_are_refused() -> None:
    assert Transcription(empty_texts="keep").check_target("") is None
    assert Transcription().check_target("one") is None
    assert "holds no word" in str(Transcription().check_target("?!"))
    assert Transcription(normalise="none").check_target("?!") is None
    assert "must be a text" in str(Transcription().check_target(7))


def test_clips_are_usable_that_the_backbone_takes_whole() -> None:
    assert Transcription().usable_seconds(30.0) == (0.0, 30.0)
    assert Transcription(shortest_seconds=1.0, longest_seconds=8.0).usable_seconds(30.0) == (1.0, 8.0)
    assert Transcription(longest_seconds=80.0).usable_seconds(30.0) == (0.0, 30.0)


def test_every_problem_of_the_options_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Transcription(normalise="hard", shortest_seconds=3.0, longest_seconds=2.0, language="English")
    assert len(raised.value.problems) == 3


def test_the_jackknife_of_a_word_error_rate_and_a_verdict_where_less_is_better() -> None:
    task = Transcription()
    spoken = ["one two three four", "five six", "seven eight nine"] * 8
    ids, groups = [str(index) for index in range(24)], [f"speaker {index // 3}" for index in range(24)]

    def run(unlucky: int, wrong: int) -> Predictions:
        """Every speaker gets `wrong` words wrong, and one speaker one more."""
        outputs = list(spoken)
        for speaker in range(8):
            words = spoken[3 * speaker].split()
            count = wrong + (speaker == unlucky)
            outputs[3 * speaker] = " ".join(["x"] * count + words[count:])
        return Predictions(ids, groups, ["-"] * 24, **vars(task.answers(spoken, outputs)))

    def word_error_rate(made: Predictions) -> float:
        return task.score(made)["wer"]

    good = {seed: run(seed, 0) for seed in range(3)}
    bad = {seed: run(seed + 3, 2) for seed in range(3)}
    per_group = pseudovalues(good[1], word_error_rate)
    assert per_group == pytest.approx([0.0, 1 / 9, *[0.0] * 6])  # equal groups: their own rates
    found = verdict({"finalist 1": good}, bad, word_error_rate, metric_name="test wer", mode="min", untuned=run(0, 3))
    assert found.winner == "finalist 1"
    assert found.against_baseline[0].difference == pytest.approx(-2 / 9)
    assert "finalist 1" in sentence(found)
