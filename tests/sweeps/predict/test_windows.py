"""A long recording as windows: every moment is heard, and each window answers as a clip of its own does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sweeps.predict.inputs import clip_of
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.predict.windows import windows
from tests.sweeps.finished import MakeSweep
from trainables.data.examples import AudioPiece, Example

RATE = 8000


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "night.wav"
    soundfile.write(path, np.random.default_rng(1).standard_normal(10 * RATE) * 0.1, RATE)
    return path


@pytest.mark.parametrize(
    ("window", "hop", "wanted"),
    [
        (4.0, 4.0, [(0, 4), (4, 4), (8, 2)]),
        (4.0, 2.0, [(0, 4), (2, 4), (4, 4), (6, 4)]),
        (5.0, 5.0, [(0, 5), (5, 5)]),
        (2.0, 4.0, [(0, 2), (4, 2), (8, 2)]),
        (60.0, 1.0, [(0, 10)]),
    ],
)
def test_windows_reach_the_end_and_no_further(
    recording: Path, window: float, hop: float, wanted: list[tuple[float, float]]
) -> None:
    found = list(windows([clip_of(recording)], window, hop))
    assert [(each.start_seconds, each.seconds) for each in found] == wanted


def test_windows_of_a_stretch_stay_inside_it(recording: Path) -> None:
    piece = AudioPiece(str(recording), start_seconds=1.0, seconds=8.0)
    stretch = Example("x", (piece,), "x", "", start_seconds=2.0, seconds=5.0)
    found = list(windows([stretch], 3.0, 3.0))
    assert [(each.start_seconds, each.seconds) for each in found] == [(2.0, 3.0), (5.0, 2.0)]


def test_what_cannot_be_read_comes_once(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_text("no sound")
    broken = clip_of(tmp_path / "broken.wav")
    assert list(windows([broken], 1.0, 1.0)) == [broken]


def test_a_window_answers_as_its_own_clip(make_sweep: MakeSweep, tmp_path: Path) -> None:
    sweep = make_sweep("efficientat")
    model = Model(find_tuned(sweep.sweep_id, str(sweep.results), arm="finalist-1"))
    rate, seconds = model.hearing.sample_rate_hz, model.hearing.window_seconds
    sound = np.random.default_rng(2).standard_normal(round(2.5 * seconds * rate)).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "long.wav", sound, rate, subtype="FLOAT")
    answers = list(model.predict([tmp_path / "long.wav"], hop_seconds=seconds))
    assert [answer.start_seconds for answer in answers] == pytest.approx([0.0, seconds, 2 * seconds])
    assert [answer.heard_seconds for answer in answers] == pytest.approx([seconds, seconds, seconds / 2], abs=1e-3)
    for number, answer in enumerate(answers):
        piece = sound[round(number * seconds * rate) : round((number + 1) * seconds * rate)]
        soundfile.write(tmp_path / f"{number}.wav", piece, rate, subtype="FLOAT")
        (alone,) = model.predict([tmp_path / f"{number}.wav"])
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
