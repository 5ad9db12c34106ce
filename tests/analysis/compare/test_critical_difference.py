"""The critical-difference picture holds every name and rank, and is a document of its own."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from analysis.compare.critical_difference import critical_difference_svg, write_picture
from analysis.stats.friedman import ranking
from trainables.errors import InputError

NAMES = ("attention, rank 8", "attention+mlp", "all-linear & <more>", "baseline", "untuned")


def ranks():
    values = np.random.default_rng(0).standard_normal((30, 5)) + np.array([2, 1.9, 1.8, 0.2, 0.0])
    return ranking(values, NAMES)


def test_names_ranks_and_the_critical_difference_are_text() -> None:
    found = ranks()
    svg = critical_difference_svg(found)
    text = " ".join(ElementTree.fromstring(svg).itertext())
    for name, rank in zip(NAMES, found.average_ranks, strict=True):
        assert name in text
        assert f"{rank:.2f}" in text
    assert f"critical difference {found.critical_difference:.2f}" in text
    assert "http" not in " ".join(
        value
        for element in ElementTree.fromstring(svg).iter()
        for key, value in element.attrib.items()
        if "href" in key
    )


def test_the_same_ranks_give_the_same_picture() -> None:
    assert critical_difference_svg(ranks()) == critical_difference_svg(ranks())


def test_what_cannot_be_drawn_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least three configurations"):
        write_picture(None, tmp_path / "x.svg")
    with pytest.raises(InputError, match=r"name it \.svg"):
        write_picture(ranks(), tmp_path / "x.png")
    with pytest.raises(InputError, match="cannot be written"):
        write_picture(ranks(), tmp_path / "no folder" / "x.svg")
