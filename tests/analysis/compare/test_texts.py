"""The form of texts beside their error rates."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from analysis.compare.comparison import Compared, compare_sources
from analysis.compare.sources import Source
from analysis.compare.view import print_compared
from trainables.errors import InputError
from trainables.records import Predictions


def spoken(name: str, scored_as: str | None, wrong: int = 0) -> Source:
    targets = [f"word {number} of many" for number in range(30)]
    outputs = ["word" if number < wrong else target for number, target in enumerate(targets)]
    ids = [f"clip{number}" for number in range(30)]
    run = Predictions(ids, ids, ["-"] * 30, targets, outputs)
    return Source(name, {1: run, 2: run}, metric="wer", scored_as=scored_as)


def compared(*sources: Source, metric: str = "wer") -> Compared:
    return compare_sources(sources, metric_name=metric, rng=np.random.default_rng(0))


def shown(found: Compared, capsys: pytest.CaptureFixture[str]) -> str:
    print_compared(Console(width=120), found)
    return capsys.readouterr().out


def test_it_is_said_below_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(spoken("a", "english", 3), spoken("b", "english", 9))
    assert found.as_dict()["texts_scored_as"] == "english"
    assert "Error rates are of texts in the form english (task.normalise)." in shown(found, capsys)
    files = compared(spoken("a", None, 3), spoken("b", None, 9), metric="cer")
    assert "of texts as the files give them: capital letters and punctuation count." in shown(files, capsys)
    mixed = compared(spoken("a", "basic", 3), spoken("b", None, 9))
    assert mixed.texts == "basic (b: as the files give them)"


def test_of_labels_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(spoken("a", None, 3), spoken("b", None, 9), metric="accuracy")
    assert found.texts is None
    assert "Error rates" not in shown(found, capsys)


def test_texts_in_two_forms_are_not_compared() -> None:
    with pytest.raises(InputError, match=r"different forms before wer was counted \(a: basic, b: english; task.norm"):
        compared(spoken("a", "basic", 3), spoken("b", "english", 9))
