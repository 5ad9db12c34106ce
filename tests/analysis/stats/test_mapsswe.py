"""Word errors: NIST's own program on the same transcripts, segments by hand, a null simulation."""

import json
from pathlib import Path

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from analysis.stats.mapsswe import (
    _places,
    of_differences,
    segment_differences,
    segment_test,
    speech_findings,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "analysis" / "mapsswe.json"


def test_the_test_is_nists() -> None:
    """`mapsswe.py` beside the golden file makes it with sclite and sc_stats, which print three decimals."""
    expected = json.loads(GOLDEN.read_text())
    found = segment_test(expected["reference"], expected["a"], expected["b"])
    assert found.segments == expected["segments"]
    assert found.mean == pytest.approx(expected["mean"], abs=5e-4)
    assert np.std(found.differences, ddof=1) == pytest.approx(expected["deviation"], abs=5e-4)
    assert found.z == pytest.approx(expected["z"], abs=5e-4)
    assert found.p_value == pytest.approx(0.0037, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a b c d e f g h", "a b c d e f g h", []),
        ("a x c d e f y h", "a b c d e f g h", [1, 1]),  # four good words between the errors: two segments
        ("a x c x e f g h", "a b c d e f g h", [2]),  # one good word between them: one segment
        ("a b c d e f g h", "a b c e f g h", [-1]),  # a deletion
        ("a b c d e f g h", "a b c d z e f g h", [-1]),  # an insertion
        ("a x c d e f g h", "a y c d e f g h", [0]),  # both wrong
        ("a b c d e f g", "x b c d e f g h", [-1, 1]),  # the second errs at the start, the first at the end
    ],
)
def test_segments_by_hand(first: str, second: str, expected: list[int]) -> None:
    assert segment_differences("a b c d e f g h", first, second) == expected


def test_an_utterance_ends_a_segment() -> None:
    assert segment_differences("a b", "a x", "a b") == [1]
    assert segment_test(["a b", "c d"], ["a x", "c x"], ["a b", "c d"]).differences == (1, 1)


def test_places_are_those_of_an_alignment_of_each() -> None:
    rng = np.random.default_rng(0)
    said, heard = (["".join(rng.choice(list("abcd"), rng.integers(0, 7))) for _ in range(300)] for _ in range(2))
    heard[::2] = [text[:-1] + "x" if text else "x" for text in said[::2]]  # many with one error
    found = sorted(zip(*(side.tolist() for side in _places(said, heard)), strict=True))
    aligned = [
        (row, 2 * edit.src_pos + (edit.tag != "insert"))
        for row, pair in enumerate(zip(said, heard, strict=True))
        for edit in Levenshtein.editops(*pair)
    ]
    assert found == sorted(aligned)


def test_turning_the_systems_turns_the_result() -> None:
    expected = json.loads(GOLDEN.read_text())
    there = segment_test(expected["reference"], expected["a"], expected["b"])
    back = segment_test(expected["reference"], expected["b"], expected["a"])
    assert back.z == -there.z
    assert back.p_value == there.p_value


def test_where_it_cannot_tell_it_says_so() -> None:
    assert of_differences([1]).p_value is None
    assert of_differences([1] * 10).p_value is None  # no variance: z would be infinite
    (few,) = speech_findings(["a b"] * 3, ["a x"] * 3, ["a b", "x b", "a b"], scope="", claim="models")
    assert few.p_value is None
    assert "it needs 6" in few.note
    (same,) = speech_findings(["a b"] * 20, ["a x"] * 20, ["a x"] * 20, scope="", claim="models")
    assert same.p_value is None
    assert "do not differ" in same.note
    (rough,) = speech_findings(["a b"] * 10, ["a x"] * 10, ["a b"] * 5 + ["x x"] * 5, scope="s", claim="models")
    assert rough.p_value is not None
    assert "rough below 30" in rough.note


def test_equal_recognisers_rarely_differ() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{n}" for n in range(30)]
    runs, wrong = 300, 0
    for _ in range(runs):
        systems = [
            [" ".join(w if rng.random() > 0.12 else f"{name}{w}" for w in words) for _ in range(20)] for name in "ab"
        ]
        found = segment_test([" ".join(words)] * 20, *systems)
        wrong += found.p_value is not None and found.p_value <= 0.05
    assert abs(wrong / runs - 0.05) < 3 * np.sqrt(0.05 * 0.95 / runs)
