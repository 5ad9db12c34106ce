"""What headers say, counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trainables.data.sound.facts import MOST_BINS, sound_facts
from trainables.data.sound.recording import AudioInfo

LENGTHS = st.lists(st.floats(min_value=0.0, max_value=4000.0, allow_nan=False), min_size=1, max_size=200)


@given(seconds=LENGTHS)
def test_every_clip_stands_in_the_bin_of_its_length(seconds: list[float]) -> None:
    facts = sound_facts([], seconds)
    assert facts.shortest_seconds <= facts.median_seconds <= facts.longest_seconds
    assert len(facts.lengths) <= MOST_BINS
    if facts.lengths:
        assert sum(each.clips for each in facts.lengths) == len(seconds)
        for each in facts.lengths:
            inside = sum(each.from_seconds <= length + 1e-9 and length + 1e-9 < each.to_seconds for length in seconds)
            assert each.clips == inside


def test_files_are_counted_by_rate_channels_and_ending() -> None:
    headers = [("a.WAV", AudioInfo(8000, 1, 1, 1.0)), ("b.wav", AudioInfo(8000, 2, 1, 1.0))]
    facts = sound_facts([*headers, ("c", AudioInfo(44100, 1, 1, 1.0))], [1.0])
    assert facts.files == 3
    assert facts.rates_hz == ((8000, 2), (44100, 1))
    assert facts.channels == ((1, 2), (2, 1))
    assert facts.endings == ((".wav", 2), ("", 1))
