"""What is said in the clip? Answered with a text, which is compared with the transcript word by word.

Word error rate: substitutions, deletions and insertions of the best alignment, over the words of the transcripts, both
summed over all clips; character error rate likewise. Both by jiwer. In clips in which nothing is said every word is an
insertion; `insertions_per_minute` counts those of these clips alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from trainables.records import Predictions
from trainables.tasks import metrics
from trainables.tasks.options import option
from trainables.tasks.text_task import TextTask


@dataclass(frozen=True)
class Transcription(TextTask):
    """Clips outside `shortest_seconds` to `longest_seconds` are left out of every split. `language` is what a
    multilingual model is told to expect. Raises InputError with every problem.
    """

    shortest_seconds: float = option("Shorter clips are left out.", default=0.0, minimum=0)
    longest_seconds: float | None = option(
        "Longer clips are left out; so is what exceeds the backbone's window.", default=None, above=0
    )
    vocabulary: tuple[str, ...] | None = option(
        "Letters that a recogniser with a new CTC head writes; left out, those of the training texts, in small "
        "letters, the most frequent first. One that was trained before keeps its own.",
        default=None,
        pattern=r"[^\s|]",
        rule="single characters, neither a space nor a bar",
    )

    kind: ClassVar[str] = "transcription"
    metrics: ClassVar[tuple[str, ...]] = ("wer", "cer", "insertions_per_minute", "loss")
    lower_is_better: ClassVar[tuple[str, ...]] = metrics

    def _further_problems(self) -> list[str]:
        if self.vocabulary is not None:
            object.__setattr__(self, "vocabulary", tuple(self.vocabulary))
        longest = math.inf if self.longest_seconds is None else self.longest_seconds
        if 0 <= self.shortest_seconds < longest:
            return []
        return [
            f"task.shortest_seconds ({self.shortest_seconds:g}) must be at least 0 and below task.longest_seconds "
            f"({longest:g})."
        ]

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips that the window takes whole: a transcript belongs to all of what is said."""
        longest = math.inf if self.longest_seconds is None else self.longest_seconds
        return self.shortest_seconds, min(longest, window_seconds)

    def score(self, predictions: Predictions) -> dict[str, float]:
        """The names in `metrics` that these clips allow: error rates where a word is said in one of them, insertions
        per minute where nothing is said in one of them. `loss` is the character error rate once more: texts carry no
        probabilities, and among equal word error rates it tells which answers are nearer."""
        found = {}
        if any(predictions.targets):
            character_errors = metrics.character_error_rate(predictions.targets, predictions.outputs)
            found = {
                "wer": metrics.word_error_rate(predictions.targets, predictions.outputs),
                "cer": character_errors,
                "loss": character_errors,
            }
        if predictions.seconds is not None and not all(predictions.targets):
            found["insertions_per_minute"] = metrics.insertions_per_minute(
                predictions.targets, predictions.outputs, predictions.seconds
            )
        return found
