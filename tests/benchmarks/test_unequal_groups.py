"""What was tried for unequal groups: the docs' sentence, and that the quadratic form is the jackknife's."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import unequal_groups
from benchmarks.unequal_groups import rules, sizes


def test_equal_groups_are_as_the_t_test_has_them() -> None:
    found = rules(np.full(16, 8.0), 0.5, np.random.default_rng(0))
    for false, share in found.values():
        assert false == pytest.approx(0.05, abs=0.015)
        assert share > 0.85
    assert found["the verdict's"] == pytest.approx(found["Satterthwaite"])  # 15 degrees of freedom either way


def test_one_group_with_half_of_all_clips(monkeypatch) -> None:
    monkeypatch.setattr(unequal_groups, "DRAWS", 2000)
    found = rules(sizes("half", 30), 0.1, np.random.default_rng(1))
    assert found["the verdict's"][0] < 0.05
    assert found["Satterthwaite"][1] < 0.3 < 0.6 < found["the verdict's"][1]
    assert found["groups alike"][0] > 0.08


def test_the_docs_say_what_it_prints(capsys) -> None:
    text = " ".join((Path(__file__).parents[2] / "docs" / "evidence.md").read_text().split())
    unequal_groups.main()
    *_, verdicts, satterthwaite, alike = capsys.readouterr().out.splitlines()
    for line, wrong in ((verdicts, False), (satterthwaite, True), (alike, True)):
        low, high = re.findall(r"(\d+)%", line)[-2:]
        assert f"{low} to {high} %" in text, line
        if wrong:
            assert f"{re.findall(r'[0-9.]+%', line)[1][:-1]} %" in text, line
