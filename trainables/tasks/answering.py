"""What does a model say about the clip when it is asked? Free answers, written word by word by an audio language model:
captions, answers to questions, transcripts by chat.

A clip is asked the question of its own row (a column `question`, or the user's turn of a conversation), else `prompt`.
An answer is compared with the one that was wanted: whether it is the same, and how many words they share
(`answer_metrics`), each a mean over clips; and by the word error rate, over the words of all wanted answers. What is
right in other words counts as wrong: these metrics compare wordings, and do not understand them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from trainables.records import Predictions
from trainables.tasks import metrics
from trainables.tasks.answer_metrics import exact_match, mean_over, rouge_l, token_f1
from trainables.tasks.options import option
from trainables.tasks.text_task import TextTask


@dataclass(frozen=True, kw_only=True)
class Answering(TextTask):
    """`prompt` is what a clip is asked whose row asks nothing. Raises InputError with every problem."""

    prompt: str = option("What a clip is asked whose row has no question of its own.", rule="the question, as text")

    kind: ClassVar[str] = "answering"
    asks: ClassVar[bool] = True
    metrics: ClassVar[tuple[str, ...]] = ("exact_match", "token_f1", "rouge_l", "wer", "loss")
    lower_is_better: ClassVar[tuple[str, ...]] = ("wer", "loss")

    def _further_problems(self) -> list[str]:
        if isinstance(self.prompt, str) and self.prompt.strip():
            return []
        return [f"task.prompt must be a question, not {self.prompt!r}."]

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips of any length: the question is about what the window holds."""
        return 0.0, math.inf

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`; the word error rate where a word is wanted somewhere. `loss` is what token F1 lacks
        to 1: texts carry no probabilities."""
        targets, outputs = predictions.targets, predictions.outputs
        shared = mean_over(token_f1, targets, outputs)
        found = {
            "exact_match": mean_over(exact_match, targets, outputs),
            "token_f1": shared,
            "rouge_l": mean_over(rouge_l, targets, outputs),
            "loss": 1.0 - shared,
        }
        if any(targets):
            found["wer"] = metrics.word_error_rate(targets, outputs)
        return found
