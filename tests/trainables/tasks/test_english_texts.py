"""Published word error rates of English go by OpenAI's normaliser; that of transformers is a second one of it."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

from trainables.tasks.texts import normalised

TEXTS = (
    "Won't the colour [music] be (laughs) twenty-one? Uh, no.",
    "Mr. Smith's got $3.50 -- that's one oh one per cent!",
    "In nineteen eighty-four we'd cancelled 1,000 theatres",
    "Caf\u00e9 na\u00efve \u0153uvre",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_two_libraries_agree(text: str) -> None:
    table = json.loads((files("whisper_normalizer") / "normalizers" / "english.json").read_text(encoding="utf-8"))
    assert normalised(text, "english") == " ".join(EnglishTextNormalizer(table)(text).split())


def test_marks_that_nobody_sees_are_dropped_first() -> None:
    assert normalised("co\u00adoperate \ufeffnow", "english") == "cooperate now"


def test_nothing_but_a_remark_is_no_word() -> None:
    assert normalised("[music]", "english") == "" == normalised("(laughs) uh", "english")
