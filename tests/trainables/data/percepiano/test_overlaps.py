from __future__ import annotations

from pathlib import Path

import pytest

from trainables.data.percepiano.overlaps import groups
from trainables.data.percepiano.performances import Performance, performances


def played(piece: str, bars: int, segment: int) -> Performance:
    name = f"{piece}_{bars}bars_1_{segment}"
    return Performance(name, Path(f"{name}.mid"), piece, "composer", bars, segment, "performer-00", (0.5,) * 19)


def test_a_long_segment_joins_the_short_ones_within_it_and_pieces_stay_apart() -> None:
    given = [played("a", 8, 1), played("a", 8, 2), played("a", 8, 3), played("a", 16, 1), played("b", 8, 1)]
    assert groups(given) == ["a-16bars-1", "a-16bars-1", "a-8bars-3", "a-16bars-1", "b-8bars-1"]
    assert groups(given[::-1]) == groups(given)[::-1]


def test_segments_of_one_length_never_overlap() -> None:
    assert len(set(groups([played("a", 4, number) for number in (1, 5, 9, 37, 42)]))) == 5


def test_an_overlap_goes_on_through_a_chain() -> None:
    """8 to 16, 12 to 24 and 20 to 30: the first and the last share no bar, and both share some with the second."""
    assert set(groups([played("a", 8, 2), played("a", 12, 2), played("a", 10, 3)])) == {"a-12bars-2"}


def test_the_published_segments_are_71_groups(audio_data: Path) -> None:
    if not (audio_data / "percepiano").is_dir():
        pytest.skip(f"{audio_data} holds no percepiano")
    found = performances(audio_data / "percepiano")
    names = groups(found)
    assert len(found) == 1202
    assert len(set(names)) == 71
    assert sum(each.score for each in found) == 129
    assert len({each.performer for each in found if not each.score}) == 20
