"""What tasks whose answer is one label out of a few have in common. Loads no torch."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Sequence
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
    """Every name in METRICS; loss is the mean of -log softmax(scores)[target] over the labels, in nats. The areas are
    means over the labels that some clips have and some have not, each against all others; `brier` and `ece`:
    `certainty`."""
    if predictions.scores is None:
        raise ValueError("the loss needs the scores of every label")
    targets, outputs = predictions.targets, predictions.outputs
    return {
        "accuracy": metrics.accuracy(targets, outputs),
        "balanced_accuracy": metrics.balanced_accuracy(targets, outputs),
        "macro_f1": metrics.macro_f1(targets, outputs),
        **_of_shares(predictions),
        "loss": metrics.cross_entropy(targets, predictions.scores, predictions.classes),
    }


def _of_shares(predictions: Predictions) -> dict[str, float]:
    """What rests on probabilities; NaN where a model that has diverged gives none."""
    import numpy as np
    from scipy.special import softmax

    shares = softmax(np.asarray(predictions.scores, dtype=np.float64), axis=1)
    if not np.isfinite(shares).all():
        return dict.fromkeys(("auroc", "average_precision", "brier", "ece"), math.nan)
    place = {label: column for column, label in enumerate(predictions.classes)}
    wanted = np.array([place[target] for target in predictions.targets])
    is_of = np.eye(len(place))[wanted]
    return {
        "auroc": tag_metrics.mean_known(tag_metrics.areas_under_roc(is_of, shares)),
        "average_precision": tag_metrics.mean_known(tag_metrics.average_precisions(is_of, shares)),
        "brier": certainty.brier_score(wanted, shares),
        "ece": certainty.expected_calibration_error(wanted, shares),
    }
