"""What tasks whose answer is one label out of a few have in common. Loads no torch."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainables.errors import InputError
from trainables.records import Answers, Predictions
from trainables.tasks import certainty, metrics, tag_metrics

METRICS = ("accuracy", "balanced_accuracy", "macro_f1", "auroc", "average_precision", "brier", "ece", "loss")
LOWER_IS_BETTER = ("brier", "ece", "loss")
MOST_NAMED = 12  # labels in a sentence


def label_problems(labels: Any) -> list[str]:
    """One sentence for each rule that `task.labels` breaks. Raises InputError where they are no list of texts."""
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise InputError(f'task.labels must be a list of texts, not {labels!r}; quote entries such as "yes" or "1".')
    problems: list[str] = []
    if len(labels) < 2:
        problems.append(f"task.labels needs at least two labels to choose from, not {list(labels)!r}.")
    if any(not label.strip() for label in labels):
        problems.append(f"task.labels holds an empty label: {list(labels)!r}; give every label a text.")
    if padded := [label for label in labels if label.strip() and label != label.strip()]:
        problems.append(f"task.labels {padded!r} begin or end with white space; remove it.")
    if repeated := [label for label, count in Counter(labels).items() if count > 1]:
        problems.append(f"task.labels repeats {repeated!r}; each label may stand once.")
    return problems


def target_problem(labels: Sequence[str], value: Any) -> str | None:
    """None where `value` is one of the labels, else a sentence that says which rule it breaks."""
    if value in labels:
        return None
    more = len(labels) - MOST_NAMED
    named = ", ".join(labels[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    near = difflib.get_close_matches(str(value), labels, n=1, cutoff=0.8) if more > 0 else []
    return f"label {value!r} is not one of task.labels ({named}{f'; did you mean {near[0]!r}?' if near else ''})"


def label_answers(labels: tuple[str, ...], targets: Sequence[str], scores: Sequence[Any]) -> Answers:
    """`scores` is (N, C), a column per label; the label with the highest is the answer, the first on a tie."""
    import numpy as np

    return Answers(
        targets=list(targets),
        outputs=[labels[index] for index in np.argmax(scores, axis=1)],
        scores=np.asarray(scores),
        classes=labels,
    )


def label_metrics(predictions: Predictions) -> dict[str, float]:
    """Every name in METRICS: `label_metric`."""
    return {name: label_metric(predictions, name) for name in METRICS}


def label_metric(predictions: Predictions, name: str) -> float:
    """One of METRICS; loss is the mean of -log softmax(scores)[target] over the labels, in nats. The areas are means
    over the labels that some clips have and some have not, each against all others; `brier` and `ece`: `certainty`.
    What rests on probabilities is NaN where a model that has diverged gives none.

    Raises ValueError: no scores.
    """
    if predictions.scores is None:
        raise ValueError("the loss needs the scores of every label")
    if name in _OF_ANSWERS:
        return _OF_ANSWERS[name](predictions.targets, predictions.outputs)
    if name == "loss":
        return metrics.cross_entropy(predictions.targets, predictions.scores, predictions.classes)
    return _of_shares(predictions, name)


def _of_shares(predictions: Predictions, name: str) -> float:
    import numpy as np
    from scipy.special import softmax

    shares = softmax(np.asarray(predictions.scores, dtype=np.float64), axis=1)
    if not np.isfinite(shares).all():
        return math.nan
    place = {label: column for column, label in enumerate(predictions.classes)}
    wanted = np.array([place[target] for target in predictions.targets])
    if name in _OF_CERTAINTY:
        return _OF_CERTAINTY[name](wanted, shares)
    return tag_metrics.mean_known(_OF_LABELS[name](np.eye(len(place))[wanted], shares))


_OF_ANSWERS: Mapping[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "accuracy": metrics.accuracy,
    "balanced_accuracy": metrics.balanced_accuracy,
    "macro_f1": metrics.macro_f1,
}
_OF_CERTAINTY: Mapping[str, Callable[[Any, Any], float]] = {
    "brier": certainty.brier_score,
    "ece": certainty.expected_calibration_error,
}
_OF_LABELS: Mapping[str, Callable[[Any, Any], Any]] = {
    "auroc": tag_metrics.areas_under_roc,
    "average_precision": tag_metrics.average_precisions,
}
