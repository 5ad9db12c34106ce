"""What is said in the clip? Answered with a text, which is compared with the transcript word by word.

Word error rate: substitutions, deletions and insertions of the best alignment, over the words of the transcripts, both
summed over all clips; character error rate likewise. Both by jiwer.

The model learns the texts as they are written. Before scoring, transcript and answer are brought to one form, and the
recorded predictions hold that form: whoever scores them again gets the same numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.errors import InputError
from trainables.records import Answers, Predictions
from trainables.tasks import metrics
from trainables.tasks.options import option
from trainables.tasks.texts import NORMALISATIONS, normalised


@dataclass(frozen=True)
class Transcription:
    """`normalise`: how texts are brought to one form before they are scored, see `trainables.tasks.texts`.

    Clips outside `shortest_seconds` to `longest_seconds` are left out of every split. `language` (ISO 639) is what a
    multilingual model is told to expect; a model of one language ignores it. Raises InputError with every problem.
    """

    normalise: str = option(
        "What is done to texts before scoring; basic: lower case, no punctuation, single spaces.",
        default="basic",
        choices=NORMALISATIONS,
    )
    shortest_seconds: float = option("Shorter clips are left out.", default=0.0, minimum=0)
    longest_seconds: float | None = option(
        "Longer clips are left out; so is what exceeds the backbone's window.", default=None, above=0
    )
    language: str = option(
        "Told to a multilingual model.", default="en", pattern=r"[a-z]{2,3}", rule="an ISO 639 code such as en"
    )

    kind: ClassVar[str] = "transcription"
    column: ClassVar[str] = "text"
    stratified: ClassVar[bool] = False
    soft_targets: ClassVar[bool] = False
    shows_samples: ClassVar[bool] = True
    metrics: ClassVar[tuple[str, ...]] = ("wer", "cer", "loss")
    lower_is_better: ClassVar[tuple[str, ...]] = metrics
    answers_untuned: ClassVar[bool] = True

    def __post_init__(self) -> None:
        problems = []
        if self.normalise not in NORMALISATIONS:
            problems.append(f"task.normalise must be one of {', '.join(NORMALISATIONS)}, not {self.normalise!r}.")
        longest = math.inf if self.longest_seconds is None else self.longest_seconds
        if not 0 <= self.shortest_seconds < longest:
            problems.append(
                f"task.shortest_seconds ({self.shortest_seconds:g}) must be at least 0 and below task.longest_seconds "
                f"({longest:g})."
            )
        if not re.fullmatch(r"[a-z]{2,3}", str(self.language)):
            problems.append(f"task.language must be an ISO 639 code such as en, not {self.language!r}.")
        if problems:
            raise InputError(problems)

    def check_target(self, value: Any) -> str | None:
        """None where `value` is a text with something to score, else a sentence that says which rule it breaks."""
        if not isinstance(value, str):
            return f"text {value!r} must be a text"
        if not normalised(value, self.normalise):
            return f"text {value!r} holds no word (task.normalise is {self.normalise})"
        return None

    def completed(self, targets: Sequence[str], training: Sequence[str]) -> Transcription:
        """Itself: it leaves nothing to the data."""
        return self

    def usable_seconds(self, window_seconds: float) -> tuple[float, float]:
        """Clips that the window takes whole: a transcript belongs to all of what is said."""
        longest = math.inf if self.longest_seconds is None else self.longest_seconds
        return self.shortest_seconds, min(longest, window_seconds)

    def answers(self, targets: Sequence[str], outputs: Sequence[Any]) -> Answers:
        """`outputs` is N texts; targets and outputs are recorded in the form that is scored."""
        return Answers(
            targets=[normalised(text, self.normalise) for text in targets],
            outputs=[normalised(text, self.normalise) for text in outputs],
        )

    def score(self, predictions: Predictions) -> dict[str, float]:
        """Every name in `metrics`. `loss` is the character error rate once more: texts carry no probabilities, and
        among equal word error rates it tells which answers are nearer."""
        character_errors = metrics.character_error_rate(predictions.targets, predictions.outputs)
        return {
            "wer": metrics.word_error_rate(predictions.targets, predictions.outputs),
            "cer": character_errors,
            "loss": character_errors,
        }
