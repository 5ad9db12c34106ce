"""What README and docs say of simulated rates is what was measured."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.false_winners import ERROR_RATES, NUMBERS
from benchmarks.simulation.quotes import BEGIN, END, SECTIONS, written

ROOT = Path(__file__).parents[3]
MEASURED = json.loads(NUMBERS.read_text(encoding="utf-8"))
OF_A_SIMULATION = re.compile(r"false claims?[^.|]*\d %|worst cell|of simulated", re.IGNORECASE)


@pytest.mark.parametrize("name", SECTIONS)
def test_sentences_with_rates_are_those_that_the_numbers_give(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == written(text, SECTIONS[name], MEASURED)
    assert "nan" not in text.split(BEGIN, 1)[1].split(END, 1)[0]


@pytest.mark.parametrize("name", SECTIONS)
def test_no_rate_stands_outside_the_marks(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    outside = re.sub(re.escape(BEGIN) + r"\n.*?" + re.escape(END), "", text, flags=re.DOTALL)
    assert OF_A_SIMULATION.findall(outside) == []


def test_reports_quote_the_same_numbers() -> None:
    assert json.loads(ERROR_RATES.read_text(encoding="utf-8")) == MEASURED["beside"]


def test_marks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="0 pairs of marks for 1"):
        written("no marks", SECTIONS["README.md"], MEASURED)
