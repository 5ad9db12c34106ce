"""Which of these classes is the clip? Answered by a head with one logit per class, which is trained with the adapter.

Training: cross-entropy of the logits, `train.label_smoothing` mixed in (Szegedy et al. 2016, arXiv 1512.00567), each
clip weighted by its class where `class_weights` says so. An untuned backbone has no head and cannot answer.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.errors import InputError
from trainables.records import Answers, Predictions
from trainables.tasks.labels import (
    LOWER_IS_BETTER,
    METRICS,
    label_answers,
    label_metrics,
    label_problems,
    target_problem,
)
from trainables.tasks.options import option

if TYPE_CHECKING:
    import numpy as np

BALANCED = "balanced"


@dataclass(frozen=True)
class Classification:
    """`labels` are the classes, in the order of the logits; without them `completed` takes them from the data.

    `class_weights` weigh the training loss: one number per label, or `balanced`, which `completed` turns into numbers.
    Raises InputError with every problem of the two at once.
    """

    labels: tuple[str, ...] = option(
        "The classes; left out, those of the data in sorted order.",
        default=(),
        pattern=r"\S([\s\S]*\S)?",
        rule="a label: text without white space at its ends",
        at_least=2,
    )
    class_weights: str | tuple[float, ...] | None = option(
        "Weight of each class in the training loss: balanced, or one number per label.",
        default=None,
        choices=(BALANCED,),
        above=0,
        at_least=2,
        unique=False,
    )

    kind: ClassVar[str] = "classification"
    column: ClassVar[str] = "label"
    stratified: ClassVar[bool] = True
    soft_targets: ClassVar[bool] = True
    shows_samples: ClassVar[bool] = False
    metrics: ClassVar[tuple[str, ...]] = METRICS
    lower_is_better: ClassVar[tuple[str, ...]] = LOWER_IS_BETTER
    answers_untuned: ClassVar[bool] = False

    def __post_init__(self) -> None:
        problems = label_problems(self.labels) if self.labels else []
        object.__setattr__(self, "labels", tuple(self.labels))
        weights: Any = self.class_weights
        if weights is not None and weights != BALANCED:
            problems += _weight_problems(weights, self.labels)
        if problems:
            raise InputError(problems)
        if isinstance(weights, list | tuple):
            object.__setattr__(self, "class_weights", tuple(float(weight) for weight in weights))

    def completed(self, targets: Sequence[str], training: Sequence[str]) -> Classification:
        """The same task with what only the data says: from all `targets` the labels, sorted, where none are given;
        from those in `training` the balanced weights, N / (classes * N of the class), whose mean over clips is 1.

        Raises InputError where the data has a single class.
        """
        labels = self.labels or tuple(sorted(set(targets)))
        if len(labels) < 2:
            raise InputError(f"data.source: every example is {labels[0]!r}; classification needs at least two classes.")
        if self.class_weights != BALANCED:
            return replace(self, labels=labels)
        counts = Counter(training)
        even = len(training) / max(1, len(counts))
        # a class without training clips is never weighed
        return replace(self, labels=labels, class_weights=tuple(even / counts.get(label, even) for label in labels))

    def weights_of(self, targets: Sequence[str]) -> list[float] | None:
        """One weight per clip for its part in the training loss; None: all weigh the same."""
        if isinstance(self.class_weights, str):
            raise ValueError("balanced weights need the training data: use the task that `completed` gives")
        if self.class_weights is None:
            return None
        return [self.class_weights[self.labels.index(target)] for target in targets]

    @property
    def head_outputs(self) -> int:
        return len(self.labels)

    def head_targets(self, targets: Sequence[str]) -> dict[str, np.ndarray]:
        """`class_index` (B,) int64, and `clip_weight` (B,) float32 where classes are weighted."""
        import numpy as np

        found = {"class_index": np.array([self.labels.index(target) for target in targets], dtype=np.int64)}
        weights = self.weights_of(targets)
        return found if weights is None else found | {"clip_weight": np.array(weights, dtype=np.float32)}

    def check_target(self, value: Any) -> str | None:
        """None where `value` is one of the labels, else a sentence that says which rule it breaks."""
        if self.labels:
            return target_problem(self.labels, value)
        return None if isinstance(value, str) and value.strip() else f"label {value!r} must be a text"

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips of any length: what the window cuts off is of the same class."""
        return 0.0, math.inf

    def answers(self, targets: Sequence[str], outputs: Sequence[Any]) -> Answers:
        """`outputs` is (N, C), logits; the class with the highest is the answer, the first on a tie."""
        return label_answers(self.labels, targets, outputs)

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`; the loss is neither smoothed nor weighted, so that it compares between runs."""
        return label_metrics(predictions)


def _weight_problems(weights: Any, labels: Sequence[str]) -> list[str]:
    numbers = isinstance(weights, list | tuple) and all(
        isinstance(weight, int | float) and not isinstance(weight, bool) and weight > 0 for weight in weights
    )
    if not numbers:
        return [f"task.class_weights must be {BALANCED}, or a list of numbers above 0, not {weights!r}."]
    if len(weights) != len(labels):
        return [
            f"task.class_weights has {len(weights)} numbers for {len(labels)} task.labels: give both, one for each."
        ]
    return []
