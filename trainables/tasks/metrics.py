"""Metrics over aligned rows, one entry per example, by scikit-learn's definitions. Loads no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from trainables.tasks.texts import characters, words

if TYPE_CHECKING:
    import numpy as np


def accuracy(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Share of examples whose output is the target, 0 to 1."""
    import numpy as np

    return float(np.mean([target == output for target, output in zip(targets, outputs, strict=True)]))


def balanced_accuracy(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Mean recall over the classes that occur among the targets, 0 to 1."""
    from sklearn.metrics import recall_score

    present = sorted(set(targets))
    return float(recall_score(targets, outputs, labels=present, average="macro", zero_division=0.0))


def macro_f1(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Mean F1 over the classes that occur among targets or outputs, 0 to 1, as scikit-learn's default has it.

    A class that only the model names counts with an F1 of 0.
    """
    from sklearn.metrics import f1_score

    return float(f1_score(targets, outputs, average="macro", zero_division=0.0))


def cross_entropy(targets: Sequence[str], scores: np.ndarray, classes: Sequence[str]) -> float:
    """Mean of -log softmax(scores)[target], in nats; `scores` is (N, C), one column per class, up to a row constant."""
    import numpy as np

    wide = np.asarray(scores, dtype=np.float64)
    column = [list(classes).index(target) for target in targets]
    log_sum = np.logaddexp.reduce(wide, axis=1)
    return float(np.mean(log_sum - wide[np.arange(len(wide)), column]))


def word_error_rate(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Wrong, missing and added words over the words of all targets, by jiwer: 0 and up; nan where no target has a word.
    Words: `texts.words`."""
    return _error_rate([_word_errors(target, output) for target, output in zip(targets, outputs, strict=True)])


def character_error_rate(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """Wrong, missing and added characters over those of all targets, by jiwer: 0 and up; nan where no target has one.
    Characters: `texts.characters`, spaces included."""
    return _error_rate([_character_errors(target, output) for target, output in zip(targets, outputs, strict=True)])


def insertions_per_minute(targets: Sequence[str], outputs: Sequence[str], seconds: Sequence[float]) -> float:
    """Words of the outputs in clips whose target is empty, per minute of these clips; nan where there are none."""
    silent = [row for row, target in enumerate(targets) if not target]
    minutes = sum(seconds[row] for row in silent) / 60
    return sum(len(words(outputs[row])) for row in silent) / minutes if minutes else math.nan


def _error_rate(counts: Sequence[tuple[int, int]]) -> float:
    length = sum(length for _, length in counts)
    return sum(errors for errors, _ in counts) / length if length else math.nan


@lru_cache(maxsize=1 << 17)  # a jackknife over groups asks for the same pairs again and again
def _word_errors(target: str, output: str) -> tuple[int, int]:
    """Errors, and words of the target."""
    import jiwer

    found = jiwer.process_words(" ".join(words(target)), " ".join(words(output)))
    return (
        found.substitutions + found.deletions + found.insertions,
        found.hits + found.substitutions + found.deletions,
    )


@lru_cache(maxsize=1 << 17)
def _character_errors(target: str, output: str) -> tuple[int, int]:
    """Errors, and characters of the target."""
    import jiwer

    found = jiwer.process_characters(characters(target), characters(output))
    return (
        found.substitutions + found.deletions + found.insertions,
        found.hits + found.substitutions + found.deletions,
    )
