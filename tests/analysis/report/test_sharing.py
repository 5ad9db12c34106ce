"""What a shared report leaves out, and how much sound a page may have."""

from __future__ import annotations

import pytest

from analysis.report.sharing import MOST_SOUND_BYTES, Shared


def test_names_are_numbered_and_stay_the_same() -> None:
    shared = Shared(private=False)
    assert [shared.clip("a.wav"), shared.clip("b.wav"), shared.clip("a.wav")] == ["clip 1", "clip 2", "clip 1"]
    assert shared.group("speaker-07") == "group 1"


def test_a_hash_of_a_speaker_is_shortened() -> None:
    own = Shared()
    assert own.group("a1b2c3d4e5f60718293a4b5c6d7e8f90" * 2) == "a1b2c3d4…"
    assert own.group("speaker-07") == "speaker-07"
    assert own.clip("x" * 80).endswith("…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("python -m sweeps.run ast_lora 'data.source=/home/me/my clips/a.csv' trials=4", "me"),
        ("data: {source: ~/clips/train.tsv}", "train.tsv"),
        ("source: ../clips", "clips"),
        ("source: C:\\Users\\me\\a.csv", "Users"),
        ("data.source=…/my", "…"),
    ],
)
def test_paths_are_left_out_of_commands_and_files(text: str, shown: str) -> None:
    assert shown in Shared().text(text)
    assert shown not in Shared(private=False).text(text)
    assert "(left out)" in Shared(private=False).text(text)


def test_what_is_no_path_stays() -> None:
    text = "search: {rank: {choice: [4, 8]}}  # a line\nlearning_rate: 1.0e-4"
    assert Shared(private=False).text(text) == text
    assert Shared(private=False).path("speech_detection") == "speech_detection"
    assert Shared(private=False).path("/data/clips") == "(left out)"


def test_sound_ends_at_its_bound() -> None:
    shared = Shared(sound=lambda clip: bytes(MOST_SOUND_BYTES // 3))
    assert [sound is not None for sound in shared.sounds(list("abcde"))] == [True, True, True, False, False]
    assert Shared(private=False, sound=lambda clip: b"x").sounds(["a"]) == [None]
    assert Shared().sounds(["a"]) == [None]
