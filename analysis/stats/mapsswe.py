"""Word errors of two recognisers on the same utterances: the matched-pairs sentence-segment word error test.

Gillick and Cox 1989 (ICASSP, pages 532-535), as NIST's scoring toolkit applies it (MAPSSWE; Pallett, Fisher and Fiscus
1990): both transcripts are aligned with the reference; an utterance is cut wherever both have at least two reference
words in a row right, since errors on the two sides then hardly depend on each other; the difference in errors per
segment is tested against zero with a normal distribution. Segments without errors say nothing and are left out.

Conventions: words are those of `trainables.tasks.texts`, case and punctuation count; normalise texts beforehand.
Alignment with the fewest edits; NIST's toolkit weighs a substitution 4 to 3 against insertion and deletion and may
rarely align otherwise. Limits: the models as trained, on new utterances; segments of one speaker are taken as
independent; the normal distribution is rough below 30 segments, and below 6 nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from scipy.special import ndtr

from analysis.stats.finding import Finding, Method
from trainables.tasks.word_codes import comparable

GOOD_WORDS = 2  # in a row, by both, that end a segment
FEWEST_SEGMENTS = 6
ROUGH_SEGMENTS = 30


@dataclass(frozen=True)
class SegmentTest:
    """`differences` are errors of the first minus errors of the second, one per segment with an error."""

    differences: tuple[int, ...]
    mean: float
    z: float | None  # None: fewer than 2 segments, or differences that do not vary
    p_value: float | None  # two-sided

    @property
    def segments(self) -> int:
        return len(self.differences)


def segment_differences(reference: str, first: str, second: str) -> list[int]:
    """Errors of the first minus errors of the second, in every segment of one utterance that has an error."""
    return [int(difference) for difference in _segments([reference], [first], [second])]


def segment_test(references: Sequence[str], first: Sequence[str], second: Sequence[str]) -> SegmentTest:
    """Over all utterances, each of which ends a segment."""
    return of_differences([int(difference) for difference in _segments(references, first, second)])


def _segments(references: Sequence[str], first: Sequence[str], second: Sequence[str]) -> np.ndarray:
    """(segments,) errors of the first minus errors of the second, utterance after utterance.

    Places of an utterance are gap, word, gap, word, ..., gap. Two errors in a row belong to one segment unless
    GOOD_WORDS words or more lie between them, which both then have right.
    """
    columns = comparable(references, first, second)
    wrong = [each for each in zip(*columns, strict=True) if each[0] != each[1] or each[0] != each[2]]
    if not wrong:
        return np.zeros(0, dtype=int)
    said, *heard = zip(*wrong, strict=True)
    parts = []
    for sign, transcripts in zip((1, -1), heard, strict=True):
        own, at = _places(said, transcripts)
        parts.append((own, at, np.full(len(at), sign)))
    utterance, place, sign_of = (np.concatenate(column).astype(int) for column in zip(*parts, strict=True))
    if not len(sign_of):
        return np.zeros(0, dtype=int)
    order = np.lexsort((place, utterance))
    utterance, place, sign_of = utterance[order], place[order], sign_of[order]
    words_between = place[1:] // 2 - (place[:-1] + 1) // 2
    begins = np.concatenate([[True], (np.diff(utterance) != 0) | (words_between >= GOOD_WORDS)])
    return np.asarray(np.add.reduceat(sign_of, np.flatnonzero(begins)))


def _places(said: Sequence[Any], heard: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """(E,) each: the number of the utterance of every error, and its place there; in no order.

    One word put for another can stand in one place only, and most utterances that err have no more: those are compared
    word by word, all at once. The others are aligned.
    """
    errors = process.cpdist(said, heard, scorer=Levenshtein.distance, dtype=np.int64)
    lengths, others = (np.fromiter(map(len, side), dtype=np.int64, count=len(side)) for side in (said, heard))
    once = np.flatnonzero((errors == 1) & (lengths == others))
    texts = [[side[row] for row in once.tolist()] for side in (said, heard)]
    if not all(isinstance(text, str) for side in texts for text in side[:1]):  # lists of words
        once, texts = once[:0], [[], []]
    here, there = (np.frombuffer("".join(side).encode("utf-32-le"), dtype=np.uint32) for side in texts)
    starts = np.cumsum(lengths[once]) - lengths[once]
    rest = np.setdiff1d(np.flatnonzero(errors), once)
    edits = [list(Levenshtein.editops(said[row], heard[row])) for row in rest.tolist()]
    counts = [len(own) for own in edits]
    at = [2 * edit.src_pos + (edit.tag != "insert") for own in edits for edit in own]
    utterance = np.concatenate([once, np.repeat(rest, counts)])
    place = np.concatenate([2 * (np.flatnonzero(here != there) - starts) + 1, np.array(at, dtype=np.int64)])
    return utterance, place


def of_differences(differences: Sequence[int]) -> SegmentTest:
    """From the differences per segment."""
    values = np.asarray(differences, dtype=float)
    mean = float(values.mean()) if len(values) else 0.0
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread == 0.0:
        return SegmentTest(tuple(differences), mean, None, None)
    z = mean / (spread / math.sqrt(len(values)))
    return SegmentTest(tuple(differences), mean, z, 2.0 * float(ndtr(-abs(z))))


def speech_findings(
    references: Sequence[str], first: Sequence[str], second: Sequence[str], *, scope: str, claim: str
) -> list[Finding]:
    """The test, or why it can say nothing."""
    name = "matched-pairs sentence-segment test (MAPSSWE)"
    found = segment_test(references, first, second)
    spoken = sum(map(len, comparable(references)[0]))
    estimate = sum(found.differences) / spoken if spoken else None
    note = f"{found.segments} segments with errors"
    if found.segments < FEWEST_SEGMENTS or found.p_value is None:
        reason = "they do not differ" if found.segments >= FEWEST_SEGMENTS else f"it needs {FEWEST_SEGMENTS}"
        return [Finding(Method.MAPSSWE, name, claim, scope, estimate=estimate, note=f"cannot tell: {note}, {reason}")]
    if found.segments < ROUGH_SEGMENTS:
        note += f"; rough below {ROUGH_SEGMENTS}"
    return [Finding(Method.MAPSSWE, name, claim, scope, found.p_value, found.z, estimate, note=note)]
