"""Seeds that break the verdict's promise are named where the values show them, and only there."""

import numpy as np
import pytest

from analysis.verdict.arms import Arm
from analysis.verdict.seed_notes import seed_notes


def arm(name: str, chances: list[float], clips: int = 1000, stream: int = 0) -> Arm:
    rng = np.random.default_rng([stream, len(name)])
    right = rng.random((len(chances), clips)) < np.array(chances)[:, None]
    scores = right.astype(float)
    return Arm(name, dict(enumerate(scores.mean(axis=1).tolist())), scores, scores, right)


def notes(first: list[float], second: list[float], *, share: bool = True) -> str:
    return " | ".join(seed_notes(arm("one", first), arm("other", second), share=share))


def test_seeds_that_are_alike_are_not_spoken_of() -> None:
    assert notes([0.8, 0.82, 0.79, 0.81, 0.8], [0.78, 0.8, 0.79, 0.8, 0.82]) == ""
    assert notes([0.8, 0.7], [0.75, 0.78]) == ""


def test_a_run_that_fell_to_chance_is_named() -> None:
    text = notes([0.9, 0.91, 0.5, 0.9, 0.89], [0.9, 0.9, 0.9, 0.91, 0.9])
    assert "one: seed 2 has 0.5" in text
    assert "scatter" not in text  # the same thing once


def test_an_arm_that_alone_depends_on_its_seed_is_named() -> None:
    text = notes([0.6, 0.9, 0.75, 0.68, 0.84], [0.8] * 5)
    assert "The seeds of one scatter" in text


def test_untuned_backbones_do_not_scatter() -> None:
    same = arm("other", [0.8])
    assert same.by_group is not None
    repeated = Arm("other", dict.fromkeys(range(5), 0.8), np.repeat(same.by_group, 5, axis=0), None, None)
    assert not seed_notes(arm("one", [0.6, 0.9, 0.75, 0.68, 0.84]), repeated, share=True)


@pytest.mark.parametrize(("low", "said"), [(0.9, True), (0.985, False)])
def test_a_share_near_its_end_against_one_that_is_not(low: float, said: bool) -> None:
    assert ("near the end" in notes([0.99] * 5, [low] * 5)) == said
