"""FMA as it is published, in miniature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainables.data.reading import Reading
from trainables.errors import InputError

Lay, Read = Callable[..., Path], Callable[..., Reading]
SIDES = {2: "training", 5: "training", 10: "validation", 1040: "test", 1073: "test"}
HEAD = ",album,artist,set,set,track,track\n,type,id,split,subset,genre_top,title\ntrack_id,,,,,,\n"


def rows(genre: Callable[[int], str]) -> str:
    return HEAD + "".join(
        f'{number},Album,{number // 3},{side},small,{genre(number)},"A, {number}"\n' for number, side in SIDES.items()
    )


def genre(number: int) -> str:
    return "Rock" if number % 2 else "Hip-Hop"


@pytest.fixture
def sounds() -> list[str]:
    return [f"fma_small/{number // 1000:03d}/{number:06d}.flac" for number in SIDES]


def test_tracks(lay: Lay, read_source: Read, sounds: list[str]) -> None:
    texts = {"fma_metadata/tracks.csv": rows(genre), "fma_metadata/genres.csv": "genre_id,title\n1,Avant-Garde\n"}
    reading = read_source(lay(sounds, texts))
    assert [(clip.target, clip.split, clip.group) for clip in reading.examples] == [
        (genre(number), {"training": "train"}.get(side, side), str(number // 3)) for number, side in SIDES.items()
    ]


def test_tracks_without_a_genre_are_counted(lay: Lay, read_source: Read, sounds: list[str]) -> None:
    texts = {"fma_metadata/tracks.csv": rows(lambda number: "" if number == 5 else genre(number))}
    reading = read_source(lay([*sounds, "fma_small/000/000099.flac"], texts))
    assert len(reading.examples) == 4
    assert "1 tracks have no track.genre_top and are left out." in reading.account.guesses
    assert ["fma_small/000/000099.flac"] in reading.account.files_unread.values()


def test_other_tables_and_tasks_are_refused(lay: Lay, read_source: Read, sounds: list[str]) -> None:
    with pytest.raises(InputError, match="has no 'text', and the task needs one"):
        read_source(lay(sounds, {"fma_metadata/tracks.csv": rows(genre)}), "text")
    with pytest.raises(InputError, match="no column genre_top below track"):
        read_source(lay(sounds, {"fma_metadata/tracks.csv": "track_id,title\n2,x\n"}))
