"""Texts are brought to one form before they are compared."""

from __future__ import annotations

import pytest

from trainables.tasks.texts import normalised


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Hello,   World! ", "hello world"),
        ("don\u2019t - STOP", "dont stop"),
        ("twenty-one", "twenty one"),
        ("ﬁne ½", "fine 1 2"),
        ("50 % of $3", "50 of 3"),
        ("ÉTÉ", "été"),
        ("...", ""),
    ],
)
def test_basic_normalisation(text: str, expected: str) -> None:
    assert normalised(text, "basic") == expected
    assert normalised(normalised(text, "basic"), "basic") == expected
    assert normalised(text, "none") == text.strip()
