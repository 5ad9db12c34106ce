"""Which of these labels does the model find most probable as the answer to a question about the clip?

For models with a language-model head: each label's score is the log-probability of its whole text (Brown et al. 2020,
section 2.4, without length normalisation). Nothing is generated and nothing is parsed, and an untuned model can answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trainables import metrics
from trainables.errors import InputError
from trainables.records import Predictions


@dataclass(frozen=True)
class LabelScoring:
    """`labels` are what the model may answer, word for word; `prompt` is the question that follows the clip.

    Raises InputError with every problem of the two at once.
    """

    labels: tuple[str, ...]
    prompt: str

    kind: ClassVar[str] = "label_scoring"
    column: ClassVar[str] = "label"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "balanced_accuracy", "macro_f1", "loss")
    answers_untuned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        problems: list[str] = []
        given: Any = self.labels
        if isinstance(given, str) or not all(isinstance(label, str) for label in given):
            raise InputError(f'task.labels must be a list of texts, not {given!r}; quote entries such as "yes" or "1".')
        object.__setattr__(self, "labels", tuple(self.labels))
        if len(self.labels) < 2:
            problems.append(f"task.labels needs at least two labels to choose from, not {list(self.labels)!r}.")
        if any(not label.strip() for label in self.labels):
            problems.append(f"task.labels holds an empty label: {list(self.labels)!r}; give every label a text.")
        if padded := [label for label in self.labels if label.strip() and label != label.strip()]:
            problems.append(f"task.labels {padded!r} begin or end with white space; remove it.")
        if repeated := [label for label, count in Counter(self.labels).items() if count > 1]:
            problems.append(f"task.labels repeats {repeated!r}; each label may stand once.")
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            problems.append(f"task.prompt must be a question, not {self.prompt!r}.")
        if problems:
            raise InputError(problems)

    def check_target(self, value: Any) -> str | None:
        """None where `value` is one of the labels, else a sentence that says which rule it breaks."""
        if value in self.labels:
            return None
        return f"label {value!r} is not one of task.labels ({', '.join(self.labels)})"

    def predictions(
        self,
        example_ids: Sequence[str],
        groups: Sequence[str],
        folds: Sequence[str],
        targets: Sequence[Any],
        outputs: Sequence[Any],
    ) -> Predictions:
        """`outputs` is (N, C), log-probabilities of the labels; the most probable is the answer, the first on a tie."""
        return Predictions(
            example_ids=list(example_ids),
            groups=list(groups),
            folds=list(folds),
            targets=list(targets),
            outputs=[self.labels[index] for index in np.argmax(outputs, axis=1)],
            scores=np.asarray(outputs),
            classes=self.labels,
        )

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`; loss is the mean of -log softmax(scores)[target] over the labels, in nats."""
        if predictions.scores is None:
            raise ValueError("label scoring needs the scores of every label")
        targets, outputs = predictions.targets, predictions.outputs
        return {
            "accuracy": metrics.accuracy(targets, outputs),
            "balanced_accuracy": metrics.balanced_accuracy(targets, outputs),
            "macro_f1": metrics.macro_f1(targets, outputs),
            "loss": metrics.cross_entropy(targets, predictions.scores, predictions.classes),
        }
