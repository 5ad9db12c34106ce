"""VoxCeleb as it is published, in miniature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
VIDEOS = {"1zcIwhmdeo4": 1, "7gWzIy6yIIk": 2, "K6bjg_8W-Zc": 3}
CLIPS = [f"id1000{speaker}/{video}/0000{n}" for speaker in (1, 2) for video in VIDEOS for n in (1, 2)]


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_identification(lay: Lay, read_source: Read, ending: str) -> None:
    lines = "".join(f"{VIDEOS[clip.split('/')[1]]} {clip}.wav\n" for clip in CLIPS)
    texts = {"iden_split.txt": lines, "vox1_meta.csv": "VoxCeleb1 ID\tGender\nid10001\tm\n"}
    reading = read_source(lay([f"wav/{clip}{ending}" for clip in CLIPS], texts))
    found = [(clip.target, clip.group, clip.split) for clip in reading.examples]
    assert found == [
        (speaker, f"{speaker}/{video}", ("train", "validation", "test")[VIDEOS[video] - 1])
        for speaker, video, _ in (clip.split("/") for clip in CLIPS)
    ]


def test_folders_of_other_speakers_are_no_splits(lay: Lay, read_source: Read) -> None:
    sides = {"id10001": "dev", "id10002": "test"}
    folder = lay([f"vox1_{sides[clip[:7]]}_wav/wav/{clip}.wav" for clip in CLIPS])
    reading = read_source(folder)
    assert {clip.split for clip in reading.examples} == {None}
    assert {clip.target for clip in reading.examples} == {*sides}
    with pytest.raises(InputError, match="which has no 'text'"):
        read_source(folder, "text")


def test_a_clip_of_no_line_is_left_out_with_a_count(lay: Lay, read_source: Read) -> None:
    reading = read_source(lay([f"{clip}.wav" for clip in CLIPS], {"iden_split.txt": f"1 {CLIPS[0]}.wav\n"}))
    assert len(reading.examples) == 1
    assert "11 clips are not in iden_split.txt and are left out." in reading.account.guesses
