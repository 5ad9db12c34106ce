"""Rated voices: the same bytes and ratings for a seed, ratings on their scale, and what they say can be heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.examples import Example
from trainables.data.generators import voice_ratings
from trainables.tasks.regression import Regression, ratings_of


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return voice_ratings.generate(tmp_path_factory.mktemp("voices"), seed=7)


def test_every_clip_is_rated_on_the_scale(examples: list[Example]) -> None:
    assert len(examples) == voice_ratings.VOICES * voice_ratings.CLIPS_PER_VOICE
    task = Regression(names=voice_ratings.NAMES)
    assert [problem for each in examples if (problem := task.check_target(each.target))] == []
    table = ratings_of([each.target for each in examples])
    assert 0.02 < np.isnan(table).mean() < 0.08
    assert np.nanmin(table) >= voice_ratings.LEAST
    assert np.nanmax(table) <= voice_ratings.MOST


def test_the_same_seed_gives_the_same(examples: list[Example], tmp_path: Path) -> None:
    again = voice_ratings.generate(tmp_path, seed=7)
    assert [each.target for each in again] == [each.target for each in examples]
    for one, other in list(zip(again, examples, strict=True))[::80]:
        assert Path(one.audio[0].path).read_bytes() == Path(other.audio[0].path).read_bytes()


def test_the_rated_pitch_is_in_the_sound(examples: list[Example]) -> None:
    """By the autocorrelation of each voice's clips, which knows nothing of ratings."""
    rated, measured = [], []
    for voice in sorted({each.group for each in examples}):
        own = [each for each in examples if each.group == voice]
        rated.append(np.nanmean(ratings_of([each.target for each in own])[:, 0]))
        measured.append(np.median([_pitch_hz(soundfile.read(each.audio[0].path)[0]) for each in own]))
    assert np.corrcoef(rated, np.log(measured))[0, 1] > 0.7


def _pitch_hz(sound: np.ndarray, rate_hz: int = 16_000) -> float:
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    correlation = np.fft.irfft(abs(spectrum) ** 2)
    lags = np.arange(rate_hz // 450, rate_hz // 80)
    return float(rate_hz / lags[np.argmax(correlation[lags])])
