"""What each answer that is a text adds to a metric: its errors by words and characters, and how near it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from trainables.records import Predictions
from trainables.tasks.texts import characters, words
from trainables.tasks.word_codes import comparable


def word_errors(reference: str, transcript: str) -> tuple[int, int]:
    """Substitutions, deletions and insertions in all; words in the reference."""
    spoken = words(reference)
    return int(Levenshtein.distance(spoken, words(transcript))), len(spoken)


def character_errors(reference: str, transcript: str) -> tuple[int, int]:
    """The same by characters, spaces included."""
    said = characters(reference)
    return int(Levenshtein.distance(said, characters(transcript))), len(said)


def word_edits(references: Sequence[str], transcripts: Sequence[str]) -> np.ndarray:
    """(N, 2) what `word_errors` gives of each pair."""
    said, heard = comparable(references, transcripts)
    return _edits(said, heard)


def _edits(said: Sequence[Any], heard: Sequence[Any]) -> np.ndarray:
    """(N, 2): edits of each pair of sequences, and the length of the first."""
    if not len(said):
        return np.empty((0, 2))
    distances = process.cpdist(said, heard, scorer=Levenshtein.distance, dtype=np.int64)
    return np.column_stack([distances, np.fromiter(map(len, said), dtype=np.int64, count=len(said))]).astype(float)


def word_rows(predictions: Predictions) -> np.ndarray:
    """(N, 2) word errors, and words."""
    return word_edits(predictions.targets, predictions.outputs)


def character_rows(predictions: Predictions) -> np.ndarray:
    """(N, 2) character errors, and characters."""
    said, heard = ([characters(text) for text in side] for side in (predictions.targets, predictions.outputs))
    return _edits(said, heard)


def insertion_rows(predictions: Predictions) -> np.ndarray:
    """(N, 2): inserted words and minutes of clips in which nothing is said; nothing of the others."""
    seconds = predictions.seconds or [math.nan] * len(predictions)
    rows = zip(predictions.targets, predictions.outputs, seconds, strict=True)
    return np.array([(0.0, 0.0) if target else (len(words(output)), s / 60) for target, output, s in rows], float)


def nearness_rows(score: Callable[[str, str], float]) -> Callable[[Predictions], np.ndarray]:
    """What gives (N,) the score of each answer."""
    return lambda p: np.fromiter(map(score, p.targets, p.outputs), dtype=float, count=len(p))
