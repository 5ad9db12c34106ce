"""Which of these labels does the model find most probable as the answer to a question about the clip?

For models with a language-model head: each label's score is the log-probability of its whole text (Brown et al. 2020,
section 2.4, without length normalisation). Nothing is generated and nothing is parsed, and an untuned model can answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

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


@dataclass(frozen=True)
class LabelScoring:
    """`labels` are what the model may answer, word for word; `prompt` is the question that follows the clip.

    Raises InputError with every problem of the two at once.
    """

    labels: tuple[str, ...] = option("The possible answers, scored as text.", rule="a label", at_least=2)
    prompt: str = option("The question asked with every clip.", rule="the question, as text")

    kind: ClassVar[str] = "label_scoring"
    column: ClassVar[str] = "label"
    stratified: ClassVar[bool] = True
    soft_targets: ClassVar[bool] = False
    shows_samples: ClassVar[bool] = False
    metrics: ClassVar[tuple[str, ...]] = METRICS
    lower_is_better: ClassVar[tuple[str, ...]] = LOWER_IS_BETTER
    answers_untuned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        problems = label_problems(self.labels)
        object.__setattr__(self, "labels", tuple(self.labels))
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            problems.append(f"task.prompt must be a question, not {self.prompt!r}.")
        if problems:
            raise InputError(problems)

    def check_target(self, value: Any) -> str | None:
        """None where `value` is one of the labels, else a sentence that says which rule it breaks."""
        return target_problem(self.labels, value)

    def completed(self, targets: Sequence[str], training: Sequence[str]) -> LabelScoring:
        """Itself: it leaves nothing to the data."""
        return self

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips of any length: the question is about what the window holds."""
        return 0.0, math.inf

    def answers(self, targets: Sequence[str], outputs: Sequence[Any]) -> Answers:
        """`outputs` is (N, C), log-probabilities of the labels; the most probable is the answer, the first on a tie."""
        return label_answers(self.labels, targets, outputs)

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`; loss is the mean of -log softmax(scores)[target] over the labels, in nats."""
        return label_metrics(predictions)
