"""Texts are brought to one form before they are compared, and words and characters are the same everywhere."""

from __future__ import annotations

import unicodedata

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.predictions.text_rows import character_errors, word_errors
from analysis.stats.mapsswe import segment_differences
from trainables.tasks import metrics
from trainables.tasks.texts import characters, normalised, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello,   World! ", "hello world"),
        ("don\u2019t - STOP", "dont stop"),
        ("don`t, don\u00b4t, don\u02bct, don\uff07t", "dont dont dont dont"),
        ("twenty-one", "twenty one"),
        ("ﬁne ½", "fine 1 2"),
        ("50 % of $3", "50 of 3"),
        ("ÉTÉ", "été"),
        ("...", ""),
        ("e\u0301te\u0301", "été"),
        ("Straße STRASSE", "strasse strasse"),
        ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("\u0130stanbul", "istanbul"),
        ("ａｂｃ１２", "abc12"),
        ("co\u00adoperate", "cooperate"),  # soft hyphen
        ("\ufeffto\u200bday\u200f \u2066now\u2069", "today now"),  # mark of order, no width, direction
        ("a\u00a0b\u3000c\u2028d\te\u0085f", "a b c d e f"),
        ("hello \u2764\ufe0f 1\ufe0f\u20e3", "hello 1"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"),  # Persian
        ("مُحَمَّد مـــحمد", "محمد محمد"),
        ("\u0627\u0653 \u0622", "\u0622 \u0622"),  # alef with madda is a letter
        ("שָׁלוֹם צה״ל", "שלום צהל"),
        ("नमस्ते", "नमस्ते"),  # vowel signs that a reader cannot do without
        ("한국어", "한국어"),
        ("_ a_b _", "a b"),
    ],
)
def test_basic_normalisation(text: str, expected: str) -> None:
    assert normalised(text, "basic") == expected


def test_turkish_small_letters() -> None:
    assert normalised("ISPARTA \u0130zmir", "basic", "tr") == "\u0131sparta izmir"
    assert normalised("IT", "basic", "en") == "it"


@given(st.text())
def test_a_form_is_reached_at_once(text: str) -> None:
    for how in ("none", "basic"):
        once = normalised(text, how)
        assert normalised(once, how) == once
        assert unicodedata.is_normalized("NFC", once)
        assert once == " ".join(once.split())


@given(st.text(), st.text())
def test_search_analysis_and_segment_test_count_the_same_words(target: str, output: str) -> None:
    """Composed and decomposed letters, tabs and spaces without a break: what one of them splits, all of them do."""
    errors, length = word_errors(target, output)
    assert length == len(words(target))
    if length:
        assert metrics.word_error_rate([target], [output]) == pytest.approx(errors / length)
        assert metrics.character_error_rate([target], [output]) == pytest.approx(
            character_errors(target, output)[0] / len(characters(target))
        )
    assert sum(segment_differences(target, output, target)) == errors


def test_decomposed_letters_and_white_space_are_no_errors() -> None:
    assert metrics.word_error_rate(["caf\u00e9 noir"], ["cafe\u0301\u00a0noir\n"]) == 0.0
    assert metrics.character_error_rate(["caf\u00e9 noir"], ["cafe\u0301\tnoir "]) == 0.0
    assert word_errors("caf\u00e9 noir", "cafe\u0301\u00a0noir") == (0, 2)


def test_plain_texts_are_counted_as_jiwer_counts_them() -> None:
    targets, outputs = ["one two three", "four", ""], ["one too", "four five", "six"]
    assert metrics.word_error_rate(targets, outputs) == jiwer.wer(targets, outputs) == 4 / 4
    assert metrics.character_error_rate(targets, outputs) == jiwer.cer(targets, outputs)


def test_the_normal_form_of_a_text_in_another_script_keeps_its_letters() -> None:
    for text in ("วันนี้", "今天天气", "ภาษาไทย", "ଓଡ଼ିଆ", "தமிழ்"):
        assert normalised(text, "basic") == unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text))
