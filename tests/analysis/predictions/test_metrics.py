"""Metrics as sums are the metrics of scikit-learn and of the trainables, whole and with a group left out."""

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics

from analysis.predictions.metrics import METRICS, SumMetric
from analysis.predictions.pseudovalues import pseudovalues
from analysis.predictions.tags import metric_of
from analysis.predictions.text_rows import character_errors, word_errors
from trainables.errors import InputError
from trainables.records import Predictions
from trainables.tasks import metrics, rating_metrics
from trainables.tasks.answering import Answering
from trainables.tasks.labels import label_metrics

CLASSES = ("a", "b", "c")


def labels(examples: int = 60, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    targets = [CLASSES[i] for i in rng.integers(0, 3, examples)]
    scores = rng.standard_normal((examples, 3)) + 1.2 * np.array([[t == c for c in CLASSES] for t in targets])
    return Predictions(
        [f"e{i}" for i in range(examples)],
        [f"g{i // 3}" for i in range(examples)],
        ["-"] * examples,
        targets,
        [CLASSES[i] for i in scores.argmax(axis=1)],
        scores,
        CLASSES,
    )


def numbers(examples: int = 40, columns: int = 1) -> Predictions:
    rng = np.random.default_rng(columns)
    target = 50 + rng.standard_normal((examples, columns))
    output = target + 0.5 * rng.standard_normal((examples, columns)) + 0.2
    ids = [f"e{i}" for i in range(examples)]
    return Predictions(ids, [f"g{i // 2}" for i in range(examples)], ["-"] * examples, list(target), list(output))


def texts(examples: int = 40) -> Predictions:
    """Answers of one to six words, some right."""
    rng = np.random.default_rng(5)
    said = [" ".join(rng.choice(["a", "dog", "barks", "loudly"], size)) for size in rng.integers(1, 7, 2 * examples)]
    outputs = [target if row % 4 == 0 else said[examples + row] for row, target in enumerate(said[:examples])]
    ids = [f"e{i}" for i in range(examples)]
    return Predictions(ids, [f"g{i // 2}" for i in range(examples)], ["-"] * examples, said[:examples], outputs)


def concordance(target: np.ndarray, output: np.ndarray) -> float:
    covariance = np.cov(target, output, ddof=0)
    return 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (target.mean() - output.mean()) ** 2)


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_class_metrics_are_the_trainables(name: str) -> None:
    run = labels()
    assert METRICS[name](run) == pytest.approx(getattr(metrics, name)(run.targets, run.outputs), abs=1e-12)
    without_c = run.take(np.array([i for i, t in enumerate(run.targets) if t != "c"]))
    expected = getattr(metrics, name)(without_c.targets, without_c.outputs)
    assert METRICS[name](without_c) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["brier", "ece", "auroc", "average_precision"])
def test_what_scores_are_needed_for_is_what_the_task_scores_and_so_are_its_pseudovalues(name: str) -> None:
    run = labels()
    metric = metric_of(name, [run])
    assert metric is not None
    assert metric(run) == pytest.approx(label_metrics(run)[name], abs=1e-12)
    slow = pseudovalues(run, lambda part: label_metrics(part)[name])
    np.testing.assert_allclose(pseudovalues(run, metric), slow, atol=1e-9)
    with pytest.raises(InputError, match="needs score columns"):
        metric(replace(run, scores=None))


def test_the_loss_is_the_trainables_and_needs_scores() -> None:
    run = labels()
    assert run.scores is not None
    assert METRICS["loss"](run) == pytest.approx(metrics.cross_entropy(run.targets, run.scores, CLASSES), abs=1e-12)
    with pytest.raises(InputError, match="needs score columns"):
        METRICS["loss"](replace(run, scores=None))


@pytest.mark.parametrize("columns", [1, 3])
def test_regression_metrics_are_scikit_learns(columns: int) -> None:
    run = numbers(columns=columns)
    t, o = np.array(run.targets), np.array(run.outputs)
    assert METRICS["mae"](run) == pytest.approx(sklearn.metrics.mean_absolute_error(t, o), abs=1e-12)
    assert METRICS["mse"](run) == pytest.approx(sklearn.metrics.mean_squared_error(t, o), abs=1e-12)
    assert METRICS["rmse"](run) == pytest.approx(np.sqrt(sklearn.metrics.mean_squared_error(t, o)), abs=1e-12)
    assert METRICS["r2"](run) == pytest.approx(sklearn.metrics.r2_score(t, o), abs=1e-10)
    correlations = [np.corrcoef(t[:, d], o[:, d])[0, 1] for d in range(columns)]
    assert METRICS["pearson"](run) == pytest.approx(np.mean(correlations), abs=1e-10)
    assert METRICS["ccc"](run) == pytest.approx(
        np.mean([concordance(t[:, d], o[:, d]) for d in range(columns)]), abs=1e-10
    )


