"""Labels that look like slips are asked about; labels that are as they should be are left in peace."""

from __future__ import annotations

import pytest

from trainables.data.doubts.labels import absent_doubts, label_doubts, majority_doubt


def labels(**counts: int) -> list[str]:
    return [label for label, clips in counts.items() for _ in range(clips)]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("Dog", "dog", "case"),
        ("door bell", "door_bell", "spaces, _ or -"),
        ("door-bell", "doorbell", "spaces, _ or -"),
        ("dog", "dog\u200b", "characters that are not seen"),
        ("caf\u00e9", "cafe\u0301", "how an accent is written"),
        ("1", "1.0", "how the number is written"),
        ("7", "07", "how the number is written"),
        ("Door Bell", "door_bell", "case, spaces"),
        ("\uff44og", "dog", "marks"),
    ],
)
def test_two_spellings_of_a_class(first: str, second: str, what: str) -> None:
    (sentence,) = label_doubts([first] * 6 + [second] * 4 + ["cat"] * 9)
    assert what in sentence
    assert f"{first!r} (6), {second!r} (4)" in sentence


@pytest.mark.parametrize(
    ("rare", "common"), [("dgo", "dog"), ("dogs", "dog"), ("boxes", "box"), ("Rian", "rain"), ("aple", "apple")]
)
def test_a_rare_label_near_a_common_one(rare: str, common: str) -> None:
    (sentence,) = label_doubts([rare] + [common] * 12 + ["sea waves"] * 12)
    assert sentence == f"{rare} has 1 clip: is it {common} (12)?"


@pytest.mark.parametrize(
    "names",
    [
        {"dog": 40, "cat": 40, "rain": 40, "car": 40, "cow": 40},
        {"speaker1": 1, "speaker2": 20, "speaker3": 20},  # a number is no slip
        {"C4": 1, "C5": 20, "D4": 20},
        {"0": 20, "1": 20, "2": 20},
        {"no": 1, "on": 20, "off": 20},
        {"rock and roll": 20, "hip-hop": 20, "r&b": 20},
        {"Vehicle, road": 20, "Bird song, chirp": 20, "Rain": 20},  # names with commas whose parts are no labels
        {"कल": 20, "कुल": 20},
        {"yes": 3, "unknown": 3, "silence": 3},
    ],
)
def test_labels_that_are_as_they_should_be(names: dict[str, int]) -> None:
    assert label_doubts(labels(**names)) == []


@pytest.mark.parametrize(
    ("joint", "names"),
    [
        (",", ["dog", "dog,rain", "cat", "cat,rain"]),
        (";", ["dog;rain", "cat;rain", "dog;wind"]),
        ("|", ["dog|rain", "dog", "rain"]),
        ("/", ["rock/pop", "rock", "pop"]),
        ("+", ["rock + pop", "rock", "pop"]),
        ("_and_", ["dog_and_cat", "Dog", "Cat"]),
    ],
)
def test_several_labels_in_one(joint: str, names: list[str]) -> None:
    sentences = label_doubts([name for name in names for _ in range(6)])
    assert any("read as several in one" in sentence for sentence in sentences)
    assert all(joint in repr(sentence) for sentence in sentences)


def test_lists_written_as_text() -> None:
    (sentence,) = label_doubts(["['dog', 'rain']"] * 6 + ["['cat']"] * 6)
    assert "read as lists" in sentence


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([f"{1 + 0.17 * number:g}" for number in range(24)], "24 classes for 24 clips, 24 of them with one clip: are"),
        ([f"{number},5" for number in range(24)], "are these ratings?"),
        ([f"he said {number} and left" for number in range(24)], "are these transcripts?"),
        ([f"name{number}" for number in range(24)], "are these names"),
    ],
)  # fmt: skip
def test_a_class_for_every_clip(names: list[str], what: str) -> None:
    (sentence,) = label_doubts(names)
    assert what in sentence


@pytest.mark.parametrize(
    ("names", "ratings"),
    [
        (["1.5", "2", "2.75", "4"], True),
        (["1,5", "2", "-2,75", "4"], True),
        (["0.5", "1.5"], False),
        (["1", "2", "3", "4", "5.0"], False),
        (["1.5", "2", "v2.75", "4"], False),
    ],
)
def test_numbers_with_a_fraction(names: list[str], ratings: bool) -> None:
    said = label_doubts(names * 6)
    assert ["are these ratings" in each and "`task: {kind: regression}`" in each for each in said] == [True] * ratings


def test_words_for_nothing_and_numbers_beside_words() -> None:
    (nothing,) = label_doubts(["nan"] * 3 + ["dog"] * 9 + ["cat"] * 9)
    assert nothing == "'nan' (3): is that a class, or a clip without a label?"
    (mixed,) = label_doubts(["true"] * 3 + ["1"] * 9 + ["0"] * 9)
    assert "words (true, false) in some rows" in mixed


def test_long_numbers_are_told_apart() -> None:
    assert not label_doubts(["12345678", "12345679"] * 5)


def test_the_share_of_the_largest_class() -> None:
    metrics = ("accuracy", "balanced_accuracy")
    most = labels(dog=95, cat=5)
    assert majority_doubt(most, "val/accuracy", metrics) == [
        "'dog' has 95% of the clips: always answering it has an accuracy of 0.95; search by val/balanced_accuracy."
    ]
    assert "look at each class" in majority_doubt(most, "val/accuracy", ("accuracy",))[0]
    assert majority_doubt(most, "val/balanced_accuracy", metrics) == []
    assert majority_doubt(most, None, metrics) == []
    assert majority_doubt(labels(dog=70, cat=30), "val/accuracy", metrics) == []


def test_classes_of_two_names_each_are_asked_about() -> None:
    tess = [f"{who}_{what}" for who in ("OAF", "YAF") for what in ("angry", "happy", "sad")]
    (sentence,) = label_doubts(tess * 3)
    assert sentence.startswith("The 6 classes are 2 names (OAF, YAF) before each of 3 (angry, happy, sad)")
    assert label_doubts(["air_conditioner", "car_horn", "dog_bark", "street_music"] * 3) == []
    assert label_doubts(["a_b", "a_c", "d_b"] * 3) == []


def test_classes_that_given_splits_lack() -> None:
    labels, splits = ["dog", "cat", "noise", "dog", "cow"], ["train", "train", "train", "test", "test"]
    unlearnt, unseen = absent_doubts(labels, splits)
    assert unlearnt.startswith("No training clip has the class 'cow' (1), which clips of the test split have")
    assert unseen.startswith("No test clip has the class 'cat' (1), 'noise' (1): ")
    assert absent_doubts(["dog", "cat"], ["test", "test"]) == absent_doubts(["dog"] * 2, ["train", "test"]) == []
