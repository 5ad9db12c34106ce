"""The same sound under another name is found, between the sides of a data set and in further test data; other sound is
not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables.data.doubts.check import read_headers
from trainables.data.doubts.files import read_traits
from trainables.data.doubts.overlap import Joined, contrary, join_groups, overlaps, torn
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


def joined(*examples: Example) -> Joined:
    return join_groups(examples, read_traits(read_headers(examples)))


def test_copies_are_one_group_and_other_sound_keeps_its_own(sounds: list[Path]) -> None:
    a, b, _, copy = sounds
    found = joined(heard("1", a), heard("2", b), heard("3", copy))
    assert [example.group for example in found.examples] == ["a.wav", "b.wav", "a.wav"]
    assert (found.sharing, found.groups_before) == ({"3": "1"}, 2)
    apart = [heard("1", a), heard("2", b)]
    assert joined(*apart) == Joined(apart)


def test_named_groups_are_joined_where_they_share_a_stretch(sounds: list[Path]) -> None:
    a, b, _, copy = sounds
    far = joined(heard("1", a, 0.0, 1.0, group="ann"), heard("2", copy, 1.0, 1.0, group="bob"))
    assert [example.group for example in far.examples] == ["ann", "bob"]
    near = joined(
        heard("1", a, 0.0, 1.1, group="ann"), heard("2", copy, 1.0, 1.0, group="bob"), heard("3", b, group="bob")
    )
    assert [example.group for example in near.examples] == ["ann"] * 3


def test_a_file_without_a_group_is_one_group_by_any_of_its_names(sounds: list[Path]) -> None:
    a, *_, copy = sounds
    found = joined(heard("1", a, 0.0, 1.0), heard("2", copy, 2.0, 1.0))
    assert {example.group for example in found.examples} == {"a.wav"}


def test_chains_of_copies_are_one_group_in_any_order(sounds: list[Path]) -> None:
    a, b, c, _ = sounds
    chain = [
        heard("1", a, 0.0, 1.0, group="z"),
        heard("2", a, 0.5, 1.0, group="m"),
        heard("3", a, 1.4, 1.0, group="b"),
        heard("4", b, group="b"),
        heard("5", c, group="c"),
    ]
    for order in permutations(chain):
        groups = {example.id: example.group for example in joined(*order).examples}
        assert groups == {"1": "b", "2": "b", "3": "b", "4": "b", "5": "c"}


def test_silence_joins_nothing_and_contradicts_nothing(tmp_path: Path) -> None:
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(8000), 8000)
    examples = [heard("1", tmp_path / "a.wav", group="ann"), heard("2", tmp_path / "b.wav", group="bob")]
    assert joined(*examples) == Joined(examples)
    other = [examples[0], replace(examples[1], target="y")]
    assert contrary(other, read_traits(read_headers(other))) == []


def test_two_channels_of_a_file_are_two_sounds(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal((8000, 2)) / 10, 8000)
    left, right = (
        Example(f"{channel}", (AudioPiece(str(path), channel=channel),), f"speaker{channel}", f"label{channel}")
        for channel in (0, 1)
    )
    assert joined(left, right) == Joined([left, right])
    assert contrary([left, right], read_traits(read_headers([left, right]))) == []


def test_sides_that_share_sound_are_named(sounds: list[Path]) -> None:
    a, b, c, copy = sounds
    examples = [heard("1", a), heard("2", b), heard("3", c), heard("4", copy)]
    traits = read_traits(read_headers(examples))
    assert torn(examples, {"1": "train", "2": "validation", "3": "test", "4": "train"}, traits) == []
    assert torn(examples, {"1": "train", "2": "validation", "3": "test", "4": "test"}, traits) == [
        "test: 1 of 2 clips are heard in train or validation too (4 is 1)."
    ]
    assert torn(examples, {"1": "fold1", "2": "fold1", "3": "fold2", "4": "fold2"}, traits) == [
        "fold2: 1 of 2 clips are heard in fold1 too (4 is 1)."
    ]


def test_one_sound_under_two_targets_is_found(sounds: list[Path]) -> None:
    a, b, _, copy = sounds
    examples = [
        heard("1", a),
        replace(heard("2", copy, 0.0, 3.0), target="y"),
        replace(heard("3", copy, 1.0), target="y"),
        heard("4", b),
    ]
    found = contrary(examples, read_traits(read_headers(examples)))
    assert [[example.id for example in same] for same in found] == [["1", "2"]]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 25), st.integers(1, 10), st.sampled_from("uvwxyz")),
        min_size=1,
        max_size=12,
    )
)
def test_after_joining_no_two_groups_share_sound(sounds: list[Path], clips: list[tuple[int, int, int, str]]) -> None:
    """Against a comparison of every pair."""
    examples = [
        heard(str(index), sounds[file], start / 10, seconds / 10, group=group)
        for index, (file, start, seconds, group) in enumerate(clips)
    ]
    found = joined(*examples).examples
    for (file, start, seconds, group), one in zip(clips, found, strict=True):
        for (other_file, other_start, other_seconds, other_group), other in zip(clips, found, strict=True):
            same_sound = file % 3 == other_file % 3  # the last is a copy of the first
            meet = same_sound and start < other_start + other_seconds and other_start < start + seconds
            if meet or group == other_group:
                assert one.group == other.group
    sides = {example.id: example.group for example in found}
    assert torn(found, sides, read_traits(read_headers(found))) == []