def test_word_error_rate_divides_all_errors_by_all_words() -> None:
    ids = ["a", "b"]
    run = Predictions(ids, ids, ["-"] * 2, ["one two three four", "five"], ["one two three", "six seven"])
    assert METRICS["wer"](run) == pytest.approx((1 + 2) / 5)
    assert METRICS["wer"](run) == pytest.approx(metrics.word_error_rate(run.targets, run.outputs))
    assert METRICS["cer"](run) == pytest.approx(metrics.character_error_rate(run.targets, run.outputs))


@pytest.mark.parametrize("name", ["exact_match", "token_f1", "rouge_l", "wer"])
def test_metrics_of_free_answers_are_the_tasks_and_so_is_their_jackknife(name: str) -> None:
    run, task = texts(), Answering(prompt="What is it?")
    assert METRICS[name](run) == pytest.approx(task.score(run)[name], abs=1e-12)
    slow = pseudovalues(run, lambda part: task.score(part)[name])
    np.testing.assert_allclose(pseudovalues(run, METRICS[name]), slow, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["accuracy", "balanced_accuracy", "macro_f1", "loss", "mae", "rmse", "pearson", "ccc", "r2"]
)
def test_the_quick_jackknife_is_the_slow_one(name: str) -> None:
    metric = METRICS[name]
    run = labels() if metric.kind == "classification" else numbers(columns=2)
    slow = pseudovalues(run, lambda part: metric(part))
    np.testing.assert_allclose(pseudovalues(run, metric), slow, atol=1e-9)


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.is_mean], ids=lambda m: m.name)
def test_means_are_means_of_their_scores(metric: SumMetric) -> None:
    run = {"classification": labels, "transcription": texts}.get(metric.kind, numbers)()
    assert metric.scores(run).mean() == pytest.approx(metric(run), abs=1e-12)


def test_what_is_not_defined_is_nan() -> None:
    run = numbers(4)
    flat = replace(run, targets=[np.array([1.0])] * 4)
    assert all(np.isnan(METRICS[name](flat)) for name in ("pearson", "ccc", "r2"))
    assert np.isnan(METRICS["wer"](Predictions(["a"], ["a"], ["-"], [""], ["oh"])))


@pytest.mark.parametrize("name", ["mae", "mse", "rmse", "pearson", "ccc", "r2"])
def test_ratings_are_scored_as_their_task_scores_them(name: str) -> None:
    """With ratings that are missing, a rating whose targets are all the same, and outputs that are."""
    rng = np.random.default_rng(0)
    targets, outputs = rng.standard_normal((2, 40, 4))
    targets[rng.random((40, 4)) < 0.3] = np.nan
    targets[:, 0] = rng.standard_normal(40)
    targets[:, 1], outputs[:, 2] = 2.0, 0.5
    run = replace(numbers(40), targets=list(targets), outputs=list(outputs))
    expected = rating_metrics.means(rating_metrics.by_column(targets, outputs))[name]
    assert METRICS[name](run) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e150])
def test_correlations_hold_for_numbers_of_any_size(size: float) -> None:
    run = numbers(40)
    scaled = replace(run, targets=[t * size for t in run.targets], outputs=[o * size for o in run.outputs])
    for name in ("pearson", "ccc", "r2"):
        assert METRICS[name](scaled) == pytest.approx(METRICS[name](run), rel=1e-9)


def test_errors_and_words_are_counted() -> None:
    assert word_errors("the cat sat", "the cat") == (1, 3)
    assert word_errors("the cat sat", "a cat sat down") == (2, 3)
    assert word_errors("the cat", "") == (2, 2)
    assert word_errors("", "oh") == (1, 0)
    assert character_errors("abc", "abd") == (1, 3)


def test_a_class_that_only_the_model_names_counts_as_in_scikit_learn() -> None:
    run = labels(12)
    stray = replace(run, outputs=["zzz", *run.outputs[1:]], classes=(*CLASSES, "zzz"), scores=None)
    for name, expected in (
        ("macro_f1", sklearn.metrics.f1_score(stray.targets, stray.outputs, average="macro", zero_division=0.0)),
        ("balanced_accuracy", metrics.balanced_accuracy(stray.targets, stray.outputs)),
    ):
        assert METRICS[name](stray) == pytest.approx(expected, abs=1e-12)
        assert getattr(metrics, name)(stray.targets, stray.outputs) == pytest.approx(expected, abs=1e-12)
