"""Predictions made up for the tests of the analysis: no training, no files."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from trainables.records import Predictions

CLASSES = ("no", "yes")
MakePredictions = Callable[..., Predictions]


def from_right(
    right: Sequence[bool] | np.ndarray,
    *,
    groups: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    classes: tuple[str, ...] = CLASSES,
) -> Predictions:
    """Two-class predictions that are right where `right` says so; each example its own group unless told."""
    count = len(right)
    wanted = list(targets) if targets is not None else [CLASSES[i % 2] for i in range(count)]
    other = dict(zip(CLASSES, reversed(CLASSES), strict=True))
    return Predictions(
        example_ids=[f"clip{i}" for i in range(count)],
        groups=list(groups) if groups is not None else [f"group{i}" for i in range(count)],
        folds=["-"] * count,
        targets=wanted,
        outputs=[target if ok else other[target] for target, ok in zip(wanted, right, strict=True)],
        scores=np.column_stack([np.arange(count) % 2, 1 - np.arange(count) % 2]).astype(float),
        classes=classes,
    )


@pytest.fixture(scope="session")
def make() -> MakePredictions:
    return from_right


GOLDEN = Path(__file__).parents[1] / "golden" / "analysis"


@pytest.fixture(scope="session")
def golden() -> dict[str, list[float | None]]:
    """What base R says of the files beside it; `reference.R` makes it."""
    return json.loads((GOLDEN / "reference.json").read_text())


@pytest.fixture(scope="session")
def golden_table() -> Callable[[str], np.ndarray]:
    """The CSV of this name beside reference.R, as (rows, columns)."""
    return lambda name: np.loadtxt(GOLDEN / f"{name}.csv", delimiter=",", skiprows=1)
