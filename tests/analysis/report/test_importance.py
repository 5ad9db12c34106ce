"""Which choice mattered: against Optuna's own answer, on searches with a known one, and where nothing can be said."""

import math
import warnings
from typing import Any

import numpy as np
import optuna
import pytest

from analysis.report.importance import TARGET_QUANTILE, importance, on_log
from analysis.report.marginal import marginal

CHOICES = (4, 8, 16, 32, 64)


def search(trials: int, *, stream: int = 0) -> tuple[list[dict[str, Any]], list[float]]:
    """The learning rate decides, targets help a little, dropout (open for ranks from 16 on) not at all."""
    rng = np.random.default_rng(stream)
    samples, values = [], []
    for _ in range(trials):
        sample: dict[str, Any] = {
            "rank": int(rng.choice(CHOICES)),
            "learning_rate": float(10 ** rng.uniform(-5, -3)),
            "targets": str(rng.choice(["attention", "mlp", "all"])),
        }
        if sample["rank"] >= 16:
            sample["dropout"] = float(rng.uniform(0.0, 0.1))
        score = -((math.log10(sample["learning_rate"]) + 4) ** 2) + 0.15 * (sample["targets"] == "all")
        samples.append(sample)
        values.append(score + 0.05 * rng.standard_normal())
    return samples, values


def test_what_decides_comes_first() -> None:
    samples, values = search(120)
    found = importance(samples, values, mode="max", rng=np.random.default_rng(1), resamples=20)
    assert found.shares[0].axis == "learning_rate"
    assert found.shares[0].share > 0.5
    assert sum(row.share for row in found.shares) == pytest.approx(1.0)
    assert {row.axis for row in found.shares} == {"rank", "learning_rate", "targets", "dropout"}
    for row in found.shares:
        assert 0.0 <= row.interval[0] <= row.interval[1] <= 1.0
    first = found.shares[0]
    assert first.interval[0] <= first.share <= first.interval[1]
    assert first.interval[0] > found.shares[-1].interval[1]


def test_it_is_optunas_ped_anova() -> None:
    samples, values = search(60)
    found = importance(samples, values, mode="max", rng=np.random.default_rng(0), resamples=2)
    rates = [sample["learning_rate"] for sample in samples]
    drops = [sample["dropout"] for sample in samples if "dropout" in sample]
    distributions: dict[str, Any] = {
        "rank": optuna.distributions.CategoricalDistribution(sorted(CHOICES, key=str)),
        "learning_rate": optuna.distributions.FloatDistribution(min(rates), max(rates), log=True),
        "targets": optuna.distributions.CategoricalDistribution(["all", "attention", "mlp"]),
        "dropout": optuna.distributions.FloatDistribution(min(drops), max(drops), log=False),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(direction="maximize")
        for sample, value in zip(samples, values, strict=True):
            own = {name: distributions[name] for name in sample}
            study.add_trial(optuna.trial.create_trial(params=sample, distributions=own, value=value))
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=TARGET_QUANTILE)
        expected = optuna.importance.get_param_importances(study, evaluator=evaluator)
    assert {row.axis: row.share for row in found.shares} == pytest.approx(expected, rel=1e-10)


def test_smaller_is_better_is_the_mirror_image() -> None:
    samples, values = search(60)
    largest = importance(samples, values, mode="max", rng=np.random.default_rng(0), resamples=3)
    smallest = importance(samples, [-v for v in values], mode="min", rng=np.random.default_rng(0), resamples=3)
    assert smallest == largest


def test_too_few_trials_are_said() -> None:
    samples, values = search(39)
    found = importance(samples, values, mode="max", rng=np.random.default_rng(0))
    assert found.shares == ()
    assert found.note == "too few trials: 39, and 4 axes take 40"
    assert importance(*search(40), mode="max", rng=np.random.default_rng(0), resamples=2).shares


def test_an_axis_with_one_value_is_no_axis() -> None:
    samples, values = search(40)
    fixed = [{**sample, "epochs": 3} for sample in samples]
    found = importance(fixed, values, mode="max", rng=np.random.default_rng(0), resamples=2)
    assert "epochs" not in {row.axis for row in found.shares}
    alone = importance([{"epochs": 3}] * 40, values, mode="max", rng=np.random.default_rng(0))
    assert alone.note == "No axis took more than one value."


def test_equal_values_say_nothing() -> None:
    samples, _ = search(50)
    found = importance(samples, [0.5] * 50, mode="max", rng=np.random.default_rng(0))
    assert found.shares == ()
    assert "cannot tell" in found.note


def test_values_must_be_finite() -> None:
    samples, values = search(50)
    with pytest.raises(ValueError, match="finite"):
        importance(samples, [*values[:-1], float("nan")], mode="max", rng=np.random.default_rng(0))


def test_the_mean_of_a_choice_is_its_trials_mean() -> None:
    samples, values = search(80)
    taken = [sample["targets"] for sample in samples]
    found = marginal("targets", taken, values, np.random.default_rng(0))
    assert found.choice
    for place, mean, low, high, count in zip(
        found.places, found.mean, found.low, found.high, found.counts, strict=True
    ):
        own = [value for value, choice in zip(values, taken, strict=True) if choice == place]
        assert mean == pytest.approx(np.mean(own))
        assert count == len(own)
        assert low < mean < high
        # the bootstrap's width is that of the standard error, within Monte Carlo error
        assert high - low == pytest.approx(2 * 1.96 * np.std(own) / math.sqrt(len(own)), rel=0.35)


def test_a_curve_follows_the_truth_and_peaks_where_it_does() -> None:
    samples, values = search(300)
    rates = [sample["learning_rate"] for sample in samples]
    found = marginal("learning_rate", rates, values, np.random.default_rng(0))
    assert found.log
    peak = found.places[int(np.argmax(found.mean))]
    assert 5e-5 < peak < 2e-4
    assert (found.low <= found.mean + 1e-9).all()
    assert (found.mean <= found.high + 1e-9).all()


def test_a_constant_is_a_flat_curve() -> None:
    x = np.linspace(0.01, 0.09, 30)
    found = marginal("dropout", list(x), [0.7] * 30, np.random.default_rng(0))
    assert not found.log
    assert found.mean == pytest.approx(np.full(len(found.places), 0.7))
    assert found.high == pytest.approx(found.low)


def test_a_choice_with_one_trial_has_no_band() -> None:
    found = marginal("rank", [4, 4, 8], [0.1, 0.2, 0.9], np.random.default_rng(0))
    assert found.places == (4, 8)
    assert np.isnan(found.low[1])
    assert not np.isnan(found.low[0])


def test_a_scale_is_read_from_how_the_values_lie() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert on_log(list(10 ** rng.uniform(-5, -3, 30)))
        assert not on_log(list(rng.uniform(0.0, 0.1, 30)))
    assert not on_log([0.0, 1.0, 100.0])
