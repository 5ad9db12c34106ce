"""What names of files seem to say about groups is offered where they say it, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data.doubts.groups import group_doubts, guessed
from trainables.data.examples import AudioPiece, Example


def clips(names: list[str], labels: list[str] | None = None) -> list[Example]:
    labels = labels or ["ab"[index % 2] for index in range(len(names))]
    return [
        Example(name, (AudioPiece(str(Path("/data") / name)),), name, label)
        for name, label in zip(names, labels, strict=True)
    ]


UUIDS = [f"{index:08x}-1234-4abc-8def-0123456789ab" for index in range(5)]


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([f"rec{i // 8 + 1}_seg{i % 8 + 1}.wav" for i in range(48)], 6),
        ([f"{d}_{who}_{i}.wav" for d in range(4) for who in ("jackson", "theo", "lucas") for i in range(4)], 3),
        ([f"speaker_{i // 4:02}_take{i % 4}.wav" for i in range(24)], 6),
        ([f"dog/Speaker 3/{i}.wav" for i in range(4)] + [f"cat/Speaker 4/{i}.wav" for i in range(4)]
         + [f"cat/Speaker 3/{i}.wav" for i in range(4)], 2),
        ([f"{uuid}_{i}.wav" for uuid in UUIDS for i in range(4)], 5),
        ([f"{i:07x}a{i}_nohash_{k}.wav" for i in range(8) for k in range(3)], 8),  # Speech Commands
        ([f"03-01-0{e}-01-02-01-{actor:02}.wav" for e in range(1, 6) for actor in range(1, 5)], 4),  # RAVDESS
        ([f"1-{1000 + i // 2}-{'AB'[i % 2]}-0.ogg" for i in range(20)], 10),  # ESC-50
        ([f"{1001 + i // 4}_DFA_{['ANG', 'SAD', 'FEA', 'HAP'][i % 4]}_XX.wav" for i in range(20)], 5),  # CREMA-D
        ([f"p{225 + i // 5}_{i % 5:03}.wav" for i in range(20)], 4),  # VCTK
        ([f"rainy morning {i // 5}-{i % 5:03}.wav" for i in range(20)], 4),
        ([f"20240{1 + i // 5}01_1015{i:02}.wav" for i in range(20)], 4),  # recorders that write the date
        ([f"dog/monday/{i}.wav" for i in range(5)] + [f"cat/monday/{i}.wav" for i in range(5)]
         + [f"cat/friday/{i}.wav" for i in range(5)], 2),
    ],
)  # fmt: skip
def test_names_that_tell(names: list[str], groups: int) -> None:
    guess = guessed(clips(names))
    assert guess is not None
    assert len(guess.groups) == groups


@pytest.mark.parametrize(
    "names",
    [
        [f"c{i:03}.wav" for i in range(24)],
        [f"clip_{i:03}.wav" for i in range(24)],
        [f"{i}.wav" for i in range(24)],
        [f"{i // 2:03}_{['dog', 'cat'][i % 2]}.wav" for i in range(24)],
        [f"audio/{i:05}.flac" for i in range(24)],
        [f"{i * 2_654_435_761 % 2**40:010x}.wav" for i in range(24)],
        [f"common_voice_en_{18_000_000 + 37 * i}.mp3" for i in range(24)],
        ["rec1_1.wav", "rec1_2.wav"],  # too few to tell
    ],
)
def test_names_that_tell_nothing(names: list[str]) -> None:
    assert guessed(clips(names)) is None


def test_names_that_say_the_label_over_again_are_no_groups() -> None:
    labels = [("dog", "cat")[i % 2] for i in range(24)]
    for pattern in ("{}_{}.wav", "{}-{:03}.wav", "{}/{}.wav", "x_{}_{}.wav"):
        assert guessed(clips([pattern.format(label, i) for i, label in enumerate(labels)], labels)) is None


def test_a_copy_in_another_folder_is_called_by_its_own() -> None:
    labels = [("dog", "cat")[i % 2] for i in range(24)]
    examples = clips([f"{label}/{i}.wav" for i, label in enumerate(labels)], labels)
    assert guessed([replace(examples[0], group="cat/0.wav"), *examples[1:]]) is None


def test_it_is_offered_with_what_it_would_change() -> None:
    names = [f"rec{i // 8 + 1}_seg{i % 8 + 1}.wav" for i in range(48)]
    examples = clips(names)
    splits = {example.id: "test" if index % 8 == 0 else "train" for index, example in enumerate(examples)}
    (sentence,) = group_doubts(examples, splits)
    assert "'rec1' in rec1_seg1.wav, 6 groups in all (rec1, rec2, rec3 and 3 more)" in sentence
    assert "6 test clips would share theirs with training" in sentence
    assert "data.columns: {group:" in sentence


def test_it_is_said_where_no_group_is_given_whatever_the_files() -> None:
    alone = clips([f"{i}.wav" for i in range(8)])
    splits = dict.fromkeys((example.id for example in alone), "train") | {"twice": "train"}
    assert "every file is its own group" in group_doubts(alone, splits)[0]
    twice = [*alone, Example("twice", alone[0].audio, alone[0].group, "a", start_seconds=0.5)]
    (sentence,) = group_doubts(twice, splits)
    assert "every file is its own group" in sentence
    assert "The clips of one file are one group (1 file such as 0.wav)" in sentence


def test_nothing_is_said_where_groups_are_given() -> None:
    given_groups = [
        Example(str(i), (AudioPiece(f"/data/rec{i // 4}_seg{i % 4}.wav"),), f"speaker{i // 4}", "a") for i in range(24)
    ]
    assert group_doubts(given_groups, dict.fromkeys(map(str, range(24)), "train")) == []


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("s1", "S1", "case"),
        ("s1", "s\u200b1", "characters that are not seen"),
        ("s_1", "s-1", "spaces, _ or -"),
        ("1", "01", None),
        ("1-12", "11-2", None),
        ("s1", "s2", None),
    ],
)
def test_two_spellings_of_a_group(one: str, other: str, what: str | None) -> None:
    groups = [one, other, "third"] * 4
    named = [Example(str(i), (AudioPiece(f"/data/x{i}.wav"),), group, "a") for i, group in enumerate(groups)]
    said = group_doubts(named, dict.fromkeys(map(str, range(len(groups))), "train"))
    assert said == ([f"{one!r} (4), {other!r} (4) differ in {what} only: are they one group?"] if what else [])


@given(st.integers(0, 2**32 - 1), st.integers(6, 60))
def test_random_names_tell_nothing(seed: int, count: int) -> None:
    letters = np.random.default_rng(seed).choice(list("abcdefghijklmnopqrstuvwxyz0123456789"), (count, 10))
    assert guessed(clips(sorted({"".join(row) + ".wav" for row in letters}))) is None


@pytest.mark.parametrize("nobody", ["unknown", "Unknown ", "n/a", "nan"])
def test_a_group_of_all_whom_nobody_knows_is_asked_about(nobody: str) -> None:
    examples = clips([f"{number}.wav" for number in range(24)])
    named = [replace(one, group=nobody if at % 2 else f"ann {at // 4}") for at, one in enumerate(examples)]
    (sentence,) = group_doubts(named, dict.fromkeys([one.id for one in named], "train"))
    assert sentence.startswith(f"12 of 24 clips are of the group {nobody!r}")
