"""Further test data against what a sweep has seen: the same sound under another name is found, other sound is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.doubts.overlap import overlaps
from trainables.data.examples import AudioPiece, Example


@pytest.fixture
def sounds(tmp_path: Path) -> list[Path]:
    """Three seconds each; `copy.wav` is the first one again."""
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{name}.wav" for name in "abc"]
    for path in paths:
        soundfile.write(path, 0.1 * rng.standard_normal(3 * 8000), 8000)
    (tmp_path / "elsewhere").mkdir()
    return [*paths, Path(shutil.copy(paths[0], tmp_path / "elsewhere" / "copy.wav"))]


def heard(name: str, path: Path, start: float = 0.0, seconds: float | None = None, group: str = "") -> Example:
    return Example(name, (AudioPiece(str(path), start, seconds),), group or path.name, "x")


def test_other_sound_is_no_overlap(sounds: list[Path]) -> None:
    a, b, c, _ = sounds
    assert overlaps([heard("1", a), heard("2", b)], [heard("3", c)]) == []
    assert overlaps([], [heard("3", c)]) == []


def test_a_copy_under_another_name_is_found(sounds: list[Path]) -> None:
    a, b, c, copy = sounds
    found = overlaps([heard("1", a), heard("2", b)], [heard("3", c), heard("4", copy)])
    assert found == ["1 of 2 clips are heard in training or validation too (4 is 1)"]


def test_only_stretches_that_both_hear_count(sounds: list[Path]) -> None:
    a, *_, copy = sounds
    assert overlaps([heard("1", a, 0.0, 1.0)], [heard("2", copy, 1.0, 2.0)]) == []
    assert len(overlaps([heard("1", a, 0.0, 1.0)], [heard("2", copy, 0.9, 2.0)])) == 1
    assert len(overlaps([heard("1", a)], [heard("2", copy, 2.9)])) == 1
    early = Example("3", (AudioPiece(str(a)),), "a.wav", "x", start_seconds=0.0, seconds=1.0)
    late = Example("4", (AudioPiece(str(copy)),), "copy.wav", "x", start_seconds=1.5)
    assert overlaps([early], [late]) == []


def test_a_group_of_the_same_name_is_the_same_group_unless_it_is_a_file_name(sounds: list[Path]) -> None:
    a, b, *_ = sounds
    assert overlaps([heard("1", a, group="ann")], [heard("2", b, group="ann")]) == [
        "1 of its groups stand in training or validation too (ann)"
    ]
    assert overlaps([heard("1", a, group="ann")], [heard("2", b, group="bob")]) == []
    other = sounds[0].parent / "elsewhere" / "a.wav"
    soundfile.write(other, np.zeros(8000), 8000)
    assert overlaps([heard("1", a, group="a.wav")], [heard("2", other, group="a.wav")]) == []
    joined = Example("3", (AudioPiece(str(other)), AudioPiece(str(other))), "a.wav+a.wav", "x")
    assert overlaps([Example("4", (AudioPiece(str(a)), AudioPiece(str(b))), "a.wav+a.wav", "x")], [joined]) == []
