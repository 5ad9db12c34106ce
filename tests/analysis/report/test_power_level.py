"""The report's account of power stands at the level that Holm asks of the first of a family."""

import math

import numpy as np
import pytest

from analysis.report.power import mcnemar_sizes, power_tables
from analysis.stats.power import components_of, detectable
from analysis.verdict.arms import Arm, Design
from analysis.verdict.rule import verdict_of


def test_the_promise_is_kept_at_holms_first_step() -> None:
    rng = np.random.default_rng(0)
    arms = {}
    for name in ("a", "b", "baseline"):
        table = 0.8 + 0.02 * rng.standard_normal((5, 1)) + 0.3 * rng.standard_normal((5, 60))
        arms[name] = Arm(name, {s: float(row.mean()) for s, row in enumerate(table)}, table, None, None)
    roles = {"a": "finalist", "b": "finalist", "baseline": "baseline"}
    comparison = verdict_of(Design("score", 60, 60, 60, ()), arms, roles).against_baseline[0]
    components = components_of(comparison.estimate, 5, 60)
    text = power_tables("accuracy", comparison, components, 0.05, 2)[0].text
    assert "at the level of 0.025 that Holm's correction asks of the first of 2" in text
    assert f"{detectable(components, 5, 60, alpha=0.025):.3f}"[:5] in text
    alone = power_tables("accuracy", comparison, components, 0.05, 1)[0].text
    assert "Holm" not in alone
    assert detectable(components, 5, 60, alpha=0.025) > detectable(components, 5, 60) > 0.0
    assert math.isfinite(components.seed)
    assert pytest.approx(components.alike) == 1.0


def test_clips_for_mcnemar_are_told_only_of_trained_models_on_independent_clips() -> None:
    rng = np.random.default_rng(1)
    arms = {}
    for name in ("a", "baseline"):
        right = rng.random((5, 60)) < (0.9 if name == "a" else 0.8)
        scores = right.astype(float)
        values = {seed: float(row.mean()) for seed, row in enumerate(scores)}
        arms[name] = Arm(name, values, scores, scores, right)
    roles = {"a": "finalist", "baseline": "baseline"}
    design = Design("accuracy", 60, 60, 60, ())
    assert not mcnemar_sizes(verdict_of(design, arms, roles).against_baseline[0])
    one_seed = {name: arm.of([0]) for name, arm in arms.items()}
    assert mcnemar_sizes(verdict_of(design, one_seed, roles).against_baseline[0])
