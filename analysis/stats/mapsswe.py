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

import numpy as np
import scipy.stats
from rapidfuzz.distance import Levenshtein

from analysis.stats.finding import Finding
from trainables.tasks.texts import words

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
    spoken = words(reference)
    here, there = (_errors_by_place(spoken, words(transcript)) for transcript in (first, second))
    differences: list[int] = []
    difference, errors, good = 0, 0, 0
    for place, (a, b) in enumerate(zip(here, there, strict=True)):  # gap, word, gap, word, ..., gap
        if a or b:
            difference, errors, good = difference + a - b, errors + a + b, 0
        elif place % 2:
            good += 1
            if good == GOOD_WORDS and errors:
                differences.append(difference)
                difference, errors = 0, 0
    return [*differences, difference] if errors else differences


def segment_test(references: Sequence[str], first: Sequence[str], second: Sequence[str]) -> SegmentTest:
    """Over all utterances, each of which ends a segment."""
    triples = zip(references, first, second, strict=True)
    return of_differences([d for triple in triples for d in segment_differences(*triple)])


def of_differences(differences: Sequence[int]) -> SegmentTest:
    """From the differences per segment."""
    values = np.asarray(differences, dtype=float)
    mean = float(values.mean()) if len(values) else 0.0
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread == 0.0:
        return SegmentTest(tuple(differences), mean, None, None)
    z = mean / (spread / math.sqrt(len(values)))
    return SegmentTest(tuple(differences), mean, z, 2.0 * float(scipy.stats.norm.sf(abs(z))))


def speech_findings(
    references: Sequence[str], first: Sequence[str], second: Sequence[str], *, scope: str, claim: str
) -> list[Finding]:
    """The test, or why it can say nothing."""
    name = "matched-pairs sentence-segment test (MAPSSWE)"
    found = segment_test(references, first, second)
    spoken = sum(len(words(reference)) for reference in references)
    estimate = sum(found.differences) / spoken if spoken else None
    note = f"{found.segments} segments with errors"
    if found.segments < FEWEST_SEGMENTS or found.p_value is None:
        reason = "they do not differ" if found.segments >= FEWEST_SEGMENTS else f"it needs {FEWEST_SEGMENTS}"
        return [Finding(name, claim, scope, estimate=estimate, note=f"cannot tell: {note}, {reason}")]
    if found.segments < ROUGH_SEGMENTS:
        note += f"; rough below {ROUGH_SEGMENTS}"
    return [Finding(name, claim, scope, found.p_value, found.z, estimate, note=note)]


def _errors_by_place(reference: list[str], transcript: list[str]) -> list[int]:
    """2 n + 1 counts: insertions before the first word, error on it, insertions after it, error on the second, ..."""
    errors = [0] * (2 * len(reference) + 1)
    for operation in Levenshtein.editops(reference, transcript):
        errors[2 * operation.src_pos + (operation.tag != "insert")] += 1
    return errors
