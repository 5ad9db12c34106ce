"""Friedman, Nemenyi and the rank-biserial correlation rank the metric within each group, not pseudo-values."""

import numpy as np

from analysis.compare.overall import overall_findings
from analysis.predictions.metrics import METRICS
from analysis.verdict.arms import arms_of
from trainables.records import Predictions


def arm(right: np.ndarray, sizes: list[int], classes: tuple[str, ...] = ("no", "yes")) -> Predictions:
    clips = len(right)
    targets = [classes[i % len(classes)] for i in range(clips)]
    other = {name: classes[(i + 1) % len(classes)] for i, name in enumerate(classes)}
    return Predictions(
        example_ids=[f"e{i}" for i in range(clips)],
        groups=[f"g{g}" for g, size in enumerate(sizes) for _ in range(size)],
        folds=["-"] * clips,
        targets=targets,
        outputs=[target if ok else other[target] for target, ok in zip(targets, right, strict=True)],
        classes=classes,
    )


def friedman_p(sizes: list[int], wrong: tuple[tuple[int, ...], ...], metric: str) -> float:
    runs = {}
    for name, places in zip("abc", wrong, strict=True):
        right = np.ones(sum(sizes), dtype=bool)
        right[list(places)] = False
        runs[name] = {0: arm(right, sizes)}
    design, arms = arms_of(runs, METRICS[metric], metric_name=metric)
    found, ranks = overall_findings(design, list(arms.values()), mode="max", alpha=0.05)
    assert ranks is not None
    p_value = next(each for each in found if each.name == "Friedman over test groups").p_value
    assert p_value is not None
    return p_value


def test_groups_answered_alike_are_ties_whatever_the_arms_totals() -> None:
    """One group of 30 and 25 of 2; the arms differ in two, three and one of them: nothing to be sure of."""
    assert friedman_p([30, *[2] * 25], ((30, 32), (34, 36, 38), (40,)), "accuracy") > 0.3


def test_so_are_clips_by_macro_f1() -> None:
    assert friedman_p([1] * 80, ((0, 1), (2, 3, 4), (5,)), "macro_f1") > 0.3


def test_a_metric_that_no_group_has_alone_ranks_nothing() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(30)
    runs = {
        name: {
            0: Predictions([f"e{i}" for i in range(30)], [f"g{i}" for i in range(30)], ["-"] * 30, values, values + n)
        }
        for name, n in zip("abc", rng.standard_normal((3, 30)), strict=True)
    }
    design, arms = arms_of(runs, METRICS["pearson"], metric_name="pearson")
    found, ranks = overall_findings(design, list(arms.values()), mode="max", alpha=0.05)
    assert ranks is None
    assert "pearson is defined within 0 of 30 groups only" in found[-1].note
