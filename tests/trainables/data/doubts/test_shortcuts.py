"""Properties that give classes away are named with what they achieve; properties that do not are never named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainables.data.doubts.clips import clip, noise
from trainables.data.doubts.check import read_headers
from trainables.data.doubts.files import read_traits
from trainables.data.doubts.properties import header_properties
from trainables.data.doubts.shortcuts import Property, Shortcut, sentence, shortcuts
from trainables.data.examples import Example


def found(values: Sequence[float], labels: Sequence[str], groups: Sequence[str] | None = None) -> list[Shortcut]:
    own = [str(index) for index in range(len(labels))]
    return shortcuts([Property("the rate", list(values), " Hz", "Do this.")], labels, groups or own)


def test_a_rate_for_each_class_is_said_with_its_numbers() -> None:
    labels = ["dog", "cat"] * 12
    (shortcut,) = found([8000.0, 44_100.0] * 12, labels)
    assert (shortcut.score, shortcut.chance, shortcut.label) == (1.0, 0.5, None)
    assert sentence(shortcut, labels) == (
        "The rate alone tells the classes apart: right in 100% of what was held out of training, 50% by chance, "
        "classes weighing alike (dog: 8,000 Hz, cat: 44,100 Hz). A model can learn that in place of the sound. Do this."
    )


def test_sixteen_clips_are_enough_where_they_differ_throughout() -> None:
    labels = ["dog", "cat"] * 8
    assert len(found([8000.0, 44_100.0] * 8, labels)) == 1
    assert found([8000.0, 44_100.0] * 3, labels[:6]) == []


def test_a_class_in_the_middle_and_one_among_many() -> None:
    rng = np.random.default_rng(0)
    labels = ["dog", "cat"] * 100
    lengths = [rng.uniform(0.9, 1.1) if label == "dog" else rng.choice([0.5, 2.0]) for label in labels]
    assert found(lengths, labels)[0].score > 0.9
    many = [f"class{index % 10}" for index in range(300)]
    (one,) = found([48_000.0 if label == "class3" else 44_100.0 for label in many], many)
    assert one.label == "class3"
    assert "'class3' from all others" in sentence(one, many)


def test_what_most_clips_of_a_class_share_is_said_and_a_small_difference_is_not() -> None:
    rng = np.random.default_rng(0)
    labels = ["dog", "cat"] * 200
    mostly = [float(rng.random() < (0.9 if label == "dog" else 0.1)) for label in labels]
    assert found(mostly, labels)[0].score == pytest.approx(0.9, abs=0.05)
    hardly = [float(rng.random() < (0.55 if label == "dog" else 0.45)) for label in labels]
    assert found(hardly, labels) == []


def test_a_rare_class_is_as_good_as_a_common_one() -> None:
    labels = ["rare" if index % 20 == 0 else "common" for index in range(800)]
    (shortcut,) = found([float(label == "rare") for label in labels], labels)
    assert shortcut.score == 1.0
    assert found([1.0 + (index % 7) for index in range(800)], labels) == []


def test_few_groups_show_nothing() -> None:
    """Three speakers of each class, each with a device of its own: that may be an accident."""
    labels = [f"class{index % 6 // 3}" for index in range(240)]
    groups = [f"speaker{index % 6}" for index in range(240)]
    assert found([float(label == "class1") for label in labels], labels, groups) == []
    assert len(found([float(label == "class1") for label in labels], labels)) == 1


def test_properties_of_chance_are_not_named() -> None:
    """4 kinds of values, labels of clips and labels of groups: three properties in a thousand may be named."""
    rng = np.random.default_rng(0)
    named = 0
    for number in range(400):
        clips, classes = int(rng.integers(4, 300)), int(rng.integers(2, 15))
        group = rng.integers(0, max(1, clips // 3), clips)
        label = rng.integers(0, classes, clips)[group] if number % 2 else rng.integers(0, classes, clips)
        values = (
            rng.standard_normal(clips),
            rng.integers(0, 2, clips),
            rng.integers(0, 8, clips),
            rng.standard_normal(clips)[group],
        )[number // 2 % 4]
        labels, groups = [f"l{one}" for one in label], [f"g{one}" for one in group]
        named += len(found(values.astype(float).tolist(), labels, groups))
    assert named <= 3


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 5))
def test_what_tells_every_class_is_always_named(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.permutation(np.repeat(np.arange(classes), 20))
    (shortcut,) = found((label * 100.0 + rng.uniform(0, 99, len(label))).tolist(), [f"l{one}" for one in label])
    assert shortcut.score > 0.6


def test_few_groups_of_a_class_against_many_of_another() -> None:
    """Speech of four speakers at one rate, other sound of a hundred recordings at another."""
    labels = ["speech"] * 200 + ["other"] * 200
    groups = [f"speaker{index % 4}" for index in range(200)] + [f"recording{index // 2}" for index in range(200)]
    assert len(found([8000.0] * 200 + [44_100.0] * 200, labels, groups)) == 1


def properties(examples: list[Example], window_seconds: float = 10.0) -> dict[str, list[float]]:
    each = header_properties(examples, read_traits(read_headers(examples)), window_seconds)
    return {one.name: list(one.values) for one in each}


def test_headers_as_they_are_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0, 2.0), 8000)
    soundfile.write(tmp_path / "b.wav", np.stack([noise(1, 1.0, 44_100)] * 2, axis=1), 44_100)
    soundfile.write(tmp_path / "c.flac", noise(2, 3.0), 8000)
    soundfile.write(tmp_path / "d.ogg", noise(3, 1.0), 8000)
    soundfile.write(tmp_path / "e.wav", noise(4, 1.0), 8000, subtype="ULAW")
    clips = [clip(tmp_path / name) for name in ("a.wav", "b.wav", "c.flac", "d.ogg", "e.wav")]
    seen = properties(clips)
    assert seen["the sample rate"] == [8000, 44_100, 8000, 8000, 8000]
    assert seen["the length"] == [2, 1, 3, 1, 1]
    assert seen["the number of channels"] == [1, 2, 1, 1, 1]
    coding = seen["the coding"]
    assert coding[0] == coding[1] == coding[2]
    assert len({coding[0], coding[3], coding[4]}) == 3
    assert properties(clips, 1.5)["the length"] == [1.5, 1, 1.5, 1, 1]
    alike = [clip(tmp_path / name, lowpass_hz=4000.0, seconds=1.0) for name in ("a.wav", "b.wav")]
    assert properties(alike)["the sample rate"] == [8000, 8000]
    assert properties(alike)["the length"] == [1, 1]
